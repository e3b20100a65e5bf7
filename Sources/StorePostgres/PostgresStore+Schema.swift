import Store

/// The schema of a store on a server.
extension PostgresStore {
    /// Brings the schema up to date and says what was done. One process at a time does it; others wait, and find
    /// nothing to do.
    ///
    /// - Throws: `StoreFailure` as `init(_:migrations:)`.
    public static func migrate(_ address: PostgresAddress, migrations: [Migration]) throws -> SchemaChange {
        try told { try PostgresMigrator(address).run(migrations) }
    }

    /// The migrations that were applied, in order; nil where no store is. Nothing is changed.
    ///
    /// - Throws: `StoreFailure` when there is no server, or it is not one the hub can work on.
    public static func migrations(at address: PostgresAddress) throws -> [String]? {
        try told { try PostgresMigrator(address).look() }
    }

    /// Whether a table is there and holds anything; false where no store is. Nothing is changed.
    ///
    /// - Throws: `StoreFailure` as `migrations(at:)`.
    public static func hasRows(_ table: String, at address: PostgresAddress) throws -> Bool {
        try told { try PostgresMigrator(address).hasRows(table) }
    }

    /// The schema as one text for PostgreSQL's own program.
    public static func script(_ migrations: [Migration]) -> String {
        let head = """
            -- The store of Crossdock on PostgreSQL 15 or later, in UTF8. Into an empty database or schema:
            -- psql -v ON_ERROR_STOP=1 -f schema.sql
            BEGIN;
            \(PostgresMigrator.own)
            """
        return Migration.script(of: migrations, head: head) { $0.postgres }
    }

    private static func told<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let failure as PostgresFailure {
            throw failure.storeFailure
        }
    }
}
