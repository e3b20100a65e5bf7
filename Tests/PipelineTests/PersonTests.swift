import Audit
import Foundation
import Ledger
import Queue
import Reconcile
import Store
import Testing
import Wire

@testable import Pipeline
@testable import Telemetry

/// What is somebody's own is sealed with his key wherever it is kept, can be shown to him, and can be erased.
@Suite("Persons")
struct PersonTests {
    private let ann = AuditActor(.person, "ann")

    @Test func noValueOfAPersonAndNoCardNumberStandsAnywhereInPlain() async throws {
        let scene = try await PersonScene()
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.expectNone(of: PersonScene.own + PersonScene.guests + [PersonScene.card])
        try await scene.world.settle(scene.hub)
        _ = scene.world.inShop("north") { shop, now in
            shop.editCustomer(email: PersonScene.email, ["billing": ["phone": "+94710001122"]], at: now)
        }
        scene.world.pass(seconds: 60)
        _ = try await scene.hub.pull(scene.shop)
        try await scene.world.settle(scene.hub)

        let all = PersonScene.own + PersonScene.guests + [PersonScene.card, "+94710001122"]
        try await scene.expectNone(of: all)
        // And yet the hub knows them: he is found by his address, and his order is booked with his name.
        let told = try await scene.hub.explain(.customer, PersonScene.email)
        #expect(told.title == "Zoe Quistberg")
        #expect(try scene.world.bookedOrders(scene.book) == scene.world.bookable("north"))
        #expect(try await scene.hub.jobs(in: [.dead, .held]).map(\.reason) == [])
    }

