import Store
import Wire

/// Copies all tables of a store on SQLite into one on PostgreSQL, and compares both.
///
/// The tables' texts are ordered by their bytes on both, so that both are read in one order and hashed alike. What an
/// unfinished move has left is taken away by the next, so it may be run again whenever it was broken off.
struct StoreMove: Sendable {
    let source: any Store
    let target: any Store

    /// One table as it was moved.
    struct Moved: Sendable {
        let table: String
        let rows: Int
        let hash: String
    }

    /// How many rows are read and written at a time; of tables with bodies fewer, for a body may be megabytes.
    private static let (rowLimit, bodyLimit) = (1_000, 50)

    private struct Table: Sendable {
        let name: String
        let columns: [String]
        let key: [String]
        let hasBodies: Bool

        var list: String { columns.joined(separator: ", ") }
        var order: String { key.joined(separator: ", ") }
        var limit: Int { hasBodies ? StoreMove.bodyLimit : StoreMove.rowLimit }
        /// Where the key's columns stand among all.
        var places: [Int] { key.compactMap { columns.firstIndex(of: $0) } }
    }

    /// Moves everything. `progress` is told of each table.
    ///
    /// - Throws: `Refusal` when the target holds something else or the source was written meanwhile, `StoreFailure`.
    func run(_ progress: @Sendable (Moved) -> Void) async throws {
        let tables = try await tables()
        try await prepare(tables)
        for table in tables { try await copy(table) }
        for table in tables {
            let (here, there) = (try await sum(table, in: source), try await sum(table, in: target))
            guard here.rows == there.rows, here.hash == there.hash else {
                throw Refusal(
                    "table \(table.name) differs after it was copied (\(here.rows) and \(there.rows) rows): the source "
                        + "was written meanwhile. Stop every hub that uses it and run the move again")
            }
            progress(here)
        }
        try await target.write { _ = try $0.run("DROP TABLE move_unfinished", []) }
    }

    private func tables() async throws -> [Table] {
        try await source.read { session in
            let names = try session.rows(
                """
                SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migration'
                ORDER BY name <> 'organization', name
                """, []
            ).map { $0.text(0) }
            return try names.map { name in
                let columns = try session.rows(
                    "SELECT name, pk, type FROM pragma_table_info(?1) ORDER BY cid", [.text(name)])
                let key = columns.filter { $0.integer(1) > 0 }.sorted { $0.integer(1) < $1.integer(1) }
                return Table(
                    name: name, columns: columns.map { "\"\($0.text(0))\"" }, key: key.map { "\"\($0.text(0))\"" },
                    hasBodies: columns.contains { $0.text(2) == "BLOB" })
            }
        }
    }

    /// Takes away what an unfinished move has left; a target that is in use is refused.
    private func prepare(_ tables: [Table]) async throws {
        try await target.write { session in
            let isUnfinished = try !session.rows(
                "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'move_unfinished'", []
            ).isEmpty
            if !isUnfinished {
                for name in ["integration", "record", "job", "delivery"] {
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

    private func copy(_ table: Table) async throws {
        let upsert = Upsert(table.name, table.columns)
        var last: [SQLValue]?
        while true {
            let rows = try await page(of: table, in: source, after: last)
            guard let end = rows.last else { return }
            try await target.write(.bulk) { try $0.save(rows.map(\.values), as: upsert) }
            last = table.places.map { end.values[$0] }
        }
    }

    private func page(of table: Table, in store: any Store, after last: [SQLValue]?) async throws -> [Row] {
        let marks = (1...table.key.count).map { "?\($0)" }.joined(separator: ", ")
        let behind = last == nil ? "" : "WHERE (\(table.order)) > (\(marks))"
        let sql = "SELECT \(table.list) FROM \(table.name) \(behind) ORDER BY \(table.order) LIMIT \(table.limit)"
        return try await store.read { try $0.rows(sql, last ?? []) }
    }

    /// Counts and hashes a table: each page's hash is taken with that of the pages before it.
    private func sum(_ table: Table, in store: any Store) async throws -> Moved {
        var (count, hash) = (0, Signature.sha256([UInt8]()))
        var last: [SQLValue]?
        while true {
            let rows = try await page(of: table, in: store, after: last)
            guard let end = rows.last else { break }
            count += rows.count
            hash = Signature.sha256(hash + rows.flatMap(Self.bytes))
            last = table.places.map { end.values[$0] }
        }
        return Moved(table: table.name, rows: count, hash: Signature.hex(hash))
    }

    /// A row's bytes: for each value its kind, its length and itself.
    private static func bytes(_ row: Row) -> [UInt8] {
        row.values.flatMap { value -> [UInt8] in
            let (kind, bytes): (UInt8, [UInt8]) =
                switch value {
                case .null, .keys, .ids: (0, [])
                case .integer(let number): (1, Array(String(number).utf8))
                // PostgreSQL keeps no byte 0; the store writes the replacement character there.
                case .text(let text): (2, Array(text.replacing("\0", with: "\u{FFFD}").utf8))
                case .blob(let blob): (3, blob)
                }
            return [kind] + withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).bigEndian, Array.init) + bytes
        }
    }
}
