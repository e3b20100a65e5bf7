import Store

/// A table as it is copied: its columns, and the key by which it is read page by page.
public struct TableShape: Hashable, Sendable {
    /// The table.
    public let name: String
    /// Its columns in their order.
    public let columns: [String]
    /// The columns of its primary key in their order.
    public let key: [String]

    /// Tables that belong to one store alone and are copied nowhere.
    private static let own: Set<String> = ["migration", "write_turn", "write_mark", "move_unfinished"]

    /// The tables of a store; those that others refer to come first.
    ///
    /// - Throws: `StoreFailure`.
    public static func all(_ session: any StoreSession, _ dialect: StoreDialect) throws -> [TableShape] {
        let query = dialect == .sqlite ? sqliteQuery : postgresQuery
        var found: [(name: String, columns: [(name: String, place: Int64)])] = []
        for row in try session.rows(query, []) where !own.contains(row.text(0)) {
            if found.last?.name != row.text(0) { found.append((row.text(0), [])) }
            found[found.count - 1].columns.append((row.text(1), row.integer(2)))
        }
        let shapes = found.map { table in
            let key = table.columns.filter { $0.place > 0 }.sorted { $0.place < $1.place }
            return TableShape(name: table.name, columns: table.columns.map(\.name), key: key.map(\.name))
        }
        return shapes.filter { $0.name == "organization" } + shapes.filter { $0.name != "organization" }
    }

    private static let sqliteQuery = """
        SELECT t.name, c.name, c.pk FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid
        """

    private static let postgresQuery = """
        SELECT t.relname, a.attname, coalesce((
            SELECT k.place FROM pg_index AS i, unnest(i.indkey) WITH ORDINALITY AS k (number, place)
            WHERE i.indrelid = t.oid AND i.indisprimary AND k.number = a.attnum), 0)
        FROM pg_class AS t JOIN pg_attribute AS a ON a.attrelid = t.oid
        WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind IN ('r', 'p')
            AND NOT t.relispartition AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY CAST(t.relname AS text) COLLATE "C", a.attnum
        """

    /// The same table, read with its columns in the order of another: the two kinds of store may have made it
    /// differently, and a sum goes by what stands beside what.
    public func ordered(like other: TableShape) -> TableShape {
        TableShape(name: name, columns: other.columns, key: key)
    }

    /// Writes rows with all columns; none of their keys may be there.
    public var insert: Upsert { Upsert(name, columns.map(Self.quoted)) }

    /// The rows behind a key, in its order, at most that many.
    ///
    /// - Throws: `StoreFailure`.
    public func page(_ session: any StoreSession, after last: [SQLValue]?, limit: Int) throws -> [Row] {
        try session.rows(pageQuery(isFirst: last == nil, limit: limit), last ?? [])
    }

    /// The limit stands in the text: where it is a value, a plan for any of them takes it for a tenth of the table, for
    /// which to sort all of it may seem cheaper than to follow the key.
    package func pageQuery(isFirst: Bool, limit: Int) -> String {
        let order = key.map(Self.quoted).joined(separator: ", ")
        let marks = key.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        let behind = isFirst ? "" : "WHERE (\(order)) > (\(marks))"
        let list = columns.map(Self.quoted).joined(separator: ", ")
        return "SELECT \(list) FROM \(name) \(behind) ORDER BY \(order) LIMIT \(limit)"
    }

    /// The key of a row, to read on behind it.
    public func key(of row: Row) -> [SQLValue] {
        key.compactMap { columns.firstIndex(of: $0) }.map { row.values[$0] }
    }

    /// All rows, page by page.
    ///
    /// - Throws: `StoreFailure`, or what the work throws.
    public func eachPage(_ session: any StoreSession, _ work: ([Row]) throws -> Void) throws {
        var size = PageSize()
        var last: [SQLValue]?
        while true {
            let limit = size.rows
            let rows = try page(session, after: last, limit: limit)
            if !rows.isEmpty { try work(rows) }
            guard rows.count == limit, let end = rows.last else { return }
            size.learn(rows)
            last = key(of: end)
        }
    }

    private static func quoted(_ column: String) -> String { "\"\(column)\"" }
}

/// How many rows are read at a time: few of large ones, for a body may be megabytes, and many of small ones.
public struct PageSize: Sendable {
    /// How many next.
    public private(set) var rows = 4

    static let (mostRows, fewBytes, manyBytes) = (1_000, 1 << 20, 4 << 20)

    /// Few at first.
    public init() {}

    /// Looks at how large a page was.
    public mutating func learn(_ page: [Row]) {
        let bytes = page.reduce(0) { $0 + RowCode.size(of: $1) }
        if bytes > Self.manyBytes { rows = max(1, rows / 2) }
        if bytes < Self.fewBytes { rows = min(Self.mostRows, rows * 2) }
    }
}
