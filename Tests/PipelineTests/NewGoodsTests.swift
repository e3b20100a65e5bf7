import ConnectorKit
import Ledger
import Pipeline
import Sandbox
import Testing

/// A call that tells of goods the hub does not know may be older than their deletion.
@Suite("New goods that a call tells of")
struct NewGoodsTests {
    /// Two shops in step, and the calls that `north` makes about a good that staff make there.
    private func newGood() async throws -> (world: World, hub: Hub, north: Integration, calls: [OutgoingWebhook]) {
        let world = try World()
        world.openShop("north", products: 3, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        for shop in [south, north] { _ = try await hub.pull(shop) }
        try await world.settle(hub)
        try await hub.ensureWebhooks(north)
        world.pass(seconds: 60)
        _ = world.inShop("north") { shop, now in
            shop.createProduct(["name": "Late", "sku": "late-1", "type": "simple", "regular_price": "7.00"], at: now)
        }
        world.pass(seconds: 3)
        return (world, hub, north, world.inShop("north") { shop, now in shop.runQueue(at: now) } ?? [])
    }

    private func hear(_ calls: [OutgoingWebhook], _ world: World, _ hub: Hub, _ north: Integration) async throws {
        for call in calls {
            _ = await hub.receive(WebhookCall(headers: call.headers, body: call.body), at: north.publicID)
        }
        try await world.settle(hub)
    }

    private func isInSouth(_ world: World) -> Bool {
        world.ask("south", "/products", [.init("sku", "late-1")]).array?.isEmpty == false
    }

    @Test func theyAreReadAndThenMadeElsewhere() async throws {
        let (world, hub, north, calls) = try await newGood()
        #expect(!calls.isEmpty)

        try await hear(calls, world, hub, north)

        #expect(isInSouth(world))
    }

    /// Seen by rehearsal 1217: nineteen minutes late, after the call that said they were gone.
    @Test(arguments: [true, false]) func theyAreMadeNowhereWhereTheyAreGoneByThen(forEver: Bool) async throws {
        let (world, hub, north, calls) = try await newGood()
        _ = world.inShop("north") { shop, now in shop.deleteProduct(sku: "late-1", forEver: forEver, at: now) }
        world.pass(seconds: 1_140)

        try await hear(calls, world, hub, north)

        #expect(!isInSouth(world))
        // What lies in the shop's bin is known, and made nowhere.
        guard forEver else { return }
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE natural_key = 'late-1'") == 0)
    }
}
