import Foundation
import Testing

/// The page of troubles quotes the program; what it quotes, the program says.
@Suite("Troubleshooting")
struct TroubleshootingTests {
    static let page = "docs/troubleshooting.md"

    /// The sources as one text, with sentences that stand on several lines put together.
    static let sources: String = {
        let text = House.swift.filter { House.isShipped($0.path) }.map { $0.lines.joined(separator: "\n") }
            .joined(separator: "\n")
        return text.replacing(/"\s*\+\s*"/, with: "").replacing(/\\\n\s*/, with: "").replacing("\\\"", with: "\"")
    }()

    /// The quoted sentences of a page, without the mark before them.
    static func quoted(in text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    /// The parts of a sentence that do not differ from one time to the next.
    static func stems(of sentence: String) -> [String] {
        sentence.split(separator: "…").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.count >= 6 }
    }

    @Test func everySentenceItQuotesIsInTheSources() {
        let sentences = Self.quoted(in: House.text(Self.page))
        let found = sentences.flatMap { sentence in
            Self.stems(of: sentence).filter { !Self.sources.contains($0) }.map { "\(sentence): \"\($0)\"" }
        }

        #expect(sentences.count >= 30)
        #expect(sentences.allSatisfy { !Self.stems(of: $0).isEmpty })
        #expect(found.isEmpty, "\(breaches(found))")
    }

    /// The problems of the pages that this program's users come from, each by its name there.
    @Test(arguments: [
        "Table 'oc_integration_config' doesn't exist", "API authentication failed", "delivery failed with HTTP 500",
        "Allowed memory size exhausted", "OpenCog AtomSpace connection failed", "Authentication Failures",
        "Webhook Processing Errors", "Sync Conflicts", "Performance Issues",
    ])
    func everyKnownProblemIsOnIt(problem: String) {
        #expect(House.text(Self.page).contains(problem))
    }

    @Test func itIsFoundFromThePagesThatPeopleStartWith() {
        #expect(House.text("README.md").contains("](docs/troubleshooting.md)"))
        #expect(House.text("docs/operations/README.md").contains("](../troubleshooting.md)"))
    }

    @Test func aSentenceThatNobodySaysIsNoticed() {
        #expect(Self.stems(of: "… was never … said like this") == ["was never", "said like this"])
        #expect(!Self.sources.contains("was never" + " said like this"))
        #expect(Self.quoted(in: "a\n> b … c\n>d\n") == ["b … c"])
    }
}
