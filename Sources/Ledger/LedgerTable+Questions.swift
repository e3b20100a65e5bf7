import Store

/// What people ask.
extension LedgerTable {
    /// The far ids of a kind that are linked and alive.
    ///
    /// - Throws: `StoreFailure`.
    public func externalIDs(_ integration: Int64, _ kind: RecordKind) throws -> Set<String> {
        Set(
            try session.rows(
                """
                SELECT external_id FROM link WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
                    AND role = 'record' AND is_active = 1
                """, [.integer(organization), .integer(integration), .text(kind.rawValue)]
            ).map { $0.text(0) })
    }

    /// How long what cannot be used is asked for whenever ids are compared, in seconds: an answer may have been spoiled
    /// on its way. What is still no better then is asked for ever more seldom, and every so often at least.
    static let rejectedAtOnceSeconds = 86_400.0
    static let rejectedAtMostSeconds = 30 * 86_400.0

    /// The far ids of a kind whose last reading could not be used: those that are to be read again now, and those that
    /// have been no better for as long as they were asked for before.
    ///
    /// - Throws: `StoreFailure`.
    public func rejectedIDs(
        _ integration: Int64, _ kind: RecordKind, now: Moment
    ) throws -> (due: Set<String>, later: Set<String>) {
        let rows = try session.rows(
            """
            SELECT external_id, first_at, last_at FROM rejection WHERE organization_id = ?1 AND integration_id = ?2
                AND kind = ?3 AND external_id <> ''
            """, [.integer(organization), .integer(integration), .text(kind.rawValue)])
        var (due, later): (Set<String>, Set<String>) = ([], [])
        for row in rows {
            let (first, last) = (row.moment(1) ?? now, row.moment(2) ?? now)
            let lasting = last.seconds(since: first)
            let wait = lasting < Self.rejectedAtOnceSeconds ? 0 : min(lasting, Self.rejectedAtMostSeconds)
            if now.seconds(since: last) < wait { later.insert(row.text(0)) } else { due.insert(row.text(0)) }
        }
        return (due, later)
    }

    /// How many links are looked at for what they show of a scope.
    static let scopeSample = 50

    /// The currency an integration's prices are in, as its latest links show it; nil where none shows a price.
    ///
    /// - Throws: `StoreFailure`.
    public func priceScope(of integration: Int64) throws -> String? {
        for kind in [RecordKind.variant, .product] {
            let links = try session.rows(
                """
                SELECT \(HubLink.columnList) FROM link WHERE organization_id = ?1
                    AND integration_id = ?2 AND kind = ?3 AND is_active = 1 LIMIT \(Self.scopeSample)
                """, [.integer(organization), .integer(integration), .text(kind.rawValue)]
            ).compactMap(HubLink.init)
            for link in links { if let scope = link.priceScope { return scope } }
        }
        return nil
    }

    /// How many records of each kind there are.
    ///
    /// - Throws: `StoreFailure`.
    public func recordCounts() throws -> [RecordKind: Int] {
        let rows = try session.rows(
            "SELECT kind, count(*) FROM record WHERE organization_id = ?1 AND is_deleted = 0 GROUP BY kind",
            [.integer(organization)])
        return Dictionary(
            rows.compactMap { row in RecordKind(rawValue: row.text(0)).map { ($0, Int(row.integer(1))) } },
            uniquingKeysWith: +)
    }

    /// How many records of each kind are linked in each integration.
    ///
    /// - Throws: `StoreFailure`.
    public func linkCounts() throws -> [Int64: [RecordKind: Int]] {
        var counts: [Int64: [RecordKind: Int]] = [:]
        for row in try session.rows(
            """
            SELECT integration_id, kind, count(*) FROM link WHERE organization_id = ?1 AND role = 'record'
                AND is_active = 1 GROUP BY integration_id, kind
            """, [.integer(organization)])
        {
            if let kind = RecordKind(rawValue: row.text(1)) {
                counts[row.integer(0), default: [:]][kind] = Int(row.integer(2))
            }
        }
        return counts
    }

