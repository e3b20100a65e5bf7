import ConnectorKit
import Foundation

/// Settings from outside: the process's environment, and beneath it a `.env` file in the working folder.
struct HubEnvironment: Sendable {
    private let process: [String: String]
    private let file: [String: String]

    /// The environment with the `.env` file of a folder.
    ///
    /// - Throws: `Refusal` when the file is there and a line of it cannot be read.
    init(process: [String: String] = ProcessInfo.processInfo.environment, folder: String = ".") throws {
        self.process = process
        let path = folder + "/.env"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            file = [:]
            return
        }
        file = try Self.read(text, path: path)
    }

    /// The value of a thing by its names, the first of which is the hub's own (C-24). The process beats the file.
    ///
    /// - Throws: `Refusal` when two of its names have different values in one place.
    func value(_ names: [String]) throws -> String? {
        try Self.one(names, in: process, of: "the environment") ?? Self.one(names, in: file, of: ".env")
    }

    /// All variables that begin so, the process's before the file's.
    func variables(prefix: String) -> [String: String] {
        let given = process.filter { !$0.value.isEmpty }
        return file.merging(given) { _, outer in outer }.filter { $0.key.hasPrefix(prefix) && !$0.value.isEmpty }
    }

    private static func one(_ names: [String], in table: [String: String], of place: String) throws -> String? {
        let given = names.compactMap { name in table[name].flatMap { $0.isEmpty ? nil : (name, $0) } }
        guard let first = given.first else { return nil }
        if let other = given.first(where: { $0.1 != first.1 }) {
            throw Refusal("\(first.0) and \(other.0) are one setting and differ in \(place); keep one of them")
        }
        return first.1
    }

    /// Lines of `NAME=value`: comments, blank lines, `export`, single and double quotes.
    static func read(_ text: String, path: String) throws -> [String: String] {
        var table: [String: String] = [:]
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = raw.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = String(line.dropFirst(7)) }
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                throw Refusal("\(path), line \(index + 1): expected NAME=value")
            }
            let name = line[..<equals].trimmingCharacters(in: .whitespaces)
            var value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            if let quote = value.first, quote == "\"" || quote == "'" {
                guard value.count >= 2, value.last == quote else {
                    throw Refusal("\(path), line \(index + 1): the quote of \(name) is not closed")
                }
                value = String(value.dropFirst().dropLast())
            } else if let comment = value.range(of: " #") {
                value = String(value[..<comment.lowerBound]).trimmingCharacters(in: .whitespaces)
            }
            if let earlier = table[name], earlier != value {
                throw Refusal("\(path): \(name) stands there twice with different values")
            }
            table[name] = value
        }
        return table
    }
}

/// What was given is wrong; nothing was changed. Exit code 2.
struct Refusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
