import Reconcile
import Store

/// The ledger of one organization, seen from inside a step.
public struct LedgerTable {
    let session: any StoreSession
    let organization: Int64

    /// The ledger of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    // MARK: Loading

    /// Everything a batch of drafts needs to be merged.
    ///
    /// - Throws: `StoreFailure`.
    public func snapshot(for batch: ObservedBatch, rules: MergeRules) throws -> Snapshot {
        let (matched, takes) = (rules.matched, rules.takes)
        var snapshot = Snapshot()
        snapshot.references = try references()
        for (kind, ids) in Self.namedKeys(batch.drafts) {
            for link in try links(batch.integration, kind, externalIDs: ids) {
                snapshot.links[ExternalKey(kind, link.externalID)] = link
            }
        }
        snapshot.number = try settleNumber() + 1
        snapshot.digests = batch.drafts.map { Absorb.digest($0, takes: takes[$0.kind] ?? []) }
        let fresh = zip(batch.drafts, snapshot.digests).filter { draft, digest in
            let link = snapshot.links[ExternalKey(draft.kind, draft.externalID)]
            return link?.digest != digest || link?.isInFlight ?? false || link?.isDoubtful ?? false
        }.map(\.0)
        var wanted = Set(
            fresh.compactMap { draft in
                snapshot.links[ExternalKey(draft.kind, draft.externalID)]?.record
                    ?? draft.reference.flatMap(snapshot.references.record(in:))
            })
        for kind in matched {
            let keys = fresh.filter {
                $0.kind == kind && snapshot.links[ExternalKey(kind, $0.externalID)]?.isDoubtful ?? true
            }.compactMap { $0.naturalKey.map(NaturalKey.folded) }
            for (key, record) in try matches(kind, Array(Set(keys))) {
                snapshot.matches[NaturalKey(kind, key), default: []].append(record)
                wanted.insert(record)
            }
            let unknown = Set(keys).filter { snapshot.matches[NaturalKey(kind, $0)] == nil }
            for (key, record) in try formerly(kind, unknown.sorted()) {
                snapshot.former[NaturalKey(kind, key), default: []].append(record)
                wanted.insert(record)
            }
        }
        for record in try records(Array(wanted)) { snapshot.records[record.id] = record }
        let missing = wanted.filter { id in snapshot.records[id] != nil }
        for link in try links(ofRecords: Array(missing)) {
            snapshot.linksOfRecord[link.record, default: []].append(link)
        }
        let held = snapshot.links.values.filter(\.isGuarded)
        if !held.isEmpty { snapshot.guarded = try guarded(held, in: batch.integration) }
        try loadStock(&snapshot, for: batch, fresh: fresh, orderStock: rules.orderStock)
        return snapshot
    }

    /// What our own references look like.
    ///
    /// - Throws: `StoreFailure`.
    public func references() throws -> HubReference {
        let rows = try session.rows("SELECT reference_key FROM organization WHERE id = ?1", [.integer(organization)])
        return HubReference(key: rows.first?.text(0) ?? "")
    }

    /// The far ids a batch names, its own and those it refers to, by kind.
    private static func namedKeys(_ drafts: [Draft]) -> [(RecordKind, [String])] {
        var keys: [RecordKind: Set<String>] = [:]
        for draft in drafts {
            keys[draft.kind, default: []].insert(draft.externalID)
            for shape in draft.kind.parts where shape.refersTo != nil {
                let value = draft.parts[shape.name] ?? .null
                for element in value.array ?? [value] {
                    if case .external(let kind, let id)? = try? Reference(json: element) {
                        keys[kind, default: []].insert(id)
                    }
                }
            }
        }
        return keys.map { ($0.key, $0.value.sorted()) }.sorted { $0.0.rawValue < $1.0.rawValue }
    }

    func matches(_ kind: RecordKind, _ keys: [String]) throws -> [(String, Int64)] {
        guard !keys.isEmpty else { return [] }
        let names = try indexes(of: keys, kind)
        return try session.rows(
            """
            SELECT natural_key, id FROM record WHERE organization_id = ?1 AND kind = ?2 AND natural_key IN {3}
                AND is_deleted = 0
            """, [.integer(organization), .text(kind.rawValue), .keys(names.keys.sorted())]
        ).map { (names[$0.text(0)] ?? $0.text(0), $0.integer(1)) }
    }

    /// The links of an integration by far id, the oldest first whatever the store.
    ///
    /// - Throws: `StoreFailure`.
    public func links(_ integration: Int64, _ kind: RecordKind, externalIDs: [String]) throws -> [HubLink] {
        guard !externalIDs.isEmpty else { return [] }
        return try opened(
            session.rows(
                """
                SELECT \(HubLink.columnList) FROM link WHERE organization_id = ?1
                    AND integration_id = ?2 AND kind = ?3 AND external_id IN {4}
                """, [.integer(organization), .integer(integration), .text(kind.rawValue), .keys(externalIDs)]
            ).compactMap(HubLink.init).sorted { $0.id < $1.id })
    }

