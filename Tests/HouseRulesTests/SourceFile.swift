#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One Swift file: its lines as they are, and its code alone, with texts and comments blanked out.
struct SourceFile {
    let path: String
    let lines: [String]
    /// As long as `lines`; what stands in a text or a comment is blank, the quotes stay.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var blanking = Blanking(bytes: Array(text.utf8))
        code = blanking.run().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The lines of code in which a pattern is found, as `path:line: text`.
    func codeLines(containing word: String, where isBreach: (Substring, Substring) -> Bool = { _, _ in true })
        -> [String]
    {
        var found: [String] = []
        for (index, line) in code.enumerated() where line.holds(word) {
            var rest = line[...]
            while let range = rest.firstRange(of: word) {
                if isBreach(line[..<range.lowerBound], line[range.upperBound...]) {
                    found.append(place(index))
                    break
                }
                rest = rest[range.upperBound...]
            }
        }
        return found
    }

    /// Where a line is and what stands there.
    func place(_ index: Int) -> String {
        "\(path):\(index + 1): \(lines[index].drop { $0 == " " })"
    }
}

/// Blanks out texts and comments, byte by byte; code inside an interpolation stays code.
private struct Blanking {
    private enum Mode: Equatable {
        case code(parentheses: Int)
        case text(hashes: Int, isMultiline: Bool)
    }

    let bytes: [UInt8]
    private var out: [UInt8] = []
    private var index = 0
    private var modes: [Mode] = [.code(parentheses: 0)]

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> [UInt8] {
        out.reserveCapacity(bytes.count)
        while index < bytes.count {
            switch modes.last {
            case .code(let depth)?: code(depth)
            case .text(let hashes, let isMultiline)?: text(hashes, isMultiline)
            case nil: modes = [.code(parentheses: 0)]
            }
        }
        return out
    }

    private mutating func keep(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            out.append(bytes[index])
            index += 1
        }
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            out.append(bytes[index] == UInt8(ascii: "\n") ? bytes[index] : UInt8(ascii: " "))
            index += 1
        }
    }

    private func stands(_ text: String, at place: Int) -> Bool {
        guard place < bytes.count, bytes[place] == text.utf8.first else { return false }
        let wanted = Array(text.utf8)
        return place + wanted.count <= bytes.count && Array(bytes[place..<place + wanted.count]) == wanted
    }

    private mutating func code(_ depth: Int) {
        if stands("//", at: index) {
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
            return
        }
        if stands("/*", at: index) { return blockComment() }
        if let hashes = openingHashes() {
            let isMultiline = stands("\"\"\"", at: index + hashes)
            keep(hashes + (isMultiline ? 3 : 1))
            modes.append(.text(hashes: hashes, isMultiline: isMultiline))
            return
        }
        if bytes[index] == UInt8(ascii: "("), modes.count > 1 { modes[modes.count - 1] = .code(parentheses: depth + 1) }
        if bytes[index] == UInt8(ascii: ")"), modes.count > 1 {
            if depth == 0 { modes.removeLast() } else { modes[modes.count - 1] = .code(parentheses: depth - 1) }
        }
        keep()
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if stands("/*", at: index) {
                depth += 1
                blank(2)
            } else if stands("*/", at: index) {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < bytes.count
    }

    /// How many `#` stand before the quote that opens a text here; nil when none opens.
    private func openingHashes() -> Int? {
        var hashes = 0
        while index + hashes < bytes.count, bytes[index + hashes] == UInt8(ascii: "#") { hashes += 1 }
        return stands("\"", at: index + hashes) ? hashes : nil
    }

    private mutating func text(_ hashes: Int, _ isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        let closing = (isMultiline ? "\"\"\"" : "\"") + marks
        if stands(closing, at: index) {
            keep(closing.utf8.count)
            modes.removeLast()
        } else if stands("\\" + marks + "(", at: index) {
            blank(1 + hashes)
            keep()
            modes.append(.code(parentheses: 0))
        } else if stands("\\" + marks, at: index) {
            blank(2 + hashes)
        } else {
            blank()
        }
    }
}

extension String {
    /// Whether a word stands in it, byte for byte; many times faster than comparing characters.
    func holds(_ word: String) -> Bool {
        var text = self
        var word = word
        return text.withUTF8 { text in
            word.withUTF8 { word in
                guard let first = word.first, let wanted = word.baseAddress, var place = text.baseAddress else {
                    return word.isEmpty
                }
                let end = place + text.count
                while end - place >= word.count, let found = memchr(place, Int32(first), end - place - word.count + 1) {
                    if memcmp(found, wanted, word.count) == 0 { return true }
                    place += place.distance(to: found.assumingMemoryBound(to: UInt8.self)) + 1
                }
                return false
            }
        }
    }
}
