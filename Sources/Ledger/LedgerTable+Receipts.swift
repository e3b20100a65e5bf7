import Store

/// What was written to a far side, and what came of it.
public struct Receipt: Hashable, Sendable {
    public var id: Int64
    public var record: Int64
    public var integration: Int64
    /// By part: `to`, and where known `from` (what it showed before) and `shows` (what it shows instead).
    public var parts: JSON
    /// `created`, `updated` or `adopted`.
    public var outcome: String
    public var remarks: [String]
    public var at: Moment
    /// The trace of what asked for it; nil where it began by itself.
    public var trace: String?

    /// A receipt.
    public init(
        id: Int64, record: Int64, integration: Int64, parts: JSON, outcome: String, remarks: [String], at: Moment,
        trace: String? = nil
    ) {
        self.trace = trace
        self.id = id
        self.record = record
        self.integration = integration
        self.parts = parts
        self.outcome = outcome
        self.remarks = remarks
        self.at = at
    }
}

extension LedgerTable {
    /// Appends receipts.
    ///
    /// - Throws: `StoreFailure`.
    public func append(_ receipts: [Receipt]) throws {
        try session.save(
            sealed(receipts).map {
                [
                    .integer(organization), .integer($0.id), .integer($0.record), .integer($0.integration),
                    SQLValue($0.parts), .text($0.outcome), .text($0.remarks.joined(separator: "; ")), SQLValue($0.at),
                    SQLValue($0.trace),
                ]
            }, as: Self.receiptRow)
    }

    private static let receiptRow = Upsert(
        "receipt",
        ["organization_id", "id", "record_id", "integration_id", "parts", "outcome", "remarks", "at", "trace"])

    /// What was written of a record, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func receipts(of record: Int64, limit: Int = 50) throws -> [Receipt] {
        try session.rows(
            """
            SELECT id, integration_id, parts, outcome, remarks, at, trace FROM receipt
            WHERE organization_id = ?1 AND record_id = ?2 ORDER BY id DESC LIMIT ?3
            """, [.integer(organization), .integer(record), .integer(Int64(limit))]
        ).map { row in
            Receipt(
                id: row.integer(0), record: record, integration: row.integer(1), parts: try opened(row.json(2)),
                outcome: row.text(3), remarks: row.text(4).isEmpty ? [] : [row.text(4)],
                at: row.moment(5) ?? Moment(milliseconds: 0), trace: row.optionalText(6))
        }
    }

    /// The change log of a record, the latest first; of one part where one is named.
    ///
    /// - Throws: `StoreFailure`.
    public func changes(of record: Int64, part: String? = nil, limit: Int = 50) throws -> [NumberedChange] {
        try changes(
            "record_id = ?2 AND (CAST(?3 AS text) IS NULL OR part = ?3)",
            [.integer(organization), .integer(record), SQLValue(part)], limit: limit)
    }

    /// The last changes of all records, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func lastChanges(after number: Int64 = 0, limit: Int = 20) throws -> [NumberedChange] {
        try changes("number > ?2", [.integer(organization), .integer(number), .null], limit: limit)
    }

    private func changes(_ condition: String, _ values: [SQLValue], limit: Int) throws -> [NumberedChange] {
        try session.rows(
            """
            SELECT number, record_id, kind, part, old, new, loser, origin, rule, run_id, at, trace FROM change
            WHERE organization_id = ?1 AND \(condition) ORDER BY number DESC LIMIT ?4
            """, values + [.integer(Int64(limit))]
        ).compactMap(numbered)
    }

    /// A change from a row of the log, opened where it is sealed; nil when its kind is unknown to this Crossdock.
    func numbered(_ row: Row) throws -> NumberedChange? {
        guard let kind = RecordKind(rawValue: row.text(2)) else { return nil }
        return NumberedChange(
            number: row.integer(0),
            change: Change(
                record: row.integer(1), kind: kind, part: row.text(3), old: try opened(row.optionalJSON(4), kind),
                new: try opened(row.optionalJSON(5), kind), loser: try opened(row.optionalJSON(6), kind),
                origin: row.optionalInteger(7), rule: row.text(8), run: row.optionalInteger(9),
                at: row.moment(10) ?? Moment(milliseconds: 0), trace: row.optionalText(11)))
    }
}

/// A change with its number in the log.
public struct NumberedChange: Hashable, Sendable {
    public var number: Int64
    public var change: Change
}

extension Row {
    /// The JSON at that position; nil where there is none.
    func optionalJSON(_ index: Int) -> JSON? { optionalText(index).flatMap { try? JSON(parsing: $0) } }
}
