import Commerce
import Foundation
import Testing

@testable import Reconcile

@Suite("The words for policies")
struct PolicyWordsTests {
    private let woo = PolicyContext(
        side: 7, connector: "woocommerce", order: [3, 7, 0], integrationOf: { $0 == "erpnext" ? 3 : nil })

    @Test(arguments: [
        ("timestamp", Policy.timestamp), ("manual", .manual), ("merge", .merge), ("counter", .counter),
        ("local", .source(0)), ("nxt_wins", .source(0)), ("remote", .source(7)), ("source", .source(7)),
        ("wc_wins", .source(7)), ("woocommerce_wins", .source(7)), ("erpnext_wins", .source(3)),
        ("priority", .priority([3, 7, 0])), ("priority:7,3", .priority([7, 3])), ("source:5", .source(5)),
    ])
    func everyDocumentedWordIsUnderstood(word: String, policy: Policy) {
        #expect(Policy(word: word, in: woo) == policy)
    }

    @Test(arguments: [
        "", "newest", "shopify_wins", "_wins", "source:", "source:x", "source:-1", "priority:", "priority:3,3",
        "priority:3,,7", "timestamp:1", "Manual",
    ])
    func anyOtherWordIsRefused(word: String) {
        #expect(Policy(word: word, in: woo) == nil)
    }

    @Test func anOrderThatNamesAnOriginTwiceOrNobodyIsRefused() {
        #expect(Policy(word: "priority", in: PolicyContext(side: 7, connector: "x", order: [3, 3])) == nil)
        #expect(Policy(word: "priority", in: PolicyContext(side: 7, connector: "x")) == nil)
    }

    @Test func whatIsStoredIsReadAgain() throws {
        let policies: [Policy] = [
            .timestamp, .source(0), .source(12), .priority([3, 0, 7]), .priority([]), .merge, .manual, .counter,
        ]

        let stored = try JSONEncoder().encode(policies)

        #expect(try JSONDecoder().decode([Policy].self, from: stored) == policies)
        #expect(policies.map(\.stored).prefix(4) == ["timestamp", "source:0", "source:12", "priority:3,0,7"])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Policy].self, from: Foundation.Data(#"["x"]"#.utf8))
        }
    }

    @Test func preferencesBecomeOneOrder() throws {
        let order = try OriginOrder.from([
            OriginPreference(7, over: 0), OriginPreference(0, over: 3), OriginPreference(7, over: 3),
            OriginPreference(2, over: 3),
        ])

        #expect(order == [2, 7, 0, 3])
        #expect(try OriginOrder.from([]) == [])
    }

    @Test func preferencesThatGoInACircleAreRefusedByName() {
        #expect(throws: OriginCycle(origins: [0, 3, 7])) {
            try OriginOrder.from([
                OriginPreference(7, over: 0), OriginPreference(0, over: 3), OriginPreference(3, over: 7),
                OriginPreference(9, over: 7),
            ])
        }
        #expect(throws: OriginCycle(origins: [4])) { try OriginOrder.from([OriginPreference(4, over: 4)]) }
    }
}
