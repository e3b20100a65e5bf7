import Reconcile
import Store

/// What the guard remembers.
extension LedgerTable {
    // MARK: Changes

    /// What is remembered of the far records of these links.
    ///
    /// - Throws: `StoreFailure`.
    func guarded(_ links: [HubLink], in integration: Int64) throws -> [GuardName: GuardItem] {
        var found: [GuardName: GuardItem] = [:]
        for (kind, links) in Dictionary(grouping: links, by: \.kind) {
            for item in try guardItems(integration, kind, externalIDs: links.map(\.externalID)) {
                found[item.name] = item
            }
        }
        return found
    }

    /// What is remembered of far records of one kind.
    ///
    /// - Throws: `StoreFailure`.
    public func guardItems(
        _ integration: Int64, _ kind: RecordKind, externalIDs: [String]
    ) throws -> [GuardItem] {
        guard !externalIDs.isEmpty else { return [] }
        return try session.rows(
            """
            SELECT \(GuardItem.columnList) FROM guard_item WHERE organization_id = ?1 AND integration_id = ?2
                AND kind = ?3 AND external_id IN {4} ORDER BY external_id, part
            """, [.integer(organization), .integer(integration), .text(kind.rawValue), .keys(externalIDs.sorted())]
        ).compactMap(GuardItem.init)
    }

    /// What is remembered of counterparts of one kind that are gone, but for those that were given up.
    ///
    /// - Throws: `StoreFailure`.
    public func goneItems(_ integration: Int64, _ kind: RecordKind) throws -> [GuardItem] {
        try session.rows(
            """
            SELECT \(GuardItem.columnList) FROM guard_item WHERE organization_id = ?1 AND integration_id = ?2
                AND kind = ?3 AND part = ?4 AND decision <> 'passed' ORDER BY external_id
            """,
            [.integer(organization), .integer(integration), .text(kind.rawValue), .text(HubLink.gonePart)]
        ).compactMap(GuardItem.init)
    }

    /// The changes that wait in a hold, in the order of their far ids.
    ///
    /// - Throws: `StoreFailure`.
    public func waiting(in hold: Int64, limit: Int = .max) throws -> [GuardItem] {
        try session.rows(
            """
            SELECT \(GuardItem.columnList) FROM guard_item WHERE organization_id = ?1 AND hold_id = ?2
                AND decision = 'waits' ORDER BY external_id, part LIMIT ?3
            """, [.integer(organization), .integer(hold), .integer(Int64(limit))]
        ).compactMap(GuardItem.init)
    }

    /// How many changes wait in a hold.
    ///
    /// - Throws: `StoreFailure`.
    public func waitingCount(in hold: Int64) throws -> Int {
        try count(
            "FROM guard_item WHERE organization_id = ?1 AND hold_id = ?2 AND decision = 'waits'",
            [.integer(organization), .integer(hold)])
    }

    /// How many such changes the hub has taken since then, or takes when it reads them again.
    ///
    /// - Throws: `StoreFailure`.
    public func takenCount(_ integration: Int64, _ key: GuardKey, since: Moment) throws -> Int {
        let values: [SQLValue] = [
            .integer(organization), .integer(integration), .text(key.kind.rawValue), .text(key.sort.rawValue),
            SQLValue(since),
        ]
        let those = "FROM guard_item WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3 AND sort = ?4"
        try session.run("DELETE \(those) AND decision = 'passed' AND at <= ?5", values)
        return try count("\(those) AND (decision = 'cleared' OR decision = 'passed' AND at > ?5)", values)
    }

    /// How many records of a kind an integration has that are linked.
    ///
    /// - Throws: `StoreFailure`.
    public func linkedCount(_ integration: Int64, _ kind: RecordKind) throws -> Int {
        try count(
            """
            FROM link WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3 AND role = 'record'
                AND is_active = 1
            """, [.integer(organization), .integer(integration), .text(kind.rawValue)])
    }

    private func count(_ those: String, _ values: [SQLValue]) throws -> Int {
        Int(try session.rows("SELECT count(*) \(those)", values).first?.integer(0) ?? 0)
    }

    /// Remembers changes.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ items: [GuardItem]) throws {
        guard !items.isEmpty else { return }
        let last = Dictionary(items.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let rows = last.values.sorted {
            ($0.name.kind.rawValue, $0.name.externalID, $0.name.part)
                < ($1.name.kind.rawValue, $1.name.externalID, $1.name.part)
        }
        try session.save(rows.map { $0.row(organization) }, as: GuardItem.upsert)
    }

