import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Sandbox
import Synchronization
import Testing
import Wire

@Suite("Two shops through one hub")
struct TwoShopsTests {
    /// A full shop and an empty one, in step.
    private func twoShops() async throws -> (World, Hub, Integration, Integration, String) {
        let world = try World()
        world.openShop("north", products: 12, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(north)
        try await world.settle(hub)
        _ = try await hub.pull(south)
        try await world.settle(hub)
        return (world, hub, north, south, try #require(world.firstSimpleSKU("north")))
    }

    private func price(_ world: World, _ shop: String, _ sku: String) -> String? {
        world.ask(shop, "/products", [.init("sku", sku)])[0]?["regular_price"]?.string
    }

    @Test(arguments: ["http://north.example", "https://North.example/"])
    func aShopThatIsConnectedASecondTimeRestsUntilItIsTheOnlyOne(address: String) async throws {
        let world = try World()
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        var settings = World.shopSettings("north").object ?? [:]
        settings["siteUrl"] = .string(address)
        let same = settings
        func wake(_ id: String) async throws {
            _ = try await hub.change(id, try IntegrationWish(["status": "active"]), isWhole: false, by: .hub)
        }

        let again = try await hub.connect("woocommerce", name: "again", config: .object(same))

        #expect(again.state == .paused)
        #expect(again.reason?.hasPrefix("north is north.example already") == true, "\(again.reason ?? "")")
        await #expect(throws: IntegrationRefusal.self) { try await wake(again.publicID) }
        // Once the first rests it may work, and the first may not.
        _ = try await hub.change(north.publicID, IntegrationWish(["status": "paused"]), isWhole: false, by: .hub)
        try await wake(again.publicID)
        #expect(try await hub.integration(named: "again").reason == nil)
        await #expect(throws: IntegrationRefusal.self) { try await wake(north.publicID) }
        // Its own address stays its own.
        _ = try await hub.replace("woocommerce", name: "again", config: .object(same))
    }

    /// Its accounts would be taken twice.
    @Test func aBookThatIsConnectedASecondTimeRestsByWhateverPathItIsNamed() async throws {
        let world = try World()
        let hub = try world.hub()
        let book = try world.makeBook()
        let link = book + ".link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: book)
        defer { try? FileManager.default.removeItem(atPath: link) }
        _ = try await hub.connect("gnucash", name: "books", config: World.bookSettings(book))

        let again = try await hub.connect("gnucash", name: "again", config: World.bookSettings(link))
        let other = try await hub.connect("gnucash", name: "other", config: World.bookSettings(book + ".other"))

        #expect(again.state == .paused && again.reason?.hasPrefix("books is ") == true, "\(again.reason ?? "")")
        #expect(other.state == .active)
    }

    @Test func ofTwoThatConnectOneShopAtOneInstantOneRests() async throws {
        let world = try World()
        let hub = try world.hub()

        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["a", "b", "c", "d"] {
                group.addTask {
                    _ = try await hub.connect("woocommerce", name: name, config: World.shopSettings("north"))
                }
            }
            try await group.waitForAll()
        }

        let all = try await hub.integrations()
        #expect(all.count == 4 && all.filter { $0.state == .active }.count == 1)
    }

    @Test func anIntegrationThatRestsWakesWithAnAddressOfItsOwnAndNoneIsLedToAnothers() async throws {
        let world = try World()
        let hub = try world.hub()
        _ = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let again = try await hub.connect("woocommerce", name: "again", config: World.shopSettings("north"))
        let third = try await hub.connect("woocommerce", name: "third", config: World.shopSettings("north"))
        let address = try IntegrationWish(["settings": ["siteUrl": "http://west.example"]])
        // Another setting than the address wakes nobody, and is taken.
        let size = try IntegrationWish(["settings": ["batchSize": 20]])
        let changed = try await hub.change(third.publicID, size, isWhole: false, by: .hub)
        #expect(changed?.integration.isResting == true)
        var settings = World.shopSettings("north").object ?? [:]
        settings["batchSize"] = 20
        _ = try await hub.replace("woocommerce", name: "again", config: .object(settings))
        #expect(try await hub.integration(named: "again").isResting)

        _ = try await hub.replace("woocommerce", name: "again", config: World.shopSettings("south"))
        _ = try await hub.change(third.publicID, address, isWhole: false, by: .hub)

        #expect(try await hub.integrations().allSatisfy { $0.state == .active && $0.reason == nil })
        await #expect(throws: HubError.self) {
            try await hub.replace("woocommerce", name: "again", config: World.shopSettings("north"))
        }
        await #expect(throws: IntegrationRefusal.self) {
            try await hub.change(
                again.publicID, IntegrationWish(["settings": ["siteUrl": "http://north.example"]]), isWhole: false,
                by: .hub)
        }
    }

    @Test func aCatalogueArrivesInTheOtherShopOnce() async throws {
        let (world, hub, _, south, sku) = try await twoShops()
        let writes = world.writes.withLock { $0.count }

        _ = try await hub.pull(south, isFull: true)
        try await world.settle(hub)

        #expect(price(world, "south", sku) == price(world, "north", sku))
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 12)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 12)
        // In step is in step: reading everything again writes nothing.
        #expect(world.writes.withLock { $0.count } == writes)
    }

    @Test func anEditOnEitherSideFindsItsWayToTheOther() async throws {
        let (world, hub, north, south, sku) = try await twoShops()
        world.pass(seconds: 300)
        _ = world.inShop("south") { shop, now in shop.editPrice(sku: sku, to: "432.10", at: now) }
        world.pass(seconds: 300)
        _ = try await hub.pull(south)
        try await world.settle(hub)
        #expect(price(world, "north", sku) == "432.10")

        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: sku, to: "Tea & Time", at: now) }
        world.pass(seconds: 300)
        _ = try await hub.pull(north)
        try await world.settle(hub)
        let name = world.ask("south", "/products", [.init("sku", sku)])[0]?["name"]?.string
        #expect(name == "Tea &amp; Time")
    }

    @Test func bothSidesEditedBecomesAConflictThatAPersonDecides() async throws {
        let (world, hub, north, south, sku) = try await twoShops()
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "500.00", at: now) }
        _ = world.inShop("south") { shop, now in shop.editPrice(sku: sku, to: "600.00", at: now) }
        world.pass(seconds: 60)

        // The hub takes north's, and before it can tell south, sees that south changed too.
        _ = try await hub.pull(north)
        _ = try await hub.pull(south)
        try await world.settle(hub)

        let conflict = try #require(try await hub.conflicts().first)
        #expect(conflict.part == "price")
        #expect(price(world, "south", sku) == "600.00")

        #expect(try await hub.resolve(conflict: conflict.id, .ours))
        try await world.settle(hub)
        #expect(price(world, "south", sku) == "500.00")
        #expect(try await hub.conflicts().isEmpty)
        #expect(try await !hub.resolve(conflict: conflict.id, .ours))
    }

    /// During the call that writes another part of the product, and during the look after one that was not answered.
    @Test(arguments: [false, true])
    func aConflictDecidedWhileACallIsOutStaysDecided(isLook: Bool) async throws {
        let (world, hub, north, south, sku) = try await twoShops()
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "500.00", at: now) }
        _ = world.inShop("south") { shop, now in shop.editPrice(sku: sku, to: "600.00", at: now) }
        world.pass(seconds: 60)
        _ = try await hub.pull(north)
        _ = try await hub.pull(south)
        try await world.settle(hub)
        let conflict = try #require(try await hub.conflicts().first)

        let interlude = Interlude()
        let busy = try world.hub(through: { InterruptedTransport(next: $0, interlude: interlude) })
        if isLook {
            _ = world.inShop("south") { shop, _ in
                shop.faults = FaultPlan(rules: [FaultRule(.timeoutAfter(seconds: 35), prefix: batch, times: 1)])
            }
        }
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: sku, to: "Tea", at: now) }
        world.pass(seconds: 60)
        _ = try await busy.pull(north)
        if isLook {
            try await busy.drain()
            #expect(try await hub.jobs(in: [.retryable]).count == 1)
            world.pass(seconds: 120)
        }
        let isDecided = Mutex(false)
        let id = try #require(world.ask("south", "/products", [.init("sku", sku)])[0]?["id"]?.scalarText)
        interlude.wait(for: isLook ? ("GET", "/wp-json/wc/v3/products/\(id)") : ("POST", batch)) {
            let done = try? await hub.resolve(conflict: conflict.id, .ours)
            isDecided.withLock { $0 = done ?? false }
        }
        try await world.settle(busy)

        #expect(isDecided.withLock { $0 })
        #expect(price(world, "south", sku) == "500.00")
        #expect(world.ask("south", "/products", [.init("sku", sku)])[0]?["name"]?.string == "Tea")
        #expect(try await world.count(hub, "SELECT count(*) FROM link WHERE parts LIKE '%\"p\":%'") == 0)
    }

    private let batch = "/wp-json/wc/v3/products/batch"

    @Test func aSaleInOneShopLowersTheOtherAndIsNotCountedTwice() async throws {
        let (world, hub, north, _, sku) = try await twoShops()
        _ = world.inShop("north") { shop, now in shop.setStock(sku: sku, to: 50, at: now) }
        world.pass(seconds: 60)
        _ = try await hub.pull(north)
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("sku", sku)])[0]?["stock_quantity"]?.integer == 50)

        _ = world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: sku, quantity: 3)], .init(email: "ann@example.com"), at: now)
        }
        world.pass(seconds: 60)
        _ = try await hub.pull(north)
        try await world.settle(hub)
        _ = try await hub.pull(north, isFull: true)
        try await world.settle(hub)

        #expect(world.ask("south", "/products", [.init("sku", sku)])[0]?["stock_quantity"]?.integer == 47)
        #expect(world.ask("north", "/products", [.init("sku", sku)])[0]?["stock_quantity"]?.integer == 47)
    }
}

/// What happens while a call is out: once, at the first call that fits.
private final class Interlude: Sendable {
    private struct Wait: Sendable {
        var method: String
        var path: String
        var act: @Sendable () async -> Void
    }

    private let waiting = Mutex<Wait?>(nil)

    func wait(for call: (method: String, path: String), _ act: @escaping @Sendable () async -> Void) {
        waiting.withLock { $0 = Wait(method: call.method, path: call.path, act: act) }
    }

    func meet(_ request: HTTPRequest) async {
        let act = waiting.withLock { waiting -> (@Sendable () async -> Void)? in
            guard let wait = waiting, request.method == wait.method, request.address.path == wait.path else {
                return nil
            }
            waiting = nil
            return wait.act
        }
        await act?()
    }
}

/// The way to the shops, with an interlude on it.
private struct InterruptedTransport: Transport {
    let next: WorldTransport
    let interlude: Interlude

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        await interlude.meet(request)
        return try await next.send(request)
    }
}
