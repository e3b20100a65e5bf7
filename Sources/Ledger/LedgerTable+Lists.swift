import Store

/// Which integrations a list shows; nil: whatever it is.
public struct IntegrationFilter: Hashable, Sendable {
    /// The name of their connector.
    public var connector: String?
    public var state: IntegrationState?
    /// Only those whose names come behind this one.
    public var after: String?

    /// All of them.
    public init(connector: String? = nil, state: IntegrationState? = nil, after: String? = nil) {
        self.connector = connector
        self.state = state
        self.after = after
    }

    fileprivate func condition(_ values: inout [SQLValue]) -> String {
        var conditions = ["organization_id = ?1"]
        func add(_ condition: String, _ value: String?) {
            guard let value else { return }
            values.append(.text(value))
            conditions.append("\(condition) ?\(values.count)")
        }
        add("connector =", connector)
        add("state =", state?.rawValue)
        add("name >", after)
        return conditions.joined(separator: " AND ")
    }
}

/// What belongs to an integration, counted.
public struct Belongings: Hashable, Sendable {
    /// Records of each kind that are linked there.
    public var links: [RecordKind: Int]
    /// Open conflicts of these.
    public var conflicts: Int
    /// Payloads of it that could not be used.
    public var rejections: Int
}

/// Integrations page by page, one by one, and what goes with them.
extension LedgerTable {
    /// Some of the integrations that are meant, by name.
    ///
    /// - Throws: `StoreFailure`.
    public func integrations(_ filter: IntegrationFilter, limit: Int, offset: Int = 0) throws -> [Integration] {
        var values: [SQLValue] = [.integer(organization), .integer(Int64(limit)), .integer(Int64(offset))]
        let condition = filter.condition(&values)
        return try session.rows(
            "SELECT \(Integration.columnList) FROM integration WHERE \(condition) ORDER BY name LIMIT ?2 OFFSET ?3",
            values
        ).compactMap(Integration.init)
    }

    /// How many integrations are meant.
    ///
    /// - Throws: `StoreFailure`.
    public func integrationCount(_ filter: IntegrationFilter) throws -> Int {
        var values: [SQLValue] = [.integer(organization)]
        let condition = filter.condition(&values)
        return Int(
            try session.rows("SELECT count(*) FROM integration WHERE \(condition)", values).first?.integer(0) ?? 0)
    }

    /// How many integrations are in each state.
    ///
    /// - Throws: `StoreFailure`.
    public func integrationStates() throws -> [IntegrationState: Int] {
        let rows = try session.rows(
            "SELECT state, count(*) FROM integration WHERE organization_id = ?1 GROUP BY state",
            [.integer(organization)])
        return Dictionary(
            rows.compactMap { row in IntegrationState(rawValue: row.text(0)).map { ($0, Int(row.integer(1))) } },
            uniquingKeysWith: +)
    }

    /// The integration of that public id; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func integration(publicID: String) throws -> Integration? {
        // Ids are hex; other texts need not be asked for, and some of them no server takes.
        guard !publicID.isEmpty, publicID.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
            return nil
        }
        return try session.rows(
            "SELECT \(Integration.columnList) FROM integration WHERE organization_id = ?1 AND public_id = ?2",
            [.integer(organization), .text(publicID)]
        ).first.flatMap(Integration.init)
    }

    /// Whether an integration has that name.
    ///
    /// - Throws: `StoreFailure`.
    public func hasIntegration(named name: String, beside id: Int64? = nil) throws -> Bool {
        try !session.rows(
            "SELECT 1 FROM integration WHERE organization_id = ?1 AND name = ?2 AND id <> ?3",
            [.integer(organization), .text(name), .integer(id ?? 0)]
        ).isEmpty
    }

    /// What goes with an integration.
    ///
    /// - Throws: `StoreFailure`.
    public func belongings(of integration: Int64) throws -> Belongings {
        let links = try session.rows(
            """
            SELECT kind, count(*) FROM link WHERE organization_id = ?1 AND integration_id = ?2 AND role = 'record'
                AND is_active = 1 GROUP BY kind
            """, [.integer(organization), .integer(integration)])
        let conflicts = try session.rows(
            """
            SELECT count(*) FROM conflict JOIN link ON link.organization_id = ?1 AND link.id = conflict.link_id
            WHERE conflict.organization_id = ?1 AND conflict.resolved_at IS NULL AND link.integration_id = ?2
            """, [.integer(organization), .integer(integration)])
        let rejections = try session.rows(
            "SELECT count(*) FROM rejection WHERE organization_id = ?1 AND integration_id = ?2",
            [.integer(organization), .integer(integration)])
        return Belongings(
            links: Dictionary(
                links.compactMap { row in RecordKind(rawValue: row.text(0)).map { ($0, Int(row.integer(1))) } },
                uniquingKeysWith: +),
            conflicts: Int(conflicts.first?.integer(0) ?? 0), rejections: Int(rejections.first?.integer(0) ?? 0))
    }

    /// Takes an integration away with its settings, its address and how far it was read. What is linked there goes in
    /// steps of its own; records and their history stay.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(_ integration: Integration) throws {
        let whose: [SQLValue] = [.integer(organization), .integer(integration.id)]
        try session.run("DELETE FROM cursor WHERE organization_id = ?1 AND integration_id = ?2", whose)
        try session.run("DELETE FROM address WHERE public_id = ?1", [.text(integration.publicID)])
        try session.run("DELETE FROM integration WHERE organization_id = ?1 AND id = ?2", whose)
    }

    /// Forgets some of what is known of records at an integration that was taken away, at most so many of each. False
    /// once there is nothing left.
    ///
    /// - Throws: `StoreFailure`.
    public func forgetLinks(ofRemoved integration: Int64, limit: Int, now: Moment) throws -> Bool {
        let whose: [SQLValue] = [.integer(organization), .integer(integration)]
        let ids = try session.rows(
            "SELECT id FROM link WHERE organization_id = ?1 AND integration_id = ?2 ORDER BY id LIMIT ?3",
            whose + [.integer(Int64(limit))]
        ).map { $0.integer(0) }
        guard !ids.isEmpty else {
            for table in ["stock_pending", "stock_side", "rejection"] {
                try session.run("DELETE FROM \(table) WHERE organization_id = ?1 AND integration_id = ?2", whose)
            }
            return false
        }
        try session.run(
            """
            UPDATE conflict SET resolved_at = ?3, resolution = ?4
            WHERE organization_id = ?1 AND link_id IN {2} AND resolved_at IS NULL
            """,
            [.integer(organization), .ids(ids), SQLValue(now), .text("removed")])
        try session.run(
            "DELETE FROM link WHERE organization_id = ?1 AND id IN {2}", [.integer(organization), .ids(ids)])
        return true
    }
}
