import Commerce
import Store

// Keys of programs.
extension IdentityTable {
    private static let keyColumns = "id, name, permissions, digest, created_at, expires_at, used_at, revoked_at"

    /// All keys, also those taken back, the newest first.
    ///
    /// - Throws: `StoreFailure`.
    public func keys() throws -> [APIKey] {
        try session.rows(
            "SELECT \(Self.keyColumns) FROM api_key WHERE organization_id = ?1 ORDER BY created_at DESC, id",
            [.integer(organization)]
        ).map(Self.key)
    }

    /// A key by its id; nil where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func key(_ id: String) throws -> APIKey? {
        try session.rows(
            "SELECT \(Self.keyColumns) FROM api_key WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .text(id)]
        ).first.map(Self.key)
    }

    /// Keeps a new key.
    ///
    /// - Throws: `StoreFailure`.
    public func add(_ key: APIKey) throws {
        try session.run(
            "INSERT INTO api_key (organization_id, \(Self.keyColumns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            [
                .integer(organization), .text(key.id), .text(key.name), Self.text(key.permissions), .blob(key.digest),
                SQLValue(key.createdAt), SQLValue(key.expiresAt), SQLValue(key.usedAt), SQLValue(key.revokedAt),
            ])
    }

    /// Writes down that a key was used.
    ///
    /// - Throws: `StoreFailure`.
    public func used(key id: String, at now: Moment) throws {
        try session.run(
            "UPDATE api_key SET used_at = ?3 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .text(id), SQLValue(now)])
    }

    /// Has a key end at that time, unless it ends sooner; false where there is none that is good still.
    ///
    /// - Throws: `StoreFailure`.
    public func end(key id: String, at end: Moment, now: Moment) throws -> Bool {
        try session.run(
            """
            UPDATE api_key SET expires_at = CASE WHEN expires_at IS NULL OR expires_at > ?3 THEN ?3 ELSE expires_at END
            WHERE organization_id = ?1 AND id = ?2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?4)
            """, [.integer(organization), .text(id), SQLValue(end), SQLValue(now)]) > 0
    }

    /// Takes a key back; false where there is none, or it was taken back before.
    ///
    /// - Throws: `StoreFailure`.
    public func revoke(key id: String, at now: Moment) throws -> Bool {
        try session.run(
            "UPDATE api_key SET revoked_at = ?3 WHERE organization_id = ?1 AND id = ?2 AND revoked_at IS NULL",
            [.integer(organization), .text(id), SQLValue(now)]) > 0
    }

    private static func key(_ row: Row) -> APIKey {
        var key = APIKey(
            id: row.text(0), name: row.text(1), permissions: permissions(row.text(2)),
            createdAt: row.moment(4) ?? Moment(milliseconds: 0), expiresAt: row.moment(5), digest: row.blob(3))
        key.usedAt = row.moment(6)
        key.revokedAt = row.moment(7)
        return key
    }
}

// Sign-ins that last.
extension IdentityTable {
    private static let sessionColumns =
        "id, account, is_browser, created_at, seen_at, ends_at, origin, digest, earlier"

    /// The sessions that last still, the newest first; of one account, or of all.
    ///
    /// - Throws: `StoreFailure`.
    public func sessions(of account: String? = nil, now: Moment) throws -> [Session] {
        let ofOne = account == nil ? "" : "AND account = ?2"
        let all = try session.rows(
            """
            SELECT \(Self.sessionColumns) FROM sign_in WHERE organization_id = ?1 \(ofOne)
            ORDER BY created_at DESC, id
            """, [.integer(organization)] + (account.map { [.text($0)] } ?? []))
        return all.map(Self.kept).filter { $0.isOpen(at: now) }
    }

    /// A session by its id; nil where there is none, or it has ended.
    ///
    /// - Throws: `StoreFailure`.
    public func openSession(_ id: String, now: Moment) throws -> Session? {
        try session.rows(
            "SELECT \(Self.sessionColumns) FROM sign_in WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .text(id)]
        ).first.map(Self.kept).flatMap { $0.isOpen(at: now) ? $0 : nil }
    }

    /// Keeps a session as it is now.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ kept: Session) throws {
        try session.save(
            [
                [
                    .integer(organization), .text(kept.id), .text(kept.account), .integer(kept.isBrowser ? 1 : 0),
                    SQLValue(kept.createdAt), SQLValue(kept.seenAt), SQLValue(kept.endsAt), SQLValue(kept.origin),
                    .blob(kept.digest), kept.earlier.map(SQLValue.blob) ?? .null,
                ]
            ], as: Self.sessionRow)
    }

    private static let sessionRow = Upsert(
        "sign_in", key: ["organization_id", "id"],
        updating: [
            "account", "is_browser", "created_at", "seen_at", "ends_at", "origin", "digest", "earlier",
        ])

    /// Ends a session; false where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func end(session id: String) throws -> Bool {
        try session.run(
            "DELETE FROM sign_in WHERE organization_id = ?1 AND id = ?2", [.integer(organization), .text(id)]) > 0
    }

    /// Ends all sessions of an account; how many there were.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func endSessions(of account: String) throws -> Int {
        try session.run(
            "DELETE FROM sign_in WHERE organization_id = ?1 AND account = ?2", [.integer(organization), .text(account)])
    }

    /// Forgets sessions that have ended.
    ///
    /// - Throws: `StoreFailure`.
    public func forgetEnded(now: Moment) throws {
        try session.run(
            """
            DELETE FROM sign_in WHERE organization_id = ?1 AND (ends_at <= ?2
                OR is_browser = 1 AND seen_at <= ?3 OR is_browser = 0 AND seen_at <= ?4)
            """,
            [
                .integer(organization), SQLValue(now), SQLValue(now.adding(seconds: -Session.idleBrowserSeconds)),
                SQLValue(now.adding(seconds: -Session.idleSeconds)),
            ])
    }

    private static func kept(_ row: Row) -> Session {
        let zero = Moment(milliseconds: 0)
        return Session(
            id: row.text(0), account: row.text(1), isBrowser: row.integer(2) != 0, createdAt: row.moment(3) ?? zero,
            seenAt: row.moment(4) ?? zero, endsAt: row.moment(5) ?? zero, origin: row.optionalText(6),
            digest: row.blob(7), earlier: row.blob(8).isEmpty ? nil : row.blob(8))
    }
}

// Tokens that were taken back before their time.
extension IdentityTable {
    /// Takes a token back, by its id.
    ///
    /// - Throws: `StoreFailure`.
    public func revoke(token id: String, at now: Moment) throws {
        try session.save([[.integer(organization), .text(id), SQLValue(now)]], as: Self.revokedRow)
    }

    private static let revokedRow = Upsert(
        "revoked_token", ["organization_id", "id", "revoked_at"], key: ["organization_id", "id"])

    /// Whether a token was taken back.
    ///
    /// - Throws: `StoreFailure`.
    public func isRevoked(token id: String) throws -> Bool {
        try !session.rows(
            "SELECT 1 FROM revoked_token WHERE organization_id = ?1 AND id = ?2", [.integer(organization), .text(id)]
        ).isEmpty
    }
}
