import Store

/// What one process of many does for all of them: schedules, rounds of the integrations.
public struct DutyTable {
    private let session: any StoreSession
    private let organization: Int64

    /// How long a duty is held without being renewed, in seconds: who dies is replaced within 15.
    public static let leaseSeconds = 12.0

    /// The duties of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// Takes a duty that nobody holds, or goes on holding it. False when another does.
    ///
    /// - Throws: `StoreFailure`.
    public func hold(_ name: String, _ holder: String, now: Moment) throws -> Bool {
        let until = now.adding(seconds: Self.leaseSeconds)
        // A lease further ahead than any can be was given by a clock that was set back since.
        return try !session.rows(
            """
            INSERT INTO duty (organization_id, name, holder, held_until) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (organization_id, name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
            WHERE duty.holder = excluded.holder OR duty.held_until < ?5 OR duty.held_until > ?6
            RETURNING holder
            """,
            [
                .integer(organization), .text(name), .text(holder), SQLValue(until), SQLValue(now),
                SQLValue(until.adding(seconds: Self.leaseSeconds)),
            ]
        ).isEmpty
    }

    /// Lets another take a duty at once.
    ///
    /// - Throws: `StoreFailure`.
    public func leave(_ name: String, _ holder: String) throws {
        try session.run(
            "DELETE FROM duty WHERE organization_id = ?1 AND name = ?2 AND holder = ?3",
            [.integer(organization), .text(name), .text(holder)])
    }
}
