import Store

extension LedgerTable {
    /// All integrations, by name.
    ///
    /// - Throws: `StoreFailure`.
    public func integrations() throws -> [Integration] {
        try session.rows(
            """
            SELECT \(Integration.columnList) FROM integration WHERE organization_id = ?1
            ORDER BY name
            """, [.integer(organization)]
        ).compactMap(Integration.init)
    }

    /// Writes an integration, and its public address where it is new.
    ///
    /// - Throws: `StoreFailure`; refused when another has that name.
    public func save(_ integration: Integration) throws {
        try session.save([integration.row(organization)], as: Integration.upsert)
        try session.save(
            [[.text(integration.publicID), .integer(organization), .integer(integration.id)]],
            as: Upsert("address", ["public_id", "organization_id", "integration_id"], key: ["public_id"]))
    }

    /// Stops calling an integration, with a reason for its owner; or lets it work again.
    ///
    /// - Throws: `StoreFailure`.
    public func set(_ state: IntegrationState, reason: String?, of integration: Int64) throws {
        try session.run(
            "UPDATE integration SET state = ?3, reason = ?4 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(integration), .text(state.rawValue), SQLValue(reason)])
    }

    /// Remembers what was found out about an integration's webhooks.
    ///
    /// - Throws: `StoreFailure`.
    public func setWebhooks(_ state: String, of integration: Int64, now: Moment) throws {
        try session.run(
            "UPDATE integration SET webhook_state = ?3, webhook_at = ?4 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(integration), .text(state), SQLValue(now)])
    }

    /// Changes an integration as it is now. Nil when there is none of that id.
    ///
    /// - Throws: `StoreFailure`, or what the change throws.
    public func change(_ id: Int64, _ change: (inout Integration) throws -> Void) throws -> Integration? {
        guard var integration = try integrations().first(where: { $0.id == id }) else { return nil }
        try change(&integration)
        try save(integration)
        return integration
    }

    /// Remembers how far an integration's clock is ahead of ours.
    ///
    /// - Throws: `StoreFailure`.
    public func setClockOffset(_ milliseconds: Int64, of integration: Int64) throws {
        try session.run(
            "UPDATE integration SET clock_offset_ms = ?3 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(integration), .integer(milliseconds)])
    }

    // MARK: Cursors

    private static let cursorColumns =
        "since, position, pulled_at, census_position, census_at, census_started_at, asked_at, unnamed_readings"

    /// How far a kind has been read.
    ///
    /// - Throws: `StoreFailure`.
    public func cursor(_ integration: Int64, _ kind: RecordKind) throws -> PullCursor {
        try session.rows(
            """
            SELECT \(Self.cursorColumns) FROM cursor
            WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
            """, [.integer(organization), .integer(integration), .text(kind.rawValue)]
        ).first.map(Self.cursor) ?? PullCursor()
    }

    /// How far each kind of an integration has been read; one that never was is missing.
    ///
    /// - Throws: `StoreFailure`.
    public func cursors(_ integration: Int64) throws -> [RecordKind: PullCursor] {
        let rows = try session.rows(
            "SELECT \(Self.cursorColumns), kind FROM cursor WHERE organization_id = ?1 AND integration_id = ?2",
            [.integer(organization), .integer(integration)])
        return Dictionary(
            rows.compactMap { row in RecordKind(rawValue: row.text(8)).map { ($0, Self.cursor(row)) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// The cursors of all integrations.
    ///
    /// - Throws: `StoreFailure`.
    public func cursors() throws -> [Int64: [RecordKind: PullCursor]] {
        let rows = try session.rows(
            "SELECT \(Self.cursorColumns), kind, integration_id FROM cursor WHERE organization_id = ?1",
            [.integer(organization)])
        return rows.reduce(into: [:]) { result, row in
            guard let kind = RecordKind(rawValue: row.text(8)) else { return }
            result[row.integer(9), default: [:]][kind] = Self.cursor(row)
        }
    }

    private static func cursor(_ row: Row) -> PullCursor {
        PullCursor(
            since: row.optionalText(0), position: row.optionalText(1), pulledAt: row.moment(2),
            censusPosition: row.optionalText(3), censusAt: row.moment(4), censusStartedAt: row.moment(5),
            askedAt: row.optionalInteger(6), unnamedReadings: Int(row.integer(7)))
    }

    /// Remembers how far a kind has been read.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ cursor: PullCursor, _ integration: Int64, _ kind: RecordKind) throws {
        try session.save(
            [
                [
                    .integer(organization), .integer(integration), .text(kind.rawValue), SQLValue(cursor.since),
                    SQLValue(cursor.position), SQLValue(cursor.pulledAt), SQLValue(cursor.censusPosition),
                    SQLValue(cursor.censusAt), SQLValue(cursor.censusStartedAt), SQLValue(cursor.askedAt),
                    .integer(Int64(cursor.unnamedReadings)),
                ]
            ], as: Self.cursorRow)
    }

    private static let cursorRow = Upsert(
        "cursor", key: ["organization_id", "integration_id", "kind"],
        updating: [
            "since", "position", "pulled_at", "census_position", "census_at", "census_started_at", "asked_at",
            "unnamed_readings",
        ])

    /// The number of the last settled write; what is asked for now holds all writes up to it.
    ///
    /// - Throws: `StoreFailure`.
    public func settleNumber() throws -> Int64 {
        try session.rows("SELECT settle_number FROM counter WHERE organization_id = ?1", [.integer(organization)])
            .first?.integer(0) ?? 0
    }

    /// Counts one more settled write and gives its number.
    ///
    /// - Throws: `StoreFailure`.
    public func nextSettleNumber() throws -> Int64 {
        try session.rows(
            """
            INSERT INTO counter (organization_id, change_number, settle_number) VALUES (?1, 0, 1)
            ON CONFLICT (organization_id) DO UPDATE SET settle_number = counter.settle_number + 1
            RETURNING settle_number
            """, [.integer(organization)]
        ).first?.integer(0) ?? 0
    }
}

/// How far a kind has been read in one integration.
public struct PullCursor: Hashable, Sendable {
    /// The cursor the last finished pull left.
    public var since: String?
    /// Where an unfinished pull stands.
    public var position: String?
    /// When the last finished pull began.
    public var pulledAt: Moment?
    /// Where an unfinished census stands.
    public var censusPosition: String?
    /// When the last finished census ended.
    public var censusAt: Moment?
    /// When the census that is under way began.
    public var censusStartedAt: Moment?
    /// The settle number when the last finished pull was asked for.
    public var askedAt: Int64?
    /// How many first readings were made again because some of what they gave had no id.
    public var unnamedReadings: Int

    /// Nothing read yet.
    public init(
        since: String? = nil, position: String? = nil, pulledAt: Moment? = nil, censusPosition: String? = nil,
        censusAt: Moment? = nil, censusStartedAt: Moment? = nil, askedAt: Int64? = nil,
        unnamedReadings: Int = 0
    ) {
        self.since = since
        self.position = position
        self.pulledAt = pulledAt
        self.censusPosition = censusPosition
        self.censusAt = censusAt
        self.censusStartedAt = censusStartedAt
        self.askedAt = askedAt
        self.unnamedReadings = unnamedReadings
    }
}
