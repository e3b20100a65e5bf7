import Commerce
import Testing

@testable import Reconcile

@Suite("What a number of ours may have hidden")
struct StockReadingTests {
    /// A shop whose number was set, whatever was there, with orders last read before.
    private func told(_ quantity: Int, from shown: Int) throws -> StockSide {
        var side = StockSide(shown: ExactDecimal(shown), standing: ExactDecimal(shown))
        side.plan(StockWrite(quantity: ExactDecimal(quantity), from: ExactDecimal(shown), number: 10))
        try side.settle(answered: nil, number: 11)
        return side
    }

    private func movement(_ id: Int64, _ quantity: Int, number: Int64, at second: Int64?) -> PendingMovement {
        PendingMovement(
            id: id, quantity: ExactDecimal(quantity), number: number, happenedAt: second.map(Moment.init(seconds:)))
    }

    private func look(_ quantity: Int, askedAt: Int64, number: Int64, isOrdersReadAfter: Bool = true) -> StockLook {
        StockLook(
            ExactDecimal(quantity), askedAt: askedAt, number: number, areOrdersRead: true, ordersAskedAt: number - 1,
            isOrdersReadAfter: isOrdersReadAfter)
    }

    // Seed 126 of the market: both sales lie under the number, the one that was called off came back after it.
    @Test func whatCameBackAfterTheNumberIsShownAlthoughItsSaleAndALaterOneAreHidden() throws {
        var side = try told(13, from: 12)
        try side.pass(
            ExactDecimal(1), ids: (1, 2), number: 12, happenedAt: Moment(seconds: 1), ordersAskedAt: 10)
        try side.learn(movement(3, -3, number: 13, at: 2), ordersAskedAt: 10)

        #expect(try side.count(look(14, askedAt: 13, number: 14, isOrdersReadAfter: false)) == .waits)
        #expect(try side.count(look(14, askedAt: 13, number: 14)) == .explained)
        #expect(side.standing == ExactDecimal(14) && side.pending == [] && !side.isUnsettled)
    }

    /// Seed 1894: a sale that was learned while a side was first looked at was in what that showed, and the next look,
    /// which showed no less, was taken for two pieces more.
    @Test(arguments: [28, 26]) func whatIsLearnedDuringTheFirstLookMayBeInIt(shown: Int) throws {
        var side = StockSide(shown: ExactDecimal(28), standing: ExactDecimal(28))
        try side.learn(movement(1, -2, number: 12, at: 1), ordersAskedAt: 10)
        side.veil([1])
        var verdict = CountVerdict.waits
        for number in Int64(13)...21 where verdict == .waits {
            verdict = try side.count(look(shown, askedAt: number, number: number + 1))
        }
        #expect(verdict == .explained && side.standing == ExactDecimal(shown))
    }

    @Test func whatCameBackIsNeverHiddenWithoutItsSale() throws {
        var side = try told(13, from: 12)
        try side.pass(
            ExactDecimal(1), ids: (1, 2), number: 12, happenedAt: Moment(seconds: 1), ordersAskedAt: 10)

        // A piece less cannot be the sale shown alone: a person took it.
        var verdict = CountVerdict.waits
        for number in Int64(13)...21 where verdict == .waits {
            verdict = try side.count(look(12, askedAt: number, number: number + 1))
        }
        #expect(verdict == .adjusted(ExactDecimal(-2)))
    }

    // Seeds 533 and 1714: a busy shop whose looks can each be read in two ways, but not in the same two.
    @Test func twoLooksTogetherTellWhatNeitherTellsAlone() throws {
        var side = try told(20, from: 9)
        try side.learn(movement(1, -2, number: 12, at: 1), ordersAskedAt: 10)
        try side.learn(movement(2, -3, number: 13, at: 2), ordersAskedAt: 10)
        try side.learn(movement(3, -2, number: 16, at: 3), ordersAskedAt: 14)

        // None hidden and the third not shown yet, or the first hidden and the third shown.
        #expect(try side.count(look(15, askedAt: 15, number: 17)) == .waits)
        #expect(side.doubts == [.zero, ExactDecimal(2)])
        // The first hidden and the fourth not shown yet, or both hidden and the fourth shown.
        try side.learn(movement(4, -3, number: 19, at: 4), ordersAskedAt: 17)
        #expect(try side.count(look(15, askedAt: 18, number: 20)) == .explained)

        #expect(side.standing == ExactDecimal(12))
        #expect(side.pending.map(\.id) == [4] && side.doubts == [] && !side.isUnsettled)
    }

    @Test func whatIsLearnedAfterALookIsNotUnderTheNumberWhoseAnswerWasLost() throws {
        var side = StockSide(shown: ExactDecimal(9), standing: ExactDecimal(9))
        side.plan(StockWrite(quantity: ExactDecimal(20), from: ExactDecimal(9), number: 10))
        try side.learn(movement(1, -1, number: 11, at: 1), ordersAskedAt: 9)
        try side.learn(movement(2, -1, number: 13, at: 2), ordersAskedAt: 9)

        // One is hidden and one shown, or neither is hidden and one is not shown yet.
        #expect(try side.count(look(19, askedAt: 12, number: 14)) == .waits)
        try side.learn(movement(3, -1, number: 15, at: 3), ordersAskedAt: 9)
        #expect(side.pending.last?.isVeiled == false)
        #expect(try side.count(look(18, askedAt: 15, number: 16)) == .explained)

        #expect(side.standing == ExactDecimal(18) && !side.isUnsettled)
    }

