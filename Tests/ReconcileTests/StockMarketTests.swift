import Commerce
import Foundation
import Testing

@testable import Reconcile

@Suite("A market of one product")
struct StockMarketTests {
    /// How many sales are simulated: 10,000, or as many as `CROSSDOCK_SALES` says (`make night`).
    private static let salesOfMarket = 500
    private static var markets: Int {
        let wanted = ProcessInfo.processInfo.environment["CROSSDOCK_SALES"].flatMap(Int.init) ?? 10_000
        return max(1, wanted / salesOfMarket)
    }

    @Test func noSaleIsLostNoneCountsTwiceAndNoMoreIsSoldThanTheBoundSays() async throws {
        let lanes = ProcessInfo.processInfo.activeProcessorCount
        var waiting = Seeds.list(Self.markets)[...]
        let count = waiting.count
        let told = try await withThrowingTaskGroup(of: Tally.self) { group in
            var told = Tally()
            for seed in waiting.prefix(lanes) { group.addTask { try Self.run(seed) } }
            waiting = waiting.dropFirst(lanes)
            while let one = try await group.next() {
                if let seed = waiting.popFirst() { group.addTask { try Self.run(seed) } }
                told.add(one)
                if told.markets.isMultiple(of: Self.marketsOfLine) {
                    FileHandle.standardError.write(Data("\(told.markets) of \(count) markets\n".utf8))
                }
            }
            return told
        }
        print(told)
    }

    /// How many markets a line of progress stands for.
    private static let marketsOfLine = 100

    private static func run(_ seed: UInt64) throws -> Tally {
        let market = StockMarket(seed: seed, sales: salesOfMarket)
        market.run()
        try check(market)
        return Tally(market, bound: try market.hub.bound())
    }

    private static func check(_ market: StockMarket) throws {
        let name: Comment = "CROSSDOCK_SEED=\(market.seed) \(market.habits)"
        let hub = market.hub
        #expect(hub.faults == [] && market.isAtRest && !market.isStuck, name)
        // Every sale stands in the movements with what it took, and nothing else does.
        for shop in market.shops where shop.showsOrders {
            for order in shop.orders {
                let out = try ExactDecimal.sum((hub.moved[order.id] ?? []).map(\.quantity))
                #expect(out == ExactDecimal(order.isCancelled ? 0 : -order.quantity), name)
            }
        }
        // What the hub has is what is there. Where the staff count in a shop while the outcome of a write to it is
        // unknown, nothing tells the two apart: then it may have less, never more.
        let (held, truth) = (hub.product.sellable, ExactDecimal(market.truth))
        #expect(market.habits.mayHaveLess ? held <= truth : held == truth, name)
        for shop in market.shops {
            #expect(hub.product.sides[shop.id]?.standing == ExactDecimal(shop.quantity), name)
            #expect(hub.product.sides[shop.id]?.pending == [], name)
        }
        if market.habits.mode == .allotted, market.habits.isAtomic {
            #expect(market.oversold == 0, name)
            #expect(market.worstExposure == 0, name)
        }
        #expect(try ExactDecimal(market.oversold) <= hub.bound(), name)
    }
}

/// What markets came to, for whoever reads the log.
private struct Tally: CustomStringConvertible {
    private struct Row {
        var markets = 0
        var sales = 0
        var oversold = 0
        var bound = ExactDecimal.zero
        var off = 0
    }

    private var rows: [String: Row] = [:]
    var markets: Int { rows.values.reduce(0) { $0 + $1.markets } }

    init() {}

    init(_ market: StockMarket, bound: ExactDecimal) {
        let isOff = market.hub.product.sellable != ExactDecimal(market.truth)
        let name = "\(market.habits.mode.rawValue), \(market.habits.isAtomic ? "atomic" : "some absolute")"
        rows[name] = Row(
            markets: 1, sales: market.sales, oversold: market.oversold, bound: bound, off: isOff ? 1 : 0)
    }

    mutating func add(_ other: Tally) {
        rows.merge(other.rows) { mine, theirs in
            Row(
                markets: mine.markets + theirs.markets, sales: mine.sales + theirs.sales,
                oversold: mine.oversold + theirs.oversold,
                bound: (try? mine.bound.plus(theirs.bound)) ?? mine.bound, off: mine.off + theirs.off)
        }
    }

    var description: String {
        rows.sorted { $0.key < $1.key }.map { name, row in
            "\(name): \(row.markets) markets, \(row.sales) sales, \(row.oversold) oversold, bound \(row.bound), "
                + "\(row.off) with less on record than is there"
        }.joined(separator: "\n")
    }
}
