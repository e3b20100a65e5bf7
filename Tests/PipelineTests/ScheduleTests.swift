import ConnectorKit
import Ledger
import Sandbox
import Testing

@testable import Pipeline

@Suite("What the hub does by itself, by the clock")
struct ScheduleTests {
    private func oneShop(
        products: Int = 6, options: IntegrationOptions = IntegrationOptions()
    ) async throws -> (World, Hub, Integration) {
        let world = try World()
        world.openShop("north", products: products, customers: 3)
        let hub = try world.hub()
        let shop = try await hub.connect(
            "woocommerce", name: "north", config: World.shopSettings("north"), options: options)
        return (world, hub, shop)
    }

    private func known(_ hub: Hub) async throws -> Integration { try await hub.integration(named: "north") }

    /// One round of the schedule, and the work it made.
    private func round(_ hub: Hub) async throws {
        await Engine(hub).round(try await known(hub))
        try await hub.drain()
    }

    @Test func aProductDeletedForEverIsFoundByTheDailyCensusAfterTwoQuestions() async throws {
        let (world, hub, _) = try await oneShop()
        try await round(hub)
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in shop.deleteProduct(sku: sku, forEver: true, at: now) }
        let links = "SELECT count(*) FROM link WHERE kind = 'product' AND is_active = 1"

        // Read every 15 minutes for a day: the census comes all the same.
        for _ in 0..<95 {
            world.pass(seconds: 900)
            try await round(hub)
        }
        #expect(try await world.count(hub, links) == 6)
        for _ in 0..<4 {
            world.pass(seconds: 900)
            try await round(hub)
        }
        world.pass(seconds: 70)
        try await hub.drain()

        #expect(try await world.count(hub, links) == 5)
        #expect(try await world.count(hub, "SELECT count(*) FROM change WHERE part = 'link'") == 1)
        #expect(
            try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product' AND is_deleted = 0") == 6)
    }

    @Test func aCensusRightAfterAPullFindsNothingNewAndNothingMissing() async throws {
        let world = try World()
        world.openShop("north", products: 12, customers: 6, orders: 9)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.pull(shop)
        try await hub.drain()
        for kind in [RecordKind.category, .product, .variant, .customer, .order] {
            let result = try #require(try await hub.census(shop, kind))
            #expect(result.missing == 0 && result.unknown == 0, "\(kind): \(result)")
            #expect(
                try await world.count(hub, "SELECT count(*) FROM link WHERE kind = '\(kind.rawValue)'") > 0, "\(kind)")
        }
    }

    @Test func aShopThatShowsNothingAnyMoreIsNotTakenForEmpty() async throws {
        let (world, hub, _) = try await oneShop(products: 60)
        try await round(hub)
        world.openShop("north", products: 0, customers: 0)
        #expect(try await hub.census(known(hub), .product)?.held == 60)
        try await hub.drain()
        #expect(try await world.count(hub, "SELECT count(*) FROM link WHERE kind = 'product' AND is_active = 1") == 60)
    }

    @Test(arguments: [401, 403, 500])
    func aShopThatRefusesToRegisterWebhooksIsPolledAllTheSame(status: Int) async throws {
        let (world, hub, _) = try await oneShop()
        _ = world.inShop("north") { shop, _ in
            shop.faults = FaultPlan(rules: [
                FaultRule(.status(status, retryAfterSeconds: nil), prefix: "/wp-json/wc/v3/webhooks")
            ])
        }
        try await round(hub)
        world.pass(seconds: 2)
        try await round(hub)

        let shop = try await known(hub)
        #expect(shop.state == .active)
        #expect(shop.webhookState?.hasPrefix("not registered: ") ?? false)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 6)
    }

    @Test func theShopsWebhooksAreRegisteredAtOurAddressAndSwitchedOnAgain() async throws {
        let (world, hub, shop) = try await oneShop()
        try await round(hub)
        let webhooks = world.ask("north", "/webhooks", [.init("per_page", "100")]).array ?? []
        #expect(webhooks.count == 11)
        #expect(webhooks.allSatisfy { $0["delivery_url"]?.string == "https://hub.example/webhooks/\(shop.publicID)" })
        #expect(try await known(hub).webhookState == "11 active, 11 registered")
    }

    @Test func anIntegrationIsReadAsOftenAsItSaysAndNotMore() async throws {
        let (world, hub, _) = try await oneShop(options: IntegrationOptions(intervals: ["*": 1800, "product": 600]))
        try await round(hub)
        let sku = try #require(world.firstSimpleSKU("north"))
        world.pass(seconds: 100)
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: sku, to: "Later", at: now) }
        let renamed = "SELECT count(*) FROM record WHERE title = 'Later'"

        world.pass(seconds: 490)
        try await round(hub)
        #expect(try await world.count(hub, renamed) == 0)
        world.pass(seconds: 20)
        try await round(hub)
        #expect(try await world.count(hub, renamed) == 1)
    }

    @Test func whatIsLeftToAPersonTravelsOnlyWhenAPersonAsks() async throws {
        var options = IntegrationOptions()
        options.byHand = ["product", "category", "variant"]
        let (world, hub, shop) = try await oneShop(options: options)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        _ = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"), options: options)
        try await round(hub)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 0)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'customer'") == 3)

        _ = try await hub.pull(shop)
        try await hub.drain()
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 6)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 0)

        let south = try await hub.integration(named: "south")
        _ = try await hub.pull(south)
        for _ in 0..<6 {
            try await hub.drain(for: [south.id])
            world.pass(seconds: 20)
        }
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
    }

    @Test func whatIsLeftToAPersonIsTakenFromItsSettingsAndNewSettingsTakeItBack() async throws {
        let (world, hub, _) = try await oneShop()
        var settings = World.shopSettings("north").object ?? [:]
        settings["auto_sync_products"] = false
        let byHand = try await hub.replace("woocommerce", name: "north", config: .object(settings))
        #expect(byHand.options.byHand == ["category", "product", "variant"])
        try await round(hub)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 0)

        settings["auto_sync_products"] = true
        let bySchedule = try await hub.replace("woocommerce", name: "north", config: .object(settings))
        #expect(bySchedule.options.byHand == [])
        world.pass(seconds: 900)
        try await round(hub)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 6)
    }

    @Test func aPersonsPushOfOneKindWritesNoOther() async throws {
        let (world, hub, shop) = try await oneShop()
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(shop)
        _ = try await hub.pull(south, kinds: [.customer])
        while try await hub.turn(for: [south.id], kinds: [.customer]) {}
        #expect(world.ask("south", "/customers").array?.count == 3)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 0)
    }

    @Test func aRefusedKeyStopsTheIntegrationAndTheNextRoundAsksNothing() async throws {
        let world = try World()
        world.openShop("north", products: 3)
        let hub = try world.hub()
        var settings = World.shopSettings("north").object ?? [:]
        settings["consumerSecret"] = "cs_wrong"
        _ = try await hub.connect("woocommerce", name: "north", config: .object(settings))
        try await round(hub)
        #expect(try await known(hub).state == .refused)

        // Its owner gives it the right key: everything it knows stays, and it works again.
        let before = try await known(hub)
        _ = try await hub.replace("woocommerce", name: "north", config: World.shopSettings("north"))
        let after = try await known(hub)
        #expect(after.state == .active && after.id == before.id && after.publicID == before.publicID)
        try await round(hub)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 3)
        await #expect(throws: HubError.self) {
            _ = try await hub.replace("gnucash", name: "north", config: World.shopSettings("north"))
        }
    }
}