    @Test func moreMovementsThanCanBeTriedAreStillShownByALookThatHasThemAll() throws {
        let count = 1_100
        var side = StockSide(shown: ExactDecimal(count), standing: ExactDecimal(count))
        for id in 1...Int64(count) { side.pending.append(movement(id, -1, number: id + 1, at: id)) }

        #expect(try side.count(look(0, askedAt: 1, number: Int64(count) + 2)) == .explained)
        #expect(side.standing == .zero && side.pending == [])
    }

    @Test func movementsWithoutStampsAreKeptInOneOrderHoweverTheyAreLearned() throws {
        let movements = [
            movement(1, -1, number: 1, at: 5), movement(2, 1, number: 2, at: nil), movement(3, -1, number: 3, at: 3),
        ]
        var orders: Set<[Int64]> = []
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var side = StockSide(shown: ExactDecimal(9), standing: ExactDecimal(9))
            for index in order { try side.learn(movements[index], ordersAskedAt: 1) }
            orders.insert(side.pending.map(\.id))
        }

        #expect(orders == [[2, 3, 1]])
    }

    /// Seen by dealt-out rehearsals 3, 80 and 144: a raise that was not answered, seen, and bought down again was
    /// raised once more.
    @Test(arguments: [
        (from: 1, to: 3, shown: 3, askedAt: 5, is: true), (1, 3, 1, 5, false), (4, 3, 3, 5, false), (1, 3, 3, 4, false),
    ])
    func onlyTheHigherNumberThatWasToBeSetShowsThatItHasCome(
        from: Int, to: Int, shown: Int, askedAt: Int64, is isRaised: Bool
    ) throws {
        var side = StockSide(shown: ExactDecimal(from), standing: ExactDecimal(from), shownNumber: 5)
        side.plan(
            StockWrite(
                quantity: ExactDecimal(to), from: ExactDecimal(from), number: 5, writing: .compared))
        #expect(try side.isRaised(in: look(shown, askedAt: askedAt, number: 6)) == isRaised)
    }

    @Test func aHigherNumberThatKnownMovementsExplainShowsNothingOfAWrite() throws {
        var side = StockSide(shown: ExactDecimal(1), standing: ExactDecimal(1), shownNumber: 5)
        try side.learn(movement(1, 2, number: 5, at: nil), ordersAskedAt: 6)
        side.plan(StockWrite(quantity: ExactDecimal(3), from: ExactDecimal(1), number: 5, writing: .compared))
        #expect(try !side.isRaised(in: look(3, askedAt: 5, number: 6)))
    }

    /// Found by rehearsals 2163 and 2818: sold after the first count, put back before the next look, and the order was
    /// read between the two for the first time. That look shows what the first one did.
    @Test func whatCameBackOfASaleThatMayBeInTheFirstCountIsNotOfferedOnTop() throws {
        var side = StockSide(shown: ExactDecimal(17), standing: ExactDecimal(17), shownNumber: 2)
        side.takeAsCounted(number: 5)
        #expect(try side.mayHold(ExactDecimal(1), after: [], ordersAskedAt: 8) == ExactDecimal(1))
        // A look that was asked for before may lack the sale.
        #expect(try side.count(look(17, askedAt: 4, number: 6, isOrdersReadAfter: false)) == .waits)

        #expect(try side.count(look(17, askedAt: 9, number: 10, isOrdersReadAfter: false)) == .explained)

        #expect(try side.mayHold(ExactDecimal(1), after: [], ordersAskedAt: 8) == ExactDecimal(1))
        // Nothing had come back by then: the sale was in the first count, and what comes back now is in none.
        #expect(try side.mayHold(ExactDecimal(1), after: [], ordersAskedAt: 11) == .zero)
    }

    /// Found by rehearsal 822 with an audience: a number was set there before anybody had looked again, and lay over
    /// what had been sold since the first count.
    @Test func whereASaleIsTakenToBeInTheFirstCountItIsLookedAtBeforeANumberIsSet() throws {
        var side = StockSide(shown: ExactDecimal(30), standing: ExactDecimal(30), shownNumber: 2)
        #expect(!side.isUnsettled)
        side.takeAsCounted(number: 5)
        #expect(side.isUnsettled)

        #expect(try side.count(look(24, askedAt: 9, number: 10)) == .adjusted(ExactDecimal(-6)))

        #expect(!side.isUnsettled)
    }

    /// Found by rehearsal 843 with an audience: two pieces came back, and of two times two that were sold since one
    /// seemed not to be shown yet.
    @Test func aLookThatSeemsNotToShowAllThatWasSoldIsFollowedByAnother() throws {
        var side = StockSide(shown: ExactDecimal(25), standing: ExactDecimal(25), shownNumber: 2)
        side.takeAsCounted(number: 5)
        #expect(try side.mayHold(ExactDecimal(2), after: [], ordersAskedAt: 8) == ExactDecimal(2))
        try side.learn(movement(1, -2, number: 10, at: 1), ordersAskedAt: 11)
        try side.learn(movement(2, -2, number: 10, at: 2), ordersAskedAt: 11)
        #expect(try side.count(look(23, askedAt: 9, number: 11)) == .explained)
        #expect(side.isUnsettled)

        #expect(try side.count(look(23, askedAt: 12, number: 13)) == .adjusted(ExactDecimal(2)))

        #expect(!side.isUnsettled)
    }
}
