import Commerce
import Store

/// What was tried by those who may not, minute by minute.
public struct SecurityTable {
    private let session: any StoreSession
    private let organization: Int64

    /// How long lines are kept, in seconds.
    public static let keptSeconds = 30 * 86_400.0
    /// How many lines one step forgets.
    static let pruneLimit = 2000

    /// The table they are kept in.
    public static let migrations = [
        Migration(
            "0610-security-event",
            """
            -- What was tried by those who may not: how often within a minute, of one kind, from one neighbourhood.
            CREATE TABLE security_event (
                organization_id INTEGER NOT NULL, minute INTEGER NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL,
                times INTEGER NOT NULL, place TEXT NOT NULL, PRIMARY KEY (organization_id, minute, kind, source)
            ) STRICT;
            """, servesOlder: true)
    ]

    /// Those of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// Adds what was counted to what is written down.
    ///
    /// - Throws: `StoreFailure`.
    public func add(_ lines: [SecurityLine]) throws {
        // In the order of the key: two processes that write the same rows wait for each other, and never both.
        let sorted = lines.sorted {
            ($0.minute, $0.kind.rawValue, $0.source) < ($1.minute, $1.kind.rawValue, $1.source)
        }
        try session.runEach(
            """
            INSERT INTO security_event (organization_id, minute, kind, source, times, place)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (organization_id, minute, kind, source)
            DO UPDATE SET times = security_event.times + excluded.times, place = excluded.place
            """,
            sorted.map { line in
                [
                    .integer(organization), SQLValue(line.minute), .text(line.kind.rawValue), .text(line.source),
                    .integer(Int64(line.times)), .text(line.place),
                ]
            })
    }

    /// The lines since then, of one kind or of all, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func lines(since: Moment, kind: SecurityKind? = nil, limit: Int) throws -> [SecurityLine] {
        let ofOne = kind == nil ? "" : "AND kind = ?4"
        return try session.rows(
            """
            SELECT minute, kind, source, times, place FROM security_event
            WHERE organization_id = ?1 AND minute >= ?2 \(ofOne) ORDER BY minute DESC, kind, source LIMIT ?3
            """,
            [.integer(organization), SQLValue(since), .integer(Int64(limit))]
                + (kind.map { [.text($0.rawValue)] } ?? [])
        ).compactMap { row in
            SecurityKind(rawValue: row.text(1)).map { kind in
                SecurityLine(
                    minute: row.moment(0) ?? since, kind: kind, source: row.text(2), times: Int(row.integer(3)),
                    place: row.text(4))
            }
        }
    }

    /// How often each kind was tried since then; a kind that was not is left out.
    ///
    /// - Throws: `StoreFailure`.
    public func counts(since: Moment) throws -> [SecurityKind: Int] {
        let rows = try session.rows(
            """
            SELECT kind, CAST(sum(times) AS BIGINT) FROM security_event
            WHERE organization_id = ?1 AND minute >= ?2 GROUP BY kind
            """, [.integer(organization), SQLValue(since)])
        return rows.reduce(into: [:]) { counts, row in
            if let kind = SecurityKind(rawValue: row.text(0)) { counts[kind] = Int(row.integer(1)) }
        }
    }

    /// Forgets some of the lines that are old enough, and answers how many.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(before limit: Moment) throws -> Int {
        // A whole minute at a time, so that one step stays short: its rows are few.
        let minutes = try session.rows(
            """
            SELECT minute FROM security_event WHERE organization_id = ?1 AND minute < ?2 ORDER BY minute LIMIT ?3
            """, [.integer(organization), SQLValue(limit), .integer(Int64(Self.pruneLimit))])
        guard let last = minutes.last else { return 0 }
        return try session.run(
            "DELETE FROM security_event WHERE organization_id = ?1 AND minute <= ?2",
            [.integer(organization), .integer(last.integer(0))])
    }
}
