import Announce
import Audit
import ConnectorKit
import Ledger
import Queue
import Sandbox
import Store
import Testing

@testable import Pipeline

@Suite("What the hub makes of its queue")
struct QueueUseTests {
    private func twoShops() async throws -> (World, Hub, north: Integration, south: Integration) {
        let world = try World()
        world.openShop("north", products: 6, customers: 2)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        // Nothing is made in a shop before it has been read once.
        _ = try await hub.pull(south, kinds: [.product])
        return (world, hub, north, south)
    }

    private func book(_ world: World, _ frequency: JSON) throws -> JSON {
        var settings = try World.bookSettings(world.makeBook()).object ?? [:]
        settings["sync_frequency"] = frequency
        return .object(settings)
    }

    // MARK: Schedules

    @Test func aBookWithACronLineIsReadByItUntilItsSettingsSayAnInterval() async throws {
        let world = try World()
        let hub = try world.hub()
        let settings = try book(world, "CRON_TZ=Asia/Colombo 0 2 * * *")
        let books = try await hub.connect("gnucash", name: "books", config: settings)
        let schedules = try await hub.schedules()
        #expect(!schedules.isEmpty)
        // 2026-03-02 09:00 UTC is 14:30 there; two in the morning is 20:30 UTC.
        #expect(Set(schedules.map { $0.nextAt?.description }) == ["2026-03-02T20:30:00Z"])
        #expect(schedules.allSatisfy { $0.afterDowntime == .catchUp })

        let read = "SELECT count(*) FROM job WHERE queue = 'pull' AND state = 'completed'"
        world.pass(seconds: 11 * 3600)
        try await hub.tick()
        await Engine(hub).round(books)
        #expect(try await world.count(hub, read) == 0)
        #expect(try await world.count(hub, "SELECT count(*) FROM record") == 0)
        // The hub was down over the time: one run makes up for it.
        world.pass(seconds: 50 * 3600)
        try await hub.tick()
        await Engine(hub).round(books)
        #expect(try await world.count(hub, read) == schedules.count)

        var plain = settings.object ?? [:]
        plain["sync_frequency"] = 15
        _ = try await hub.replace("gnucash", name: "books", config: .object(plain))
        #expect(try await hub.schedules().allSatisfy { if case .task = $0.subject { true } else { false } })
    }

