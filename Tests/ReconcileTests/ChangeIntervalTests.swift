import Commerce
import Testing

@testable import Reconcile

@Suite("The interval of a change")
struct ChangeIntervalTests {
    private let minute = ChangeInterval(after: Moment(seconds: 600), before: Moment(seconds: 660))

    @Test(arguments: [
        (600, 660, 661, 700, true), (600, 660, 660, 700, false), (600, 660, 650, 700, false),
        (600, 600, 600, 600, false), (600, 600, 601, 601, true), (661, 700, 600, 660, false),
    ])
    func oneIsBeforeTheOtherOnlyWhenTheyDoNotTouch(a: Int, b: Int, c: Int, d: Int, isBefore: Bool) {
        let one = ChangeInterval(after: Moment(seconds: Int64(a)), before: Moment(seconds: Int64(b)))
        let other = ChangeInterval(after: Moment(seconds: Int64(c)), before: Moment(seconds: Int64(d)))

        #expect(one.isBefore(other) == isBefore)
    }

    @Test func aStampNarrowsAfterItsClockIsCorrected() {
        let narrowed = minute.narrowed(by: Moment(seconds: 3630), offsetSeconds: 3000, toleranceSeconds: 2)

        #expect(narrowed == ChangeInterval(after: Moment(seconds: 628), before: Moment(seconds: 632)))
    }

    @Test func aStampThatContradictsWhatWasSeenIsIgnored() {
        #expect(minute.narrowed(by: Moment(seconds: 900), offsetSeconds: 0, toleranceSeconds: 2) == minute)
        #expect(minute.narrowed(by: Moment(seconds: 100), offsetSeconds: 0, toleranceSeconds: 2) == minute)
        #expect(minute.ended(by: Moment(seconds: 100), offsetSeconds: 0, toleranceSeconds: 2) == minute)
    }

    @Test func aRecordsStampSaysOnlyByWhenItsPartsHadChanged() {
        let ended = minute.ended(by: Moment(seconds: 630), offsetSeconds: 0, toleranceSeconds: 2)

        #expect(ended == ChangeInterval(after: Moment(seconds: 600), before: Moment(seconds: 632)))
    }

    @Test func aWrongWayRoundIntervalIsTurned() {
        #expect(ChangeInterval(after: Moment(seconds: 660), before: Moment(seconds: 600)) == minute)
    }

    @Test func anUnmeasuredClockIsWorthNothing() {
        let look = Observation(
            side: 1, lastSeenAt: minute.after, askedAt: minute.before, farStamp: Moment(seconds: 630))

        #expect(look.interval(isOnlyChange: true) == minute)
    }

    /// The stamp of the record lies after the hub's edit. If the price alone changed, it is the price's stamp and the
    /// far side is later; if the name changed too, the stamp may be the name's, and nobody knows.
    @Test func aStampSpeaksForAPartOnlyWhenItAloneChanged() {
        let alone = merged(Parts(["price": "B"]))
        let together = merged(Parts(["price": "B", "name": "N"]))

        #expect(alone.first { $0.part == "price" }?.event == .took(rule: "timestamp"))
        #expect(
            together.first { $0.part == "price" }?.event == .conflict(base: "A", theirs: "B", ours: "C"))
    }

    private func merged(_ theirs: Parts) -> [PartStep] {
        let agreed = LinkedPart(sent: "A", seen: "A")
        return Reconcile.inbound(
            kind: .product, theirs: theirs, link: ["price": agreed, "name": agreed],
            record: [
                "price": HubPart(value: "C", origin: nil, changed: ChangeInterval(at: Moment(seconds: 620))),
                "name": HubPart(value: "A", origin: nil, changed: ChangeInterval(at: Moment(seconds: 100))),
            ],
            observation: Observation(
                side: 7, lastSeenAt: minute.after, askedAt: minute.before, farStamp: Moment(seconds: 640),
                farClockOffsetSeconds: 0),
            rule: { _ in PartRule(.timestamp) })
    }
}
