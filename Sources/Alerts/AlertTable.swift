import Commerce
import Store

/// The alerts of one organization, seen from inside a step.
public struct AlertTable {
    let session: any StoreSession
    let organization: Int64

    /// The tables of this room.
    public static let migrations = [
        Migration(
            "0710-alerts",
            """
            -- What is too much, one row a kind. Numbers are in thousandths; news: what is still to be told, and when it
            -- is tried again.
            CREATE TABLE alert (
                organization_id INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, value INTEGER NOT NULL,
                count INTEGER NOT NULL, threshold INTEGER NOT NULL, detail TEXT, since INTEGER NOT NULL,
                seen_at INTEGER NOT NULL, raised_at INTEGER, resolved_at INTEGER, acknowledged_at INTEGER,
                acknowledged_by TEXT, escalated_at INTEGER, news TEXT, news_tries INTEGER NOT NULL, news_at INTEGER,
                PRIMARY KEY (organization_id, kind)
            ) STRICT;
            -- What each process of the hub counted in each minute of late; its numbers are those of alerts.
            CREATE TABLE vital (
                organization_id INTEGER NOT NULL, process TEXT NOT NULL, minute INTEGER NOT NULL, numbers TEXT NOT NULL,
                PRIMARY KEY (organization_id, minute, process)
            ) STRICT;
            -- How the regular test of each connection went.
            CREATE TABLE connection_test (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, tested_at INTEGER NOT NULL,
                failures INTEGER NOT NULL, reason TEXT, PRIMARY KEY (organization_id, integration_id)
            ) STRICT;
            -- From which level on all processes of the hub log for a while; no row: as each was started.
            CREATE TABLE log_wish (
                organization_id INTEGER PRIMARY KEY NOT NULL, level TEXT NOT NULL, until INTEGER NOT NULL
            ) STRICT;
            """, servesOlder: true)
    ]

    /// The alerts of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    private static let columns = """
        kind, state, value, count, threshold, detail, since, seen_at, raised_at, resolved_at, acknowledged_at,
        acknowledged_by, escalated_at, news
        """

    /// Every alert there is or was, by kind. One of a kind that this release does not know is left to others.
    ///
    /// - Throws: `StoreFailure`.
    public func all() throws -> [AlertKind: Alert] {
        let rows = try session.rows(
            "SELECT \(Self.columns) FROM alert WHERE organization_id = ?1", [.integer(organization)])
        return Dictionary(rows.compactMap(Alert.init).map { ($0.kind, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes an alert.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ alert: Alert) throws {
        try session.save(
            [
                [
                    .integer(organization), .text(alert.kind.rawValue), .text(alert.state.rawValue),
                    .integer(AlertNumber.thousandths(alert.reading.value)), .integer(Int64(alert.reading.count)),
                    .integer(AlertNumber.thousandths(alert.threshold)), SQLValue(alert.reading.detail),
                    SQLValue(alert.since), SQLValue(alert.seenAt), SQLValue(alert.raisedAt), SQLValue(alert.resolvedAt),
                    SQLValue(alert.acknowledgedAt), SQLValue(alert.acknowledgedBy), SQLValue(alert.escalatedAt),
                    // The last two were counted by releases that told of alerts themselves.
                    SQLValue(alert.news?.rawValue), .integer(0), .null,
                ]
            ], as: Self.upsert)
    }

    private static let upsert = Upsert(
        "alert", key: ["organization_id", "kind"],
        updating: [
            "state", "value", "count", "threshold", "detail", "since", "seen_at", "raised_at", "resolved_at",
            "acknowledged_at", "acknowledged_by", "escalated_at", "news", "news_tries", "news_at",
        ])

    /// Forgets what came to nothing.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(_ kind: AlertKind) throws {
        try session.run(
            "DELETE FROM alert WHERE organization_id = ?1 AND kind = ?2",
            [.integer(organization), .text(kind.rawValue)])
    }
}

extension Alert {
    fileprivate init?(_ row: Row) {
        guard let kind = AlertKind(rawValue: row.text(0)), let state = AlertState(rawValue: row.text(1)),
            let since = row.moment(6), let seen = row.moment(7)
        else { return nil }
        self.init(
            kind, AlertReading(Double(row.integer(2)) / 1000, of: Int(row.integer(3)), row.optionalText(5)),
            threshold: Double(row.integer(4)) / 1000, at: since)
        self.state = state
        seenAt = seen
        (raisedAt, resolvedAt, acknowledgedAt) = (row.moment(8), row.moment(9), row.moment(10))
        (acknowledgedBy, escalatedAt) = (row.optionalText(11), row.moment(12))
        news = row.optionalText(13).flatMap(AlertNews.init)
    }
}