    @Test(arguments: [
        ("0 0 30 2 *", "never fires"), ("61 2 * * *", "61"), ("CRON_TZ=Mars/Base 0 2 * * *", "is no time zone"),
    ])
    func aBookWithACronLineThatCannotBeIsNotConnected(line: String, sentence: String) async throws {
        let world = try World()
        let hub = try world.hub()
        let settings = try book(world, .string(line))
        let refusal = await #expect(throws: HubError.self) {
            _ = try await hub.connect("gnucash", name: "books", config: settings)
        }
        #expect(refusal?.description.contains(sentence) == true, "\(refusal?.description ?? "")")
        #expect(try await hub.integrations().isEmpty)
        #expect(try await hub.schedules().isEmpty)
    }

    // MARK: Batches

    @Test func aSyncForLaterIsABatchWithProgressAndALastStep() async throws {
        let (world, hub, north, south) = try await twoShops()
        let id = try await hub.syncLater(north, kinds: [.category, .product, .customer], priority: 7).batch
        let before = try #require(try await hub.batch(id))
        #expect(before.total == 3 && before.left == 3 && before.isSealed && before.endedAt == nil)
        #expect(try await hub.jobs(in: [.available]).filter { $0.queue == .pull }.map(\.priority) == [7, 7, 7])
        let last = try #require(try await hub.jobs(in: [.available]).first { $0.queue == .task })
        #expect(
            try await hub.why(job: last.id) == "it is the last step of batch \"sync north\", of which 3 jobs are left")

        await Engine(hub).round(north)
        try await hub.drain(for: [0])
        let after = try #require(try await hub.batch(id))
        #expect(after.done == 3 && after.failed == 0 && after.left == 0 && after.fraction == 1)
        #expect(after.endedAt == world.now)
        #expect(try await hub.jobs(in: [.completed]).contains { $0.id == last.id })

        // What waits for the other shop is counted in a batch of its own.
        _ = try await hub.pull(south, kinds: [.category])
        let push = try await hub.syncLater(south, kinds: [.product], direction: .give).batch
        #expect(try await hub.batch(push)?.left == 6)
        try await world.settle(hub)
        #expect(try await hub.batch(push)?.done == 6)
    }

    @Test func whatIsLeftOfABatchIsDroppedAndItsLastStepWithIt() async throws {
        let (_, hub, north, _) = try await twoShops()
        let id = try await hub.syncLater(north, kinds: [.product, .customer]).batch
        let done = try #require(try await hub.cancelBatch(id, by: AuditActor(.person, "ann"), reason: "not today"))
        #expect(done.dropped == 3)
        #expect(try await hub.cancelBatch(id, by: AuditActor(.person, "ann"), reason: "") == nil)
        #expect(try await hub.jobs(in: [.available, .scheduled]).isEmpty)
        #expect(try await hub.batches().map(\.failed) == [2])
    }

    @Test func aFullSyncForLaterFindsWhatWasDeletedThere() async throws {
        let (world, hub, north, _) = try await twoShops()
        _ = try await hub.pull(north)
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in shop.deleteProduct(sku: sku, forEver: true, at: now) }
        _ = try await hub.syncLater(north, kinds: [.product], direction: .take, isFull: true)
        await Engine(hub).round(north)
        #expect(try await hub.jobs(in: [.available, .scheduled]).filter { $0.queue == .fetch }.count == 1)
    }

    @Test func aPersonDropsWhatWaitsForOneShopAndTheOtherGoesOn() async throws {
        let (world, hub, north, south) = try await twoShops()
        _ = try await hub.pull(north)
        let filter = JobFilter(queue: .deliver, integration: south.id)
        let done = try await hub.cancelAll(filter, by: AuditActor(.person, "ann"), reason: "wrong list")
        #expect(done.dropped > 0 && done.asked == 0)
        try await world.settle(hub)
        #expect(world.writes.withLock { $0 }.isEmpty)
        #expect(try await hub.jobs(in: [.cancelled]).first?.reason == "cancelled by ann: wrong list")
    }

    @Test func aJobIsPutOffOrKeptByAPersonAndSaysSo() async throws {
        let (world, hub, north, south) = try await twoShops()
        _ = try await hub.pull(north, kinds: [.product])
        let jobs = try await hub.jobs(in: [.available]).filter { $0.queue == .deliver }
        #expect(
            try await hub.snooze(job: jobs[0].id, until: world.now.adding(seconds: 600), by: AuditActor(.person, "ann"))
        )
        #expect(try await hub.hold(job: jobs[1].id, reason: "ask Ben", by: AuditActor(.person, "ann")))
        #expect(try await hub.why(job: jobs[0].id) == "it runs at 2026-03-02T09:10:00Z (10 min): put off by ann")
        #expect(try await hub.why(job: jobs[1].id) == "it waits for a person: held by ann: ask Ben")
        try await hub.drain()
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == jobs.count - 2)
        world.pass(seconds: 601)
        _ = try await hub.pull(south, kinds: [.category])
        #expect(try await hub.runNow(job: jobs[1].id))
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == jobs.count)
    }

    // MARK: Limits and breakers

    @Test func whatAnswersSayIsLeftIsKeptToByAllWorkers() async throws {
        let (world, hub, north, south) = try await twoShops()
        _ = try await hub.pull(south, kinds: [.category])
        _ = try await hub.pull(north)
        world.headers.withLock {
            $0 = ["RateLimit-Limit": "60", "RateLimit-Remaining": "0", "RateLimit-Reset": "45"]
        }
        try await hub.drain(for: [south.id])
        let limits = try await hub.limits(of: south)
        #expect(limits.map(\.form) == [.window] && limits[0].level == 0)
        let waiting = try #require(try await hub.jobs(in: [.available]).first)
        let why = try await hub.why(job: waiting.id)
        #expect(why == "the call limit of the integration is used up, limit 45 s")
        let calls = world.writes.withLock { $0.count }
        try await hub.drain(for: [south.id])
        #expect(world.writes.withLock { $0.count } == calls)

        world.headers.withLock { $0 = [:] }
        world.pass(seconds: 46)
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
    }

    @Test func aLimitThatAPersonSetIsLoweredByAnswersAndNeverWidened() async throws {
        let (world, hub, north, _) = try await twoShops()
        try await hub.limit(north, .rate(perSecond: 1, burst: 10, now: world.now))
        world.headers.withLock { $0 = ["X-Shopify-Shop-Api-Call-Limit": "38/40"] }
        await Engine(hub).round(north)
        let limit = try #require(try await hub.limits(of: north).first)
        #expect(limit.capacity == 10_000_000 && limit.refill == 1000)
        #expect(limit.level <= 2_000_000)
    }

    @Test func aKindThatCannotBeReadRestsByItselfAndTheOthersAreRead() async throws {
        let (world, hub, north, _) = try await twoShops()
        _ = world.inShop("north") { shop, _ in
            shop.faults = FaultPlan(rules: [
                FaultRule(.status(404, retryAfterSeconds: nil), prefix: "/wp-json/wc/v3/products")
            ])
        }
        for _ in 0..<Breaker.failureLimit {
            await Engine(hub).round(north)
            world.pass(seconds: 2)
        }
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'customer'") == 2)
        let report = try #require(try await hub.overview().integrations.first { $0.name == "north" })
        let breaker = try #require(report.breakers.first { $0.operation == "pull product" })
        #expect(breaker.state(at: world.now) == "open")
        #expect(!report.breakers.contains { $0.operation == "pull customer" })

        _ = world.inShop("north") { shop, _ in shop.faults = FaultPlan(rules: []) }
        world.pass(seconds: Breaker.longestOpenSeconds)
        await Engine(hub).round(north)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 6)
        #expect(try await hub.overview().integrations.allSatisfy { $0.breakers.isEmpty })
    }

    // MARK: One after the other

    @Test func recordsOfOneNaturalKeyAreCreatedOneAfterTheOtherAndLinkedOnesWaitForNone() async throws {
        let (world, hub, north, south) = try await twoShops()
        _ = try await hub.pull(north)
        let sku = try #require(world.firstSimpleSKU("north"))
        let records = try await hub.store.read { session in
            let rows = try session.rows("SELECT id FROM record WHERE organization_id = 1 AND kind = 'product'", [])
            return try LedgerTable(session, organization: 1).records(rows.map { $0.integer(0) })
        }
        let one = try #require(records.first { $0.naturalKey == NaturalKey.folded(sku) })
        var other = one
        other.id += 1_000_000
        let peer = try hub.peer(south)
        func lanes(_ links: [Int64: [HubLink]]) -> [String?] {
            Announce.jobs(for: [one, other], links: links, peers: [peer], now: world.now).map(\.lane)
        }
        let lane = "product \(NaturalKey.folded(sku))"
        #expect(lanes([:]) == [lane, lane])
        let link = HubLink(id: 7, record: one.id, integration: south.id, kind: .product, externalID: "33")
        #expect(lanes([one.id: [link]]) == [nil, lane])

        // The second waits behind the first, and says for which.
        let (now, block) = (hub.now, try await hub.ids.draw(1))
        let waiting = "SELECT max(id) FROM job WHERE lane = '\(lane)'"
        let twin = NewJob(.deliver, integration: south.id, kind: .product, key: "0", runAt: now, lane: lane)
        let first = try await world.count(hub, waiting)
        try await hub.store.write { session in
            var ids = block
            try JobTable(session, organization: 1).add([twin], ids: &ids, now: now)
        }
        let why = try await hub.why(job: Int64(world.count(hub, waiting)))
        #expect(why == "key \(lane) is held by job \(first), which is available and goes first")
        _ = try await hub.pull(south, kinds: [.category])
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
        #expect(try await world.count(hub, "SELECT count(*) FROM job WHERE state = 'available'") == 0)
    }
}
