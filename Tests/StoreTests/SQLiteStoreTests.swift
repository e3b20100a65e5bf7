import Foundation
import Synchronization
import Testing

@testable import Store

/// What steps had done after their commits.
private final class Deeds: Sendable {
    private let list = Mutex<[Int]>([])

    var all: [Int] { list.withLock { $0 } }
    func add(_ number: Int) { list.withLock { $0.append(number) } }
}

@Suite("The embedded store")
struct SQLiteStoreTests {
    private let path = NSTemporaryDirectory() + "crossdock-store-" + UUID().uuidString + ".sqlite"
    private let table = Migration("0001-thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;")

    private func store(_ migrations: [Migration]? = nil) throws -> SQLiteStore {
        try SQLiteStore(path: path, migrations: migrations ?? [table, IDPool.migration])
    }

    private func things(in store: SQLiteStore) async throws -> Int64? {
        try await store.read { try $0.rows("SELECT count(*) FROM thing", []).first?.integer(0) }
    }

    @Test func theWriterKeepsSynchronousFullAndTheLogIsAhead() async throws {
        let store = try store()
        let level = try await store.write { try $0.rows("PRAGMA synchronous", []).first?.integer(0) }
        let mode = try await store.write { try $0.rows("PRAGMA journal_mode", []).first?.text(0) }
        #expect(level == 2)
        #expect(mode == "wal")
    }

    @Test func aClaimAloneWaitsForNoDiskAndEveryOtherStepDoes() async throws {
        let store = try store()
        for _ in 0..<3 {
            for (priority, level) in [(StepPriority.lease, 1), (.urgent, 2), (.normal, 2), (.lease, 1), (.bulk, 2)] {
                let found = try await store.write(priority) { try $0.rows("PRAGMA synchronous", []).first?.integer(0) }
                #expect(found == Int64(level), "\(priority)")
            }
        }
    }

    @Test func claimsThatWaitWithOtherStepsAreNotHeldUpByTheirDisk() async throws {
        let store = try store()
        let levels = try await withThrowingTaskGroup(of: (StepPriority, Int64?).self) { group in
            for number in 0..<200 {
                let priority = StepPriority.allCases[number % StepPriority.allCases.count]
                group.addTask {
                    let level = try await store.write(priority) { session in
                        try session.run("INSERT INTO thing (name) VALUES (?1)", [.text("thing \(number)")])
                        return try session.rows("PRAGMA synchronous", []).first?.integer(0)
                    }
                    return (priority, level)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(levels.allSatisfy { priority, level in level == (priority == .lease ? 1 : 2) })
        #expect(try await things(in: store) == 200)
    }

    @Test func whatWaitsForTheCommitIsDoneOnceForEachStepThatIsKeptAndNeverForAnother() async throws {
        let store = try store()
        let done = Deeds()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try? await store.write { session in
                        session.afterCommit { done.add(number) }
                        try session.run("INSERT INTO thing (name) VALUES (?1)", [.text("thing \(number / 2)")])
                    }
                }
            }
        }
        // One of each two names is refused, and whoever shared its commit was run again.
        #expect(done.all.count == 100)
        #expect(Set(done.all.map { $0 / 2 }).count == 100)
    }

    @Test func whatAQueryWouldHaveDoneIsNotDone() async throws {
        let store = try store()
        let done = Deeds()
        try await store.read { $0.afterCommit { done.add(1) } }
        #expect(done.all.isEmpty)
    }

    @Test func theStoreWithoutThreadsDoesTheSame() async throws {
        let store = try InlineSQLiteStore(migrations: [table, IDPool.migration])
        let done = Deeds()
        for number in [1, 1, 2] {
            try? await store.write { session in
                session.afterCommit { done.add(number) }
                try session.run("INSERT INTO thing (id) VALUES (?1)", [.integer(Int64(number))])
            }
        }
        #expect(done.all == [1, 2])
    }

    @Test func theStoreWithoutThreadsJoinsStepsAndUndoesTheRefusedOneAlone() throws {
        let store = try InlineSQLiteStore(migrations: [table])
        let kept = Deeds()
        let refused = Deeds()
        let steps = [1, 1, 2].enumerated().map { place, number in
            WaitingStep(.normal) { session in
                try session.run("INSERT INTO thing (id) VALUES (?1)", [.integer(Int64(number))])
            } _: { (result: Result<Int, any Error>) in
                if case .success = result { kept.add(place) } else { refused.add(place) }
            }
        }

        let (tell, changes) = store.commitTogether(steps)
        #expect(kept.all.isEmpty && refused.all.isEmpty)
        tell.forEach { $0() }

        #expect(changes >= 2 && kept.all == [0, 2] && refused.all == [1])
        #expect(try store.look { try $0.rows("SELECT id FROM thing ORDER BY id", []).map { $0.integer(0) } } == [1, 2])
    }

    @Test func whatWasNotMadeDurableIsForgottenWithThePowerAndKeptByTheNextDurableStep() throws {
        let store = try InlineSQLiteStore(migrations: [table])
        func put(_ id: Int64, isDurable: Bool) throws {
            try store.commit(isDurable: isDurable) { session in
                _ = try session.run("INSERT INTO thing (id) VALUES (?1)", [.integer(id)])
            }
        }
        func kept() throws -> [Int64] {
            try store.look { try $0.rows("SELECT id FROM thing ORDER BY id", []).map { $0.integer(0) } }
        }

        try put(1, isDurable: false)
        try put(2, isDurable: true)
        try put(3, isDurable: false)
        #expect(throws: StoreFailure.self) { try put(3, isDurable: false) }
        #expect(try kept() == [1, 2, 3])

        #expect(try store.losePower())
        #expect(try kept() == [1, 2])
        #expect(try !store.losePower())
    }

