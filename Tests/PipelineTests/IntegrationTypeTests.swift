import ConnectorKit
import Ledger
import Pipeline
import Testing

@Suite("How an integration learns what changed")
struct IntegrationTypeTests {
    private func shop(_ type: String) async throws -> (World, Hub, Integration) {
        let world = try World()
        world.openShop("north", products: 2)
        let hub = try world.hub()
        let config: JSON = ["type": .string(type), "configuration": World.shopSettings("north")]
        return (world, hub, try await hub.connect("woocommerce", name: "north", config: config))
    }

    @Test func aPolledShopIsNotAskedToCall() async throws {
        let (world, hub, shop) = try await shop("polling")

        #expect(try await hub.ensureWebhooks(shop) == false)

        #expect(world.writes.withLock { $0 }.isEmpty)
        #expect(shop.options.intervalSeconds(.order) == 900)
    }

    @Test(arguments: [("Sync", 900), ("hybrid", 900), ("webhook", 86_400)])
    func otherShopsAreAskedToCall(type: String, seconds: Int) async throws {
        let (world, hub, shop) = try await shop(type)

        #expect(try await hub.ensureWebhooks(shop))

        #expect(!world.writes.withLock { $0 }.isEmpty)
        #expect(shop.options.intervalSeconds(.order) == seconds)
        // What is written is read again as it was.
        #expect(try await hub.integration(named: "north").options.type == shop.options.type)
    }
}
