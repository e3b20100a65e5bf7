import ConnectorKit
import Ledger
import Queue
import Reconcile
import Sandbox
import Telemetry
import Testing

@testable import Pipeline

/// What one call leads to is found under one id: the stored call, the tasks, the changes, what was written elsewhere.
@Suite("Traces through the hub")
struct TraceTests {
    private static let trace = Trace(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

    private func signed(_ body: [UInt8]) -> WebhookCall {
        let key = Array("sandbox-webhook-secret".utf8)
        return WebhookCall(
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-ID": "7", "X-WC-Webhook-Delivery-ID": "d1",
                "X-WC-Webhook-Topic": "product.updated",
                "X-WC-Webhook-Signature": Signature.base64(Signature.hmacSHA256(body, key: key)),
            ], body: body)
    }

    /// Two shops in step, the first of them, and a product of that.
    private func twoShops() async throws -> (world: World, hub: Hub, north: Integration, sku: String) {
        let world = try World()
        world.openShop("north", products: 4, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        for shop in [south, north] { _ = try await hub.pull(shop) }
        try await world.settle(hub)
        let sku = try #require(world.firstSimpleSKU("north"))
        return (world, hub, north, sku)
    }

    @Test func aWebhookAndAllThatCameOfItHaveOneTraceAndNothingElseHasIt() async throws {
        let (world, hub, north, sku) = try await twoShops()
        world.pass(seconds: 60)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "12.00", at: now) }
        let body = try #require(world.ask("north", "/products", [.init("sku", sku)])[0]).bytes

        await Trace.$current.withValue(Self.trace) {
            _ = await hub.receive(signed(body), at: north.publicID)
        }
        try await world.settle(hub)

        let id = try #require(Self.trace?.id)
        for table in ["delivery", "change", "receipt"] {
            let marked = "SELECT count(*) FROM \(table) WHERE trace = '\(id)'"
            #expect(try await world.count(hub, marked) > 0, "\(table)")
        }
        for queue in ["receive", "deliver"] {
            let marked = "SELECT count(*) FROM job WHERE queue = '\(queue)' AND trace = '\(id)'"
            #expect(try await world.count(hub, marked) > 0, "\(queue)")
        }
        let price = try #require(try await hub.explain(.product, sku, part: "price").parts.first)
        #expect(price.history.first?.trace == id)
        #expect(try await hub.explain(.product, sku).receipts.first?.trace == id)
        #expect(price.history.dropFirst().allSatisfy { $0.trace != id })
    }

    @Test func aReadingAndAllThatCameOfItHaveOneTraceOfTheirOwn() async throws {
        let (world, hub, north, sku) = try await twoShops()
        var traces: [String] = []
        for price in ["12.00", "13.00"] {
            world.pass(seconds: 300)
            _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: price, at: now) }
            world.pass(seconds: 60)
            _ = try await hub.pull(north)
            let before = try await hub.explain(.product, sku, part: "price").parts.first
            traces.append(try #require(before?.history.first?.trace))
            try await world.settle(hub)
        }

        #expect(Set(traces).count == 2 && traces.allSatisfy { Trace(id: $0) != nil })
        let told = try await hub.explain(.product, sku)
        #expect(told.receipts.first?.trace == traces.last)
        let marked = "SELECT count(*) FROM job WHERE queue = 'deliver' AND trace = '\(traces[1])'"
        #expect(try await world.count(hub, marked) > 0)
    }

    @Test func aReadingThatSomebodyAskedForHasTheTraceOfTheAsking() async throws {
        let world = try World()
        world.openShop("north", products: 2, customers: 0)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        try await Trace.$current.withValue(Self.trace) { _ = try await hub.syncLater(north, direction: .take) }
        try await hub.pullAsked(north)

        let id = try #require(Self.trace?.id)
        #expect(try await world.count(hub, "SELECT count(*) FROM change WHERE trace = '\(id)'") > 0)
    }

    @Test func tasksOfOneTraceShareItAndOthersHaveNone() {
        var batch = ObservedBatch(
            integration: 1, drafts: [], askedAt: 0, requestedAt: Moment(milliseconds: 0),
            observedAt: Moment(milliseconds: 0))
        batch.traces[ExternalKey(.product, "7")] = "a"
        let job = NewJob(.fetch, integration: 1, kind: .product, key: "8", runAt: Moment(milliseconds: 0))
        #expect(Traces(batch, Absorption()).marked(job).trace == "a")

        batch.traces[ExternalKey(.product, "9")] = "b"
        #expect(Traces(batch, Absorption()).marked(job).trace == nil)
        var known = job
        known.key = "9"
        #expect(Traces(batch, Absorption()).marked(known).trace == "b")
        #expect(Traces().marked(known).trace == nil)
    }
}
