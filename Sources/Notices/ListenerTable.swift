import Store

/// The listeners of one organization, seen from inside a step.
public struct ListenerTable {
    let session: any StoreSession
    let organization: Int64

    /// The most listeners of one organization.
    public static let limit = 200

    /// The listeners of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    private static let columns = [
        "organization_id", "id", "public_id", "integration_id", "name", "url", "method", "events", "settings",
        "options", "state", "reason", "told_number", "failing_since", "created_at",
    ]
    private static let columnList = columns.joined(separator: ", ")

    /// All listeners, the oldest first; of one integration where it is named.
    ///
    /// - Throws: `StoreFailure`.
    public func all(of integration: Int64? = nil) throws -> [Listener] {
        try session.rows(
            """
            SELECT \(Self.columnList) FROM listener WHERE organization_id = ?1
                AND (CAST(?2 AS bigint) IS NULL OR integration_id = ?2) ORDER BY id
            """, [.integer(organization), SQLValue(integration)]
        ).compactMap(Self.listener)
    }

    /// Those that are told something now.
    ///
    /// - Throws: `StoreFailure`.
    public func active() throws -> [Listener] { try all().filter { $0.state == .active } }

    /// One by its id; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func listener(_ id: Int64) throws -> Listener? {
        try session.rows(
            "SELECT \(Self.columnList) FROM listener WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(id)]
        ).first.flatMap(Self.listener)
    }

    /// One by its public id; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func listener(publicID: String) throws -> Listener? {
        try session.rows(
            "SELECT \(Self.columnList) FROM listener WHERE organization_id = ?1 AND public_id = ?2",
            [.integer(organization), .text(publicID)]
        ).first.flatMap(Self.listener)
    }

    /// How many there are.
    ///
    /// - Throws: `StoreFailure`.
    public func count() throws -> Int {
        Int(
            try session.rows("SELECT count(*) FROM listener WHERE organization_id = ?1", [.integer(organization)])
                .first?.integer(0) ?? 0)
    }

    /// Writes a listener, new or changed.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ listener: Listener) throws {
        try session.save([row(listener)], as: Self.upsert)
    }

    private static let upsert = Upsert(
        "listener", columns, key: ["organization_id", "id"],
        updates: columns.filter { !["organization_id", "id", "public_id", "created_at"].contains($0) })

    /// Notes up to which change a listener was told; false when somebody else has told it since, or it is disabled.
    ///
    /// - Throws: `StoreFailure`.
    public func advance(_ listener: Int64, from number: Int64, to next: Int64) throws -> Bool {
        try session.run(
            """
            UPDATE listener SET told_number = ?4 WHERE organization_id = ?1 AND id = ?2 AND told_number = ?3
                AND state = 'active'
            """, [.integer(organization), .integer(listener), .integer(number), .integer(next)]) == 1
    }

    /// Notes since when nothing gets through to a listener; nil when something did.
    ///
    /// - Throws: `StoreFailure`.
    public func set(failingSince: Moment?, of listener: Int64) throws {
        try session.run(
            "UPDATE listener SET failing_since = ?3 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(listener), SQLValue(failingSince)])
    }

    /// Takes a listener away with all that it was told.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(_ listener: Int64) throws {
        for (table, column) in [("notice_attempt", "listener_id"), ("notice", "listener_id"), ("listener", "id")] {
            try session.run(
                "DELETE FROM \(table) WHERE organization_id = ?1 AND \(column) = ?2",
                [.integer(organization), .integer(listener)])
        }
    }

    private func row(_ listener: Listener) -> [SQLValue] {
        [
            .integer(organization), .integer(listener.id), .text(listener.publicID), .integer(listener.integration),
            .text(listener.name), .text(listener.url), .text(listener.method),
            SQLValue(JSON.array(listener.events.map(JSON.string))), .blob(listener.settings),
            SQLValue(listener.options.json), .text(listener.state.rawValue), SQLValue(listener.reason),
            .integer(listener.toldNumber), SQLValue(listener.failingSince), SQLValue(listener.createdAt),
        ]
    }

    private static func listener(_ row: Row) -> Listener? {
        guard let state = ListenerState(rawValue: row.text(10)) else { return nil }
        var listener = Listener(
            id: row.integer(1), publicID: row.text(2), integration: row.integer(3), name: row.text(4),
            url: row.text(5), method: row.text(6), events: (row.json(7).array ?? []).compactMap(\.string),
            settings: row.blob(8), options: ListenerOptions(json: row.json(9)), toldNumber: row.integer(12),
            createdAt: row.moment(14) ?? Moment(milliseconds: 0))
        listener.state = state
        listener.reason = row.optionalText(11)
        listener.failingSince = row.moment(13)
        return listener
    }
}

extension ListenerOptions {
    init(json: JSON) {
        timeoutSeconds = json["timeout"]?.integer ?? timeoutSeconds
        retries = json["retries"]?.integer
        keepsOrder = json["ordered"]?.bool ?? false
    }

    /// As it is stored.
    var json: JSON {
        var members: [String: JSON] = ["timeout": .integer(timeoutSeconds), "ordered": .bool(keepsOrder)]
        members["retries"] = retries.map { .integer($0) }
        return .object(members)
    }
}
