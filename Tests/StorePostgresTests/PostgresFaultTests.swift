import Foundation
import Store
import TestStores
import Testing

@testable import StorePostgres

@Suite("A server that goes away under load")
struct PostgresFaultTests {
    private let place = TestStore.Place()
    private let tables = Migration(
        "0001-tables",
        """
        CREATE TABLE told (id INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE total (id INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
        INSERT INTO total VALUES (1, 0);
        """)

    private static let steps: Int64 = 400
    private static let keptBetweenCuts = 40

    /// Every connection of two processes is ended again and again, some in the middle of a commit. What was said to be
    /// kept is there, once, and what was counted from what was read adds up.
    @Test func connectionsThatAreEndedAgainAndAgainLoseNothingAndDoNothingTwice() async throws {
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        try place.make()
        let name = "fault-" + UUID().uuidString.prefix(8)
        let address = try PostgresAddress(place.url + "&application_name=\(name)")
        let stores = try (0..<2).map { _ in try PostgresStore(address, migrations: [tables]) }
        let (news, kept) = AsyncStream<Int64>.makeStream()

        let told = try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 1...Self.steps {
                group.addTask {
                    do {
                        try await stores[Int(id % 2)].of(1).write { session in
                            let count = try session.rows("SELECT count FROM total WHERE id = 1", [])[0].integer(0)
                            try session.run("INSERT INTO told (id) VALUES (?1)", [.integer(id)])
                            try session.run("UPDATE total SET count = ?1 WHERE id = 1", [.integer(count + 1)])
                        }
                    } catch {
                        // Nobody waits for what will not come.
                        kept.finish()
                        throw error
                    }
                    kept.yield(id)
                }
            }
            var told: [Int64] = []
            for await id in news {
                told.append(id)
                if told.count % Self.keptBetweenCuts == 0 { try await cut(String(name)) }
                if told.count == Int(Self.steps) { break }
            }
            try await group.waitForAll()
            return told
        }

        let row = try await stores[0].read { session in
            try session.rows("SELECT count(*), (SELECT count FROM total WHERE id = 1) FROM told", [])[0]
        }
        #expect(Set(told).count == Int(Self.steps))
        #expect(row.integer(0) == Self.steps)
        #expect(row.integer(1) == Self.steps)
        for store in stores { await store.close() }
    }

    private func cut(_ name: String) async throws {
        let other = try place.open([tables])
        try await other.write { session in
            _ = try session.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?1", [.text(name)])
        }
        await other.close()
    }
}
