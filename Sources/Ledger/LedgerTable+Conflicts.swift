import Reconcile
import Store

/// A conflict as the store has it.
public struct Conflict: Hashable, Sendable {
    public var id: Int64
    public var record: Int64
    public var link: Int64
    public var part: String
    public var base: JSON?
    public var theirs: JSON
    public var ours: JSON
    public var openedAt: Moment
}

extension LedgerTable {
    func open(_ conflicts: [NewConflict], now: Moment) throws {
        try session.save(
            sealed(conflicts).map {
                [
                    .integer(organization), .integer($0.id), .integer($0.record), .integer($0.link), .text($0.part),
                    SQLValue($0.base?.text), SQLValue($0.theirs), SQLValue($0.ours), SQLValue(now),
                ]
            }, as: Self.conflictRow)
    }

    private static let conflictRow = Upsert(
        "conflict", ["organization_id", "id", "record_id", "link_id", "part", "base", "theirs", "ours", "opened_at"])

    func closeConflict(_ link: Int64, _ part: String, _ resolution: String, now: Moment) throws {
        try session.run(
            """
            UPDATE conflict SET resolved_at = ?4, resolution = ?5 WHERE organization_id = ?1 AND link_id = ?2
                AND part = ?3 AND resolved_at IS NULL
            """, [.integer(organization), .integer(link), .text(part), SQLValue(now), .text(resolution)])
    }

    /// The open conflicts, the oldest first.
    ///
    /// - Throws: `StoreFailure`.
    public func openConflicts(limit: Int = 100) throws -> [Conflict] {
        try session.rows(
            """
            SELECT id, record_id, link_id, part, base, theirs, ours, opened_at FROM conflict
            WHERE organization_id = ?1 AND resolved_at IS NULL ORDER BY id LIMIT ?2
            """, [.integer(organization), .integer(Int64(limit))]
        ).map { row in
            Conflict(
                id: row.integer(0), record: row.integer(1), link: row.integer(2), part: row.text(3),
                base: try row.optionalText(4).map { _ in try opened(row.json(4)) }, theirs: try opened(row.json(5)),
                ours: try opened(row.json(6)),
                openedAt: row.moment(7) ?? Moment(milliseconds: 0))
        }
    }

    /// Carries out a person's decision: the part is free again, and the record's value is what was chosen. Answers the
    /// record that must be looked at, or nil when no such conflict is open.
    ///
    /// - Throws: `StoreFailure`.
    public func resolve(conflict id: Int64, _ choice: Resolution, now: Moment) throws -> Int64? {
        let rows = try session.rows(
            """
            SELECT record_id, link_id, part FROM conflict WHERE organization_id = ?1 AND id = ?2
                AND resolved_at IS NULL
            """, [.integer(organization), .integer(id)])
        guard let row = rows.first, var record = try records([row.integer(0)]).first,
            var link = try links(ofRecords: [record.id]).first(where: { $0.id == row.integer(1) })
        else { return nil }
        let part = row.text(2)
        let hub = record.parts[part] ?? HubPart(value: .null, origin: nil, changed: ChangeInterval(at: now))
        let step = Reconcile.resolve(
            part: part, choice: choice, link: link.parts[part] ?? LinkedPart(), record: hub, now: now)
        link.parts[part] = step.link
        link.digest = nil
        if let value = step.record { record.parts[part] = value }
        record.updatedAt = now
        try save([record])
        try save([link])
        try append([
            Change(
                record: record.id, kind: record.kind, part: part, old: hub.value, new: record.parts[part]?.value,
                loser: step.loser, origin: nil, rule: step.event.words, run: nil, at: now)
        ])
        try closeConflict(link.id, part, "decided by a person", now: now)
        return record.id
    }
}
