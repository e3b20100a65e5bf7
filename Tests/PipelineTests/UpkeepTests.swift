import ConnectorKit
import Foundation
import Intake
import Ledger
import Sandbox
import Store
import Testing
import Wire

@testable import Pipeline

@Suite("What is old goes")
struct UpkeepTests {
    private static let day = 86_400.0

    /// A hub with one shop, in step.
    private func scene() async throws -> (world: World, hub: Hub, shop: Integration) {
        let world = try World()
        world.openShop("north", products: 3, customers: 0)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.pull(shop)
        try await world.settle(hub)
        return (world, hub, shop)
    }

    private func call(_ id: String) throws -> WebhookCall {
        let body = Array("{\"id\": \(id)}".utf8)
        let signature = Signature.base64(Signature.hmacSHA256(body, key: Array("sandbox-webhook-secret".utf8)))
        return WebhookCall(
            headers: [
                "X-WC-Webhook-Topic": "product.updated", "X-WC-Webhook-Signature": signature,
                "X-WC-Webhook-Delivery-ID": "d\(id)", "X-WC-Webhook-Source": "http://north.example/",
            ], body: body)
    }

    /// The slices of a table on a server, without the rest.
    private func slices(_ world: World, _ hub: Hub, of table: String) async throws -> Int {
        try await world.count(
            hub, "SELECT count(*) - 1 FROM pg_inherits WHERE inhparent = CAST('\(table)' AS regclass)")
    }

    @Test func callsGoAfterNinetyDaysWithTheirBodiesAndThoseNotSettledStay() async throws {
        let (world, hub, shop) = try await scene()
        for id in 1...4 { _ = await hub.receive(try call(String(id)), at: shop.publicID) }
        try await world.settle(hub)
        // One that nobody could settle.
        _ = await hub.receive(try call("5"), at: shop.publicID)
        let stored = "SELECT count(*) FROM delivery"
        let bodies = "SELECT count(*) FROM delivery_body"
        #expect(try await world.count(hub, stored) == 5)
        #expect(try await world.count(hub, bodies) == 5)

        world.pass(seconds: 80 * Self.day)
        _ = await hub.receive(try call("6"), at: shop.publicID)
        #expect(try await hub.forgetOld().contains { $0.contains("calls") } == false)
        #expect(try await world.count(hub, stored) == 6)

        world.pass(seconds: 11 * Self.day)
        let said = try await hub.forgetOld()
        #expect(said.contains { $0.hasPrefix("4 calls of vendors from before 2026-03-03") }, "\(said)")
        #expect(try await world.count(hub, stored) == 2)
        #expect(try await world.count(hub, bodies) == 2)

        world.pass(seconds: 90 * Self.day)
        _ = try await hub.forgetOld()
        #expect(try await world.count(hub, stored) == 1)
        #expect(try await world.count(hub, bodies) == 1)
    }

    /// What came before there was a slice for it is moved into it; what ends goes with its slice.
    @Test func bodiesStandInSlicesThatAreMadeAheadAndGoWhole() async throws {
        let (world, hub, shop) = try await scene()
        guard world.place.isPostgres else { return }
        _ = await hub.receive(try call("1"), at: shop.publicID)
        try await world.settle(hub)
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body_rest") == 1)

        let said = try await hub.forgetOld()
        #expect(said.filter { $0.hasPrefix("delivery_body_") && $0.hasSuffix("was made for what comes") }.count == 3)
        #expect(try await slices(world, hub, of: "delivery_body") == 3)
        let inherited = "FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        let whole =
            "WHERE inhparent = CAST('delivery_body' AS regclass) AND 'toast_tuple_target=8128' = ANY(reloptions)"
        #expect(try await world.count(hub, "SELECT count(*) \(inherited) \(whole)") == 4)
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body_rest") == 0)
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body") == 1)
        #expect(try await hub.forgetOld() == [])

        // Nobody made slices for a while; what came then is in the rest until somebody does.
        world.pass(seconds: 50 * Self.day)
        _ = await hub.receive(try call("2"), at: shop.publicID)
        try await world.settle(hub)
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body_rest") == 1)
        _ = try await hub.forgetOld()
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body_rest") == 0)

        world.pass(seconds: 60 * Self.day)
        let later = try await hub.forgetOld()
        #expect(later.filter { $0.hasSuffix("is gone with all its rows") }.count == 3, "\(later)")
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body") == 1)
    }

