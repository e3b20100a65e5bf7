import Foundation
import Pipeline
import Store
import TestStores
import Testing

/// The script that spreads the schema over a Citus cluster, as far as a server without Citus can show.
@Suite("The script that spreads the schema")
struct DistributeScriptTests {
    private let place = TestStore.Place()
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/operations")

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// Its statements, without comments.
    private static func statements() throws -> [String] {
        try text("distribute.sql").split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
            .split(separator: ";").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { !$0.isEmpty }
    }

    /// What answers in the place of Citus: it writes down what it is asked, and refuses what Citus refuses.
    private static let standIns = [
        """
        CREATE TABLE pg_dist_partition (
            logicalrelid regclass PRIMARY KEY, place bigserial, key text, beside regclass)
        """,
        """
        CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS
            'INSERT INTO pg_dist_partition (logicalrelid) VALUES (table_name)'
        """,
        """
        CREATE FUNCTION create_distributed_table(table_name regclass, distribution_column text, colocate_with text)
        RETURNS void LANGUAGE plpgsql AS $$ BEGIN
            IF EXISTS (SELECT 1 FROM pg_index WHERE indrelid = table_name AND indisunique AND NOT EXISTS (
                SELECT 1 FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column
                    AND attnum = ANY (indkey))) THEN
                RAISE EXCEPTION 'a unique key of % lacks %', table_name, distribution_column;
            END IF;
            IF EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = table_name
                AND confrelid NOT IN (SELECT logicalrelid FROM pg_dist_partition)) THEN
                RAISE EXCEPTION '% refers to a table that is not spread yet', table_name;
            END IF;
            IF colocate_with <> 'none' AND CAST(colocate_with AS regclass) NOT IN (
                SELECT logicalrelid FROM pg_dist_partition WHERE key = distribution_column) THEN
                RAISE EXCEPTION '% cannot lie beside %', table_name, colocate_with;
            END IF;
            INSERT INTO pg_dist_partition (logicalrelid, key, beside)
            VALUES (table_name, distribution_column, CAST(nullif(colocate_with, 'none') AS regclass));
        END $$
        """,
    ]

    @Test func itNamesEveryTableOnceAfterThoseItRefersToAndCanBeRunAgain() async throws {
        guard place.isPostgres else { return }
        let store = try place.open(Hub.migrations)
        let tables = try await store.read { session in
            try session.rows(
                """
                SELECT CAST(relname AS text) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
                    AND relnamespace = CAST(current_schema() AS regnamespace) ORDER BY 1
                """, []
            ).map { $0.text(0) }
        }
        let statements = try Self.statements()
        try await store.write { session in
            for text in Self.standIns { try session.run(text, []) }
            for _ in 1...2 { for text in statements { try session.run(text, []) } }
        }
        let spread = try await store.read { session in
            try session.rows(
                "SELECT CAST(logicalrelid AS text), key, CAST(beside AS text) FROM pg_dist_partition ORDER BY place", []
            )
        }

        #expect(spread.map { $0.text(0) }.sorted() == tables)
        for row in spread {
            let isWhole = SpreadStatement.whole[row.text(0)] != nil
            #expect(row.optionalText(1) == (isWhole ? nil : "organization_id"), "\(row.text(0))")
            let isFirst = row.text(0) == "write_turn"
            #expect(row.optionalText(2) == (isWhole || isFirst ? nil : "write_turn"), "\(row.text(0))")
        }
        for table in tables {
            let calls = statements.filter { $0.contains("_table('\(table)'") }
            #expect(calls.count == 1, "\(table)")
        }
        await store.close()
    }

    @Test func thePageNamesWhatIsWhole() throws {
        let told = try Self.text("distribution.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(Set(told) == Set(SpreadStatement.whole.keys))
    }
}
