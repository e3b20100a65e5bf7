import Audit
import ConnectorKit
import Ledger
import Queue
import Store
import Testing

@testable import Pipeline

@Suite("Workers and what stands in their way")
struct WorkersTests {
    /// A full shop, and an empty one into which everything is to be written.
    private func twoShops() async throws -> (World, Hub, north: Integration, south: Integration) {
        let world = try World()
        world.openShop("north", products: 6, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        // Nothing is made in a shop before it has been read once.
        _ = try await hub.pull(south)
        _ = try await hub.pull(north)
        return (world, hub, north, south)
    }

    /// Nothing answers at that address any more.
    private func close(_ shop: String, _ world: World) { world.shops.withLock { $0[shop] = nil } }

    private func works(_ hub: Hub) async throws -> Set<String> {
        let now = hub.now
        return try await hub.store.read { session in
            Set(try JobTable(session, organization: 1).due(at: now).map { "\($0.integration) \($0.operation)" })
        }
    }

    @Test func aDeadShopRestsByOperationAndIsTriedByOneCallThatBringsItBack() async throws {
        let (world, hub, _, south) = try await twoShops()
        let shop = world.shops.withLock { $0["south"] }
        close("south", world)
        // As long as it takes until every sort of work for it rests.
        for _ in 0..<60 where try await !works(hub).isEmpty {
            try await hub.drain()
            world.pass(seconds: 1)
        }
        let jobs = try await hub.jobs(in: [.available, .scheduled, .retryable], limit: 200)
        let reasons = try await withWhy(jobs.map(\.id), hub)
        #expect(!reasons.isEmpty)
        #expect(reasons.contains { $0.contains("is open until") || $0.contains("it runs at") }, "\(reasons)")
        let breakers = try await hub.store.read { try JobTable($0, organization: 1).breakers() }
        #expect(!breakers.isEmpty)
        #expect(breakers.keys.allSatisfy { $0.integration == south.id })

        world.shops.withLock { $0["south"] = shop }
        try await world.settle(hub, rounds: 40)
        #expect(try await hub.store.read { try JobTable($0, organization: 1).breakers() }.isEmpty)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
    }

    private func withWhy(_ jobs: [Int64], _ hub: Hub) async throws -> [String] {
        var reasons: [String] = []
        for id in jobs { reasons.append(try await hub.why(job: id) ?? "") }
        return reasons
    }

    @Test func aPausedQueueOfOneShopWaitsWithItsReasonAndGoesOnWhereItStopped() async throws {
        let (world, hub, _, south) = try await twoShops()
        #expect(try await hub.pause(south, .deliver, by: AuditActor(.person, "ann"), reason: "stocktaking"))
        try await world.settle(hub)
        #expect(world.writes.withLock { $0 }.isEmpty)
        let waiting = try await hub.jobs(in: [.available], limit: 1)
        let why = try await hub.why(job: try #require(waiting.first).id)
        #expect(why?.hasPrefix("deliver work of south is paused by ann since ") == true, "\(why ?? "")")
        #expect(why?.hasSuffix(": stocktaking") == true)

        #expect(try await hub.resume(south, .deliver))
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
    }

    @Test func aShopIsAskedNoMoreThanItsLimitAllowsAndTheOthersAreNotHeldUp() async throws {
        let (world, hub, north, south) = try await twoShops()
        try await hub.limit(south, .rate(perSecond: 0.01, burst: 1, now: world.now))
        try await hub.drain()
        // One piece of work was begun, which made more calls than the one there was.
        #expect(try await hub.limits(of: south).map(\.level) == [-1_000_000])
        let waiting = try await hub.jobs(in: [.available], limit: 200)
        #expect(!waiting.isEmpty)
        let why = try await hub.why(job: try #require(waiting.first).id)
        #expect(why == "the rate limit of the integration is used up, limit 4 min", "\(why ?? "")")
        #expect(try await hub.openCount(for: north) == 0)

        #expect(try await hub.liftLimits(of: south) == 1)
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
    }

    @Test func aJobOfAPausedIntegrationSaysSo() async throws {
        let (_, hub, _, south) = try await twoShops()
        try await hub.set(.paused, reason: "moving house", of: south)
        let waiting = try await hub.jobs(in: [.available], limit: 1)
        #expect(try await hub.why(job: try #require(waiting.first).id) == "south is paused: moving house")
    }

    @Test func aKindWithAScheduleIsReadByItAndNoMoreByItsInterval() async throws {
        let (world, hub, north, _) = try await twoShops()
        let cadence = try Cadence(cron: "0 12 * * *", zone: "Asia/Colombo")
        let schedule = try await hub.schedule(north, .product, cadence, afterDowntime: .skip)
        // 2026-03-02 09:00 UTC is 14:30 there.
        #expect(schedule.nextAt?.description == "2026-03-03T06:30:00Z")
        func pulls() async throws -> Int {
            try await world.count(hub, "SELECT count(*) FROM job WHERE queue = 'pull' AND state = 'completed'")
        }
        func readAt() async throws -> Moment? {
            try await hub.store.read { try LedgerTable($0, organization: 1).cursor(north.id, .product) }.pulledAt
        }
        let first = try await readAt()
        world.pass(seconds: 3600)
        try await hub.tick()
        try await hub.pullAsked(north)
        try await hub.pullDue(north)
        #expect(try await readAt() == first)

        world.pass(seconds: 20 * 3600 + 1800 + 1)
        try await hub.tick()
        try await hub.pullAsked(north)
        #expect(try await readAt() == world.now)
        #expect(try await pulls() == 1)
        try await hub.tick()
        try await hub.pullAsked(north)
        #expect(try await pulls() == 1)
    }

    @Test func aScheduleForWhatAShopDoesNotOfferIsRefused() async throws {
        let (_, hub, north, _) = try await twoShops()
        await #expect(throws: HubError.self) {
            _ = try await hub.schedule(north, .journal, .usual, afterDowntime: .skip)
        }
    }

    @Test func aScheduledReadThatFailsIsTriedAgainAndIsDoneOnce() async throws {
        let (world, hub, north, _) = try await twoShops()
        _ = try await hub.schedule(north, .product, Cadence(word: "hourly"), afterDowntime: .skip)
        let shop = world.shops.withLock { $0["north"] }
        close("north", world)
        world.pass(seconds: 3600)
        try await hub.tick()
        try await hub.pullAsked(north)
        let failed = try await hub.jobs(in: [.retryable]).filter { $0.queue == .pull }
        #expect(failed.count == 1)

        world.shops.withLock { $0["north"] = shop }
        world.pass(seconds: 10)
        try await hub.pullAsked(north)
        #expect(try await hub.jobs(in: [.completed]).filter { $0.queue == .pull }.map(\.id) == failed.map(\.id))
    }

    /// Found by seed 7 of the rehearsals: a product that was read while it was written was read again and again, as
    /// fast as the shop answered, until the write had ended.
    @Test func whatIsReadWhileItIsWrittenIsReadAgainAtItsTimeAndNotAtOnce() async throws {
        let (world, hub, north, _) = try await twoShops()
        try await world.settle(hub)
        let (now, block) = (hub.now, try await hub.ids.draw(2))
        let id = try #require(world.ask("north", "/products", [.init("per_page", "1")])[0]?["id"]?.scalarText)
        let sku = try #require(world.ask("north", "/products/" + id)["sku"]?.string)
        #expect(world.inShop("north") { $0.editPrice(sku: sku, to: "4321.00", at: $1) } == true)
        try await hub.store.write { session in
            var ids = block
            let table = JobTable(session, organization: 1)
            let record = try session.rows(
                """
                SELECT record_id FROM link
                WHERE organization_id = 1 AND integration_id = ?1 AND kind = 'product' AND external_id = ?2
                """,
                [.integer(north.id), .text(id)])[0].integer(0)
            // Another process is writing it.
            try table.add(
                [
                    NewJob(.deliver, integration: north.id, kind: .product, key: String(record), runAt: now),
                    NewJob(.fetch, integration: north.id, kind: .product, key: id, priority: 60, runAt: now),
                ], ids: &ids, now: now)
            let work = DueWork(integration: north.id, queue: .deliver, kind: .product)
            let jobs = try table.claim(work, limit: 1, owner: "another", now: now)
            try table.intend(
                jobs.map { ($0, ["at": .integer(now.milliseconds), "wrote": [:]]) }, owner: "another",
                deadline: now.adding(seconds: 75))
            try session.run(
                "UPDATE link SET in_flight = 1 WHERE organization_id = 1 AND record_id = ?1", [.integer(record)])
        }

        #expect(try await hub.turn(for: [north.id]))

        let fetches = try await hub.store.read { session in
            try session.rows(
                """
                SELECT state, run_at FROM job
                WHERE organization_id = 1 AND queue = 'fetch' AND key = ?1 AND state <> 'completed'
                """, [.text(id)])
        }
        #expect(fetches.map { $0.text(0) } == ["scheduled"])
        #expect(fetches.first?.moment(1) == now.adding(seconds: Hub.staleWaitSeconds))
    }

    /// Found by seed 153 of the rehearsals: a slow page showed a price as it was before a quick look had shown the new
    /// one, and the old price went to every shop.
    @Test func aLookThatWasAskedForBeforeNewsCameIsAskedForAgainAndNotTaken() async throws {
        let (world, hub, north, _) = try await twoShops()
        try await world.settle(hub)
        let product = try #require(world.ask("north", "/products", [.init("per_page", "1")])[0])
        let id = try #require(product["id"]?.scalarText)
        let setting = try await hub.mergeSetting(north)
        let asked = try await hub.store.read { try LedgerTable($0, organization: 1).settleNumber() }
        func look(_ name: String) -> ObservedBatch {
            var parts = Parts()
            parts[ProductPart.name] = name
            let draft = Draft(kind: .product, externalID: id, parts: parts, title: name)
            return ObservedBatch(
                integration: north.id, drafts: [draft], askedAt: asked, requestedAt: hub.now, observedAt: hub.now)
        }

        try await hub.absorb(look("New name"), setting)
        try await hub.absorb(look("Old name"), setting)

        let rows = try await hub.store.read { session in
            try session.rows(
                """
                SELECT record.parts, job.run_at FROM link
                JOIN record ON record.organization_id = link.organization_id AND record.id = link.record_id
                LEFT JOIN job ON job.organization_id = link.organization_id AND job.queue = 'fetch'
                    AND job.key = link.external_id AND job.state = 'scheduled'
                WHERE link.organization_id = 1 AND link.integration_id = ?1 AND link.external_id = ?2
                    AND link.kind = 'product'
                """, [.integer(north.id), .text(id)])
        }
        #expect(rows.map { $0.json(0)["name"]?["v"] } == ["New name"])
        #expect(rows.first?.moment(1) == hub.now.adding(seconds: Hub.staleWaitSeconds))
    }

    @Test func oldJobsAreForgottenByTheHubsOwnHourlyTask() async throws {
        let (world, hub, _, _) = try await twoShops()
        try await world.settle(hub)
        let ended = "SELECT count(*) FROM job WHERE state = 'completed' AND queue <> 'task'"
        let done = try await world.count(hub, ended)
        #expect(done > 0)
        // The schedule is there from the first tick on.
        try await hub.tick()
        var left: [Int] = []
        for _ in 1...8 {
            world.pass(seconds: 86_400)
            try await hub.tick()
            try await hub.drain()
            left.append(try await world.count(hub, ended))
        }
        #expect(left[5] == done)
        #expect(left[7] == 0)
    }

    @Test func aTaskNobodyKnowsIsGivenUpWithItsNameAndHoldsUpNothing() async throws {
        let (world, hub, _, _) = try await twoShops()
        let ids = try await hub.ids.draw(1)
        let now = hub.now
        try await hub.store.write { session in
            var ids = ids
            try JobTable(session, organization: 1).add(
                [NewJob(.task, integration: 0, kind: nil, key: "juggle", priority: 0, runAt: now)], ids: &ids, now: now)
        }
        try await world.settle(hub)
        #expect(try await hub.deadLetters(JobFilter()).map(\.error) == ["this hub has no task named \"juggle\""])
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 6)
    }
}
