import Commerce
import Testing

@testable import Reconcile

@Suite("How much may be oversold")
struct OversellBoundTests {
    private func at(_ seconds: Int64) -> Moment { Moment(milliseconds: seconds * 1000) }

    private func bound(_ told: [OversellBound.Told], own: OversellBound.Event) throws -> OversellBound {
        let elsewhere = OversellBound.Event(
            side: 2, quantity: ExactDecimal(-4), happenedAt: at(60), learnedAt: at(70), number: 2)
        let channel = OversellBound.Channel(side: 1, writing: .absolute, isInStep: true, told: told)
        return try OversellBound.measure(channel, mode: .shared, events: [elsewhere, own], now: at(9_000))
    }

    /// Found by the rehearsal of seed 4: the channel sold its last piece, which was not there any more, and was in step
    /// by that; no news had to come to it.
    @Test func aChannelThatSoldItselfOutBeforeItWasToldIsMeasuredByItsLastSale() throws {
        let own = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-1), happenedAt: at(30), learnedAt: at(300), number: 3)

        let bound = try bound([], own: own)

        #expect(bound.pieces == ExactDecimal(1))
        #expect(bound.seconds == 240)
    }

    @Test func whatAChannelSoldBeforeTheNewsCountsForNothingWhereItIsInStep() throws {
        let own = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-1), happenedAt: at(10), learnedAt: at(20), number: 1)

        #expect(try bound([], own: own).pieces == .zero)
    }

    @Test func aChannelThatWasToldIsMeasuredByWhenItHadBeen() throws {
        let own = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-1), happenedAt: at(80), learnedAt: at(90), number: 3)
        let told = OversellBound.Told(number: 3, plannedAt: at(95), settledAt: at(100))

        #expect(try bound([told], own: own).seconds == 40)
    }

    /// Found by the rehearsal of seed 138: the clock was set back while no process ran, so what was sold elsewhere was
    /// learned before it had happened, and every time was nothing.
    @Test(arguments: [true, false])
    func whereTheClockWasSetBackMeanwhileAllThatTheChannelSoldCounts(wasTold: Bool) throws {
        let first = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-9), happenedAt: at(1_000), learnedAt: at(460), number: 5)
        let elsewhere = OversellBound.Event(
            side: 2, quantity: ExactDecimal(-4), happenedAt: at(1_010), learnedAt: at(461), number: 6)
        let channel = OversellBound.Channel(
            side: 1, writing: .absolute, isInStep: true,
            told: wasTold ? [.init(number: 6, plannedAt: at(462), settledAt: at(463))] : [])

        let bound = try OversellBound.measure(
            channel, mode: .shared, events: [first, elsewhere], now: at(9_000))

        #expect(bound.pieces == ExactDecimal(9))
        #expect(bound.seconds >= 550)
    }

    /// Nothing of one event contradicts itself, but the next step is earlier than the one before it.
    @Test func aClockThatWasSetBackBetweenTwoStepsIsSeen() throws {
        let elsewhere = OversellBound.Event(
            side: 2, quantity: ExactDecimal(-4), happenedAt: at(1_000), learnedAt: at(1_010), number: 5)
        let own = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-9), happenedAt: at(400), learnedAt: at(410), number: 6)
        let told = OversellBound.Told(number: 7, plannedAt: at(411), settledAt: at(412))
        let channel = OversellBound.Channel(side: 1, writing: .absolute, isInStep: true, told: [told])

        let bound = try OversellBound.measure(channel, mode: .shared, events: [elsewhere, own], now: at(9_000))

        #expect(bound.pieces == ExactDecimal(9))
    }

    /// Found by the rehearsal of seed 615: set back by two hours, and forward by one while others bought.
    @Test func untilAClockIsAsLateAgainAsItHadBeenItsTimesTellNothing() throws {
        let first = OversellBound.Event(
            side: 1, quantity: ExactDecimal(5), happenedAt: at(6_990), learnedAt: at(7_000), number: 22)
        let own = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-9), happenedAt: at(400), learnedAt: at(410), number: 24)
        let elsewhere = OversellBound.Event(
            side: 2, quantity: ExactDecimal(-4), happenedAt: at(3_800), learnedAt: at(4_000), number: 28)
        let told = OversellBound.Told(number: 28, plannedAt: at(4_001), settledAt: at(4_002))
        let channel = OversellBound.Channel(side: 1, writing: .absolute, isInStep: true, told: [told])

        let bound = try OversellBound.measure(channel, mode: .shared, events: [first, own, elsewhere], now: at(9_000))

        #expect(bound.pieces == ExactDecimal(9))
    }

    @Test func whatWasToldBeforeTheClockWasSetBackIsMeasuredByIt() throws {
        let own = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-1), happenedAt: at(80), learnedAt: at(110), number: 4)
        let later = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-3), happenedAt: at(40), learnedAt: at(50), number: 9)
        let told = OversellBound.Told(number: 3, plannedAt: at(95), settledAt: at(100))
        let elsewhere = OversellBound.Event(
            side: 2, quantity: ExactDecimal(-4), happenedAt: at(60), learnedAt: at(70), number: 2)
        let channel = OversellBound.Channel(side: 1, writing: .delta, isInStep: true, told: [told])

        let bound = try OversellBound.measure(
            channel, mode: .shared, events: [elsewhere, own, later], now: at(9_000))

        #expect(bound.seconds == 40)
    }

    /// Found by the rehearsal of seed 3195: two pieces sold 178 s apart, the first of which no look had shown for eight
    /// minutes, seemed to lie further apart than the news had taken.
    @Test func whatOnlyACountShowedMayHaveHappenedAtAnyTimeUntilThen() throws {
        let first = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-1), happenedAt: at(0), learnedAt: at(482), number: 1, isDated: false)
        let second = OversellBound.Event(
            side: 1, quantity: ExactDecimal(-1), happenedAt: at(486), learnedAt: at(495), number: 2, isDated: false)
        let elsewhere = OversellBound.Event(
            side: 2, quantity: ExactDecimal(-46), happenedAt: at(95), learnedAt: at(528), number: 3, isDated: false)
        let told = OversellBound.Told(number: 3, plannedAt: at(557), settledAt: at(558))
        let channel = OversellBound.Channel(side: 1, writing: .absolute, isInStep: true, told: [told])

        let bound = try OversellBound.measure(channel, mode: .shared, events: [first, second, elsewhere], now: at(900))

        #expect(bound.seconds == 463)
        #expect(bound.pieces == ExactDecimal(2))
    }
}
