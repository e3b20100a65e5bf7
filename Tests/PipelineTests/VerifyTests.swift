import ConnectorKit
import Foundation
import Ledger
import Queue
import Sandbox
import Store
import Synchronization
import Testing

@testable import Pipeline

/// All that is remembered fits together, and what does not is found and named.
@Suite("Verifying a store")
struct VerifyTests {
    private let world: World
    private let hub: Hub
    private let shop: Integration

    /// A shop and a book in step, with orders and stock.
    init() async throws {
        world = try World()
        world.openShop("north", products: 6, customers: 3, orders: 5)
        hub = try world.hub()
        try await hub.checkKey()
        shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let book = try world.makeBook()
        _ = try await hub.connect("gnucash", name: "books", config: World.bookSettings(book))
        for integration in try await hub.integrations() { _ = try await hub.pull(integration) }
        try await world.settle(hub)
    }

    private func result(_ test: VerifyTest, samples: Int = 0, of other: Hub? = nil) async throws -> VerifyResult {
        var terms = VerifyTerms()
        terms.samples = samples
        return try #require(try await (other ?? hub).verify(terms).results.first { $0.test == test })
    }

    private func run(_ sql: String) async throws {
        try await world.damage(hub, sql)
    }

    private func number(_ sql: String) async throws -> Int { try await world.count(hub, sql) }

    @Test func aStoreInStepPassesEveryTest() async throws {
        let steps = Mutex<[VerifyTest]>([])
        let made = try await hub.verify { step in steps.withLock { $0.append(step.test) } }

        #expect(made.results.map(\.test) == VerifyTest.allCases)
        for result in made.results { #expect(result.isPassed, "\(result.test): \(result.errors)") }
        #expect(made.results.filter { $0.test != .work }.allSatisfy { $0.checked > 0 }, "\(made.json.text)")
        #expect(made.isPassed && made.json["tests"]?["links"]?["passed"] == true)
        #expect(made.json["tests"]?["links"]?["errors"] == [])
        #expect(steps.withLock { Set($0) }.isSuperset(of: [.schema, .links, .records, .orphans, .drift]))
    }

    @Test func nothingIsChangedAndNothingIsWrittenAtAFarSide() async throws {
        let tables = ["record", "link", "change", "job", "movement", "conflict"]
        var before: [Int] = []
        for table in tables { before.append(try await number("SELECT count(*) FROM \(table)")) }
        let writes = world.writes.withLock { $0.count }
        _ = try await hub.verify()
        var after: [Int] = []
        for table in tables { after.append(try await number("SELECT count(*) FROM \(table)")) }

        #expect(before == after && world.writes.withLock { $0.count } == writes)
    }

    @Test func aLinkWithoutItsRecordAndOneOfNobodyAreNamed() async throws {
        try await run("UPDATE link SET record_id = 999999 WHERE id = (SELECT min(id) FROM link)")
        try await run("UPDATE link SET integration_id = 77 WHERE id = (SELECT max(id) FROM link)")
        let links = try await result(.links)

        #expect(links.errorCount == 2)
        #expect(links.errors.contains { $0.sentence.contains("record 999999, which is not there") })
        let nobodys = try #require(links.errors.first { $0.sentence.contains("integration 77, which is not there") })
        #expect(nobodys.command?.hasPrefix("crossdock explain ") == true)
    }

    @Test func aRecordThatIsLinkedNowhereIsNamedUnlessItsSideWasTakenAway() async throws {
        let id = try await number("SELECT min(id) FROM record WHERE kind = 'product'")
        try await run("DELETE FROM link WHERE record_id = \(id)")
        let records = try await result(.records)
        #expect(records.errors.map(\.record) == [Int64(id)])

        _ = try await hub.remove(shop.publicID, confirmed: "north", by: .hub)
        world.pass(seconds: 60)
        try await hub.drain()
        let later = try await result(.records)
        #expect(later.isPassed && later.remarks.first?.contains("was taken away") == true)
        #expect(try await result(.links).isPassed)
    }

    @Test func basesThatCannotBeReadAndDifferencesThatNoTaskBringsAreNamed() async throws {
        try await run("UPDATE link SET parts = 'nonsense' WHERE id = (SELECT min(id) FROM link)")
        let bases = try await result(.bases)
        #expect(bases.errors.contains { $0.sentence.contains("cannot be read") })
    }

    @Test func whatDiffersFromWhatASideWasGivenIsNamedWhereNoTaskBringsItThere() async throws {
        let world = try World()
        world.openShop("north", products: 4, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        for side in [south, shop] { _ = try await hub.pull(side) }
        try await world.settle(hub)
        let sku = try #require(world.firstSimpleSKU("north"))
        #expect(try await result(.bases, of: hub).isPassed)
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "12.00", at: now) }
        world.pass(seconds: 60)
        _ = try await hub.pull(shop)
        // It waits in a task: that is as it should be.
        #expect(try await result(.bases, of: hub).isPassed)

        let dropped = "UPDATE job SET state = 'cancelled', is_open = 0 WHERE queue = 'deliver' AND is_open = 1"
        try await world.damage(hub, dropped)
        let bases = try await result(.bases, of: hub)
        #expect(bases.errorCount == 1)
        #expect(bases.errors.first?.sentence.contains("is not in step with south (price") == true, "\(bases.errors)")
    }

