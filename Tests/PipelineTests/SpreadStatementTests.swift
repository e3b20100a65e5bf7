import Ledger
import Pipeline
import Queue
import Sandbox
import Store
import TestStores
import Testing

/// Every statement that the suites of this target run on a server is looked at (`WatchedStore`): its plan names one
/// organization at every table that is spread. Here it is made sure that the look sees what it must.
@Suite("Statements, spread by organization")
struct SpreadStatementTests {
    private let place = TestStore.Place()

    @Test(arguments: [
        "SELECT count(*) FROM job WHERE state = 'available'", "DELETE FROM delivery WHERE id = 5",
        "UPDATE job SET priority = 1 WHERE organization_id > 1",
        """
        SELECT job.id FROM job JOIN batch_member AS member ON member.job_id = job.id WHERE job.organization_id = 1
        """,
        """
        SELECT job.id FROM job JOIN record ON record.organization_id = job.organization_id AND record.id = job.id
        """,
        """
        UPDATE job SET priority = 1 WHERE organization_id = 1 AND id IN (SELECT id FROM link)
        """,
        "SELECT 1 FROM job WHERE organization_id = 1 AND EXISTS (SELECT 1 FROM link WHERE organization_id = 2)",
        "INSERT INTO pause (integration_id, queue, paused_by, reason, paused_at) VALUES (1, 'a', 'b', 'c', 1)",
        """
        INSERT INTO turn (organization_id, integration_id, operation, served_at) VALUES (1, 1, 'a', 1)
        ON CONFLICT (integration_id, operation) DO NOTHING
        """,
    ])
    func oneThatNamesNoOrganizationIsFound(sql: String) async throws {
        guard place.isPostgres else { return }
        let store = WatchedStore(try place.open(Hub.migrations))
        await #expect(throws: (any Error).self) { try await store.write { _ = try $0.run(sql, []) } }
        await store.close()
    }

    @Test(arguments: [
        "SELECT count(*) FROM job WHERE organization_id = ?1 AND state = 'available'",
        "SELECT public_id FROM address WHERE integration_id > ?1", "UPDATE identity SET next = next + ?1",
        """
        SELECT job.id FROM job JOIN record ON record.organization_id = job.organization_id AND record.id = job.id
        WHERE job.organization_id = ?1
        """,
        "WITH one AS MATERIALIZED (SELECT id FROM job WHERE organization_id = ?1 LIMIT 1) SELECT id FROM one",
    ])
    func oneThatNamesItIsLetThrough(sql: String) async throws {
        let store = WatchedStore(try place.open(Hub.migrations))
        _ = try await store.write { try $0.rows(sql, [.integer(1)]) }
        await store.close()
        place.remove()
    }

    /// A day of two shops, with a webhook, an edit, a conflict and work that ends: the hot paths are among what was
    /// looked at, and no id was given twice.
    @Test func theHotPathsAreLookedAt() async throws {
        let world = try World()
        world.openShop("north", products: 6, customers: 2, orders: 2)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        for shop in [north, south, north] {
            _ = try await hub.pull(shop)
            try await world.settle(hub)
        }
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "12.00", at: now) }
        _ = world.inShop("south") { shop, now in shop.editPrice(sku: sku, to: "13.00", at: now) }
        world.pass(seconds: 60)
        for shop in [north, south] { _ = try await hub.pull(shop) }
        try await world.settle(hub)
        try await hub.tick()
        try await hub.drain()

        for table in ["record", "link", "conflict", "receipt", "movement", "run", "job", "integration", "delivery"] {
            let twice = try await world.count(
                hub, "SELECT count(*) FROM (SELECT id FROM \(table) GROUP BY id HAVING count(*) > 1) AS twice")
            #expect(twice == 0, "\(table)")
        }
        let all = ["record", "link", "conflict", "receipt", "movement", "run", "integration", "delivery"]
            .map { "SELECT id FROM \($0)" }.joined(separator: " UNION ALL ")
        let shared = "SELECT count(*) FROM (SELECT id FROM (\(all)) AS one GROUP BY id HAVING count(*) > 1) AS twice"
        #expect(try await world.count(hub, shared) == 0)

        guard place.isPostgres else { return }
        let seen = WatchedStore.seen
        for start in [
            "INSERT INTO job", "UPDATE job SET state = 'running'", "INSERT INTO change", "INSERT INTO counter",
            "INSERT INTO record", "INSERT INTO link", "INSERT INTO receipt", "INSERT INTO cursor", "DELETE FROM job",
            "UPDATE identity",
        ] {
            #expect(seen.contains { $0.hasPrefix(start) }, "\(start)")
        }
        #expect(seen.count > 60)
    }
}
