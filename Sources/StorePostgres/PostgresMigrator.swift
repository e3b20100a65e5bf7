import Store

/// Brings the schema up to date, in one transaction: all of it or nothing, and one process at a time.
struct PostgresMigrator {
    let link: PostgresConnection
    private let address: PostgresAddress
    private let isBeingMoved: Bool

    /// The oldest server the hub works on.
    static let oldestVersion = 150_000

    /// Connects.
    ///
    /// - Throws: `PostgresFailure`, `StoreFailure` when the server is not one the hub can work on.
    init(_ address: PostgresAddress, isBeingMoved: Bool = false) throws {
        self.address = address
        self.isBeingMoved = isBeingMoved
        link = try PostgresConnection(address)
        guard link.serverVersion >= Self.oldestVersion else {
            throw StoreFailure.unavailable(
                "PostgreSQL \(link.serverVersion / 10_000) is too old for \(address.words); give a server of version "
                    + "\(Self.oldestVersion / 10_000) or later")
        }
    }

    /// Applies what is missing, and says what that was.
    ///
    /// - Throws: `PostgresFailure`, `StoreFailure`.
    @discardableResult
    func run(_ migrations: [Migration]) throws -> SchemaChange {
        try checkPlace()
        // Mostly nothing is missing, and then nobody is waited for.
        if try isOurs(), try missing(of: migrations).isEmpty {
            return SchemaChange(before: try applied(), applied: [])
        }
        try checkRights()
        try link.script("BEGIN")
        // Freed with the transaction, also when this process dies.
        try ask("SELECT pg_advisory_xact_lock(\(Self.turn))")
        if try !isOurs() {
            try checkEmpty()
            try link.script(Self.own)
        }
        let before = try applied()
        let missing = try missing(of: migrations)
        try link.script("ALTER TABLE migration ADD COLUMN IF NOT EXISTS serves_older bigint NOT NULL DEFAULT 0")
        for migration in missing {
            try link.script(migration.postgres)
            try ask(
                "INSERT INTO migration (name, serves_older) VALUES (?1, ?2)",
                [.text(migration.name), .integer(migration.servesOlder ? 1 : 0)])
        }
        try ask("DELETE FROM write_mark WHERE at < now() - interval '1 day'")
        try link.script("COMMIT")
        return SchemaChange(before: before, applied: missing.map(\.name))
    }

    /// The migrations that were applied, in order; nil where no store is. Nothing is changed.
    ///
    /// - Throws: `PostgresFailure`, `StoreFailure`.
    func look() throws -> [String]? {
        try checkPlace()
        return try isOurs() ? try applied() : nil
    }

    /// Whether a table of the store is there and holds anything.
    ///
    /// - Throws: `PostgresFailure`, `StoreFailure`.
    func hasRows(_ table: String) throws -> Bool {
        try checkPlace()
        guard try isOurs(), try has(table) else { return false }
        return try !ask("SELECT 1 FROM \(table) LIMIT 1").isEmpty
    }

    /// What is held by who changes the schema.
    static let turn = "hashtextextended('crossdock migration ' || current_schema(), 0)"

    /// The tables of the store itself.
    static let own = """
        CREATE TABLE migration (name text COLLATE "C" PRIMARY KEY, serves_older bigint NOT NULL DEFAULT 0);
        -- One row for each organization: who writes holds it until the commit, so that its steps are serial.
        CREATE TABLE write_turn (organization_id bigint PRIMARY KEY);
        -- One row for each of the last commits, by which one whose answer was lost is known to have happened.
        CREATE TABLE write_mark (
            organization_id bigint NOT NULL, id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (organization_id, id)
        );
        """

    private func checkPlace() throws {
        let row = try ask(
            """
            SELECT current_schema(), current_setting('server_encoding'), pg_is_in_recovery(),
                current_setting('search_path')
            """
        ).first
        guard row?.optionalText(0) != nil else {
            throw StoreFailure.unavailable(
                "no schema of the search path (\(row?.text(3) ?? "")) is in \(address.words); make it (CREATE SCHEMA)")
        }
        guard row?.text(1) == "UTF8" else {
            throw StoreFailure.unavailable(
                "\(address.words) keeps its texts in \(row?.text(1) ?? ""); make one in UTF8 (createdb --encoding=UTF8)"
            )
        }
        guard row?.integer(2) == 0 else {
            throw StoreFailure.unavailable(
                "\(address.words) is a standby that cannot be written; give the primary, or all hosts in one address")
        }
    }

    private func isOurs() throws -> Bool {
        if try !isBeingMoved && has("move_unfinished") {
            throw StoreFailure.unavailable(
                "a move into \(address.words) was broken off; run crossdock move again until it says that it is done")
        }
        return try has("write_turn")
    }

    /// Not by to_regclass: it answers from what this connection saw before it waited for another's migration.
    private func has(_ table: String) throws -> Bool {
        try !ask(
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?1", [.text(table)]
        ).isEmpty
    }

    private func hasMarks() throws -> Bool {
        try !ask(
            """
            SELECT 1 FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = 'migration' AND column_name = 'serves_older'
            """
        ).isEmpty
    }

    private func applied() throws -> [String] {
        try ask("SELECT name FROM migration ORDER BY name").map { $0.text(0) }
    }

    private func missing(of migrations: [Migration]) throws -> [Migration] {
        let applied = Set(try applied())
        var unknown = applied.subtracting(migrations.map(\.name))
        if try !unknown.isEmpty && hasMarks() {
            unknown.subtract(try ask("SELECT name FROM migration WHERE serves_older = 1").map { $0.text(0) })
        }
        guard unknown.isEmpty else {
            throw StoreFailure.unavailable("\(address.words) " + Migration.refusal(of: unknown.sorted()))
        }
        return migrations.filter { !applied.contains($0.name) }
    }

    private func checkEmpty() throws {
        let tables = try ask(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1 LIMIT 4"
        ).map { $0.text(0) }
        guard tables.isEmpty else {
            throw StoreFailure.unavailable(
                "\(address.words) belongs to another product (it has the tables \(tables.joined(separator: ", "))); "
                    + "give an empty database, or a schema of its own: ?options=-csearch_path%3Dcrossdock")
        }
    }

    private func checkRights() throws {
        let row = try ask(
            "SELECT has_schema_privilege(current_schema(), 'CREATE'), current_schema(), current_user"
        ).first
        guard row?.integer(0) == 1 else {
            let (schema, user) = (row?.text(1) ?? "public", row?.text(2) ?? "")
            throw StoreFailure.unavailable(
                "user \"\(user)\" may not make tables in schema \(schema) of \(address.words); let an administrator "
                    + "run: GRANT CREATE ON SCHEMA \(schema) TO \(user)")
        }
    }

    @discardableResult
    private func ask(_ sql: String, _ values: [SQLValue] = []) throws -> [Row] {
        try link.send(sql, PostgresParameters(values), .rows)
        return try link.finish().last?.rows ?? []
    }
}
