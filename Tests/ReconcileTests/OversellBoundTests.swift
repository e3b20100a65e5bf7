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
}
