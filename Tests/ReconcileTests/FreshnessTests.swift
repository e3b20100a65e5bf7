import Testing

@testable import Reconcile

@Suite("Freshness of an answer")
struct FreshnessTests {
    @Test(arguments: [
        ("9", "10", true), ("10", "9", false), ("10", "10", false), ("007", "8", true), ("8", "007", false),
        ("0", "00", false), ("2026-11-20T10:00:00", "2026-11-20T10:00:01", true),
        ("2026-11-20T10:00:01", "2026-11-20T10:00:00", false), ("a", "b", true), ("9", "b", true),
        ("99999999999999999999999", "100000000000000000000000", true),
    ])
    func revisionsAreComparedAsNumbersOrAsText(one: String, other: String, isOlder: Bool) {
        #expect(Freshness.isOlder(one, than: other) == isOlder)
    }

    @Test(
        arguments: [
            (nil, nil, 3, 3, false), (nil, nil, 2, 3, true), ("5", "4", 2, 3, true), ("4", "5", 3, 3, true),
            ("5", "5", 3, 3, false), ("5", nil, 3, 3, false), (nil, "5", 3, 3, false), ("4", "5", nil, 3, true),
            ("5", "5", nil, 3, false), (nil, nil, nil, 3, false),
        ] as [(String?, String?, Int64?, Int64, Bool)])
    func anAnswerOlderThanWhatIsKnownIsStale(
        revision: String?, remembered: String?, asked: Int64?, settled: Int64, isStale: Bool
    ) {
        #expect(
            Freshness.isStale(
                revision: revision, remembered: remembered, askedAtWrite: asked, lastSettledWrite: settled) == isStale)
    }

    @Test func aWebhookIsMergedOnlyIfCompleteAndNewer() {
        #expect(Freshness.mayMergeWebhook(isComplete: true, revision: "6", remembered: "5"))
        #expect(Freshness.mayMergeWebhook(isComplete: true, revision: "6", remembered: nil))
        #expect(!Freshness.mayMergeWebhook(isComplete: false, revision: "6", remembered: "5"))
        #expect(!Freshness.mayMergeWebhook(isComplete: true, revision: "5", remembered: "5"))
        #expect(!Freshness.mayMergeWebhook(isComplete: true, revision: nil, remembered: "5"))
    }
}