    @Test func anOrderThatDoesNotAddUpAndIsNotHeldIsNamed() async throws {
        let id = try await number("SELECT min(id) FROM record WHERE kind = 'order'")
        let organization = hub.organization
        try await hub.store.write { session in
            let table = LedgerTable(session, organization: organization)
            var order = try #require(try table.records([Int64(id)]).first)
            var content = try #require(order.values[OrderPart.content])
            content.total = try content.total.adding(Money(minorUnits: 5, currency: content.currency))
            order.parts["content"]?.value = content.json
            try table.save([order])
        }
        let totals = try await result(.totals)
        #expect(totals.errors.map(\.record) == [Int64(id)])
        #expect(totals.errors.first?.sentence.contains("differ by") == true)

        try await run("UPDATE record SET hold = 'it does not add up' WHERE id = \(id)")
        #expect(try await result(.totals).isPassed)
    }

    @Test func stockThatItsMovementsDoNotComeToIsNamed() async throws {
        #expect(try await result(.stock).checked > 0)
        try await run("DELETE FROM movement WHERE id = (SELECT max(id) FROM movement WHERE record_id <> 0)")
        #expect(try await result(.stock).errorCount == 1)
    }

    @Test(arguments: [
        "UPDATE receipt SET record_id = 999999 WHERE id = (SELECT min(id) FROM receipt)",
        "UPDATE movement SET record_id = 999999 WHERE id = (SELECT min(id) FROM movement)",
        "DELETE FROM personal_key WHERE id = (SELECT max(id) FROM personal_key)",
        "UPDATE cursor SET integration_id = 77 WHERE kind = 'order'",
    ])
    func whatStandsForNothingIsFound(damage: String) async throws {
        try await run(damage)
        let orphans = try await result(.orphans)
        #expect(orphans.errorCount >= 1, "\(damage)")
    }

    @Test func aTaskOfNobodyIsNamed() async throws {
        let (organization, now) = (hub.organization, hub.now)
        let block = try await hub.ids.draw(2)
        try await hub.store.write { session in
            var ids = block
            try JobTable(session, organization: organization).add(
                [NewJob(.fetch, integration: 77, kind: .order, key: "1", runAt: now)], ids: &ids, now: now)
        }
        #expect(try await result(.work).errors.first?.sentence.contains("integration or a webhook") == true)
    }

    @Test func aTableColumnOrIndexThatIsMissingIsNamed() async throws {
        #expect(try await result(.schema).checked > 30)
        try await run("DROP INDEX receipt_record")
        #expect(try await result(.schema).errors.map(\.sentence) == ["the index receipt_record is missing"])
        try await run("ALTER TABLE receipt DROP COLUMN remarks")
        try await run("DROP TABLE log_wish")
        let schema = try await result(.schema)
        #expect(
            schema.errors.map(\.sentence) == [
                "the table log_wish is missing", "the column receipt.remarks is missing",
            ])
    }

    @Test func whatARealSideShowsOtherwiseIsFoundByASampleWithinItsBounds() async throws {
        let sku = try #require(world.firstSimpleSKU("north"))
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "12.00", at: now) }
        let drift = try await result(.drift, samples: 200)

        #expect(drift.errorCount == 1, "\(drift.errors)")
        #expect(drift.errors.first?.sentence.contains("shows something else there (price") == true)
        let few = try await result(.drift, samples: 3)
        #expect(few.checked <= 6)
        // It was looked at and not taken.
        _ = try await hub.pull(shop)
        try await world.settle(hub)
        #expect(try await result(.drift, samples: 200).isPassed)
    }

    @Test func aFarSideThatDoesNotAnswerIsARemarkAndNoError() async throws {
        world.shops.withLock { $0["north"] = nil }
        let drift = try await result(.drift, samples: 10)

        #expect(drift.isPassed && drift.remarks.contains { $0.hasPrefix("north: ") })
    }

    @Test func whoAsksLaterIsToldWhatTheLastOneCameTo() async throws {
        #expect(try await hub.lastVerification().json == nil)
        let task = try await hub.verifyLater(VerifyTerms(), by: .hub)
        #expect(task > 0)
        #expect(try await hub.lastVerification().isUnderWay)
        try await hub.drain()

        let (report, isUnderWay) = try await hub.lastVerification()
        #expect(!isUnderWay && report?["passed"] == true && report?["tests"]?["schema"]?["passed"] == true)
    }

    @Test func nothingThatIsSomebodysOwnStandsInWhatIsSaid() async throws {
        try await run("UPDATE link SET integration_id = 77 WHERE kind = 'customer' AND integration_id = \(shop.id)")
        let text = try await hub.verify().json.text
        let emails = (world.ask("north", "/customers").array ?? []).compactMap { $0["email"]?.string }

        #expect(!emails.isEmpty && emails.allSatisfy { !text.contains($0) })
    }
}
