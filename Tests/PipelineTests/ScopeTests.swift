import ConnectorKit
import Ledger
import Pipeline
import Sandbox
import Testing

@Suite("Two currencies are two scopes")
struct ScopeTests {
    /// One product of one SKU in a shop that sells in rupees and in one that sells in euros.
    private func twoCurrencies() async throws -> (World, Hub, Integration, Integration) {
        let world = try World()
        world.openShop("north", products: 0, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5, currency: .eur)
        _ = world.inShop("north") { shop, now in
            shop.createProduct(["sku": "LAMP", "name": "Lamp", "regular_price": "1250.00"], at: now)
        }
        _ = world.inShop("south") { shop, now in
            shop.createProduct(["sku": "LAMP", "name": "Lamp", "regular_price": "9.50"], at: now)
        }
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        for shop in [north, south] {
            _ = try await hub.pull(shop)
            try await world.settle(hub, rounds: 3)
        }
        return (world, hub, north, south)
    }

    private func price(_ world: World, _ shop: String, _ sku: String = "LAMP") -> String? {
        world.ask(shop, "/products", [.init("sku", sku)])[0]?["regular_price"]?.string
    }

    @Test func eachShopKeepsItsPriceAndNothingIsConverted() async throws {
        let (world, hub, _, _) = try await twoCurrencies()
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 1)
        #expect(price(world, "north") == "1250.00" && price(world, "south") == "9.50")
        #expect(try await hub.conflicts().isEmpty)

        let lamp = try await hub.explain(.product, "LAMP", part: "price")
        #expect(lamp.parts.map(\.part) == ["price", "price@EUR"])
        #expect(lamp.parts.map { $0.sides.map(\.integration) } == [["north"], ["south"]])
    }

    @Test func anEditOfOnePriceReachesNoShopOfAnotherCurrency() async throws {
        let (world, hub, north, south) = try await twoCurrencies()
        world.pass(seconds: 300)
        _ = world.inShop("south") { shop, now in shop.editPrice(sku: "LAMP", to: "8.00", at: now) }
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: "LAMP", to: "Big lamp", at: now) }
        world.pass(seconds: 60)
        for shop in [south, north] {
            _ = try await hub.pull(shop)
            try await world.settle(hub, rounds: 3)
        }
        #expect(price(world, "north") == "1250.00" && price(world, "south") == "8.00")
        #expect(world.ask("south", "/products", [.init("sku", "LAMP")])[0]?["name"]?.string == "Big lamp")

        let writes = world.writes.withLock { $0.count }
        for shop in [south, north] { _ = try await hub.pull(shop, isFull: true) }
        try await world.settle(hub, rounds: 3)
        #expect(world.writes.withLock { $0.count } == writes)
    }

    @Test func aProductIsMadeInAShopOfAnotherCurrencyWithoutAPrice() async throws {
        let (world, hub, north, _) = try await twoCurrencies()
        _ = world.inShop("north") { shop, now in
            shop.createProduct(["sku": "RUG", "name": "Rug", "regular_price": "800.00"], at: now)
        }
        world.pass(seconds: 60)
        _ = try await hub.pull(north)
        try await world.settle(hub, rounds: 3)
        #expect(world.ask("south", "/products", [.init("sku", "RUG")])[0]?["name"]?.string == "Rug")
        #expect(price(world, "south", "RUG") == "")
        #expect(try await hub.jobs(in: [.dead, .held]).isEmpty)
    }

    @Test func aShopThatChangesItsCurrencyIsNoLongerAboutTheOldOne() async throws {
        let (world, hub, north, _) = try await twoCurrencies()
        world.openShop("north", products: 0, customers: 0, currency: .eur)
        _ = world.inShop("north") { shop, now in
            shop.createProduct(["sku": "LAMP", "name": "Lamp", "regular_price": "9.50"], at: now)
        }
        _ = try await hub.pull(north, isFull: true)
        try await world.settle(hub, rounds: 3)
        let lamp = try await hub.explain(.product, "LAMP", part: "price@EUR")
        #expect(lamp.parts.first?.sides.map(\.integration).sorted() == ["north", "south"])
    }
}
