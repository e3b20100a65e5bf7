import Foundation
import Pipeline
import Store
import TestStores
import Testing

/// The schema on a server, from its catalogue: it can be spread over many places by organization.
///
/// What a server alone cannot show is written down in docs/operations/distribution.md.
@Suite("The schema, spread by organization")
struct SpreadSchemaTests {
    private let place = TestStore.Place()

    /// Global by design; `ready` comes with workers that serve many organizations.
    private static let global = ["organization", "address", "ready"]
    /// Of no organization, for what is said beside each.
    private static let machinery = ["identity", "key_check", "migration", "move_unfinished"]

    private func rows(_ sql: String) async throws -> [[String]] {
        let store = try place.open(Hub.migrations)
        let rows = try await store.read { session in
            try session.rows(sql, []).map { row in row.values.indices.map { row.optionalText($0) ?? "" } }
        }
        await store.close()
        return rows
    }

    /// On SQLite there is one place, and nothing to spread.
    private var isOnServer: Bool { place.isPostgres }

    private static let tables = """
        SELECT CAST(relname AS text) FROM pg_class
        WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition
        """

    @Test func theTablesThatAreNobodysAreThoseOfTheDesignAndTheMachinery() {
        #expect(Set(SpreadStatement.whole.keys) == Set(Self.global + Self.machinery).subtracting(["ready"]))
    }

    @Test func everyOtherTableHasItsOrganizationFirstInEveryKey() async throws {
        guard isOnServer else { return }
        let tables = Set(try await rows(Self.tables).map { $0[0] }).subtracting(SpreadStatement.whole.keys)
        #expect(tables.count > 20)

        let having = try await rows(
            """
            SELECT CAST(relname AS text) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND attname = 'organization_id' AND attnotnull
                AND atttypid = CAST('bigint' AS regtype)
            """
        ).map { $0[0] }
        #expect(tables.subtracting(having).isEmpty)

        let keys = try await rows(
            """
            SELECT CAST(relname AS text), CAST(indexrelid::regclass AS text), CAST(attname AS text),
                CASE WHEN indisprimary THEN 'primary' ELSE '' END
            FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
            JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND indisunique
            """
        ).filter { tables.contains($0[0]) }
        for key in keys { #expect(key[2] == "organization_id", "\(key[1]) of \(key[0]) begins with \(key[2])") }
        #expect(tables.subtracting(keys.filter { $0[3] == "primary" }.map { $0[0] }).isEmpty)
    }

    @Test func noForeignKeyLeavesItsOrganization() async throws {
        guard isOnServer else { return }
        let keys = try await rows(
            """
            SELECT CAST(conname AS text), CAST(confrelid::regclass AS text),
                CAST((SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
                    WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS text),
                CAST((SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
                    WHERE attrelid = confrelid AND attnum = ANY(confkey)) AS text)
            FROM pg_constraint WHERE contype = 'f' AND connamespace = CAST(current_schema() AS regnamespace)
            """)
        for key in keys {
            let isToTheTenant = key[1] == "organization" && key[2] == "organization_id" && key[3] == "id"
            let isWithin = key[2].hasPrefix("organization_id,") && key[3].hasPrefix("organization_id,")
            #expect(isToTheTenant || isWithin, "\(key)")
        }
    }

    /// What runs at the place of a row could look beyond it.
    @Test func thereAreNoTriggersFunctionsOrSequences() async throws {
        guard isOnServer else { return }
        let found = try await rows(
            """
            SELECT CAST('trigger ' || tgname AS text) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND NOT tgisinternal
            UNION ALL SELECT 'function ' || proname FROM pg_proc
            WHERE pronamespace = CAST(current_schema() AS regnamespace)
            UNION ALL SELECT 'sequence or view ' || relname FROM pg_class
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('S', 'v', 'm', 'f')
            """)
        #expect(found.isEmpty, "\(found)")
    }

    /// Whoever draws, for whichever organization, on whichever connection: no id is given twice.
    @Test func idsAreDrawnOnceForTheWholeStore() async throws {
        let stores = try (0..<2).map { _ in try place.open(Hub.migrations) }
        let drawn = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for (index, store) in stores.enumerated() {
                for organization in 1...4 as ClosedRange<Int64> {
                    let pool = IDPool(store.of(organization))
                    group.addTask {
                        var ids: [Int64] = []
                        // Sizes that end within a block, with one, and behind it.
                        for count in [1, 7, 4_000, 9_999, 10_000, 10_001, 3] {
                            var block = try await pool.draw(count + index)
                            for _ in 0..<count { ids.append(try block.next()) }
                        }
                        return ids
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(drawn).count == drawn.count)
        #expect(drawn.allSatisfy { $0 >= 100 && $0 < 1 << 53 })
        for store in stores { await store.close() }
        place.remove()
    }
}
