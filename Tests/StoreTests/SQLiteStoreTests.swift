import Foundation
import Synchronization
import Testing

@testable import Store

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

    @Test func manyMayOpenANewFileAtOnce() throws {
        for round in 0..<20 {
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                do {
                    _ = try SQLiteStore.migrate(path: "\(path)-\(round)", migrations: [table])
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock(\.self) == [])
        }
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
        let (levels, told) = AsyncStream.makeStream(of: (StepPriority, Int64?).self)
        // The writer is kept busy until all of them wait.
        let gate = DispatchSemaphore(value: 0)
        store.committer.submit(WaitingStep(.lease, { _ in _ = gate.wait(timeout: .distantFuture) }, { _ in }))
        for number in 0..<200 {
            let priority = StepPriority.allCases[number % StepPriority.allCases.count]
            let step = WaitingStep(priority) { session -> Int64? in
                try session.run("INSERT INTO thing (name) VALUES (?1)", [.text("thing \(number)")])
                return try session.rows("PRAGMA synchronous", []).first?.integer(0)
            } _: { result in
                told.yield((priority, try? result.get()))
            }
            store.committer.submit(step)
        }
        gate.signal()
        var found: [(StepPriority, Int64?)] = []
        for await level in levels.prefix(200) { found.append(level) }
        #expect(found.allSatisfy { priority, level in level == (priority == .lease ? 1 : 2) })
        #expect(try await things(in: store) == 200)
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

    /// What a statement would undo was once kept up to a megabyte, and what was more than that could not be written to
    /// a file: it came back as a disk that is full.
    @Test func aStatementThatChangesMegabytesIsDoneOrUndoneWhole() async throws {
        let store = try store()
        try await store.write { session in
            for number in 0..<6000 {
                let name = "\(number) " + String(repeating: "long ", count: 100)
                try session.run("INSERT INTO thing (name) VALUES (?1)", [.text(name)])
            }
        }
        _ = try await store.write { try $0.run("UPDATE thing SET name = 'x' || name", []) }
        await #expect(throws: StoreFailure.self) {
            try await store.write { session in
                try session.run("UPDATE thing SET name = CASE WHEN id = 6000 THEN NULL ELSE 'y' || name END", [])
                try session.run("INSERT INTO thing (name) SELECT name || '' FROM thing", [])
            }
        }
        let begun = try await store.read { session in
            try ["x%", "y%"].map {
                try session.rows("SELECT count(*) FROM thing WHERE name LIKE ?1", [.text($0)]).first?.integer(0)
            }
        }
        #expect(begun == [6000, 0])
    }

    @Test func aFileThatIsNoDatabaseIsRefusedAndLeftAlone() throws {
        let bytes = Data("this is a letter, not a database; it is long enough to be mistaken for one".utf8)
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreFailure.self) { _ = try store() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }
}
