import ConnectorKit
import Testing

@Suite("Failures of a call")
struct ConnectorFailureTests {
    static let all: [ConnectorFailure] = [
        .unavailable(mayHaveHappened: true, detail: "status 502"),
        .unavailable(mayHaveHappened: false, detail: "refused"),
        .throttled(retryAfterSeconds: 30), .throttled(retryAfterSeconds: nil), .unauthorized(detail: "status 401"),
        .refused(code: "sku", detail: "\"A\" is taken"), .unreadable(detail: "HTML"), .gone(detail: "status 404"),
        .busy(detail: "the book is open", retryAfterSeconds: 10), .cancelled(mayHaveHappened: true),
        .cancelled(mayHaveHappened: false),
    ]

    /// A call that got no answer: what can have happened depends on whether it left, and whether it writes.
    @Test(arguments: [
        (TransportFailure.notSent("x"), true, false), (.notSent("x"), false, false), (.noAnswer("x"), true, true),
        (.noAnswer("x"), false, false), (.tooLarge(limit: 5), true, true), (.tooLarge(limit: 5), false, false),
        (.cancelled, true, true), (.cancelled, false, false),
    ])
    func whetherAWriteMayHaveHappenedIsKnown(failure: TransportFailure, writes: Bool, mayHaveHappened: Bool) {
        #expect(ConnectorFailure(failure, writes: writes).mayHaveHappened == mayHaveHappened)
    }

    @Test func anAnswerThatIsTooLargeIsNotAskedForAgainByItself() {
        #expect(!ConnectorFailure(.tooLarge(limit: 5), writes: false).isTransient)
    }

    @Test func whatPassesByItselfIsToldFromWhatNeedsAPerson() {
        let transient = Self.all.filter(\.isTransient).map(\.errorClass)

        #expect(Set(transient) == ["unavailable", "throttled", "busy", "cancelled"])
        #expect(
            Set(Self.all.filter { !$0.isTransient }.map(\.errorClass)) == [
                "unauthorized", "refused:sku", "unreadable", "gone",
            ])
    }

    @Test func everyFailureSaysSomethingToAPersonAndWhatCameFromOutsideStandsInIt() {
        for failure in Self.all { #expect(!failure.sentence.isEmpty) }
        #expect(ConnectorFailure.refused(code: "sku", detail: "\"A\" is taken").sentence.contains("\"A\" is taken"))
        #expect(ConnectorFailure.throttled(retryAfterSeconds: 30).sentence.contains("30 s"))
        #expect(ConnectorFailure.unavailable(mayHaveHappened: true, detail: "x").sentence.contains("may have happened"))
        #expect(!ConnectorFailure.unavailable(mayHaveHappened: false, detail: "x").sentence.contains("may have"))
    }

    @Test func onlyWhatCanBeFoundAgainIsRepeated() {
        #expect(CreationClass.keyed.mayRepeat && CreationClass.findable(visibleAfterSeconds: 60).mayRepeat)
        #expect(!CreationClass.listable.mayRepeat && !CreationClass.blind.mayRepeat)
    }
}
