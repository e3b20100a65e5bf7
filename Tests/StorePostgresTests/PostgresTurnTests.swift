import Dispatch
import Store
import Synchronization
import TestStores
import Testing

@testable import StorePostgres

/// Steps that wait for the turn of their organization, and those that do not.
@Suite("The turn of an organization on a server")
struct PostgresTurnTests {
    private let place = TestStore.Place()
    private let thing = Migration(
        "0001-thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB) STRICT;")

    private func store() throws -> any Store {
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        return try place.open([thing])
    }

    private func ids(in store: any Store) async throws -> [Int64] {
        try await store.read { try $0.rows("SELECT id FROM thing ORDER BY id", []).map { $0.integer(0) } }
    }

    @Test func aStepWithoutATurnIsDoneWhileAnotherProcessHasIt() async throws {
        let (holder, other) = (try store(), try store())
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        let mayEnd = DispatchSemaphore(value: 0)
        async let held: Void = holder.of(1).write { session in
            try session.run("INSERT INTO thing (id) VALUES (1)", [])
            continuation.yield()
            mayEnd.wait()
            // A step may be run again: on a busy machine the server gives up one that waits so long.
            mayEnd.signal()
        }
        for await _ in begun { break }
        let hadTurn = try await other.of(1).freely.write { session in
            try session.run("INSERT INTO thing (id) VALUES (2)", [])
            return session.hasTurn
        }
        #expect(!hadTurn)
        #expect(try await ids(in: other) == [2])
        mayEnd.signal()
        try await held
        #expect(try await ids(in: other) == [1, 2])
        await holder.close()
        await other.close()
    }

    @Test func aClaimIsDoneWhileAStepThatDoesWithoutTheTurnTakesLong() async throws {
        let store = try store()
        let free = store.of(1).freely
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        let mayEnd = DispatchSemaphore(value: 0)
        async let held: Void = free.write { session in
            try session.run("INSERT INTO thing (id) VALUES (1)", [])
            continuation.yield()
            mayEnd.wait()
            mayEnd.signal()
        }
        for await _ in begun { break }
        try await free.write(.lease) { _ = try $0.run("INSERT INTO thing (id) VALUES (2)", []) }
        #expect(try await ids(in: store) == [2])
        mayEnd.signal()
        try await held
        await store.close()
    }

    @Test func aStepThatNeedsTheTurnIsRunAgainWithItAndThoseBesideItOnce() async throws {
        let store = try store()
        let free = store.of(1).freely
        let told = try await withThrowingTaskGroup(of: Bool.self) { group in
            for id in 0..<60 as Range<Int64> {
                group.addTask {
                    do {
                        return try await free.write { session in
                            try session.run("INSERT INTO thing (id) VALUES (?1)", [.integer(id)])
                            if id % 3 == 0, !session.hasTurn { throw NeedsTurn() }
                            if id % 10 == 1 { throw StoreFailure.refused("this one alone") }
                            return session.hasTurn
                        }
                    } catch StoreFailure.refused { return id % 3 == 0 }
                }
            }
            return try await group.reduce(into: [true: 0, false: 0]) { $0[$1, default: 0] += 1 }
        }
        #expect(told == [true: 20, false: 40])
        #expect(try await ids(in: store) == (0..<60).filter { $0 % 10 != 1 })
        await store.close()
    }

    @Test func whatStepsThatWaitTogetherBeginWithIsThereBeforeTheFirstOfThemRuns() async throws {
        let store = try store()
        let lines = PostgresLines()
        let writer = PostgresWriter(PostgresPlace(address: try PostgresAddress(place.url)), lines)
        let insert = Upsert("thing", ["id", "name"], key: ["name"])
        let seen = Mutex<[[Int64]]>([])
        let steps = [1, 2, 3].map { (id: Int64) in
            let opening = Opening(insert, [.integer(id), .text("thing \(id)")])
            return WaitingStep(.urgent, opening: opening) { session in
                let changed = try session.run(opening.sql, opening.values)
                let there = try session.rows("SELECT id FROM thing ORDER BY id", []).map { $0.integer(0) }
                return [Int64(changed)] + there
            } _: { told in
                if case .success(let ids) = told { seen.withLock { $0.append(ids) } }
            }
        }
        steps.forEach { lines.submit($0, of: PostgresLines.Name(1)) }
        #expect(writer.serveWaiting() == 3)
        #expect(seen.withLock { $0 } == Array(repeating: [1, 1, 2, 3], count: 3))
        await store.close()
    }

    @Test func tablesThatHaveGrownMuchAreLookedAtOnce() async throws {
        let store = try store()
        // Not by the store, which would look at it by itself.
        let address = try PostgresAddress(place.url)
        try PostgresStore.run(
            "INSERT INTO thing (id, name) SELECT n, CAST(n AS text) FROM generate_series(1, 5000) AS n", at: address)
        let upkeep = try PostgresUpkeep(address)
        #expect(try upkeep.lookAtGrown().contains("thing"))
        #expect(try !upkeep.lookAtGrown().contains("thing"))
        await store.close()
    }

    @Test func whetherTablesHaveGrownIsAskedTheSeldomerTheMoreThereIs() throws {
        let place = PostgresPlace(address: try PostgresAddress("postgres://nobody@localhost/none"))
        var looks: [Int] = []
        for changed in 1...200 where place.isTimeForLook(after: 500) { looks.append(changed * 500) }
        #expect(looks == [1000, 3000, 9000, 27000, 81000])
    }
}
