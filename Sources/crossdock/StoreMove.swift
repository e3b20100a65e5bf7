import Backup
import Store

/// Copies all tables of a store on SQLite into one on PostgreSQL, and compares both.
///
/// Both are read page by page and hashed alike. What an unfinished move has left is taken away by the next, so it may
/// be run again whenever it was broken off.
struct StoreMove: Sendable {
    let source: any Store
    let target: any Store

    /// Moves everything. `progress` is told of each table.
    ///
    /// - Throws: `Refusal` when the target holds something else or the source was written meanwhile, `StoreFailure`.
    func run(_ progress: @Sendable (TableSum) -> Void) async throws {
        let tables = try await Self.tables(of: source)
        try await prepare(tables)
        for table in tables { try await copy(table) }
        // Each is read by its own key, which is the one that is cheap there.
        let there = Dictionary(uniqueKeysWithValues: try await Self.tables(of: target).map { ($0.name, $0) })
        for table in tables {
            let twin = there[table.name]?.ordered(like: table) ?? table
            let (left, right) = (try await Self.sum(table, in: source), try await Self.sum(twin, in: target))
            guard left == right else {
                throw Refusal(
                    "table \(table.name) differs after it was copied (\(left.rows) and \(right.rows) rows): the source "
                        + "was written meanwhile. Stop every hub that uses it and run the move again")
            }
            progress(left)
        }
        try await target.write { _ = try $0.run("DROP TABLE move_unfinished", []) }
    }

    private static func tables(of store: any Store) async throws -> [TableShape] {
        let dialect = store.dialect
        return try await store.read { try TableShape.all($0, dialect) }
    }

    /// Takes away what an unfinished move has left; a target that is in use is refused.
    private func prepare(_ tables: [TableShape]) async throws {
        try await target.write { session in
            let isUnfinished = try !session.rows(
                "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'move_unfinished'", []
            ).isEmpty
            if !isUnfinished {
                for name in Backup.telling {
                    guard try session.rows("SELECT 1 FROM \(name) LIMIT 1", []).isEmpty else {
                        throw Refusal(
                            "the target is in use: it has rows in table \(name). Move into an empty database or schema")
                    }
                }
                // While it stands, no hub opens the store.
                try session.run("CREATE TABLE move_unfinished (id bigint)", [])
            }
            for table in tables.reversed() { try session.run("DELETE FROM \(table.name)", []) }
        }
    }

    private func copy(_ table: TableShape) async throws {
        var size = PageSize()
        var last: [SQLValue]?
        while true {
            let rows = try await Self.page(of: table, in: source, after: last, size.rows)
            guard let end = rows.last else { return }
            try await target.write(.bulk) { try $0.save(rows.map(\.values), as: table.insert) }
            size.learn(rows)
            last = table.key(of: end)
        }
    }

    private static func page(
        of table: TableShape, in store: any Store, after last: [SQLValue]?, _ limit: Int
    ) async throws -> [Row] {
        try await store.read { try table.page($0, after: last, limit: limit) }
    }

    private static func sum(_ table: TableShape, in store: any Store) async throws -> TableSum {
        try await store.read { try TableSum.of(table, $0) }
    }
}
