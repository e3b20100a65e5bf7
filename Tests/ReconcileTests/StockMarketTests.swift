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

    @Test func noSaleIsLostNoneCountsTwiceAndNoMoreIsSoldThanTheBoundSays() throws {
        var told = Tally()
        for seed in Seeds.list(Self.markets) {
            let market = StockMarket(seed: seed, sales: Self.salesOfMarket)
            market.run()
            try check(market)
            told.add(market, bound: try market.hub.bound())
        }
        print(told)
    }

    private func check(_ market: StockMarket) throws {
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
        #expect(market.habits.countsInShops && market.habits.losesAnswers > 0 ? held <= truth : held == truth, name)
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

/// What all markets came to, for whoever reads the log.
private struct Tally: CustomStringConvertible {
    private var rows: [String: (markets: Int, sales: Int, oversold: Int, bound: ExactDecimal, off: Int)] = [:]

    mutating func add(_ market: StockMarket, bound: ExactDecimal) {
        let name = "\(market.habits.mode.rawValue), \(market.habits.isAtomic ? "atomic" : "some absolute")"
        var row = rows[name] ?? (0, 0, 0, .zero, 0)
        row.markets += 1
        row.sales += market.sales
        row.oversold += market.oversold
        row.bound = (try? row.bound.plus(bound)) ?? row.bound
        if market.hub.product.sellable != ExactDecimal(market.truth) { row.off += 1 }
        rows[name] = row
    }

    var description: String {
        rows.sorted { $0.key < $1.key }.map { name, row in
            "\(name): \(row.markets) markets, \(row.sales) sales, \(row.oversold) oversold, bound \(row.bound), "
                + "\(row.off) with less on record than is there"
        }.joined(separator: "\n")
    }
}
