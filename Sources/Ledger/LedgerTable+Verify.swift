import Store

/// Something in the ledger that cannot be as it is.
public struct LedgerFlaw: Hashable, Sendable {
    /// What it is, in words that name nobody.
    public var sentence: String
    /// The record it is about; nil where there is none.
    public var record: Int64?

    /// A flaw.
    public init(_ sentence: String, record: Int64? = nil) {
        self.sentence = sentence
        self.record = record
    }
}

/// So many rows of a table, in the order of their ids.
public struct LedgerPage<Row: Sendable>: Sendable {
    public var rows: [Row]
    /// Behind which the next page begins; nil at the end.
    public var next: Int64?
}

/// A link with what stands in its row beside it.
public struct CheckedLink: Sendable {
    public var link: HubLink
    /// Whether the bases in its row can be read.
    public var isReadable: Bool
}

/// What is asked when the whole ledger is looked through. Every question reads so much as fits into little memory.
extension LedgerTable {
    /// How many rows one step looks at.
    public static let verifyStep = 500
    /// How many rows of one sort without their counterpart are named at most.
    public static let orphanLimit = 100

    /// Links behind an id, with their bases as they stand.
    ///
    /// - Throws: `StoreFailure`.
    public func links(after id: Int64) throws -> LedgerPage<CheckedLink> {
        let rows = try session.rows(
            """
            SELECT \(HubLink.columnList) FROM link WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3
            """, [.integer(organization), .integer(id), .integer(Int64(Self.verifyStep))])
        let made = rows.map { (link: HubLink($0), row: $0) }
        // What has parts was read; only of the others it is to be asked why they have none.
        let unreadable = Set(
            made.filter { $0.link?.parts.isEmpty ?? false && $0.row.optionalJSON(7)?.object == nil }
                .map { $0.row.integer(1) })
        return LedgerPage(
            rows: try opened(made.compactMap(\.link)).map {
                CheckedLink(link: $0, isReadable: !unreadable.contains($0.id))
            },
            next: rows.count < Self.verifyStep ? nil : rows.last?.integer(1))
    }

    /// Records behind an id; of one kind where it is named.
    ///
    /// - Throws: `StoreFailure`.
    public func records(after id: Int64, of kind: RecordKind? = nil) throws -> LedgerPage<HubRecord> {
        let rows = try session.rows(
            """
            SELECT \(HubRecord.columnList) FROM record WHERE organization_id = ?1 AND id > ?2
                AND (CAST(?3 AS text) IS NULL OR kind = ?3) ORDER BY id LIMIT ?4
            """,
            [.integer(organization), .integer(id), SQLValue(kind?.rawValue), .integer(Int64(Self.verifyStep))])
        return LedgerPage(
            rows: try opened(rows.compactMap(HubRecord.init)),
            next: rows.count < Self.verifyStep ? nil : rows.last?.integer(1))
    }

    /// Which of these records there are.
    ///
    /// - Throws: `StoreFailure`.
    public func existing(_ ids: [Int64]) throws -> Set<Int64> {
        Set(
            try session.rows(
                "SELECT id FROM record WHERE organization_id = ?1 AND id IN {2}",
                [.integer(organization), .ids(Array(Set(ids)).sorted())]
            ).map { $0.integer(0) })
    }

    /// The integrations that changes of a record came from, or that it was written to.
    ///
    /// - Throws: `StoreFailure`.
    public func sides(inHistoryOf record: Int64) throws -> Set<Int64> {
        Set(
            try session.rows(
                """
                SELECT DISTINCT origin FROM change WHERE organization_id = ?1 AND record_id = ?2
                    AND origin IS NOT NULL
                UNION SELECT DISTINCT integration_id FROM receipt WHERE organization_id = ?1 AND record_id = ?2
                """, [.integer(organization), .integer(record)]
            ).map { $0.integer(0) })
    }

    /// How many records, or links, there are in all.
    ///
    /// - Throws: `StoreFailure`.
    public func verifyTotals() throws -> (records: Int, links: Int) {
        func count(_ table: String) throws -> Int {
            Int(
                try session.rows("SELECT count(*) FROM \(table) WHERE organization_id = ?1", [.integer(organization)])
                    .first?.integer(0) ?? 0)
        }
        return (try count("record"), try count("link"))
    }

    /// Some links of an integration that can be asked for by themselves, spread over all of them by a number.
    ///
    /// - Throws: `StoreFailure`.
    public func sample(of integration: Int64, _ kind: RecordKind, limit: Int, from place: Int64) throws -> [HubLink] {
        func some(_ comparison: String, _ limit: Int) throws -> [HubLink] {
            try session.rows(
                """
                SELECT \(HubLink.columnList) FROM link WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
                    AND role = 'record' AND is_active = 1 AND in_flight = 0 AND missing_since IS NULL
                    AND id \(comparison) ?4 ORDER BY id LIMIT ?5
                """,
                [
                    .integer(organization), .integer(integration), .text(kind.rawValue), .integer(place),
                    .integer(Int64(limit)),
                ]
            ).compactMap(HubLink.init)
        }
        let first = try some(">", limit)
        return try opened(first + (first.count < limit ? some("<=", limit - first.count) : []))
    }

