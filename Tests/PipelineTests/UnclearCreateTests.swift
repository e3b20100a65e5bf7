import ConnectorKit
import Ledger
import Pipeline
import Sandbox
import Testing

@Suite("A create that was not answered")
struct UnclearCreateTests {
    /// A customer of the first shop whose account in the second was asked for and never confirmed.
    private func unanswered() async throws -> (World, Hub, String) {
        let world = try World()
        world.openShop("north", products: 0, customers: 1)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        _ = world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(rules: [customersFault])
        }
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(south)
        _ = try await hub.pull(north, kinds: [.customer])
        try await hub.drain()
        let email = world.ask("north", "/customers")[0]?["email"]?.string
        return (world, hub, try #require(email))
    }

    private let customersFault = FaultRule(
        .timeoutBefore(seconds: 35), method: "POST", prefix: "/wp-json/wc/v3/customers", times: 1)

    private func creates(_ world: World) -> Int {
        world.writes.withLock { $0.filter { $0.hasPrefix("POST") && $0.contains("customers") }.count }
    }

    @Test func itIsNotRepeatedWhileItMayStillAppearThere() async throws {
        let (world, hub, email) = try await unanswered()
        #expect(creates(world) == 1)
        // The call has surely ended, and what it may have made need not show yet.
        world.pass(seconds: 80)
        try await hub.drain()
        #expect(creates(world) == 1)
        let waiting = try await hub.jobs(in: [.retryable])
        #expect(waiting.first?.reason?.contains("may still appear there") ?? false)

        // The shop went on with the request after we had hung up.
        let late = try #require(world.unanswered.withLock { $0.first })
        _ = world.inShop("south") { shop, now in shop.respond(to: late, at: now) }
        #expect(world.ask("south", "/customers")[0]?["email"]?.string == email)
        world.pass(seconds: 60)
        try await hub.drain()

        #expect(creates(world) == 1)
        #expect(world.ask("south", "/customers").array?.count == 1)
        let linked = "SELECT count(*) FROM link WHERE kind = 'customer' AND is_active = 1"
        #expect(try await world.count(hub, linked) == 2)
    }

    @Test func itIsMadeAgainOnceAMissCounts() async throws {
        let (world, hub, email) = try await unanswered()
        for _ in 0..<8 {
            world.pass(seconds: 20)
            try await hub.drain()
        }
        #expect(creates(world) == 2)
        #expect(world.ask("south", "/customers")[0]?["email"]?.string == email)
        #expect(world.ask("south", "/customers").array?.count == 1)
    }

    @Test func anEditOfWhatItMadeThereIsTakenAndNotContested() async throws {
        let (world, hub, email) = try await unanswered()
        let late = try #require(world.unanswered.withLock { $0.first })
        _ = world.inShop("south") { shop, now in shop.respond(to: late, at: now) }
        world.pass(seconds: 10)
        _ = world.inShop("south") { shop, now in shop.editCustomer(email: email, ["first_name": "Nimal"], at: now) }
        world.pass(seconds: 200)
        try await world.settle(hub)

        #expect(world.ask("south", "/customers")[0]?["first_name"]?.string == "Nimal")
        #expect(world.ask("north", "/customers")[0]?["first_name"]?.string == "Nimal")
        #expect(try await world.count(hub, "SELECT count(*) FROM conflict") == 0)
    }

    @Test func aSecondEditOfWhatItMadeThereIsTakenAsWell() async throws {
        let (world, hub, email) = try await unanswered()
        let late = try #require(world.unanswered.withLock { $0.first })
        let south = try #require(try await hub.integrations().first { $0.name == "south" })
        _ = world.inShop("south") { shop, now in shop.respond(to: late, at: now) }
        for name in ["Nimal", "Sunil"] {
            world.pass(seconds: 10)
            _ = world.inShop("south") { shop, now in
                shop.editCustomer(email: email, ["first_name": .string(name)], at: now)
            }
            // Read, and so linked, while the task of the create still waits with what it does not know.
            _ = try await hub.pull(south, .customer)
        }
        world.pass(seconds: 200)
        try await world.settle(hub)

        #expect(world.ask("south", "/customers")[0]?["first_name"]?.string == "Sunil")
        #expect(world.ask("north", "/customers")[0]?["first_name"]?.string == "Sunil")
        #expect(try await world.count(hub, "SELECT count(*) FROM conflict") == 0)
    }

    @Test func aDroppedTaskLeavesNothingThatIsReadAgainForEver() async throws {
        let world = try World()
        world.openShop("north", products: 3, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(south)
        _ = try await hub.pull(north)
        try await world.settle(hub)
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(
                rules: [FaultRule(.timeoutAfter(seconds: 35), prefix: "/wp-json/wc/v3/products/batch", times: 1)])
        }
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: sku, to: "Tea", at: now) }
        world.pass(seconds: 20)
        _ = try await hub.pull(north)
        try await hub.drain()
        let waiting = try #require(try await hub.jobs(in: [.retryable]).first)
        #expect(try await hub.cancel(job: waiting.id))
        world.pass(seconds: 100)
        _ = try await hub.pull(south, isFull: true)
        try await world.settle(hub)

        #expect(try await world.count(hub, "SELECT count(*) FROM link WHERE in_flight = 1") == 0)
        let open = "SELECT count(*) FROM job WHERE state IN ('available', 'scheduled', 'running', 'retryable')"
        #expect(try await world.count(hub, open) == 0)
        #expect(world.ask("north", "/products", [.init("sku", sku)])[0]?["name"]?.string == "Tea")
    }

    @Test func aBatchThatFailsIsOneFailureHoweverManyWritesItCarried() async throws {
        let world = try World()
        world.openShop("north", products: 12, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        _ = world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(
                rules: [FaultRule(.timeoutBefore(seconds: 35), prefix: "/wp-json/wc/v3/products/batch", times: 1)])
        }
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(south)
        _ = try await hub.pull(north, kinds: [.category])
        try await world.settle(hub, rounds: 3)
        _ = try await hub.pull(north, kinds: [.product])
        try await hub.drain()
        #expect(try await hub.jobs(in: [.retryable]).count == 12)
        #expect(try await world.count(hub, "SELECT max(failures) FROM breaker") == 1)
        #expect(try await world.count(hub, "SELECT count(*) FROM breaker WHERE open_until IS NOT NULL") == 0)
    }
}