    /// When each kind of an integration was last read to the end.
    ///
    /// - Throws: `StoreFailure`.
    public func pulledAt(_ integration: Int64) throws -> [RecordKind: Moment] {
        let rows = try session.rows(
            "SELECT kind, pulled_at FROM cursor WHERE organization_id = ?1 AND integration_id = ?2",
            [.integer(organization), .integer(integration)])
        return Dictionary(
            rows.compactMap { row in
                guard let kind = RecordKind(rawValue: row.text(0)), let at = row.moment(1) else { return nil }
                return (kind, at)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// When integrations were last read to the end, whatever the kind.
    ///
    /// - Throws: `StoreFailure`.
    public func lastReadings(of integrations: [Int64]) throws -> [Int64: Moment] {
        let rows = try session.rows(
            """
            SELECT integration_id, max(pulled_at) FROM cursor WHERE organization_id = ?1 AND integration_id IN {2}
            GROUP BY integration_id
            """, [.integer(organization), .ids(integrations.sorted())])
        return Dictionary(
            rows.compactMap { row in row.moment(1).map { (row.integer(0), $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Payloads that could not be used, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func rejections(limit: Int = 100) throws -> [(integration: Int64, rejection: Rejection, at: Moment)] {
        try session.rows(
            """
            SELECT integration_id, kind, external_id, reason, last_at FROM rejection WHERE organization_id = ?1
            ORDER BY last_at DESC LIMIT ?2
            """, [.integer(organization), .integer(Int64(limit))]
        ).compactMap { row in
            guard let kind = RecordKind(rawValue: row.text(1)) else { return nil }
            let rejection = Rejection(kind: kind, externalID: row.text(2), reason: row.text(3))
            return (row.integer(0), rejection, row.moment(4) ?? Moment(milliseconds: 0))
        }
    }

    /// How many there are that wait for a person: rejected payloads, held records, open conflicts.
    ///
    /// - Throws: `StoreFailure`.
    public func waitingCounts() throws -> (rejections: Int, holds: Int, conflicts: Int) {
        func count(_ sql: String) throws -> Int {
            Int(try session.rows(sql, [.integer(organization)]).first?.integer(0) ?? 0)
        }
        return (
            try count("SELECT count(*) FROM rejection WHERE organization_id = ?1"),
            try count("SELECT count(*) FROM record WHERE organization_id = ?1 AND hold IS NOT NULL"),
            try count("SELECT count(*) FROM conflict WHERE organization_id = ?1 AND resolved_at IS NULL")
        )
    }

    /// Records of a kind that a person means by a word: a natural key, a far id, a title, or the hub's own id.
    ///
    /// - Throws: `StoreFailure`.
    public func find(_ kind: RecordKind, _ word: String) throws -> [HubRecord] {
        let ids = try session.rows(
            """
            SELECT id FROM record WHERE organization_id = ?1 AND kind = ?2
                AND (natural_key IN {3} OR title = ?4 OR id = ?5)
            UNION SELECT record_id FROM link WHERE organization_id = ?1 AND kind = ?2 AND external_id = ?4
            LIMIT 20
            """,
            [
                .integer(organization), .text(kind.rawValue),
                .keys(try indexes(of: [NaturalKey.folded(word)], kind).keys.sorted()), .text(word),
                SQLValue(Int64(word)),
            ])
        return try records(ids.map { $0.integer(0) })
    }

    /// Records that are held, with their reasons.
    ///
    /// - Throws: `StoreFailure`.
    public func held(limit: Int = 100) throws -> [HubRecord] {
        try opened(
            session.rows(
                """
                SELECT \(HubRecord.columnList) FROM record WHERE organization_id = ?1
                    AND hold IS NOT NULL ORDER BY id LIMIT ?2
                """, [.integer(organization), .integer(Int64(limit))]
            ).compactMap(HubRecord.init))
    }
}