    /// The first and the last id of a link; nil where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func linkIDs() throws -> ClosedRange<Int64>? {
        let row = try session.rows(
            "SELECT min(id), max(id) FROM link WHERE organization_id = ?1", [.integer(organization)]
        ).first
        guard let first = row?.optionalInteger(0), let last = row?.optionalInteger(1), first <= last else { return nil }
        return first...last
    }

    /// What movements of stock come to, by product or variant, in millionths of a piece.
    ///
    /// - Throws: `StoreFailure`.
    public func movedSums(of records: [Int64]) throws -> [Int64: Int64] {
        let rows = try session.rows(
            """
            SELECT record_id, CAST(sum(quantity) AS bigint) FROM movement WHERE organization_id = ?1
                AND record_id IN {2} GROUP BY record_id
            """, [.integer(organization), .ids(records.sorted())])
        return Dictionary(rows.map { ($0.integer(0), $0.integer(1)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Keeps what a verification came to, in the place of the one before.
    ///
    /// - Throws: `StoreFailure`.
    public func keep(verification: JSON, at now: Moment) throws {
        try session.save([[.integer(organization), SQLValue(now), .text(verification.text)]], as: Self.verificationRow)
    }

    private static let verificationRow = Upsert("verification", key: ["organization_id"], updating: ["at", "report"])

    /// What the last verification came to; nil where there was none.
    ///
    /// - Throws: `StoreFailure`.
    public func verification() throws -> JSON? {
        try session.rows("SELECT report FROM verification WHERE organization_id = ?1", [.integer(organization)])
            .first?.optionalJSON(0)
    }

    // MARK: Rows without their counterpart

    /// What stands for something that is not there. Each names a row by its id, and the record where there is one.
    private static let orphans: [(what: String, sql: String)] = [
        (
            "an open conflict has no link",
            """
            SELECT one.id, one.record_id FROM conflict AS one WHERE one.organization_id = ?1
                AND one.resolved_at IS NULL AND NOT EXISTS (SELECT 1 FROM link AS other
                    WHERE other.organization_id = ?1 AND other.id = one.link_id)
            """
        ),
        (
            "a movement of stock is of a record that is not there",
            """
            SELECT one.id, one.record_id FROM movement AS one WHERE one.organization_id = ?1 AND one.record_id <> 0
                AND NOT EXISTS (SELECT 1 FROM record AS other
                    WHERE other.organization_id = ?1 AND other.id = one.record_id)
            """
        ),
        (
            "a receipt is of a record that is not there",
            """
            SELECT one.id, one.record_id FROM receipt AS one WHERE one.organization_id = ?1
                AND NOT EXISTS (SELECT 1 FROM record AS other
                    WHERE other.organization_id = ?1 AND other.id = one.record_id)
            """
        ),
        (
            "an offer of stock is of a record that is not there",
            """
            SELECT one.id, one.record_id FROM stock_offer AS one WHERE one.organization_id = ?1
                AND NOT EXISTS (SELECT 1 FROM record AS other
                    WHERE other.organization_id = ?1 AND other.id = one.record_id)
            """
        ),
        (
            "a movement that no count has shown yet is not there",
            """
            SELECT one.movement_id, one.record_id FROM stock_pending AS one WHERE one.organization_id = ?1
                AND NOT EXISTS (SELECT 1 FROM movement AS other
                    WHERE other.organization_id = ?1 AND other.id = one.movement_id)
            """
        ),
        (
            "a change waits in a hold of the guard that is not there",
            """
            SELECT one.hold_id, one.record_id FROM guard_item AS one WHERE one.organization_id = ?1
                AND one.decision = 'waits' AND one.hold_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM guard_hold AS other
                    WHERE other.organization_id = ?1 AND other.id = one.hold_id)
            """
        ),
        (
            "it is known how far an integration was read that is not there",
            """
            SELECT one.integration_id, NULL FROM cursor AS one WHERE one.organization_id = ?1
                AND NOT EXISTS (SELECT 1 FROM integration AS other
                    WHERE other.organization_id = ?1 AND other.id = one.integration_id)
            """
        ),
        (
            "a public address leads to an integration that is not there",
            """
            SELECT one.integration_id, NULL FROM address AS one WHERE one.organization_id = ?1
                AND NOT EXISTS (SELECT 1 FROM integration AS other
                    WHERE other.organization_id = ?1 AND other.id = one.integration_id)
            """
        ),
        (
            "the key is missing that a record is sealed with",
            """
            SELECT one.id, one.id FROM record AS one WHERE one.organization_id = ?1 AND one.seal_key IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM personal_key AS other
                    WHERE other.organization_id = ?1 AND other.id = one.seal_key)
            """
        ),
    ]

    /// How many sorts of such rows are looked for.
    public static var orphanSorts: Int { orphans.count }

    /// Rows of one sort whose counterpart is missing, so many as are named at most and one more where there are more.
    ///
    /// - Throws: `StoreFailure`.
    public func orphans(ofSort index: Int) throws -> [LedgerFlaw] {
        guard Self.orphans.indices.contains(index) else { return [] }
        let sort = Self.orphans[index]
        return try session.rows(
            sort.sql + " LIMIT ?2", [.integer(organization), .integer(Int64(Self.orphanLimit + 1))]
        ).map { LedgerFlaw("\(sort.what) (\($0.integer(0)))", record: $0.optionalInteger(1)) }
    }
}