    @Test func aSliceWhoseCallsAreNotSettledIsKept() async throws {
        let (world, hub, shop) = try await scene()
        guard world.place.isPostgres else { return }
        _ = await hub.receive(try call("1"), at: shop.publicID)
        _ = try await hub.forgetOld()
        world.pass(seconds: 110 * Self.day)
        let said = try await hub.forgetOld()
        #expect(said.contains { $0.contains("is old and kept") }, "\(said)")
        #expect(try await world.count(hub, "SELECT count(*) FROM delivery_body") == 1)
    }

    @Test func changesAreKeptUnlessSomebodyAsksAndTheirNumbersGrowWithTime() async throws {
        let (world, hub, shop) = try await scene()
        let sku = try #require(world.firstSimpleSKU("north"))
        let all = "SELECT count(*) FROM change"
        let before = try await world.count(hub, all)
        _ = try await hub.forgetOld()
        world.pass(seconds: 100 * Self.day)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "12.00", at: now) }
        world.pass(seconds: 60)
        let asked = hub.now
        _ = try await hub.pull(shop)
        let news = try await world.count(hub, all) - before
        #expect(news > 0)
        let late = try await world.count(hub, all + " WHERE number > \(ChangeNumber.mark(asked.adding(seconds: -1)))")
        #expect(late == news)

        _ = try await hub.forgetOld()
        #expect(try await world.count(hub, all) == before + news)
        let said = try await hub.maintain(changesSeconds: 90 * Self.day)
        #expect(try await world.count(hub, all) == news, "\(said)")
        #expect(said.count > 1)
    }

    @Test func numbersGoOnUpwardsWhenTheClockDoesNot() async throws {
        let (world, hub, _) = try await scene()
        func append(at moment: Moment, _ count: Int) async throws {
            let change = Change(
                record: 1, kind: .product, part: "name", old: nil, new: "x", loser: nil, origin: nil, rule: "theirs",
                run: nil, at: moment)
            try await hub.store.write {
                try LedgerTable($0, organization: 1).append(Array(repeating: change, count: count))
            }
        }
        let last = "SELECT max(number) FROM change"
        for (moment, count) in [
            (world.now.adding(seconds: 3600), 3), (world.now, 5000), (Moment(milliseconds: 5), 2),
            (world.now.adding(seconds: 3600), 1),
        ] {
            let before = try await world.count(hub, last)
            try await append(at: moment, count)
            #expect(try await world.count(hub, last) >= before + count)
        }
        #expect(ChangeNumber.mark(Moment(milliseconds: .max)) == 1 << 52)
        #expect(ChangeNumber.mark(Moment(milliseconds: .min)) == 0)
    }

    /// Does that while somebody else reads a table.
    private func whileRead<Done: Sendable>(
        _ table: String, _ world: World, _ work: () async throws -> Done
    ) async throws -> Done {
        let (held, hold) = AsyncStream<Void>.makeStream()
        let store = try world.place.open(Hub.migrations)
        let end = DispatchSemaphore(value: 0)
        let holder = Task {
            try await store.read { session in
                _ = try session.rows("SELECT count(*) FROM \(table) WHERE organization_id = 1", [])
                hold.yield()
                end.wait()
            }
        }
        for await _ in held { break }
        let done: Result<Done, any Error>
        do { done = .success(try await work()) } catch { done = .failure(error) }
        end.signal()
        try await holder.value
        await store.close()
        return try done.get()
    }

    @Test func aSliceThatIsInUseIsLeftForAnotherTime() async throws {
        let (world, hub, _) = try await scene()
        guard world.place.isPostgres else { return }
        let said = try await whileRead("delivery_body_rest", world) {
            try await hub.store.slice(Intake.bodySlices, now: hub.now, keepFrom: nil)
        }
        #expect(said.map { $0.contains("is in use: its slices are left") } == [true], "\(said)")
        #expect(try await hub.store.slice(Intake.bodySlices, now: hub.now, keepFrom: nil).count == 3)
    }

    @Test func aTableThatIsInUseIsLeftAndTheOthersAreLookedAt() async throws {
        let (world, hub, _) = try await scene()
        guard world.place.isPostgres else { return }
        let said = try await whileRead("link", world) { try await hub.store.tidy(isThorough: true) }
        #expect(said.count == 2, "\(said)")
        #expect(said.last == "link is in use: it is left as it is and looked at again the next time")
        #expect(said.first?.contains("tables were looked at anew") == true)
    }
}