    /// All links of records, the oldest first whatever the store.
    ///
    /// - Throws: `StoreFailure`.
    public func links(ofRecords ids: [Int64]) throws -> [HubLink] {
        guard !ids.isEmpty else { return [] }
        return try opened(
            session.rows(
                """
                SELECT \(HubLink.columnList) FROM link WHERE organization_id = ?1 AND record_id IN {2}
                """, [.integer(organization), .ids(ids.sorted())]
            ).compactMap(HubLink.init).sorted { $0.id < $1.id })
    }

    /// Records by id.
    ///
    /// - Throws: `StoreFailure`.
    public func records(_ ids: [Int64]) throws -> [HubRecord] {
        guard !ids.isEmpty else { return [] }
        return try opened(
            session.rows(
                """
                SELECT \(HubRecord.columnList) FROM record WHERE organization_id = ?1 AND id IN {2}
                """, [.integer(organization), .ids(ids.sorted())]
            ).compactMap(HubRecord.init))
    }

    // MARK: Saving

    /// Writes what a merge came to.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ absorption: Absorption, of integration: Int64, now: Moment) throws {
        try save(Array(absorption.records.values))
        try save(Array(absorption.links.values))
        try append(absorption.changes)
        try open(absorption.conflicts, now: now)
        for (link, part) in absorption.settledConflicts { try closeConflict(link, part, "both sides agree", now: now) }
        try saveStock(absorption, of: integration, now: now)
        if absorption.hasNews || !absorption.sides.isEmpty || !absorption.movements.isEmpty {
            _ = try nextSettleNumber()
        }
        try save(absorption.rejections, of: integration, now: now)
        try resolveRejections(absorption.accepted, of: integration)
        try save(absorption.guarded)
        try forget(absorption.unguarded, of: integration, now: now)
    }

    /// Writes records.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ records: [HubRecord]) throws {
        let rows = try sealed(records.sorted { $0.id < $1.id }.map(\.keyed))
        try session.save(rows.map { $0.row(organization) }, as: HubRecord.upsert)
    }

    /// Writes links.
    ///
    /// - Throws: `StoreFailure`; refused when another record of the hub already stands for that far id.
    public func save(_ links: [HubLink]) throws {
        let rows = try sealed(links.sorted { $0.id < $1.id })
        try session.save(rows.map { $0.row(organization) }, as: HubLink.upsert)
    }

    /// Writes what was made of links that were read before, upon what they became meanwhile.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ links: [HubLink], since before: [HubLink]) throws {
        let now = try self.links(ofRecords: links.map(\.record))
        try save(
            links.map { link in
                guard let known = now.first(where: { $0.id == link.id }),
                    let base = before.first(where: { $0.id == link.id })
                else { return link }
                return link.upon(known, since: base)
            })
    }

    /// Appends to the change log; numbers follow the order of commits.
    ///
    /// - Throws: `StoreFailure`.
    public func append(_ changes: [Change]) throws {
        guard !changes.isEmpty else { return }
        try keepFormer(changes)
        let changes = try sealed(changes)
        let last =
            try session.rows(
                """
                INSERT INTO counter (organization_id, change_number, settle_number) VALUES (?1, ?2 + ?3, 0)
                ON CONFLICT (organization_id) DO UPDATE SET change_number = ?2
                    + CASE WHEN counter.change_number < ?3 THEN ?3 ELSE counter.change_number END
                RETURNING change_number
                """, [.integer(organization), .integer(Int64(changes.count)), .integer(ChangeNumber.before(changes))]
            ).first?.integer(0) ?? 0
        let first = last - Int64(changes.count) + 1
        try session.save(
            changes.enumerated().map { index, change in
                [
                    .integer(organization), .integer(first + Int64(index)), SQLValue(change.run),
                    .integer(change.record),
                    .text(change.kind.rawValue), .text(change.part), SQLValue(change.old?.text),
                    SQLValue(change.new?.text), SQLValue(change.loser?.text), SQLValue(change.origin),
                    .text(change.rule), SQLValue(change.at), SQLValue(change.trace),
                ]
            }, as: Self.changeRow)
    }

    private static let changeRow = Upsert(
        "change",
        [
            "organization_id", "number", "run_id", "record_id", "kind", "part", "old", "new", "loser", "origin", "rule",
            "at", "trace",
        ])

    private func save(_ rejections: [Rejection], of integration: Int64, now: Moment) throws {
        try session.save(
            rejections.map {
                [
                    .integer(organization), .integer(integration), .text($0.kind.rawValue), .text($0.externalID ?? ""),
                    .text(session.told($0.reason)), SQLValue(now), SQLValue(now),
                ]
            }, as: Self.rejectionRow)
    }

    private static let rejectionRow = Upsert(
        "rejection", ["organization_id", "integration_id", "kind", "external_id", "reason", "first_at", "last_at"],
        key: ["organization_id", "integration_id", "kind", "external_id"], updates: ["reason", "last_at"])

    private func resolveRejections(_ accepted: [ExternalKey], of integration: Int64) throws {
        for (kind, keys) in Dictionary(grouping: accepted, by: \.kind) {
            try session.run(
                """
                DELETE FROM rejection WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
                    AND external_id IN {4}
                """,
                [.integer(organization), .integer(integration), .text(kind.rawValue), .keys(keys.map(\.id))])
        }
    }
}
