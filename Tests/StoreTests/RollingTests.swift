import Store
import TestStores
import Testing

/// An older and a newer program on one store.
@Suite("A store that a newer program has changed")
struct RollingTests {
    private let place = TestStore.Place()
    private let known = [Thing.migration, IDPool.migration]
    private let grown = Migration(
        "9000-grown",
        """
        ALTER TABLE thing ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';
        CREATE TABLE shelf (id INTEGER PRIMARY KEY NOT NULL) STRICT;
        """, servesOlder: true)
    private let shrunk = Migration("9001-shrunk", "DROP TABLE shelf;")

    private func add(_ name: String, to store: any Store) async throws {
        _ = try await store.write { try $0.run("INSERT INTO thing (name) VALUES (?1)", [.text(name)]) }
    }

    private func names(in store: any Store) async throws -> [String] {
        try await store.read { try $0.rows("SELECT name FROM thing ORDER BY name", []).map { $0.text(0) } }
    }

    @Test func anOlderProgramGoesOnBesideANewerOneThatOnlyAdds() async throws {
        let older = try place.open(known)
        try await add("a", to: older)
        let newer = try place.open(known + [grown])
        try await add("b", to: older)
        _ = try await newer.write { try $0.run("INSERT INTO thing (name, colour) VALUES ('c', 'red')", []) }
        // One of the older release that starts only now.
        let late = try place.open(known)
        try await add("d", to: late)

        for store in [older, newer, late] {
            #expect(try await names(in: store) == ["a", "b", "c", "d"])
            await store.close()
        }
        place.remove()
    }

    @Test func anOlderProgramIsRefusedOnceANewerOneHasTakenSomethingAway() async throws {
        let newer = try place.open(known + [grown, shrunk])
        await newer.close()
        for migrations in [known, known + [grown]] {
            do {
                _ = try place.open(migrations)
                Issue.record("opened")
            } catch let failure as StoreFailure {
                #expect(failure.description.contains("made by a newer Crossdock (9001-shrunk), and what it changed"))
            }
        }
        // The one that knows it all goes on.
        let again = try place.open(known + [grown, shrunk])
        try await add("a", to: again)
        await again.close()
        place.remove()
    }

    /// Stores that were made before migrations said so.
    @Test func aStoreWithoutMarksRefusesOlderProgramsAndTakesMarksWithItsNextMigration() async throws {
        let first = try place.open(known + [Migration("8000-before", "CREATE TABLE before (id INTEGER) STRICT;")])
        _ = try await first.write { try $0.run("ALTER TABLE migration DROP COLUMN serves_older", []) }
        await first.close()
        #expect(throws: StoreFailure.self) { _ = try place.open(known) }

        let all = known + [Migration("8000-before", "CREATE TABLE before (id INTEGER) STRICT;")]
        let same = try place.open(all)
        try await add("a", to: same)
        await same.close()
        let newer = try place.open(all + [grown])
        await newer.close()
        let older = try place.open(all)
        #expect(try await names(in: older) == ["a"])
        await older.close()
        #expect(throws: StoreFailure.self) { _ = try place.open(known) }
        place.remove()
    }
}
