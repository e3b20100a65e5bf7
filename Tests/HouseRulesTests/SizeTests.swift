import Testing

@Suite("Sizes")
struct SizeTests {
    static let lineLimit = 120
    static let fileLimit = 400
    static let functionLimit = 70

    @Test func noFileIsLongerThanFourHundredLines() {
        let written = House.files.filter { path in
            [".swift", ".js", ".css", ".py", ".sh", ".sql", ".mustache"].contains { path.hasSuffix($0) }
                || path.hasPrefix("scripts/")
        }
        let long = written.map { ($0, House.text($0).utf8.count { $0 == UInt8(ascii: "\n") }) }
            .filter { $0.1 > Self.fileLimit }.map { "\($0.0): \($0.1) lines" }

        #expect(long.isEmpty, "\(breaches(long))")
    }

    @Test func noLineIsLongerThanOneHundredAndTwentyColumns() {
        let long = House.swift.flatMap { file in
            file.lines.indices.filter {
                file.lines[$0].utf8.count > Self.lineLimit && file.lines[$0].count > Self.lineLimit
            }.map(file.place)
        }

        #expect(long.isEmpty, "\(breaches(long))")
    }

    @Test func noFunctionIsLongerThanSeventyLines() {
        let long = House.swift.flatMap { file in
            functions(in: file.code).filter { $0.lineCount > Self.functionLimit }
                .map { "\(file.place($0.line)): \($0.lineCount) lines" }
        }

        #expect(long.isEmpty, "\(breaches(long))")
    }

    @Test func aLongFunctionIsNoticed() {
        let body = Array(repeating: "        work { \"}\" }", count: 70).joined(separator: "\n")
        let file = SourceFile(
            path: "A.swift", text: "struct A {\n    func long() {\n\(body)\n    }\n\n    func short() {}\n}")

        let found = functions(in: file.code)

        #expect(found.map(\.line) == [1, 74])
        #expect(found.map(\.lineCount) == [72, 1])
    }

    @Test func initialisersAndComputedPropertiesAreMeasuredToo() {
        let text =
            "struct A {\n    init(a: Int) {\n        b()\n    }\n    var c: Int {\n        1\n    }\n"
            + "    let d = { 1 }()\n}"

        #expect(functions(in: SourceFile(path: "A.swift", text: text).code).map(\.lineCount) == [3, 3])
    }
}

/// A function, initialiser, subscript or computed property: its first line and how many it has.
struct MeasuredFunction {
    let line: Int
    let lineCount: Int
}

/// The functions of blanked code, by counting braces: what stands before a brace says what it opens.
func functions(in code: [String]) -> [MeasuredFunction] {
    var found: [MeasuredFunction] = []
    var starts: [Int?] = []
    var header: [(line: Int, text: [UInt8])] = []
    for (number, line) in code.enumerated() {
        var text: [UInt8] = []
        for byte in line.utf8 {
            switch byte {
            case UInt8(ascii: "{"):
                starts.append(functionStart(header + [(number, text)]))
                (header, text) = ([], [])
            case UInt8(ascii: "}"):
                if let start = starts.popLast() ?? nil {
                    found.append(MeasuredFunction(line: start, lineCount: number - start + 1))
                }
                (header, text) = ([], [])
            default: text.append(byte)
            }
        }
        header.append((number, text))
    }
    return found.sorted { $0.line < $1.line }
}

/// The line on which a function starts whose header this is; nil when it is no function's.
private func functionStart(_ header: [(line: Int, text: [UInt8])]) -> Int? {
    for (line, text) in header.reversed() {
        let words = String(decoding: text, as: UTF8.self).split { !$0.isLetter && !$0.isNumber && !"_.@=".contains($0) }
        if words.contains(where: { ["func", "init", "deinit", "subscript"].contains($0) }) { return line }
        if words.contains("let") { return nil }
        if words.contains("var") { return words.contains("=") ? nil : line }
        if words.contains(where: { ["struct", "enum", "class", "actor", "extension", "protocol", "case"].contains($0) })
        {
            return nil
        }
    }
    return nil
}
