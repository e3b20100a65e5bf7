import Store

/// What a server needs done now and then, on a connection of its own.
struct PostgresUpkeep {
    private let link: PostgresConnection

    /// How long a change of a table waits for those who use it, in milliseconds. All others wait behind it, so it gives
    /// up soon and is done another time.
    static let lockMilliseconds = 1_000
    /// How long a look at a table, behind which nobody waits, waits for another look at it. The server calls its own
    /// off for ours after `deadlock_timeout`, one second unless set otherwise.
    static let lookMilliseconds = 10_000

    /// Connects.
    ///
    /// - Throws: `PostgresFailure`.
    init(_ address: PostgresAddress) throws {
        link = try PostgresConnection(address)
        link.answerMilliseconds = nil
        try link.script("SET statement_timeout = 0; SET lock_timeout = \(Self.lockMilliseconds)")
    }

    /// Makes the slices that come next, and takes away those that hold nothing from `keepFrom` on.
    ///
    /// - Throws: `PostgresFailure`.
    func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) throws -> [String] {
        var said: [String] = []
        do {
            for slice in table.slices(from: now) { said += try alone { try make(slice, of: table) } }
            let limit = keepFrom.map(table.mark) ?? .min
            for slice in try known(table) where slice.end <= limit {
                said += try alone { try drop(slice, of: table) }
            }
        } catch let failure as PostgresFailure where failure.state == "55P03" {
            try link.script("ROLLBACK")
            said.append("\(table.table) is in use: its slices are left as they are and looked at again the next time")
        }
        return said
    }

    /// Has the server look at all tables. `isThorough`: it also gives room back to the disk, and each table waits.
    ///
    /// - Throws: `PostgresFailure`.
    func tidy(isThorough: Bool) throws -> [String] {
        let tables = try ask(
            """
            SELECT CAST(CAST(pg_class.oid AS regclass) AS text), coalesce(n_dead_tup, 0) FROM pg_class
            LEFT JOIN pg_stat_user_tables ON relid = pg_class.oid
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r' ORDER BY 1
            """)
        if !isThorough { try link.script("SET lock_timeout = \(Self.lookMilliseconds)") }
        defer { try? link.script("SET lock_timeout = \(Self.lockMilliseconds)") }
        var (said, dead) = ([String](), Int64(0))
        for table in tables {
            let (name, rows) = (table.text(0), table.integer(1))
            do {
                try link.script("VACUUM (ANALYZE\(isThorough ? ", FULL" : "")) \(name)")
                dead += rows
            } catch let failure as PostgresFailure where failure.state == "55P03" {
                said.append("\(name) is in use: it is left as it is and looked at again the next time")
            }
        }
        let parents = try ask(
            """
            SELECT CAST(CAST(oid AS regclass) AS text) FROM pg_class
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'p'
            """)
        for table in parents { try link.script("ANALYZE (SKIP_LOCKED) \(table.text(0))") }
        let seen = tables.count - said.count
        return ["\(seen) tables were looked at anew; the room of \(dead) rows that are gone can be used again"] + said
    }

    /// Has the server look at the tables that are many times larger than when it last did: what it plans for small ones
    /// does not do for them, and by itself it looks after a minute at the earliest. Each connection plans anew then.
    ///
    /// - Throws: `PostgresFailure`.
    func lookAtGrown() throws -> [String] {
        let tables = try ask(
            """
            SELECT CAST(CAST(oid AS regclass) AS text) FROM pg_class
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'
                AND pg_relation_size(oid)
                    > \(Self.growth) * (CASE WHEN relpages > 1 THEN relpages ELSE 1 END)
                        * CAST(current_setting('block_size') AS bigint)
            ORDER BY 1
            """
        ).map { $0.text(0) }
        for table in tables { try link.script("ANALYZE (SKIP_LOCKED) \(table)") }
        return tables
    }

    /// How many times as large as it was a table is looked at anew.
    static let growth = 4

    // MARK: Slices

    /// One change of the schema, while nobody else changes it. What is in use now is left for another time.
    private func alone(_ work: () throws -> String?) throws -> [String] {
        try link.script("BEGIN")
        try ask("SELECT pg_advisory_xact_lock(\(PostgresMigrator.turn))")
        let said = try work()
        try link.script("COMMIT")
        return said.map { [$0] } ?? []
    }

    /// Slices that stand, but for the rest.
    private func known(_ table: TimeSlices) throws -> [TimeSlices.Slice] {
        try ask(
            """
            SELECT CAST(relname AS text), pg_get_expr(relpartbound, pg_class.oid)
            FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = CAST(CAST(?1 AS text) AS regclass) ORDER BY 1
            """, [.text(table.table)]
        ).compactMap { row in
            guard let bounds = row.text(1).firstMatch(of: /FROM \('(-?\d+)'\) TO \('(-?\d+)'\)/),
                let start = Int64(bounds.1), let end = Int64(bounds.2)
            else { return nil }
            return TimeSlices.Slice(name: row.text(0), start: start, end: end)
        }
    }

    /// Makes a slice with what of it stands in the rest already.
    private func make(_ slice: TimeSlices.Slice, of table: TimeSlices) throws -> String? {
        guard slice.start < slice.end,
            try !known(table).contains(where: { $0.start < slice.end && slice.start < $0.end })
        else { return nil }
        // How rows are laid down is said of the rest, for of the whole it cannot be.
        let manner = try ask(
            """
            SELECT coalesce('WITH (' || array_to_string(reloptions, ', ') || ')', '') FROM pg_class
            WHERE oid = CAST(CAST(?1 AS text) AS regclass)
            """, [.text("\(table.table)_rest")]
        ).first?.text(0)
        // Nobody may write into the rest what belongs here, from the look to the end.
        try link.script(
            """
            LOCK TABLE \(table.table)_rest IN ACCESS EXCLUSIVE MODE;
            CREATE TABLE
            \(slice.name) (LIKE \(table.table) INCLUDING ALL) \(manner ?? "");
            WITH found AS (
                DELETE FROM \(table.table)_rest
                WHERE \(table.column) >= \(slice.start) AND \(table.column) < \(slice.end) RETURNING *)
            INSERT INTO \(slice.name) SELECT * FROM found;
            ALTER TABLE \(table.table) ATTACH PARTITION \(slice.name)
                FOR VALUES FROM (\(slice.start)) TO (\(slice.end));
            """)
        return "\(slice.name) was made for what comes"
    }

    private func drop(_ slice: TimeSlices.Slice, of table: TimeSlices) throws -> String? {
        if let need = table.need {
            guard try ask(need, [.integer(slice.start), .integer(slice.end)]).isEmpty else {
                return "\(slice.name) is old and kept: something of it is not done yet"
            }
        }
        try link.script("DROP TABLE \(slice.name)")
        return "\(slice.name) was old enough and is gone with all its rows"
    }

    @discardableResult
    private func ask(_ sql: String, _ values: [SQLValue] = []) throws -> [Row] {
        try link.send(sql, PostgresParameters(values), .rows)
        return try link.finish().last?.rows ?? []
    }
}
