import ConnectorKit
import Ledger
import Pipeline
import Reconcile
import Sandbox
import Testing

/// Two shops with one product each side knows, in step, and a hub between them.
struct StockWorld {
    let world: World
    let hub: Hub
    let north: Integration
    let south: Integration
    let sku: String

    init(stock: Int = 50, terms: [String: OfferTerms] = [:]) async throws {
        world = try World()
        world.openShop("north", products: 3, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        hub = try world.hub()
        var options = IntegrationOptions()
        options.stock = terms
        north = try await hub.connect(
            "woocommerce", name: "north", config: World.shopSettings("north"), options: options)
        south = try await hub.connect(
            "woocommerce", name: "south", config: World.shopSettings("south"), options: options)
        sku = try #require(world.firstSimpleSKU("north"))
        let sku = sku
        _ = world.inShop("north") { shop, now in shop.setStock(sku: sku, to: stock, at: now) }
        for shop in [north, south] {
            _ = try await hub.pull(shop)
            try await world.settle(hub, rounds: 4)
        }
        _ = try await hub.pull(north)
        try await world.settle(hub, rounds: 4)
    }

    /// What a shop itself shows.
    func shown(_ shop: String) -> Int? {
        world.ask(shop, "/products", [.init("sku", sku)])[0]?["stock_quantity"]?.integer
    }

    /// Somebody buys in a shop.
    @discardableResult
    func sell(_ quantity: Int, in shop: String) -> Int {
        let sku = sku
        return world.inShop(shop) { shop, now in
            shop.placeOrder([.init(sku: sku, quantity: quantity)], .init(email: "ann@example.com"), at: now) ?? 0
        } ?? 0
    }

    /// Everything is read once more and worked off, until nothing is left to do.
    func catchUp(rounds: Int = 3) async throws {
        for _ in 0..<rounds {
            world.pass(seconds: 61)
            for shop in [north, south] { _ = try await hub.pull(shop) }
            try await world.settle(hub, rounds: 8)
        }
    }

    func stock() async throws -> StockExplanation { try await hub.explainStock(sku) }

    /// What the ledger holds of one kind of movement, as `order line kind quantity`.
    func movements(_ kinds: Set<String>) async throws -> [String] {
        try await stock().movements.filter { kinds.contains($0.kind) || kinds.isEmpty }
            .map { "\($0.kind) \($0.quantity)" }.sorted()
    }
}
