import Testing

@Suite("Comments on what is public")
struct DocumentationTests {
    @Test func everyPublicDeclarationSaysWhatItIs() {
        let found = House.shipped.filter { !$0.path.contains("/_Template/") }.flatMap(undocumented)

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func aMissingCommentIsNoticed() {
        let text = """
            public struct A {
                public func b() {}
                /// Said.
                @discardableResult
                public func c() -> Int { 1 }
                public var d: Int { 1 }
                public var stored: Int
                public static let part = Part<String>("part")
                public init() {}
            }
            """

        #expect(
            undocumented(in: SourceFile(path: "A.swift", text: text)).map { $0.prefix(10) } == [
                "A.swift:1:", "A.swift:2:", "A.swift:6:", "A.swift:9:",
            ])
    }
}

/// The public declarations without a comment. Free of it are stored properties and constants, whose name and type say
/// what they are or whose type does, and the few requirements of the standard library that mean the same everywhere.
func undocumented(in file: SourceFile) -> [String] {
    file.code.indices.filter { index in
        let line = file.code[index]
        let words = line.split { $0 == " " || $0 == "(" || $0 == "<" || $0 == ":" }
        guard let first = words.firstIndex(where: { !$0.hasPrefix("@") }), words[first] == "public"
        else { return false }
        let isExempt =
            words.contains("import") || words.contains("extension") || isStored(line, words)
            || isStandardRequirement(line)
        return !isExempt && !hasComment(above: index, in: file)
    }.map(file.place)
}

private func isStored(_ line: String, _ words: [Substring]) -> Bool {
    if words.contains("let") && !words.contains("func") { return true }
    return words.contains("var") && (!line.contains("{") || line.contains(" = ")) && !words.contains("func")
}

private func isStandardRequirement(_ line: String) -> Bool {
    ["func ==", "func <", "func hash(into", "func encode(to", "init(from decoder", "var description: String", "deinit"]
        .contains { line.contains($0) }
}

private func hasComment(above index: Int, in file: SourceFile) -> Bool {
    for line in file.lines[..<index].reversed() {
        let text = line.drop { $0 == " " }
        if text.hasPrefix("///") { return true }
        guard text.hasPrefix("@") || text.hasPrefix("#if") else { return false }
    }
    return false
}
