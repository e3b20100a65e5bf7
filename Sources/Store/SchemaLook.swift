/// What a database has of a schema: its columns as `table.column`, and its indexes.
public struct SchemaLook: Hashable, Sendable {
    public var columns: Set<String>
    public var indexes: Set<String>

    /// What these migrations make, as a new store has it.
    ///
    /// - Throws: `StoreFailure`.
    public static func expected(of migrations: [Migration]) throws -> SchemaLook {
        try InlineSQLiteStore(migrations: migrations).look { try SchemaLook($0, .sqlite) }
    }

    /// What the database of a session has.
    ///
    /// - Throws: `StoreFailure`.
    public init(_ session: any StoreSession, _ dialect: StoreDialect) throws {
        let (columns, indexes) =
            switch dialect {
            case .sqlite:
                (
                    """
                    SELECT made.name || '.' || part.name FROM sqlite_schema AS made
                    JOIN pragma_table_info(made.name) AS part WHERE made.type = 'table'
                    """, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
                )
            case .postgres:
                (
                    """
                    SELECT table_name || '.' || column_name FROM information_schema.columns
                    WHERE table_schema = current_schema()
                    """, "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
                )
            }
        self.columns = Set(try session.rows(columns, []).map { $0.text(0) })
        self.indexes = Set(try session.rows(indexes, []).map { $0.text(0) })
    }

    /// What another one has and this one lacks, a sentence each: tables as a whole, then columns and indexes.
    public func lacks(_ expected: SchemaLook) -> [String] {
        let (mine, theirs) = (Set(columns.map(Self.table)), Set(expected.columns.map(Self.table)))
        let tables = theirs.subtracting(mine)
        let missing = expected.columns.subtracting(columns).filter { !tables.contains(Self.table($0)) }
        // Where a table is missing, so are its indexes: they need not be named, but cannot be told from others.
        let others = tables.isEmpty ? expected.indexes.subtracting(indexes) : []
        return tables.sorted().map { "the table \($0) is missing" }
            + missing.sorted().map { "the column \($0) is missing" }
            + others.sorted().map { "the index \($0) is missing" }
    }

    /// How many tables there are.
    public var tableCount: Int { Set(columns.map(Self.table)).count }

    private static func table(_ column: String) -> String { String(column.prefix { $0 != "." }) }
}
