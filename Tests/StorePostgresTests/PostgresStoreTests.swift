import Foundation
import Store
import Synchronization
import TestStores
import Testing

@testable import StorePostgres

/// What only a server does. The address of one is in `POSTGRES_FOR_TESTS` (scripts/test starts it).
@Suite("The store on a server")
struct PostgresStoreTests {
    private let place = TestStore.Place()
    private let thing = Migration(
        "0001-thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB) STRICT;")

    private func server() throws -> String {
        try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
    }

    private func store() throws -> any Store {
        _ = try server()
        return try place.open([thing])
    }

    private func insert(_ id: Int64, _ session: any StoreSession) throws {
        try session.run("INSERT INTO thing (id, name) VALUES (?1, ?2)", [.integer(id), .text("thing \(id)")])
    }

    private func ids(in store: any Store) async throws -> [Int64] {
        try await store.read { try $0.rows("SELECT id FROM thing ORDER BY id", []).map { $0.integer(0) } }
    }

    @Test func aClaimAloneWaitsForNoDisk() async throws {
        let store = try store()
        for priority in StepPriority.allCases {
            let level = try await store.write(priority) { try $0.rows("SHOW synchronous_commit", [])[0].text(0) }
            #expect(level == (priority == .lease ? "off" : "on"), "\(priority)")
        }
    }

    @Test func aStepWhoseConnectionIsLostIsRunAgainAndKeptOnce() async throws {
        let store = try store()
        let runs = Mutex(0)
        try await store.write { session in
            try insert(1, session)
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            if run == 1 { _ = try session.rows("SELECT pg_terminate_backend(pg_backend_pid())", []) }
            try insert(2, session)
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(try await ids(in: store) == [1, 2])
    }

    /// A trigger that waits for the commit ends the connection in it, once.
    @Test func aCommitThatWasCutOffAndNotKeptIsDoneAgain() async throws {
        let store = try store()
        try await store.write { session in
            try session.run("CREATE SEQUENCE cut", [])
            try session.run(
                """
                CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF nextval('cut') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                    RETURN NULL; END $$
                """, [])
            try session.run(
                """
                CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION cut()
                """, [])
        }
        try await store.write { try insert(7, $0) }
        #expect(try await ids(in: store) == [7])
    }

    @Test func aCommitIsKnownToBeKeptByItsMarkAndElseCanNeverBe() async throws {
        let store = try store()
        let address = try PostgresAddress(place.url)
        _ = try await store.write { session in
            try session.run("INSERT INTO write_mark (organization_id, id) VALUES (9, 1)", [])
        }
        let writer = PostgresWriter(PostgresPlace(address: address), PostgresLines())
        let link = try PostgresConnection(address)
        #expect(try writer.wasKept(1, of: 9, link))
        #expect(try !writer.wasKept(2, of: 9, link))
        // Who comes late with that mark is refused.
        #expect(throws: PostgresFailure.self) {
            try link.send("INSERT INTO write_mark (organization_id, id) VALUES (9, 2)")
            try link.finish()
        }
    }

    @Test func whatOneProcessWritesWakesTheOthersAndNotItself() async throws {
        let (one, other) = (try store(), try store())
        let (woken, arrived) = AsyncStream<Void>.makeStream()
        let own = Mutex(0)
        other.listen { arrived.yield() }
        one.listen { own.withLock { $0 += 1 } }
        var wakes = woken.makeAsyncIterator()
        // The first comes from listening itself.
        await wakes.next()
        try await one.write { try insert(1, $0) }
        await wakes.next()
        #expect(own.withLock { $0 } <= 1)
        await one.close()
        await other.close()
    }

    @Test func manyRowsAreSavedAsListsAndAByteZeroIsReplaced() async throws {
        let store = try store()
        let upsert = Upsert("thing", ["id", "name", "body"], key: ["id"], updates: ["name", "body"])
        try await store.write { session in
            try session.save(
                (0..<700).map { [.integer($0), .text("n\($0)"), $0 % 2 == 0 ? .null : .blob([])] }, as: upsert)
            try session.save([[.integer(3), .text("a\0b"), .null], [.integer(3), .text("c\0d"), .null]], as: upsert)
        }
        let rows = try await store.read { try $0.rows("SELECT id, name, body FROM thing ORDER BY id", []) }
        #expect(rows.count == 700)
        #expect(rows[3].text(1) == "c\u{FFFD}d")
        #expect(rows[4].values[2] == .null)
        #expect(rows[5].values[2] == .blob([]))
    }

    @Test func twoProcessesThatMigrateAtOnceDoNotCollide() async throws {
        _ = try server()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = try store()
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(try await ids(in: store()).isEmpty)
    }

    @Test func aMigrationThatFailsLeavesNothingAndCanBeRunAgain() async throws {
        _ = try server()
        let broken = Migration("0002-broken", "CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT; SELECT 1 / 0;")
        #expect(throws: StoreFailure.self) { _ = try place.open([thing, broken]) }
        let whole = Migration("0002-broken", "CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT;")
        let store = try place.open([thing, whole])
        #expect(try await store.read { try $0.rows("SELECT * FROM other", []) }.isEmpty)
    }
}
