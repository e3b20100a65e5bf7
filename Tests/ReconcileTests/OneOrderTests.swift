import Commerce
import Testing

@testable import Reconcile

/// Everything that can happen to one order of one shop and be heard of it, in every order in which it can.
@Suite("Every report of an order, a stock event or both, in any order, lowers stock exactly once")
struct OneOrderTests {
    /// What comes of an order, and how its issuer tells.
    struct Fate: CustomTestStringConvertible, Sendable {
        var ending: OneOrderShop.Ending
        var tellsTaken: Bool
        var writing: StockWriting

        var testDescription: String { "\(ending), \(tellsTaken ? "says what is out, " : "")\(writing.rawValue)" }

        static let all = OneOrderShop.Ending.allCases.flatMap { ending in
            [true, false].flatMap { tellsTaken in
                [StockWriting.absolute, .compared, .delta].map {
                    Fate(ending: ending, tellsTaken: tellsTaken, writing: $0)
                }
            }
        }
    }

    /// A step and those that must have happened before it.
    private typealias Step = (event: OneOrderHub.Event, after: [OneOrderHub.Event])

    /// Every order of the steps in which each comes after what it needs.
    private func histories(_ steps: [Step], done: [OneOrderHub.Event] = []) -> [[OneOrderHub.Event]] {
        guard !steps.isEmpty else { return [done] }
        var all: [[OneOrderHub.Event]] = []
        for (index, step) in steps.enumerated() where step.after.allSatisfy(done.contains) {
            var rest = steps
            rest.remove(at: index)
            all += histories(rest, done: done + [step.event])
        }
        return all
    }

    @Test(arguments: Fate.all)
    func aRepeatedOrderAndStockEventsInAnyOrder(fate: Fate) throws {
        var steps: [Step] = [
            (.sold, []), (.orderHeard(1), [.sold]), (.orderHeardAgain(1), [.sold]), (.stockHeard(1), [.sold]),
        ]
        if fate.ending != .kept {
            steps += [(.ended, [.sold]), (.orderHeard(2), [.ended]), (.stockHeard(2), [.ended])]
        }
        let all = histories(steps)
        #expect(all.count == (fate.ending == .kept ? 6 : 240))
        for history in all { try live(history, fate) }
    }

    @Test(arguments: Fate.all)
    func aNumberOfOursFallsAnywhereBetweenThem(fate: Fate) throws {
        var steps: [Step] = [
            (.sold, []), (.orderHeard(1), [.sold]), (.stockHeard(1), [.sold]), (.soldElsewhere, []),
            (.written, [.soldElsewhere]),
        ]
        if fate.ending != .kept {
            steps += [(.ended, [.sold]), (.orderHeard(2), [.ended]), (.stockHeard(2), [.ended])]
        }
        let all = histories(steps)
        #expect(all.count == (fate.ending == .kept ? 20 : 1_120))
        for history in all { try live(history, fate) }
    }

    private func live(_ history: [OneOrderHub.Event], _ fate: Fate) throws {
        var hub = OneOrderHub(OneOrderShop(ending: fate.ending, tellsTaken: fate.tellsTaken), writing: fate.writing)
        for event in history { try hub.meet(event) }
        try hub.comeToRest()

        let out = history.contains(.ended) ? fate.ending.out : OneOrderShop.sold
        let left = OneOrderShop.start - out - (history.contains(.soldElsewhere) ? 1 : 0)
        #expect(hub.sellable == ExactDecimal(left), "\(history)")
        #expect(hub.shop.quantity == left && hub.side.standing == ExactDecimal(left), "\(history)")
        #expect(hub.side.pending == [] && !hub.side.isUnsettled, "\(history)")
        #expect(try ExactDecimal.sum(hub.moved.map(\.quantity)) == ExactDecimal(-out), "\(history)")
        #expect(Set(hub.moved.map(\.key)).count == hub.moved.count && hub.adjusted == [], "\(history)")
    }
}
