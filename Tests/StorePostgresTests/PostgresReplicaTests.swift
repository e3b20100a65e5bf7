import Foundation
import Store
import TestStores
import Testing

@testable import StorePostgres

/// Queries that are asked of a replica. Its own server stands for it here: what is looked at is who is asked.
@Suite("A read replica")
struct PostgresReplicaTests {
    private struct Own: Error {}

    private let place = TestStore.Place()

    private func migration(_ key: String) -> Migration {
        Migration(
            "0001-organization",
            """
            CREATE TABLE organization (id INTEGER PRIMARY KEY NOT NULL, reference_key TEXT NOT NULL) STRICT;
            INSERT INTO organization (id, reference_key) VALUES (1, '\(key)');
            CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;
            """)
    }

    private func store(replica url: String) throws -> (store: ReplicatedStore, primary: any Store) {
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        let primary = try place.open([migration("ours")])
        let clock = Moment(seconds: 1_700_000_000)
        return (ReplicatedStore(primary, PostgresReplica(try PostgresAddress(url)), now: { clock }), primary)
    }

    /// Who answers a query.
    private func answering(_ store: any Store) async throws -> String? {
        try await store.read { try $0.rows("SELECT current_setting('application_name')", []).first?.text(0) }
    }

    @Test func queriesAreAskedOfTheReplicaAndStepsOfThePrimary() async throws {
        let (store, primary) = try store(replica: place.url + "&application_name=standby")
        #expect(try await answering(store) == "standby")
        #expect(try await answering(store.of(1)) == "standby")
        let name = try await store.write {
            try $0.rows("SELECT current_setting('application_name')", []).first?.text(0)
        }
        #expect(name == "crossdock")
        await #expect(throws: Own.self) { try await store.read { _ in throw Own() } }
        #expect(await store.isReplicaAsked, "what the query itself throws says nothing of the replica")
        await store.close()
        #expect(try await answering(primary) == "crossdock")
        await primary.close()
    }

    @Test func aReplicaOfAnotherStoreIsNeverAsked() async throws {
        let other = TestStore.Place()
        try await other.open([migration("theirs")]).close()
        let (store, primary) = try store(replica: other.url + "&application_name=standby")
        #expect(try await answering(store) == "crossdock")
        await store.close()
        await primary.close()
    }

    @Test func aReplicaThatIsAwayOrFailsIsLeftAloneForAWhile() async throws {
        let (store, primary) = try store(replica: "postgres://a@127.0.0.1:1/b")
        #expect(try await answering(store) == "crossdock")
        #expect(await !store.isReplicaAsked)
        await store.close()

        let (second, third) = try self.store(replica: place.url + "&application_name=standby")
        // The replica fails, the primary answers.
        let seen = try await second.read { session in
            let name = try session.rows("SELECT current_setting('application_name')", []).first?.text(0)
            if name == "standby" { throw StoreFailure.unavailable("conflict with recovery") }
            return name
        }
        #expect(seen == "crossdock")
        #expect(await !second.isReplicaAsked)
        await second.close()
        await primary.close()
        await third.close()
    }
}
