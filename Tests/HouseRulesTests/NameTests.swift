import Testing

@Suite("Names and words")
struct NameTests {
    /// Words that say nothing about what a thing is.
    static let emptyWords = ["Manager", "Helper", "Util", "Utils", "Utilities", "Common", "Base", "Info", "Data"]

    @Test func noTypeIsNamedAfterNothing() {
        let found = House.swift.flatMap { file in
            file.code.indices.filter { declaredType(in: file.code[$0]).map(isEmptyName) ?? false }.map(file.place)
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func noFileOrFolderIsNamedAfterNothing() {
        let found = House.files.filter { path in
            path.split(separator: "/").contains { part in
                isEmptyName(String(part.split(separator: ".").first ?? part))
            }
        }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func theRuleKnowsAnEmptyNameFromAGoodOne() {
        #expect(declaredType(in: "public final class OrderManager: Sendable {") == "OrderManager")
        #expect(declaredType(in: "    let manager = classes.first") == nil)
        for name in ["OrderManager", "StringUtils", "data", "Common", "RecordInfos"] {
            #expect(isEmptyName(name), "\(name)")
        }
        for name in ["Database", "Basement", "StockLevel", "Update", "commonly"] {
            #expect(!isEmptyName(name), "\(name)")
        }
    }

    @Test func nothingIsLeftUnfinishedWithAMark() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"]

        let found = House.written.flatMap { path in lines(of: path, containing: marks) }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    @Test func theProjectSpeaksOfItselfAlone() {
        let words = [
            "/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/", "/Us" + "ers/", "Clau" + "de", "Anth" + "ropic", "Open" + "AI",
            "Chat" + "GPT", "Co" + "pilot", "language mo" + "del", "an A" + "I ", "by A" + "I",
            "the se" + "ssion's lead",
            "coding ag" + "ent",
        ]

        let found = House.written.flatMap { path in lines(of: path, containing: words) }

        #expect(found.isEmpty, "\(breaches(found))")
    }

    private func lines(of path: String, containing words: [String]) -> [String] {
        let text = House.text(path)
        guard words.contains(where: { text.holds($0) }) else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { line in words.contains { String(line.element).holds($0) } }
            .map { "\(path):\($0.offset + 1): \($0.element)" }
    }
}

/// The name of the type a line of code declares; nil when it declares none.
func declaredType(in line: String) -> String? {
    let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
    let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
    guard let place = words.firstIndex(where: { kinds.contains($0) }), place + 1 < words.count else { return nil }
    let isDeclaration = words[..<place].allSatisfy {
        ["public", "private", "fileprivate", "internal", "final", "indirect", "package", "open", "MainActor"].contains(
            $0)
    }
    return isDeclaration ? String(words[place + 1]) : nil
}

/// Whether a name is, or ends in, a word that says nothing.
func isEmptyName(_ name: String) -> Bool {
    NameTests.emptyWords.contains { word in
        [word, word + "s"].contains { name.hasSuffix($0) || name == $0.lowercased() }
    }
}