    @Test func aCustomerIsShownAllThatIsHeldOfHim() async throws {
        let scene = try await PersonScene()
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.call(scene.orders[1], delivery: "two")
        try await scene.world.settle(scene.hub)

        let told = try await scene.hub.exportCustomer(PersonScene.email, by: ann)

        let text = told.text
        for value in PersonScene.own { #expect(text.contains(value), "\(value)") }
        for value in PersonScene.guests { #expect(!text.contains(value), "\(value)") }
        #expect(told["records"]?.array?.count == 2 && told["calls"]?.array?.count == 1)
        #expect(!text.contains(PersonScene.card) && text.contains("************1111"))
        let line = try #require(try await scene.hub.audit().first)
        #expect(line.action == "customer.exported" && line.after?["orders"] == 1)
    }

    @Test func anErasedCustomerIsNowhereAnyMoreAndStaysErased() async throws {
        let scene = try await PersonScene()
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.call(scene.orders[1], delivery: "two")
        try await scene.world.settle(scene.hub)
        let booked = try scene.world.bookedOrders(scene.book)
        let plan = try await scene.hub.erasure(of: PersonScene.email)
        #expect(plan.orders == 1 && plan.calls == 1 && plan.obstacles == [] && !plan.isErased)
        #expect(plan.stays.contains { $0.contains("is booked there and stays") })
        let writes = scene.world.writes.withLock { $0.count }

        let done = try await scene.hub.eraseCustomer(PersonScene.email, by: ann)
        // All sides are read again, whole: they still have him.
        for integration in try await scene.hub.integrations() {
            _ = try await scene.hub.pull(integration, isFull: true)
        }
        try await scene.call(scene.orders[0], delivery: "three")
        try await scene.world.settle(scene.hub)

        #expect(done == plan)
        let id = String(plan.customer)
        let left = try await scene.hub.exportCustomer(id).object ?? [:]
        // What the shop said since was forgotten once it was understood.
        #expect(left["calls"]?.array?.count == 0)
        for value in PersonScene.own { #expect(!JSON.object(left).text.contains(value), "\(value)") }
        try await scene.expectNone(of: PersonScene.own + [PersonScene.card])
        await #expect(throws: PersonFailure.self) { try await scene.hub.erasure(of: PersonScene.email) }
        let keys = "SELECT count(*) FROM personal_key WHERE id = \(id) AND length(sealed) = 0"
        #expect(try await scene.world.count(scene.hub, keys) == 1)
        // Nothing was written because of it, the book is as it was, the audit is whole, the guest is as he was.
        #expect(scene.world.writes.withLock { $0.count } == writes)
        #expect(try scene.world.bookedOrders(scene.book) == booked)
        #expect(try await scene.hub.verifyAudit().problems == [])
        #expect(try await scene.hub.audit().contains { $0.action == "customer.erased" && $0.subjectID == id })
        #expect(try await scene.hub.exportCustomer(PersonScene.guest).text.contains("Vandermolen"))
        #expect(try await scene.hub.jobs(in: [.dead, .held]).map(\.reason) == [])
        #expect(try await scene.hub.erasure(of: id).isErased)
    }

    @Test func anOrderOfSomebodyErasedGoesOnWithoutHim() async throws {
        let scene = try await PersonScene()
        _ = try await scene.hub.eraseCustomer(PersonScene.guest)

        _ = scene.world.inShop("north") { shop, now in shop.complete(order: scene.orders[1], at: now) }
        scene.world.pass(seconds: 60)
        _ = try await scene.hub.pull(scene.shop)
        try await scene.world.settle(scene.hub)

        let order = try await scene.hub.explain(.order, String(scene.orders[1]))
        #expect(order.parts.first { $0.part == "state" }?.value == "completed")
        #expect(order.parts.first { $0.part == "content" }?.value["lines"]?.array?.count == 1)
        #expect(order.parts.first { $0.part == "content" }?.value["billing"]?["email"] == "")
        try await scene.expectNone(of: PersonScene.guests)
        #expect(try await scene.hub.jobs(in: [.dead, .held]).map(\.reason) == [])
    }

    @Test func whatAnOlderReleaseLeftInPlainIsReadAndSealedWhenAskedFor() async throws {
        let scene = try await PersonScene(isSealed: false)
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.world.settle(scene.hub)
        try await scene.hub.checkKey()
        #expect(!scene.hub.isSealing)
        #expect(try await !scene.traces(of: [PersonScene.email]).isEmpty)
        let plan = try await scene.hub.erasure(of: PersonScene.email)
        #expect(plan.obstacles.first?.contains("--seal-persons") ?? false)
        let before = try await scene.hub.exportCustomer(PersonScene.email)

        _ = try await scene.hub.sealPersonalValues(by: ann)
        _ = try await scene.hub.sealPersonalValues(by: ann)
        _ = try await scene.hub.store.tidy(isThorough: true)

        try await scene.expectNone(of: PersonScene.own + PersonScene.guests + [PersonScene.card])
        let after = try await scene.hub.exportCustomer(PersonScene.email)
        #expect(after["records"] == before["records"])
        // Another process, started since, reads and matches as before.
        let other = try scene.world.hub()
        try await other.checkKey()
        for integration in try await other.integrations() { _ = try await other.pull(integration, isFull: true) }
        try await scene.world.settle(other)
        #expect(try await scene.world.count(other, "SELECT count(*) FROM record WHERE kind = 'customer'") == 2)
        #expect(try await scene.hub.jobs(in: [.dead, .held]).map(\.reason) == [])
        _ = try await other.eraseCustomer(PersonScene.email)
        try await scene.expectNone(of: PersonScene.own)
    }

    @Test func keysOfPersonsOutliveAChangeOfTheKeysAboveThem() async throws {
        let scene = try await PersonScene()
        let old = try await scene.hub.rotateKeys(by: ann).key
        _ = try await scene.hub.rotateKeys(by: ann)

        let other = try scene.world.hub()
        try await other.checkKey()
        #expect(try await other.explain(.customer, PersonScene.email).title == "Zoe Quistberg")
        let store = try scene.world.place.open(Hub.migrations)
        let sealed = try await store.read { try $0.rows("SELECT sealed FROM personal_key", []).map { $0.blob(0) } }
        await store.close()
        #expect(sealed.count == 3 && !sealed.contains { Vault.key(of: $0) == old })
    }

    @Test func aProcessThatWasToldNothingSealsFromItsFirstStepOn() async throws {
        let scene = try await PersonScene()
        let newcomer = ["ulla.brandvold@person.example", "Brandvold"]
        _ = scene.world.inShop("north") { shop, now in
            shop.registerCustomer(
                email: newcomer[0], ["first_name": "Ulla", "last_name": .string(newcomer[1])], at: now)
        }
        scene.world.pass(seconds: 60)

        let (reader, finder) = (try scene.world.hub(), try scene.world.hub())
        _ = try await reader.pull(scene.shop, isFull: true)

        #expect(try await finder.explain(.customer, newcomer[0]).title == "Ulla Brandvold")
        try await scene.expectNone(of: newcomer + PersonScene.own + PersonScene.guests)
    }

    @Test func nobodyIsErasedWhileATaskStillBringsHimSomewhere() async throws {
        let scene = try await PersonScene()
        _ = scene.world.inShop("north") { shop, now in
            shop.editCustomer(email: PersonScene.email, ["billing": ["phone": "+94710001122"]], at: now)
        }
        scene.world.pass(seconds: 60)
        _ = try await scene.hub.pull(scene.shop)

        await #expect(throws: PersonFailure.self) { try await scene.hub.eraseCustomer(PersonScene.email) }
        #expect(try await scene.hub.explain(.customer, PersonScene.email).title == "Zoe Quistberg")
        try await scene.world.settle(scene.hub)
        _ = try await scene.hub.eraseCustomer(PersonScene.email)
        try await scene.expectNone(of: PersonScene.own + ["+94710001122"])
    }

    // MARK: What points to him, and what others say of him

    @Test func shipmentsAndInvoicesAreFoundByHisOrdersAndErasedWithHim() async throws {
        let scene = try await PersonScene()
        let (hub, now) = (scene.hub, scene.world.now)
        let order = try await hub.explain(.order, String(scene.orders[0])).record
        let customer = try await hub.explain(.customer, PersonScene.email).record
        let block = try await hub.ids.draw(4)
        try await hub.store.write { session in
            var ids = block
            var parcel = HubRecord(id: try ids.next(), kind: .shipment, title: "parcel 1", now: now)
            parcel.parts["order"] = Self.part(Reference.record(.order, order).json, now)
            parcel.parts["content"] = Self.part(
                [
                    "carrier": "post", "trackingNumber": "LK123", "trackingURL": "",
                    "destination": ["name": "Zoe Quistberg", "line1": "42 Marigold Crescent", "city": "Galle"],
                ], now)
            var invoice = HubRecord(id: try ids.next(), kind: .invoice, title: "invoice 1", now: now)
            invoice.parts["customer"] = Self.part(Reference.record(.customer, customer).json, now)
            try LedgerTable(session, organization: 1).save([parcel, invoice])
        }
        try await scene.expectNone(of: PersonScene.own)
        let plan = try await hub.erasure(of: PersonScene.email)
        #expect(plan.orders == 1 && plan.papers == 2)

        _ = try await hub.eraseCustomer(PersonScene.email, by: ann)

        let left = try await hub.exportCustomer(String(plan.customer)).text
        #expect(left.contains("LK123") && !left.contains("Marigold") && !left.contains("Quistberg"))
        let keys = "SELECT count(*) FROM personal_key WHERE length(sealed) = 0"
        #expect(try await scene.world.count(hub, keys) >= 2)
        try await scene.expectNone(of: PersonScene.own)
    }

    private static func part(_ value: JSON, _ now: Moment) -> HubPart {
        HubPart(value: value, origin: nil, changed: ChangeInterval(after: now, before: now))
    }

    @Test func sentencesOfVendorsThatNameHimAreTakenAwayWhereverTheyStand() async throws {
        let scene = try await PersonScene()
        let (hub, now, shop) = (scene.hub, scene.world.now, scene.shop.id)
        let words = "the shop says: Mr. QUISTBERG of 42 Marigold Crescent is blocked"
        let block = try await hub.ids.draw(2)
        try await hub.store.write { session in
            var ids = block
            let table = JobTable(session, organization: 1)
            try table.add(
                [NewJob(.fetch, integration: shop, kind: .product, key: "9", runAt: now)], ids: &ids, now: now)
        }
        let damages: [(String, [SQLValue])] = [
            (
                "UPDATE job SET state = 'dead', is_open = 0, error = ?1 WHERE queue = 'fetch' AND key = '9'",
                [.text(words)]
            ),
            (
                """
                INSERT INTO rejection (organization_id, integration_id, kind, external_id, reason, first_at, last_at)
                VALUES (1, ?1, 'product', '9', ?2, 0, 0), (1, ?1, 'product', '10', 'no price', 0, 0)
                """, [.integer(shop), .text(words)]
            ),
            (
                "UPDATE integration SET reason = ?1 WHERE organization_id = 1 AND id = ?2",
                [.text(words), .integer(shop)]
            ),
        ]
        for (sql, values) in damages { try await scene.world.damage(hub, sql, values) }

        _ = try await hub.eraseCustomer(PersonScene.email, by: ann)

        try await scene.expectNone(of: PersonScene.own + ["QUISTBERG"])
        let dead = try await hub.jobs(in: [.dead])
        #expect(dead.map(\.reason) == [ErasedWords.left])
        #expect(try await scene.world.count(hub, "SELECT count(*) FROM rejection WHERE reason = 'no price'") == 1)
    }

    @Test func noLineOfTheLogEverTellsOfHim() async throws {
        let folder = NSTemporaryDirectory() + "crossdock-log-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let desk = LogDesk(level: .trace)
        desk.write(to: try LogFile(folder + "/hub.log"))
        let scene = try await PersonScene(logger: Logger(label: "world", factory: { DeskLogHandler(desk, label: $0) }))
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.world.settle(scene.hub)
        _ = try await scene.hub.eraseCustomer(PersonScene.email, by: ann)
        for integration in try await scene.hub.integrations() {
            _ = try await scene.hub.pull(integration, isFull: true)
        }
        try await scene.world.settle(scene.hub)

        let log = try Data(contentsOf: URL(filePath: folder + "/hub.log"))
        #expect(log.count > 200)
        for text in PersonScene.own + PersonScene.guests + [PersonScene.card] {
            #expect(log.range(of: Data(text.utf8)) == nil, "\(text)")
        }
    }

    /// On a server, what was written over stands in its files until these are made anew.
    @Test func theFilesOfAServerHoldNothingOfHimOnceTheyAreMadeAnew() async throws {
        let scene = try await PersonScene()
        guard scene.world.place.isPostgres else { return }
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.world.settle(scene.hub)
        _ = try await scene.hub.eraseCustomer(PersonScene.email, by: ann)

        let words = PersonScene.own + PersonScene.guests + [PersonScene.card]
        let found = try await scene.tracesInFiles(of: words)
        #expect(found == [])
    }

    /// What a server says of statements that it refuses names keys, and may name values.
    @Test func theLogOfAServerTellsNothingOfHimWhereItCanBeSearched() async throws {
        let scene = try await PersonScene()
        guard scene.world.place.isPostgres else { return }
        try await scene.call(scene.orders[0], delivery: "one")
        try await scene.world.settle(scene.hub)
        let erasure = try await scene.hub.eraseCustomer(PersonScene.email, by: ann)

        let words = PersonScene.own + PersonScene.guests + [PersonScene.card]
        guard let found = try await scene.tracesInServerLog(of: words) else {
            Issue.record(
                "the server's log was not searched: it is elsewhere than scripts/postgres has it", severity: .warning)
            return
        }
        #expect(found == [])
        #expect(erasure.stays.contains(Hub.unsearchedLog), "the hub itself never looks there, and says so")
    }

    @Test func onlyOnAServerItIsSaidThatItsLogWasNotSearched() async throws {
        let scene = try await PersonScene()

        let plan = try await scene.hub.erasure(of: PersonScene.email)

        #expect(plan.stays.contains(Hub.unsearchedLog) == scene.world.place.isPostgres)
    }
}
