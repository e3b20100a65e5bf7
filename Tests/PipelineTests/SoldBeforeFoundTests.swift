import ConnectorKit
import Ledger
import Pipeline
import Sandbox
import Testing

/// A create whose answer is lost has put a product up for sale that the hub does not find yet.
@Suite struct SoldBeforeFoundTests {
    /// A product with 40 pieces of the first shop, which the second has by a call that was never answered.
    private func scene() async throws -> (World, Hub, south: Integration, sku: String) {
        let world = try World()
        world.openShop("north", products: 1, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in shop.setStock(sku: sku, to: 40, at: now) }
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(south)
        fail(world, .timeoutAfter(seconds: 35), "POST", "products/batch")
        _ = try await hub.pull(north, .product)
        try await hub.drain()
        #expect(world.ask("south", "/products").array?.count == 1)
        world.pass(seconds: 5)
        return (world, hub, south, sku)
    }

    private func fail(_ world: World, _ effect: FaultEffect, _ method: String, _ path: String) {
        let rule = FaultRule(effect, method: method, prefix: "/wp-json/wc/v3/\(path)", times: 1)
        _ = world.inShop("south") { shop, _ in shop.faults = FaultPlan(rules: [rule]) }
    }

    private func sell(_ world: World, _ sku: String) -> Int? {
        let order = world.inShop("south") { shop, now in
            shop.placeOrder([.init(sku: sku, quantity: 3)], .init(email: "ann@example.com"), at: now)
        }
        world.pass(seconds: 5)
        return order.flatMap { $0 }
    }

    /// Seen by rehearsal 636: orders of it had been read by then, and moved nothing once it was found: more was offered
    /// elsewhere than there was until counts told.
    @Test func whatWasSoldBeforeTheHubFoundWhatItHadMadeIsNotForgotten() async throws {
        let (world, hub, south, sku) = try await scene()
        _ = sell(world, sku)
        _ = try await hub.pull(south, .order)
        #expect(try await world.count(hub, "SELECT count(*) FROM movement WHERE record_id = 0") == 1)
        world.pass(seconds: 200)
        try await world.settle(hub)

        #expect(try await hub.explainStock(sku).sellable == ExactDecimal(37))
        #expect(try await world.count(hub, "SELECT count(*) FROM movement WHERE record_id = 0") == 0)
        #expect(try await world.count(hub, "SELECT count(*) FROM movement WHERE kind = 'count'") == 0)
    }

    /// Seen by rehearsal 643: the number that put it up was thought to lie over a sale that was called off later, and
    /// what the staff had counted was taken for that.
    @Test func whatTheHubPutUpLiesOverNoSaleThere() async throws {
        let (world, hub, south, sku) = try await scene()
        fail(world, .status(503, retryAfterSeconds: nil), "GET", "orders")
        _ = try? await hub.pull(south, .product)
        _ = world.inShop("south") { shop, _ in shop.faults = FaultPlan(rules: []) }
        #expect(try await world.count(hub, "SELECT count(*) FROM link WHERE kind = 'product' AND is_active = 1") == 2)

        let order = try #require(sell(world, sku))
        _ = world.inShop("south") { shop, now in shop.cancel(order: order, at: now) }
        _ = world.inShop("south") { shop, now in shop.setStock(sku: sku, to: 43, at: now) }
        world.pass(seconds: 200)
        _ = try await hub.pull(south)
        try await world.settle(hub)

        #expect(try await hub.explainStock(sku).sellable == ExactDecimal(43))
    }
}
