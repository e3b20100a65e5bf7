import ConnectorKit
import Ledger
import Queue
import Store
import Synchronization
import Testing
import Wire

@testable import Pipeline

/// Two processes' hubs work for one shop, from one store.
@Suite("Two hubs on one store")
struct TwoHubsTests {
    /// When work for a shop was begun, and when it was called at all, by the world's clock.
    private final class Calls: Sendable {
        private let list = Mutex<[Moment]>([])
        private let single = Mutex<[Moment]>([])

        var all: [Moment] { list.withLock { $0 } }
        var each: [Moment] { single.withLock { $0 } }
        func add(_ now: Moment) { list.withLock { $0.append(now) } }
        func addOne(_ now: Moment) { single.withLock { $0.append(now) } }
    }

    /// Notes when work for one shop is begun, and each call of it.
    private struct CountedTransport: Transport {
        let base: WorldTransport
        let world: World
        let host: String
        let calls: Calls

        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
            // Each piece of work begins with the shop's settings.
            let isFirst = request.address.path.hasSuffix("/settings/general")
            if isFirst, request.address.host == host { calls.add(world.now) }
            if request.address.host == host { calls.addOne(world.now) }
            return try await base.send(request)
        }
    }

    private func scene(products: Int) async throws -> (world: World, hubs: [Hub], south: Integration, calls: Calls) {
        let (world, calls) = (try World(), Calls())
        world.openShop("north", products: products, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hubs = try (0..<2).map { _ in
            try world.hub(through: { CountedTransport(base: $0, world: world, host: "south.example", calls: calls) })
        }
        let north = try await hubs[0].connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hubs[0].connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hubs[0].pull(south)
        _ = try await hubs[0].pull(north)
        return (world, hubs, south, calls)
    }

    /// Both do at the same time what can be done at that time.
    private func work(_ hubs: [Hub]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for hub in hubs { group.addTask { _ = try await hub.drain() } }
            try await group.waitForAll()
        }
    }

    @Test func theyAskAShopTogetherNoMoreThanItsLimitAndOneBurst() async throws {
        let (world, hubs, south, calls) = try await scene(products: 6)
        try await world.settle(hubs[0])
        let (pace, burst) = (1.0, 3)
        try await hubs[0].limit(south, .rate(perSecond: pace, burst: burst, now: world.now))
        let north = try await hubs[0].integration(named: "north")
        let sku = try #require(world.ask("north", "/products").array?.first { $0["type"] == "simple" }?["sku"]?.string)
        let (before, eachBefore) = (calls.all.count, calls.each.count)
        for tick in 0..<60 {
            // More is to be told than may be told.
            _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "\(tick + 1).00", at: now) }
            _ = try await hubs[tick % 2].pull(north)
            try await work(hubs)
            world.pass(seconds: 1)
        }
        let made = Array(calls.all.dropFirst(before))
        #expect(made.count > 10)
        for (index, first) in made.enumerated() {
            for (count, last) in made[index...].enumerated() {
                let allowed = Double(burst) + last.seconds(since: first) * pace
                #expect(Double(count + 1) <= allowed + 1e-9, "from \(first) to \(last)")
            }
        }
        // Work that draws one call may make several: they are taken from what is allowed before other work begins.
        let each = Array(calls.each.dropFirst(eachBefore))
        #expect(each.count > made.count * 2)
        for (index, first) in each.enumerated() {
            for (count, last) in each[index...].enumerated() {
                let allowed = Double(burst * Self.mostCalls) + last.seconds(since: first) * pace
                #expect(Double(count + 1) <= allowed + 1e-9, "from \(first) to \(last)")
            }
        }
    }

    /// The most calls that telling one price takes: the shop's settings, a look at the product, the write.
    private static let mostCalls = 3

    @Test func theyShareABreakerAndOneOfThemTriesWhetherAShopIsBack() async throws {
        let (world, hubs, _, calls) = try await scene(products: 24)
        world.shops.withLock { $0["south"] = nil }
        // Until every sort of work for it rests.
        for _ in 0..<60 {
            try await work(hubs)
            world.pass(seconds: 1)
        }
        let breakers = try await hubs[1].store.read { try JobTable($0, organization: 1).breakers() }
        #expect(!breakers.isEmpty)
        // From then on there is one try each time a breaker lets one through, by whomever.
        for _ in 0..<300 {
            let now = world.now
            let open = try await hubs[0].store.read { try JobTable($0, organization: 1).breakers() }
            let mayTry = open.values.count { $0.state(at: now) == .halfOpen }
            let before = calls.all.count
            try await work(hubs)
            #expect(calls.all.count - before <= mayTry, "at \(now)")
            world.pass(seconds: 2)
        }
    }
}
