/// The rooms as Package.swift names them.
struct Floorplan {
    struct Room: Hashable {
        let name: String
        let row: Int
        let path: String
        let uses: Set<String>
        /// The Swift variables that stand for packages: `grdb`, `crypto`.
        let packages: Set<String>
    }

    let rooms: [Room]
    let systemLibraries: Set<String>

    /// The room whose folder holds a file; the deepest counts.
    func room(of path: String) -> Room? {
        rooms.filter { path.hasPrefix($0.path + "/") }.max { $0.path.count < $1.path.count }
    }

    /// The row of a room or a system library; nil for what is no part of the house.
    func row(of name: String) -> Int? {
        systemLibraries.contains(name) ? 0 : rooms.first { $0.name == name }?.row
    }

    /// Reads Package.swift: `Room(...)` and `connector(...)` calls. The executable, which uses every room, is not
    /// listed.
    init(manifest: String) {
        let calls = Self.calls(of: "Room", in: manifest)
        let connectorUses = calls.first { $0.contains("\\(name)") }.map { Self.list("uses", in: $0) } ?? []
        rooms =
            calls.compactMap { call in
                guard let name = Self.text("name", in: call), !name.contains("\\"),
                    let path = Self.text("path", in: call),
                    let row = Self.number("row", in: call), !call.contains("isExecutable: true")
                else { return nil }
                let packages = Self.body("packages", in: call).split { !$0.isLetter && !$0.isNumber }.map(String.init)
                return Room(
                    name: name, row: row, path: path, uses: Self.list("uses", in: call), packages: Set(packages))
            }
            + Self.calls(of: "connector", in: manifest).compactMap { call in
                guard let name = Self.quoted(call).first, !call.contains(": String") else { return nil }
                return Room(
                    name: name, row: 4, path: "Connectors/\(name)/Sources",
                    uses: connectorUses.union(Self.list("uses", in: call)), packages: [])
            }
        systemLibraries = Set(Self.calls(of: "systemLibrary", in: manifest).compactMap { Self.text("name", in: $0) })
    }

    /// What stands in the parentheses of each call of that name.
    static func calls(of name: String, in text: String) -> [String] {
        var found: [String] = []
        var rest = text[...]
        while let range = rest.firstRange(of: name + "(") {
            let before = text[..<range.lowerBound].last
            rest = rest[range.upperBound...]
            guard before.map({ !$0.isLetter && !$0.isNumber }) ?? true else { continue }
            var depth = 1
            let inside = rest.prefix { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return depth > 0
            }
            found.append(String(inside))
        }
        return found
    }

    static func text(_ label: String, in call: String) -> String? {
        guard let range = call.firstRange(of: label + ": \"") else { return nil }
        return String(call[range.upperBound...].prefix { $0 != "\"" })
    }

    static func number(_ label: String, in call: String) -> Int? {
        guard let range = call.firstRange(of: label + ": ") else { return nil }
        return Int(call[range.upperBound...].prefix { $0.isNumber })
    }

    /// What stands in the brackets behind a label.
    static func body(_ label: String, in call: String) -> String {
        guard let range = call.firstRange(of: label + ":") else { return "" }
        let rest = call[range.upperBound...].drop { $0 == " " || $0 == "\n" }
        guard rest.first == "[" else { return "" }
        return String(rest.dropFirst().prefix { $0 != "]" })
    }

    static func list(_ label: String, in call: String) -> Set<String> { Set(quoted(body(label, in: call))) }

    static func quoted(_ text: String) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}

/// The module a line of code imports; nil when it imports none.
func importedModule(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
    let marks: Set<Substring> = ["public", "internal", "private", "fileprivate", "package"]
    guard words[..<place].allSatisfy({ $0.hasPrefix("@") || marks.contains($0) }) else { return nil }
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    let named = kinds.contains(words[place + 1]) ? words.dropFirst(place + 2).first : words[place + 1]
    return named.flatMap { $0.split(separator: ".").first }.map(String.init)
}
