import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Sandbox
import Testing
import Wire

@Suite("A create that was not answered")
struct UnclearCreateTests {
    /// A customer of the first shop whose account in the second was asked for and never confirmed.
    private func unanswered(_ clock: (any Clock<Duration>)? = nil) async throws -> (World, Hub, String) {
        let world = try World()
        world.openShop("north", products: 0, customers: 1)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        _ = world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(rules: [customersFault])
        }
        let hub = try world.hub(clock: clock)
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

    /// Seen by rehearsal 786: the wait was over by a clock that had just been set forward, before leases were moved.
    @Test func itIsNotRepeatedBecauseTheMachinesClockWasSetForward() async throws {
        let (world, hub, _) = try await unanswered(StillClock())
        world.pass(seconds: 3600)
        try await hub.drain()
        #expect(creates(world) == 1)
        let waiting = try await hub.jobs(in: [.retryable])
        #expect(waiting.first?.reason?.contains("may still appear there") ?? false)
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

    /// What staff changes in a shop beside what the sandbox has verbs for.
    private func change(
        _ world: World, _ name: String, _ method: String, _ path: String, _ body: JSON
    ) throws -> JSON {
        let address = try #require(HTTPAddress("https://\(name).example/wp-json/wc/v3\(path)"))
        var request = HTTPRequest(method, address, body: body.bytes)
        request.headers["Content-Type"] = "application/json"
        request.headers["Authorization"] =
            "Basic " + Foundation.Data("ck_sandbox:cs_sandbox".utf8).base64EncodedString()
        let asked = request
        let answer = world.inShop(name) { shop, now in shop.respond(to: asked, at: now, isTLS: true) }
        return try JSON(parsing: try #require(answer?.response).body)
    }

    /// A shop keeps no reference of ours with a category: what is found by its slug may be anybody's.
    @Test(arguments: [true, false])
    func whatItCarriedIsNobodysOwnWordsWhereNothingTellsWhoMadeIt(isReadFirst: Bool) async throws {
        let world = try World()
        world.openShop("north", products: 0, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(south, .category)
        _ = try await hub.pull(north, .category)
        try await world.settle(hub)
        _ = world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(
                rules: [FaultRule(.timeoutAfter(seconds: 35), method: "POST", prefix: categories, times: 1)])
        }
        let made = try change(world, "north", "POST", "/products/categories", ["name": "Jam", "slug": "jam"])
        _ = try await hub.pull(north, .category)
        try await hub.drain()
        #expect(try await hub.jobs(in: [.retryable]).count == 1)

        // Renamed where it comes from, while nobody knows whether it was made there under its old name.
        world.pass(seconds: 10)
        let id = try #require(made["id"]?.integer)
        _ = try change(world, "north", "PUT", "/products/categories/\(id)", ["name": "Marmalade"])
        _ = try await hub.pull(north, .category)
        world.pass(seconds: 10)
        if isReadFirst { _ = try await hub.pull(south, .category) }
        world.pass(seconds: 100)
        try await world.settle(hub)

        for name in ["north", "south"] {
            let shown = world.ask(name, "/products/categories", [.init("slug", "jam")])
            #expect(shown.array?.map { $0["name"]?.string } == ["Marmalade"], "\(name)")
        }
        #expect(try await world.count(hub, "SELECT count(*) FROM conflict") == 0)
    }

    private let categories = "/wp-json/wc/v3/products/categories"

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

/// A clock on which no time passes, whatever the one on the wall shows.
private struct StillClock: Clock {
    let now = ContinuousClock.now
    let minimumResolution = Duration.milliseconds(1)

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws { await Task.yield() }
}