    /// Forgets changes. A hold in which nothing waits any more has come to its end by itself.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(_ names: [GuardName], of integration: Int64, now: Moment) throws {
        guard !names.isEmpty else { return }
        for (kind, names) in Dictionary(grouping: names, by: \.kind) {
            for (part, names) in Dictionary(grouping: names, by: \.part) {
                try session.run(
                    """
                    DELETE FROM guard_item WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
                        AND part = ?4 AND external_id IN {5}
                    """,
                    [
                        .integer(organization), .integer(integration), .text(kind.rawValue), .text(part),
                        .keys(names.map(\.externalID).sorted()),
                    ])
            }
        }
        try session.run(
            """
            UPDATE guard_hold SET state = 'healed', decided_at = ?3 WHERE organization_id = ?1 AND integration_id = ?2
                AND decided_at IS NULL AND NOT EXISTS (
                    SELECT 1 FROM guard_item WHERE guard_item.organization_id = guard_hold.organization_id
                        AND guard_item.hold_id = guard_hold.id AND guard_item.decision = 'waits')
            """, [.integer(organization), .integer(integration), SQLValue(now)])
    }

    // MARK: Holds

    /// The holds that wait for a decision, the oldest first.
    ///
    /// - Throws: `StoreFailure`.
    public func undecidedHolds() throws -> [GuardHold] {
        try holds("decided_at IS NULL", [])
    }

    /// The hold of an integration that such changes go to; nil where none is undecided.
    ///
    /// - Throws: `StoreFailure`.
    public func undecidedHold(_ integration: Int64, _ key: GuardKey) throws -> GuardHold? {
        try undecidedHolds().first { $0.integration == integration && $0.key == key }
    }

    /// The holds whose share is not known, and to which nothing came after that time.
    ///
    /// - Throws: `StoreFailure`.
    public func gathered(before limit: Moment) throws -> [GuardHold] {
        try undecidedHolds().filter { $0.state == .gathering && $0.grownAt <= limit }
    }

    /// A hold by its id.
    ///
    /// - Throws: `StoreFailure`.
    public func hold(_ id: Int64) throws -> GuardHold? { try holds("id = ?2", [.integer(id)]).first }

    private func holds(_ condition: String, _ values: [SQLValue]) throws -> [GuardHold] {
        try session.rows(
            """
            SELECT \(GuardHold.columnList) FROM guard_hold WHERE organization_id = ?1 AND \(condition) ORDER BY id
            """, [.integer(organization)] + values
        ).compactMap(GuardHold.init)
    }

    /// Writes a hold.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ hold: GuardHold) throws {
        try session.save([hold.row(organization)], as: GuardHold.upsert)
    }

    /// Forgets decided holds that nothing is remembered of any more.
    ///
    /// - Throws: `StoreFailure`.
    public func forgetHolds(decidedBefore limit: Moment) throws {
        try session.run(
            """
            DELETE FROM guard_hold WHERE organization_id = ?1 AND decided_at < ?2 AND NOT EXISTS (
                SELECT 1 FROM guard_item WHERE guard_item.organization_id = guard_hold.organization_id
                    AND guard_item.hold_id = guard_hold.id)
            """, [.integer(organization), SQLValue(limit)])
    }
}

extension GuardItem {
    private static let columns = [
        "organization_id", "integration_id", "kind", "external_id", "part", "sort", "record_id", "hold_id", "old",
        "new", "decision", "at",
    ]
    static let columnList = columns.joined(separator: ", ")
    static let upsert = Upsert(
        "guard_item", columns, key: Array(columns.prefix(5)), updates: Array(columns.dropFirst(5)))

    init?(_ row: Row) {
        guard let kind = RecordKind(rawValue: row.text(2)), let sort = GuardSort(rawValue: row.text(5)),
            let decision = GuardDecision(rawValue: row.text(10))
        else { return nil }
        self.init(
            integration: row.integer(1), GuardName(kind, row.text(3), row.text(4)), sort, record: row.integer(6),
            old: row.optionalText(8).map { _ in row.json(8) }, new: row.optionalText(9).map { _ in row.json(9) },
            at: row.moment(11) ?? Moment(milliseconds: 0))
        hold = row.optionalInteger(7)
        self.decision = decision
    }

    func row(_ organization: Int64) -> [SQLValue] {
        [
            .integer(organization), .integer(integration), .text(name.kind.rawValue), .text(name.externalID),
            .text(name.part), .text(sort.rawValue), .integer(record), SQLValue(hold), SQLValue(old?.text),
            SQLValue(new?.text), .text(decision.rawValue), SQLValue(at),
        ]
    }
}

extension GuardHold {
    private static let columns = [
        "organization_id", "id", "integration_id", "kind", "sort", "state", "total", "opened_at", "grown_at",
        "decided_at", "decided_by",
    ]
    static let columnList = columns.joined(separator: ", ")
    static let upsert = Upsert(
        "guard_hold", columns, key: Array(columns.prefix(2)),
        updates: ["state", "total", "grown_at", "decided_at", "decided_by"])

    init?(_ row: Row) {
        guard let kind = RecordKind(rawValue: row.text(3)), let sort = GuardSort(rawValue: row.text(4)),
            let state = GuardState(rawValue: row.text(5))
        else { return nil }
        let opened = row.moment(7) ?? Moment(milliseconds: 0)
        self.init(
            id: row.integer(1), integration: row.integer(2), GuardKey(kind, sort), total: Int(row.integer(6)),
            isOpen: state == .open, at: opened)
        self.state = state
        grownAt = row.moment(8) ?? opened
        decidedAt = row.moment(9)
        decidedBy = row.optionalText(10)
    }

    func row(_ organization: Int64) -> [SQLValue] {
        [
            .integer(organization), .integer(id), .integer(integration), .text(key.kind.rawValue),
            .text(key.sort.rawValue), .text(state.rawValue), .integer(Int64(total)), SQLValue(openedAt),
            SQLValue(grownAt), SQLValue(decidedAt), SQLValue(decidedBy),
        ]
    }
}
