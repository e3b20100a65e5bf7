import Testing

@Suite("What the rules see of a file")
struct SourceFileTests {
    private func code(_ text: String) -> String { SourceFile(path: "A.swift", text: text).code.joined(separator: "\n") }

    @Test func textsAndCommentsAreBlankAndTheRestStays() {
        #expect(code("let a = \"x { y\" // {").trimmed == "let a = \"     \"")
        #expect(code("a /* { /* } */ { */ b").filter { $0 != " " } == "ab")
        #expect(code("let a = #\"raw \" { \"#").trimmed == "let a = #\"        \"#")
    }

    @Test func codeInsideAnInterpolationStaysCode() {
        let seen = code(#"let a = "total \(sum(of: [1, 2])!) { \(other ?? "}")" + b"#)

        #expect(seen.contains("(sum(of: [1, 2])!)"))
        #expect(seen.contains("(other ?? \" \")"))
        #expect(!seen.contains("{") && !seen.contains("}"))
        #expect(seen.hasSuffix("+ b"))
    }

    @Test func aTextOfManyLinesEndsOnlyAtThreeQuotes() {
        let seen = code("let a = \"\"\"\n  say \"{\" and \\\"\"\" {\n  \"\"\"\nlet b = 1")

        #expect(!seen.contains("{"))
        #expect(seen.hasSuffix("let b = 1"))
    }

    @Test func everyLineKeepsItsNumber() {
        for file in House.swift { #expect(file.lines.count == file.code.count, "\(file.path)") }
    }
}

extension String {
    /// Without the spaces at its end.
    var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
