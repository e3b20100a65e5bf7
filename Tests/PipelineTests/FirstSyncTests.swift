import ConnectorKit
import Ledger
import Pipeline
import Testing

@Suite("The path, with one shop")
struct FirstSyncTests {
    @Test func aFirstPullTakesEveryRecordAndASecondChangesNothing() async throws {
        let world = try World()
        world.openShop("north", products: 60, customers: 12, orders: 25)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))

        let first = try await hub.pull(shop)
        try await world.settle(hub)
        let changes = try await world.count(hub, "SELECT count(*) FROM change")
        let second = try await hub.pull(try await hub.integration(named: "north"), isFull: true)

        #expect(first.created >= 60 + 12 + 25)
        #expect(first.rejected == 0)
        // A new record is one line of the log, not one for each of its parts.
        #expect(changes == first.created)
        #expect(second.created == 0 && second.updated == 0)
        #expect(second.unchanged == second.read)
        #expect(try await world.count(hub, "SELECT count(*) FROM change") == changes)
        #expect(world.writes.withLock { $0 }.isEmpty)
    }

    @Test func aPriceEditedInTheShopReachesTheRecordWithItsOrigin() async throws {
        let world = try World()
        world.openShop("north", products: 20)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.pull(shop)
        let sku = try #require(world.firstSimpleSKU("north"))
        world.pass(seconds: 60)

        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "777.50", at: now) }
        world.pass(seconds: 60)
        _ = try await hub.pull(shop)

        let explained = try await hub.explain(.product, sku, part: "price")
        #expect(explained.parts.first?.value["regular"]?.string == "777.50 LKR")
        #expect(explained.parts.first?.origin == "north")
        #expect(explained.parts.first?.history.first?.rule == "only this side changed")
    }

    @Test func aPullThatStopsHalfwayGoesOnWithoutLosingOrRepeatingAnything() async throws {
        let world = try World()
        world.openShop("north", products: 150)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let expected = (world.ask("north", "/products", [.init("per_page", "100")]).array?.count ?? 0)
        #expect(expected == 100)

        var deaths = 0
        for steps in stride(from: 1, through: 90, by: 1) {
            let reborn = try world.hub()
            world.live(for: steps)
            do { _ = try await reborn.pull(shop) } catch { deaths += 1 }
            world.live(for: nil)
            await reborn.store.close()
        }
        _ = try await hub.pull(shop)

        #expect(deaths > 10)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 150)
        #expect(try await world.count(hub, "SELECT count(*) FROM link WHERE kind = 'product'") == 150)
    }
}

extension World {
    func firstSimpleSKU(_ name: String) -> String? {
        ask(name, "/products", [.init("per_page", "100"), .init("orderby", "id"), .init("order", "asc")]).array?
            .first { $0["type"]?.string == "simple" && !($0["sku"]?.string ?? "").isEmpty }?["sku"]?.string
    }
}