    @Test func manyStepsAtOnceAreAllKeptAndOneThatFailsIsUndoneAlone() async throws {
        let store = try store()
        let failures = await withTaskGroup(of: Bool.self) { group in
            for number in 1...300 {
                group.addTask {
                    do {
                        try await store.write { session in
                            try session.run("INSERT INTO thing (name) VALUES (?1)", [.text("thing \(number)")])
                            // Every hundredth breaks a rule after it has written something.
                            if number % 100 == 0 {
                                try session.run("INSERT INTO thing (name) VALUES (?1)", [.text("thing \(number)")])
                            }
                        }
                        return false
                    } catch {
                        return error is StoreFailure
                    }
                }
            }
            var count = 0
            for await failed in group where failed { count += 1 }
            return count
        }
        let kept = try await store.read { try $0.rows("SELECT count(*) FROM thing", []).first?.integer(0) }
        #expect(failures == 3)
        #expect(kept == 297)
    }

    @Test func aFullStoreRefusesWithAReasonLosesNothingAndGoesOnWhenThereIsRoom() async throws {
        let store = try store()
        let page = String(repeating: "x", count: 20_000)
        // SQLite's own limit stands for a disk without room: both end a write with SQLITE_FULL.
        let pages = try await store.write { session in
            let count = try session.rows("PRAGMA page_count", []).first?.integer(0) ?? 0
            return try session.rows("PRAGMA max_page_count = \(count + 16)", []).first?.integer(0)
        }
        #expect(pages != nil)
        var kept = 0
        var failure: StoreFailure?
        for number in 1...10 where failure == nil {
            do {
                try await store.write {
                    _ = try $0.run("INSERT INTO thing (name) VALUES (?1)", [.text("\(number)\(page)")])
                }
                kept += 1
            } catch let error as StoreFailure {
                failure = error
            }
        }
        #expect(kept > 0 && failure != nil)
        #expect("\(failure.map(String.init(describing:)) ?? "")".contains("full"))
        #expect(try await things(in: store) == Int64(kept))

        try await store.write { _ = try $0.rows("PRAGMA max_page_count = 100000", []) }
        try await store.write { _ = try $0.run("INSERT INTO thing (name) VALUES (?1)", [.text(page)]) }
        #expect(try await things(in: store) == Int64(kept + 1))
    }

    @Test func aStepThatThrowsLeavesNothing() async throws {
        struct Stop: Error {}
        let store = try store()
        await #expect(throws: Stop.self) {
            try await store.write { session in
                try session.run("INSERT INTO thing (name) VALUES ('gone')", [])
                throw Stop()
            }
        }
        #expect(try await store.read { try $0.rows("SELECT * FROM thing", []) }.isEmpty)
    }

    @Test func aSetOfKeysIsOneParameter() async throws {
        let store = try store()
        try await store.write { session in
            let rows: [[SQLValue]] = [[.text("a")], [.text("b")], [.text("c'; --")]]
            try session.save(rows, as: Upsert("thing", ["name"], key: ["name"]))
        }
        let found = try await store.read {
            try $0.rows("SELECT name FROM thing WHERE name IN {1} ORDER BY name", [.keys(["c'; --", "a", "z"])])
        }
        #expect(found.map { $0.text(0) } == ["a", "c'; --"])
    }

    @Test func whatWasWrittenIsThereAfterReopening() async throws {
        let first = try store()
        _ = try await first.write { try $0.run("INSERT INTO thing (name) VALUES ('stays')", []) }
        await first.close()
        let second = try store()
        #expect(try await second.read { try $0.rows("SELECT name FROM thing", []) }.first?.text(0) == "stays")
    }

    @Test func aStoreOfANewerVersionIsRefusedInWords() async throws {
        let newer = try store([
            table, IDPool.migration, Migration("9999-future", "CREATE TABLE future (id INTEGER) STRICT;"),
        ])
        await newer.close()
        do {
            _ = try store()
            Issue.record("opened a store of a newer version")
        } catch let failure as StoreFailure {
            #expect(failure.description.contains("newer Crossdock (9999-future)"))
        }
    }

    @Test func aFileThatIsNoDatabaseIsRefusedAndLeftAlone() throws {
        let bytes = Data("this is a letter, not a database; it is long enough to be mistaken for one".utf8)
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreFailure.self) { _ = try store() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    @Test func aClosedStoreRefusesAndDoesNotHang() async throws {
        let store = try store()
        await store.close()
        await #expect(throws: StoreFailure.closed) { try await store.write { _ in } }
    }

    @Test func twoProcessesTakeTurns() async throws {
        let (one, other) = (try store(), try store())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...40 {
                group.addTask {
                    _ = try await (number % 2 == 0 ? one : other).write { session in
                        try session.run("INSERT INTO thing (name) VALUES (?1)", [.text("n\(number)")])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await one.read { try $0.rows("SELECT count(*) FROM thing", []).first?.integer(0) } == 40)
    }

    @Test func idsAreNeverGivenTwiceNotEvenByTwoProcesses() async throws {
        let pools = [IDPool(try store()), IDPool(try store())]
        let all = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for number in 0..<60 {
                let pool = pools[number % 2]
                group.addTask {
                    var block = try await pool.draw(400)
                    return try (0..<400).map { _ in try block.next() }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(all).count == 60 * 400)
        #expect(all.allSatisfy { $0 < 1 << 53 })
    }
}
