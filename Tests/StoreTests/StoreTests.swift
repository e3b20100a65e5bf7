import Foundation
import Store
import Synchronization
import TestStores
import Testing

/// What steps had done after their commits.
final class Deeds: Sendable {
    private let list = Mutex<[Int]>([])

    var all: [Int] { list.withLock { $0 } }
    func add(_ number: Int) { list.withLock { $0.append(number) } }
}

/// What every store does, whichever it is.
@Suite("A store")
struct StoreTests {
    private let place = TestStore.Place()

    private func store(_ migrations: [Migration]? = nil) throws -> any Store {
        try place.open(migrations ?? [Thing.migration, IDPool.migration])
    }

    private func things(in store: any Store) async throws -> Int64? {
        try await store.read { try $0.rows("SELECT count(*) FROM thing", []).first?.integer(0) }
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

    /// Each name is asked for by two steps, and every tenth brings a number that is taken.
    @Test(arguments: [Upsert?.none, Upsert("thing", ["id", "name"], key: ["name"])])
    func stepsThatBeginWithAStatementAreToldWhatItChangedAndOneThatIsRefusedFailsAlone(
        insert: Upsert?
    ) async throws {
        let store = try store()
        _ = try await store.write { try $0.run("INSERT INTO thing (id, name) VALUES (1, 'first')", []) }
        let inserted = Deeds()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                let id: Int64 = number / 2 % 10 == 0 ? 1 : Int64(1000 + number)
                let values: [SQLValue] = [.integer(id), .text("thing \(number / 2)")]
                let sql = "INSERT INTO thing (id, name) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING"
                let opening = insert.map { Opening($0, values) } ?? Opening(sql, values)
                group.addTask {
                    try? await store.write(.urgent, opening: opening) { session, changed in
                        for _ in 0..<changed { session.afterCommit { inserted.add(number / 2) } }
                    }
                }
            }
        }
        #expect(inserted.all.sorted() == (0..<100).filter { $0 % 10 != 0 })
        #expect(try await things(in: store) == 91)
    }

    /// The store keeps a text's bytes, but for the byte 0, which a server does not keep.
    @Test func stepsThatInsertARowAreToldThatItIsNewWhateverItsKeyIsWrittenIn() async throws {
        let store = try store()
        let insert = Upsert("thing", ["id", "name"], key: ["name"])
        let names = ["\u{E9}", "e\u{301}", "a\0b", "", " ", "\u{E9} "]
        let inserted = Deeds()
        await withTaskGroup(of: Void.self) { group in
            for (number, name) in names.enumerated() {
                let opening = Opening(insert, [.integer(Int64(1000 + number)), .text(name)])
                group.addTask {
                    try? await store.write(.urgent, opening: opening) { session, changed in
                        for _ in 0..<changed { session.afterCommit { inserted.add(number) } }
                    }
                }
            }
        }
        #expect(inserted.all.sorted() == Array(names.indices))
    }

    @Test func whoHasWrittenSeesItInWhateverHeAsksThen() async throws {
        let store = try store()
        let missed = Deeds()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let name: [SQLValue] = [.text("thing \(number)")]
                    try await store.write { _ = try $0.run("INSERT INTO thing (name) VALUES (?1)", name) }
                    let found = try await store.read { try $0.rows("SELECT id FROM thing WHERE name = ?1", name) }
                    if found.count != 1 { missed.add(number) }
                }
            }
            try await group.waitForAll()
        }
        #expect(missed.all == [])
    }

    @Test func aQuestionOfSeveralStatementsIsAnsweredInTheirOrder() async throws {
        let store = try store()
        let (before, changed, rest) = try await store.write { session in
            let name = Question("SELECT name FROM thing WHERE id = ?1", [.integer(1)]) { $0.map { $0.text(0) } }
            let update = Question("UPDATE thing SET name = ?1 WHERE id = 1 RETURNING id", [.text("new")]) { $0.count }
            try session.run("INSERT INTO thing (id, name) VALUES (1, 'old')", [])
            let ((before, changed), rest) = try session.ask(
                name.with(update).with(Question(all: [name, Question(known: ["known"]), name])))
            return (before, changed, rest)
        }
        #expect(before == ["old"])
        #expect(changed == 1)
        #expect(rest == [["new"], ["known"], ["new"]])
    }

    @Test(arguments: ["save", "tell"])
    func whatIsWrittenWithoutWaitingAndRefusedUndoesItsStepAlone(how: String) async throws {
        let store = try store()
        let row = Upsert("thing", ["name"])
        let kept = Deeds()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let values: [SQLValue] = [.text("thing \(number / 2)")]
                    try? await store.write { session in
                        if how == "save" {
                            try session.save([values], as: row)
                        } else {
                            try session.tell("INSERT INTO thing (name) VALUES (?1)", values)
                        }
                    }
                    try? await store.write { _ in kept.add(number) }
                }
            }
        }
        // A step that shared its commit with a refused one is run again.
        #expect(Set(kept.all).count == 100)
        #expect(try await things(in: store) == 50)
    }

    @Test func whatWasSavedIsSeenByTheNextQuestionOfItsStepAndOfThoseThatShareItsCommit() async throws {
        let store = try store()
        let row = Upsert("thing", ["name"])
        let seen = Deeds()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let count = try await store.write { session in
                        try session.save([[.text("thing \(number)")]], as: row)
                        return try session.rows("SELECT count(*) FROM thing", [])[0].integer(0)
                    }
                    seen.add(Int(count))
                }
            }
            try await group.waitForAll()
        }
        #expect(seen.all.sorted() == Array(1...50))
    }

    @Test func whatAQueryWouldHaveDoneIsNotDone() async throws {
        let store = try store()
        let done = Deeds()
        try await store.read { $0.afterCommit { done.add(1) } }
        #expect(done.all.isEmpty)
    }

    @Test(arguments: [1, 2, 31, 32, 33, 100])
    func manyRowsOfOneTableAreSavedAsIfOneByOneAlsoWhereTheirKeysRepeat(count: Int) async throws {
        let store = try store()
        let row = Upsert("thing", ["id", "name"], key: ["id"], updates: ["name"])
        try await store.write { session in
            try session.save((0..<count).map { [.integer(Int64($0 / 2)), .text("thing \($0)")] }, as: row)
        }
        let names = try await store.read { try $0.rows("SELECT name FROM thing ORDER BY id", []).map { $0.text(0) } }
        #expect(names == (0..<(count + 1) / 2).map { "thing \(min($0 * 2 + 1, count - 1))" })
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
            Thing.migration, IDPool.migration, Migration("9999-future", "CREATE TABLE future (id INTEGER) STRICT;"),
        ])
        await newer.close()
        do {
            _ = try store()
            Issue.record("opened a store of a newer version")
        } catch let failure as StoreFailure {
            #expect(failure.description.contains("newer Crossdock (9999-future)"))
        }
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

    @Test func stepsOfTwoProcessesThatReadDecideAndWriteLoseNothing() async throws {
        let (one, other) = (try store(), try store())
        try await one.write { _ = try $0.run("INSERT INTO thing (id, name) VALUES (1, '0')", []) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...100 {
                group.addTask {
                    try await (number % 2 == 0 ? one : other).of(7).write { session in
                        let count = Int(try session.rows("SELECT name FROM thing WHERE id = 1", [])[0].text(0)) ?? 0
                        try session.run("UPDATE thing SET name = ?1 WHERE id = 1", [.text(String(count + 1))])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await one.read { try $0.rows("SELECT name FROM thing WHERE id = 1", [])[0].text(0) } == "100")
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

/// A table that numbers its rows by itself, which the hub's own never do.
enum Thing {
    static let migration = Migration(
        "0001-thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;",
        postgres: """
            CREATE TABLE thing (
                id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text COLLATE "C" UNIQUE
            );
            """)
}
