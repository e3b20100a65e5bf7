import Commerce
import Testing

@testable import Reconcile

/// Found by rehearsals 1811 and 2087: staff counted, every look at it had its orders refused, and the good was taken
/// away before one had not.
@Suite("A look that waits for orders")
struct WaitingLookTests {
    private func look(_ quantity: Int, askedAt: Int64?, number: Int64) -> StockLook {
        StockLook(
            ExactDecimal(quantity), askedAt: askedAt, number: number, areOrdersRead: true, ordersAskedAt: 4)
    }

    /// A shop that showed 6, and now shows 11 to a look after which no orders could be read.
    private func waiting(askedAt: Int64? = 10) throws -> StockSide {
        var side = StockSide(shown: ExactDecimal(6), standing: ExactDecimal(6), shownNumber: 5)
        #expect(try side.count(look(11, askedAt: askedAt, number: 12)) == .waits)
        return side
    }

    @Test func ordersThatAnybodyReadAfterALookMakeACountOfIt() throws {
        var side = try waiting()
        #expect(side.takeWaited(ordersAskedAt: 11, number: 13) == nil)

        let taken = side.takeWaited(ordersAskedAt: 14, number: 16)
        let waited = try #require(taken)
        #expect(try side.count(waited) == .adjusted(ExactDecimal(5)))
        #expect(side.standing == ExactDecimal(11) && side.waited == nil && side.rounds == 0)
        // What is looked at now is told by itself.
        #expect(try side.count(look(11, askedAt: 15, number: 16)) == .explained)
    }

    @Test func theFirstOfSeveralLooksIsTheOneThatWaits() throws {
        var side = try waiting()
        #expect(try side.count(look(9, askedAt: 13, number: 14)) == .waits)

        #expect(side.takeWaited(ordersAskedAt: 13, number: 15)?.quantity == ExactDecimal(11))
    }

    @Test func aLookThatWaitsIsForgottenWithTheNextNumberOfOurs() throws {
        var side = try waiting()
        side.plan(StockWrite(quantity: ExactDecimal(5), from: ExactDecimal(6), number: 13))

        #expect(side.takeWaited(ordersAskedAt: 14, number: 15) == nil)
    }

    @Test func aCallThatCameUnaskedIsNoLookThatWaits() throws {
        #expect(try waiting(askedAt: nil).waited == nil)
    }

    @Test func whatAnOrderExplainsThatWasReadSinceIsNoCount() throws {
        var side = StockSide(shown: ExactDecimal(6), standing: ExactDecimal(6), shownNumber: 5)
        #expect(try side.count(look(4, askedAt: 10, number: 12)) == .waits)
        try side.learn(
            PendingMovement(id: 1, quantity: ExactDecimal(-2), number: 15, happenedAt: Moment(seconds: 1)),
            ordersAskedAt: 4)

        let taken = side.takeWaited(ordersAskedAt: 14, number: 16)
        let waited = try #require(taken)
        #expect(try side.count(waited) == .explained)
        #expect(side.standing == ExactDecimal(4) && side.pending == [])
    }
}
