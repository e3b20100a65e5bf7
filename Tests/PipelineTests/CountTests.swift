import ConnectorKit
import Ledger
import Pipeline
import Reconcile
import Sandbox
import Testing

@Suite("Counts")
struct CountTests {
    private static let noOrders = FaultRule(
        .status(503, retryAfterSeconds: nil), method: "GET", prefix: "/wp-json/wc/v3/orders")

    /// A shop of which one product is counted, nine pieces, and no order was read.
    private func counted() async throws -> (World, Hub, Integration, String) {
        let world = try World()
        world.openShop("north", products: 3, customers: 0)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in shop.setStock(sku: sku, to: 9, at: now) }
        for kind in [RecordKind.category, .product] { _ = try await hub.pull(north, kind) }
        return (world, hub, north, sku)
    }

    /// Found by rehearsals 1811 and 2087: whenever the product was looked at its orders could not be read, and whenever
    /// they could nobody looked.
    @Test func aCountIsTakenThoughNoLookFindsItsOwnOrdersReadable() async throws {
        let place = try await StockWorld()
        try await place.catchUp()
        let sku = place.sku
        func look() async throws {
            place.world.pass(seconds: 61)
            _ = place.world.inShop("north") { shop, now in
                shop.setStock(sku: sku, to: 30, at: now)
                shop.faults = FaultPlan(rules: [Self.noOrders])
            }
            _ = try await place.hub.pull(place.north, .product)
        }
        try await look()
        #expect(try await place.stock().sellable == ExactDecimal(50))

        _ = place.world.inShop("north") { shop, _ in shop.faults = FaultPlan(rules: []) }
        place.world.pass(seconds: 5)
        _ = try await place.hub.pull(place.north, .order)
        try await look()

        #expect(try await place.stock().sellable == ExactDecimal(30))
    }

    /// Found by rehearsals 2163 and 2818: first counted, two sold, orders read for the first time, the two put back,
    /// looked at, orders read again.
    @Test func whatWasSoldBeforeOrdersWereFirstReadAndCameBackIsNotOfferedOnTop() async throws {
        let (world, hub, north, sku) = try await counted()
        #expect(try await hub.explainStock(sku).sellable == ExactDecimal(9))

        world.pass(seconds: 30)
        let order = world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: sku, quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        let id = try #require(order.flatMap { $0 })
        world.pass(seconds: 5)
        _ = try await hub.pull(north, .order)
        world.pass(seconds: 30)
        _ = world.inShop("north") { shop, now in shop.refund(order: id, at: now) }
        world.pass(seconds: 5)
        for kind in [RecordKind.product, .order] { _ = try await hub.pull(north, kind) }
        #expect(try await hub.explainStock(sku).sellable == ExactDecimal(9))

        for _ in 0..<3 {
            world.pass(seconds: 61)
            _ = try await hub.pull(north)
            try await world.settle(hub, rounds: 8)
        }
        let stock = try await hub.explainStock(sku)
        #expect(stock.sellable == ExactDecimal(9) && stock.moved == ExactDecimal(9))
        #expect(stock.channels.allSatisfy { $0.pending == .zero && $0.waits == nil })
    }

    /// Found by rehearsals 42, 93 and 223, where no number was set there until somebody had looked, and nobody did.
    @Test func whereASaleIsTakenToBeInTheFirstCountAnotherLookIsAskedFor() async throws {
        let (world, hub, north, sku) = try await counted()
        world.pass(seconds: 30)
        _ = world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: sku, quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        world.pass(seconds: 5)
        _ = try await hub.pull(north, .order)
        #expect(try await hub.explainStock(sku).channels.allSatisfy { $0.waits != nil })

        try await world.settle(hub, rounds: 5)

        let stock = try await hub.explainStock(sku)
        #expect(stock.sellable == ExactDecimal(7) && stock.moved == ExactDecimal(7))
        #expect(stock.channels.allSatisfy { $0.waits == nil })
    }

    /// Found by rehearsal 81 with an audience: the product was deleted there before anybody had looked again, and what
    /// was sold stayed on offer elsewhere.
    @Test func whatWasSurelySoldSinceTheFirstCountIsTakenOffBeforeAnybodyLooksAgain() async throws {
        let (world, hub, _, sku) = try await counted()
        // By now the hub knows the shop's clock.
        let north = try await hub.integration(named: "north")
        world.pass(seconds: 200)
        _ = world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: sku, quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        world.pass(seconds: 5)

        _ = try await hub.pull(north, .order)

        #expect(try await hub.explainStock(sku).sellable == ExactDecimal(7))
        world.pass(seconds: 61)
        try await world.settle(hub, rounds: 5)
        let stock = try await hub.explainStock(sku)
        #expect(stock.sellable == ExactDecimal(7) && stock.moved == ExactDecimal(7))
        #expect(stock.channels.allSatisfy { $0.pending == .zero && $0.waits == nil })
    }

    /// A shop with a long history would have every product it ever sold looked at once more.
    @Test func whatWasSoldLongBeforeAShopWasConnectedIsInItsFirstCountAndNeedsNoOtherLook() async throws {
        let world = try World()
        world.openShop("north", products: 3, customers: 0)
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in
            shop.setStock(sku: sku, to: 9, at: now)
            shop.placeOrder([.init(sku: sku, quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        world.pass(seconds: 25 * 3600)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))

        for kind in [RecordKind.category, .product, .order] { _ = try await hub.pull(north, kind) }

        let stock = try await hub.explainStock(sku)
        #expect(stock.sellable == ExactDecimal(7) && stock.moved == ExactDecimal(7))
        #expect(stock.channels.allSatisfy { $0.waits == nil })
    }
}
