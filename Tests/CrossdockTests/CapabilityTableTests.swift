import ConnectorKit
import Foundation
import Testing

@testable import crossdock

@Suite("The table of what connectors do")
struct CapabilityTableTests {
    static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/connectors/README.md")

    /// The page is written from the cards. When a card changes, put the text this test shows into the page.
    @Test func thePageSaysWhatTheCardsSay() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)

        for type in Registry.connectors {
            let expected = CapabilityTable(type.card).text
            #expect(text.contains(expected), "docs/connectors/README.md should hold:\n\(expected)")
        }
    }

    @Test func everyConnectorHasItsPageForTheMerchant() {
        for type in Registry.connectors {
            let page = Self.page.deletingLastPathComponent().appending(path: "\(type.card.name).md")
            #expect(
                FileManager.default.fileExists(atPath: page.path), "docs/connectors/\(type.card.name).md is missing")
        }
    }

    @Test func everyConnectorIsNamedOnce() {
        let names = Registry.connectors.map { $0.card.name }

        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { !$0.isEmpty && $0 == $0.lowercased() })
    }
}

/// A card as a table: what is read and written of each kind of record.
struct CapabilityTable {
    let text: String

    init(_ card: Card) {
        let rows = card.kinds.map { kind in
            let cells = [
                kind.kind.rawValue, Self.parts(of: kind) { $0.takes }, Self.parts(of: kind) { $0.gives },
                Self.creation(kind),
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let head = [
            "## \(card.title)", "", "| record | read | written | after a create without an answer |",
            "| --- | --- | --- | --- |",
        ]
        text = (head + rows + [""] + card.remarks.map { "- " + $0 }).joined(separator: "\n")
    }

    private static func parts(of kind: KindCard, _ isWanted: (Direction) -> Bool) -> String {
        let all = kind.kind.parts.map(\.name)
        let wanted = all.filter { isWanted(kind.projection.direction(of: $0)) }
        if wanted.isEmpty { return "-" }
        if wanted == all { return "all" }
        let missing = all.filter { !wanted.contains($0) }
        return missing.count < wanted.count
            ? "all but " + missing.joined(separator: ", ") : wanted.joined(separator: ", ")
    }

    private static func creation(_ kind: KindCard) -> String {
        switch kind.creation {
        case nil: "-"
        case .keyed: "made once by its key"
        case .findable(let seconds) where seconds > 0: "looked for by our reference; a miss counts after \(seconds) s"
        case .findable: "looked for by our reference"
        case .listable: "a person chooses among what was made since"
        case .blind: "a person looks"
        }
    }
}
