import ConnectorKit
import Foundation
import Store
import TestStores
import Testing

@testable import Pipeline

/// Two releases of the hub on one store, and migrations that do not come to their end.
@Suite("An upgrade while hubs run")
struct RollingUpgradeTests {
    /// What a later release may bring: columns in tables that are written all the time, and a table.
    private static let grown = Migration(
        "9000-grown",
        """
        ALTER TABLE job ADD COLUMN grown INTEGER NOT NULL DEFAULT 7;
        ALTER TABLE record ADD COLUMN grown TEXT;
        ALTER TABLE delivery ADD COLUMN grown TEXT NOT NULL DEFAULT '';
        CREATE TABLE grown (organization_id INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (organization_id, id)
        ) STRICT;
        CREATE INDEX job_grown ON job (organization_id, grown);
        """, servesOlder: true)

    @Test func theWholePathGoesOnOnASchemaThatALaterReleaseHasGrown() async throws {
        let world = try World()
        world.openShop("north", products: 5, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(south)

        let newer = try world.place.open(Hub.migrations + [Self.grown])
        _ = try await hub.pull(north)
        try await world.settle(hub)
        #expect(world.ask("south", "/products", [.init("per_page", "100")]).array?.count == 5)

        // One of the older release that starts beside the newer.
        let late = try world.hub()
        #expect(try await late.integrations().count == 2)
        _ = try await late.pull(north)
        try await world.settle(late)
        let jobs = try await newer.read { try $0.rows("SELECT count(*) FROM job WHERE grown <> 7", [])[0].integer(0) }
        #expect(jobs == 0, "what the older release does not know has its usual value")
        await newer.close()
    }

    /// Whatever ends it: a statement that is refused, a process that dies, a server that goes away. Nothing of it is
    /// left.
    @Test func aMigrationThatIsBrokenOffAtAnyStatementCanBeRunAgain() async throws {
        let place = TestStore.Place()
        defer { place.remove() }
        var applied: [Migration] = []
        var cuts = 0
        for migration in Hub.migrations {
            let statements = Self.statements(place.isPostgres ? migration.postgres : migration.sql)
            for count in 0..<statements.count {
                let text = statements[..<count].joined() + "SELECT broken_off();"
                #expect(throws: StoreFailure.self) {
                    _ = try place.open(applied + [Migration(migration.name, text, postgres: text)])
                }
                cuts += 1
            }
            applied.append(migration)
            await (try place.open(applied)).close()
        }
        #expect(cuts > 60)
        #expect(
            try await place.open(Hub.migrations).read { try $0.rows("SELECT name FROM migration", []) }.count
                == Hub.migrations.count)
    }

    /// Each with its end.
    private static func statements(_ sql: String) -> [String] {
        var (found, current): ([String], String) = ([], "")
        for line in sql.split(separator: "\n", omittingEmptySubsequences: true) {
            current += line + "\n"
            if line.hasSuffix(";"), !line.contains("--") {
                found.append(current)
                current = ""
            }
        }
        return found + (current.isEmpty ? [] : [current])
    }

    @Test func aMigrationThatServesOlderProgramsOnlyAdds() {
        for migration in Hub.migrations + [Self.grown] where migration.servesOlder {
            #expect(Self.offences(in: migration.sql + ";" + migration.postgres).isEmpty, "\(migration.name)")
        }
        for bad in [
            "DROP TABLE job;", "ALTER TABLE job DROP COLUMN key;", "ALTER TABLE job RENAME TO task;",
            "UPDATE job SET key = 'a';", "DELETE FROM job;", "ALTER TABLE job ADD COLUMN a INTEGER NOT NULL;",
            "CREATE UNIQUE INDEX a ON job (key);", "CREATE TRIGGER a AFTER INSERT ON job BEGIN SELECT 1; END;",
            "DROP INDEX a;", "DROP INDEX a; CREATE INDEX ab ON job (key);",
            "DROP INDEX a; CREATE UNIQUE INDEX a ON job (key);", "DROP TABLE job_before;",
            "ALTER TABLE job RENAME TO job_before; DROP TABLE job_before;",
        ] {
            #expect(!Self.offences(in: bad).isEmpty, "\(bad)")
        }
    }

    /// A table that is made anew under its name is to older programs the one they know: it has the same words.
    @Test func aTableThatIsMadeAnewForOlderProgramsIsTheOneTheyKnow() throws {
        for (index, migration) in Hub.migrations.enumerated() where migration.servesOlder {
            let before = Hub.migrations[..<index]
            let known = before.map(\.sql).map(Self.onOneLine).joined()
            let anew = migration.sql.matches(of: /ALTER TABLE (\w+) RENAME TO (\w+_before);/)
            for match in anew {
                let (table, old) = (String(match.1), String(match.2))
                let text = Self.onOneLine(migration.sql)
                let start = try #require(text.range(of: "CREATE TABLE \(table) ("))
                let end = try #require(text.range(of: ") STRICT", range: start.upperBound..<text.endIndex))
                #expect(known.contains(text[start.lowerBound..<end.lowerBound]), "\(migration.name): \(table)")
                #expect(text.contains(" FROM \(old) ORDER BY") && text.contains("DROP TABLE \(old);"))
            }
            guard !anew.isEmpty else { continue }
            let look = try SchemaLook.expected(of: Array(before))
            #expect(try SchemaLook.expected(of: before + [migration]) == look, "\(migration.name)")
        }
    }

    private static func onOneLine(_ sql: String) -> String {
        sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// What takes something away from who does not know of it, or asks something of him.
    private static func offences(in sql: String) -> [String] {
        let words = [
            "DROP ", "RENAME ", "UPDATE ", "DELETE ", "CREATE UNIQUE ", "TRIGGER ", "SET NOT NULL", " CHECK (",
        ]
        return sql.split(separator: ";").map(String.init).filter { statement in
            // An index that refuses nothing and is made anew at once under its name only makes looks cheaper.
            if let index = statement.firstMatch(of: /DROP INDEX (\w+)/)?.1, sql.contains("CREATE INDEX \(index) ON ") {
                return false
            }
            // So with a table; the next test looks that it is the same.
            if let table = statement.firstMatch(of: /ALTER TABLE (\w+) RENAME TO \1_before/)?.1 {
                return !sql.contains("CREATE TABLE \(table) (")
            }
            if let table = statement.firstMatch(of: /DROP TABLE (\w+)_before/)?.1 {
                return !sql.contains("CREATE TABLE \(table) (")
            }
            let isOfANewTable = statement.contains("CREATE TABLE")
            let asks =
                statement.contains("ADD COLUMN") && statement.contains("NOT NULL") && !statement.contains("DEFAULT")
            return asks || (!isOfANewTable && words.contains { statement.contains($0) })
        }
    }
}
