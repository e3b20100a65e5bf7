import Store

/// A store without room, and with room again.
extension TestStore.Place {
    /// Lets no delivery in any more. On SQLite its own limit stands for a full disk; a server's disk is not ours to
    /// fill, so a trigger gives the answer that the server gives then.
    ///
    /// - Throws: `StoreFailure`.
    public func takeRoom(_ store: any Store) async throws {
        try await store.write { session in
            guard isPostgres else { return try Self.limit(to: 0, session) }
            try session.run(
                """
                CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE EXCEPTION 'could not extend file: disk full' USING ERRCODE = 'disk_full'; END $$
                """, [])
            try session.run(
                "CREATE TRIGGER no_room BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION no_room()", [])
        }
    }

    /// Lets deliveries in again.
    ///
    /// - Throws: `StoreFailure`.
    public func giveRoom(_ store: any Store) async throws {
        try await store.write { session in
            guard isPostgres else { return try Self.limit(to: 1000, session) }
            try session.run("DROP TRIGGER no_room ON delivery", [])
        }
    }

    private static func limit(to pages: Int64, _ session: any StoreSession) throws {
        let count = try session.rows("PRAGMA page_count", []).first?.integer(0) ?? 0
        _ = try session.rows("PRAGMA max_page_count = \(count + pages)", [])
    }
}
