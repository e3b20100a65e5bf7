import Store

/// What one process of many does for all of them: schedules, rounds of the integrations.
///
/// Who holds a duty gives a sign every few seconds. Another takes it over once it has seen the same sign for longer
/// than the lease by its own clock, so it does not matter how far the clocks of two machines are apart.
public struct DutyTable {
    private let session: any StoreSession
    private let organization: Int64

    /// For how long a process looks at one and the same sign before it takes the duty over, in seconds. With looks
    /// every two seconds, who dies is replaced within 15.
    public static let leaseSeconds = 10.0

    /// The duties of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// Takes a duty that nobody holds, or goes on holding it, or looks at the sign of who does. `last`: what this
    /// process saw before; nil at its first look.
    ///
    /// - Throws: `StoreFailure`.
    public func hold(_ name: String, _ holder: String, after last: DutySign?, now: Moment) throws -> DutySign {
        let row = try session.rows(
            "SELECT holder, held_until FROM duty WHERE organization_id = ?1 AND name = ?2",
            [.integer(organization), .text(name)]
        ).first
        if let row, row.text(0) != holder {
            let seen = DutySign(holder: row.text(0), until: row.moment(1), since: now)
            guard let last, last.isSame(as: seen), now >= last.since else { return seen }
            if now.seconds(since: last.since) < Self.leaseSeconds { return last }
        }
        let own = DutySign(holder: holder, until: now.adding(seconds: Self.leaseSeconds), since: now)
        try session.save(
            [[.integer(organization), .text(name), .text(holder), SQLValue(own.until)]], as: Self.row)
        return own
    }

    private static let row = Upsert("duty", key: ["organization_id", "name"], updating: ["holder", "held_until"])

    /// Lets another take a duty at once.
    ///
    /// - Throws: `StoreFailure`.
    public func leave(_ name: String, _ holder: String) throws {
        try session.run(
            "DELETE FROM duty WHERE organization_id = ?1 AND name = ?2 AND holder = ?3",
            [.integer(organization), .text(name), .text(holder)])
    }
}

/// A sign of who holds a duty, as one process saw it.
public struct DutySign: Hashable, Sendable {
    /// Who holds it.
    public let holder: String
    /// What the holder wrote, by its own clock; another value with each sign.
    public let until: Moment?
    /// Since when this process has seen no other, by its own clock.
    public let since: Moment

    func isSame(as other: DutySign) -> Bool { holder == other.holder && until == other.until }
}
