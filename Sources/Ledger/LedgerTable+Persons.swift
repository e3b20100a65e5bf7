import Reconcile
import Store

/// What is held of persons: their keys, their records, and what happened to these.
extension LedgerTable {
    // MARK: Keys

    /// Whether values of persons are sealed here.
    ///
    /// - Throws: `StoreFailure`.
    public func isSealing() throws -> Bool {
        try !session.rows(
            "SELECT 1 FROM personal_key WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(StepSeals.houseKey)]
        ).isEmpty
    }

    /// Begins to seal: makes the organization's own key, unless it is there.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    public func beginSealing() throws { _ = try seals?.ensure([StepSeals.houseKey]) }

    /// How many keys, or records, one step looks at.
    static let personsStep: Int64 = 200

    /// Has keys sealed in another way, beginning behind one; answers the last that was looked at, nil at the end.
    ///
    /// - Throws: `StoreFailure`, and what `anew` throws.
    public func rewrapPersonalKeys(after: Int64, _ anew: (Int64, [UInt8]) throws -> [UInt8]) throws -> Int64? {
        let rows = try session.rows(
            """
            SELECT id, sealed FROM personal_key WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3
            """, [.integer(organization), .integer(after), .integer(Self.personsStep)])
        let changed = try rows.compactMap { row -> [SQLValue]? in
            let (id, sealed) = (row.integer(0), row.blob(1))
            let other = sealed.isEmpty ? sealed : try anew(id, sealed)
            return other == sealed ? nil : [.integer(organization), .integer(id), .blob(other)]
        }
        try session.runEach("UPDATE personal_key SET sealed = ?3 WHERE organization_id = ?1 AND id = ?2", changed)
        return rows.count < Int(Self.personsStep) ? nil : rows.last?.integer(0)
    }

    /// Destroys keys: what they have sealed is empty from now on, wherever it stands.
    ///
    /// - Throws: `StoreFailure`.
    public func destroyKeys(_ ids: [Int64], now: Moment) throws {
        try session.run(
            "UPDATE personal_key SET sealed = ?3, erased_at = ?4 WHERE organization_id = ?1 AND id IN {2}",
            [.integer(organization), .ids(ids.sorted()), .blob([]), SQLValue(now)])
    }

    // MARK: What belongs to a person

    /// The customer and all documents that hold his values.
    ///
    /// - Throws: `StoreFailure`.
    public func records(ofPerson person: Int64) throws -> [HubRecord] {
        let ids = try session.rows(
            """
            SELECT id FROM record WHERE organization_id = ?1 AND (person_id = ?2 OR id = ?2)
            UNION SELECT id FROM record WHERE organization_id = ?1 AND kind = 'order' AND person_id IS NULL
                AND parts LIKE ?3
            """,
            [
                .integer(organization), .integer(person),
                .text("%" + Reference.record(.customer, person).json.text + "%"),
            ]
        ).map { $0.integer(0) }
        return try records(ids + papers(of: ids)).sorted { $0.id < $1.id }
    }

    /// How many records are looked for at once in what others point to.
    private static let pointedStep = 50

    /// Shipments and invoices that point to one of these records: to a customer, or to an order of his.
    private func papers(of ids: [Int64]) throws -> [Int64] {
        var found = Set<Int64>()
        for start in stride(from: 0, to: ids.count, by: Self.pointedStep) {
            let some = ids[start..<min(start + Self.pointedStep, ids.count)]
            let patterns = some.flatMap { id in
                [RecordKind.order, .customer].map { SQLValue.text("%\(Reference.record($0, id).json.text)%") }
            }
            let condition = patterns.indices.map { "parts LIKE ?\($0 + 2)" }.joined(separator: " OR ")
            let rows = try session.rows(
                """
                SELECT id FROM record WHERE organization_id = ?1 AND kind IN ('shipment', 'invoice')
                    AND (\(condition))
                """, [.integer(organization)] + patterns)
            found.formUnion(rows.map { $0.integer(0) })
        }
        return found.subtracting(ids).sorted()
    }

    /// Documents of others whose values are sealed with a person's key: they were his once.
    ///
    /// - Throws: `StoreFailure`.
    public func records(ofOthersSealedWith key: Int64) throws -> [Int64] {
        try session.rows(
            """
            SELECT id FROM record WHERE organization_id = ?1 AND seal_key = ?2 AND person_id <> ?2
            """, [.integer(organization), .integer(key)]
        ).map { $0.integer(0) }
    }

    /// Records that may hold values of persons, so many as one step looks at, beginning behind one.
    ///
    /// - Throws: `StoreFailure`.
    public func personalRecords(after: Int64) throws -> (ids: [Int64], next: Int64?) {
        let kinds = RecordKind.allCases.filter(\.isPersonal).map(\.rawValue)
        let ids = try session.rows(
            """
            SELECT id FROM record WHERE organization_id = ?1 AND id > ?2 AND kind IN {3} ORDER BY id LIMIT ?4
            """, [.integer(organization), .integer(after), .keys(kinds), .integer(Self.personsStep)]
        ).map { $0.integer(0) }
        return (ids, ids.count < Int(Self.personsStep) ? nil : ids.last)
    }

    /// Whether some of these far records stand for somebody whose values were erased, or for a document of his.
    ///
    /// - Throws: `StoreFailure`.
    public func hasErased(_ integration: Int64, _ kind: RecordKind, externalIDs: [String]) throws -> Bool {
        guard kind.isPersonal, !externalIDs.isEmpty else { return false }
        return try !session.rows(
            """
            SELECT 1 FROM link JOIN record ON record.organization_id = link.organization_id
                AND record.id = link.record_id
            WHERE link.organization_id = ?1 AND link.integration_id = ?2 AND link.kind = ?3 AND link.external_id IN {4}
                AND record.erased_at IS NOT NULL LIMIT 1
            """, [.integer(organization), .integer(integration), .text(kind.rawValue), .keys(externalIDs)]
        ).isEmpty
    }

    // MARK: Sealing what is there

    /// Seals all that is held of records: with the keys they have or are given, or with that one.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    public func seal(records ids: [Int64], with key: Int64? = nil) throws {
        guard let seals, seals.isOn, !ids.isEmpty else { return }
        var records = try records(ids).filter { $0.erasedAt == nil && $0.kind.isPersonal }
        if let key {
            _ = try seals.ensure([key])
            for index in records.indices { records[index].sealKey = key }
            for record in records { seals.meet(record.id, record.kind, key: key) }
        }
        let links = try links(ofRecords: records.map(\.id))
        try save(records)
        try save(links)
        for record in records {
            guard let key = try seals.seal(of: record.id)?.key else { continue }
            try sealChanges(of: record, key: key, seals)
            try sealReceipts(of: record, key: key, seals)
            try sealConflicts(of: record, key: key, seals)
        }
    }

    private func sealChanges(of record: HubRecord, key: Int64, _ seals: StepSeals) throws {
        let rows = try session.rows(
            """
            SELECT number, part, old, new, loser FROM change WHERE organization_id = ?1 AND record_id = ?2
            ORDER BY number
            """, [.integer(organization), .integer(record.id)])
        let changed = try rows.compactMap { row -> [SQLValue]? in
            let before = (2...4).map { row.optionalJSON($0) }
            let plain = try before.map { try opened($0, record.kind) }
            let change = try sealed(
                Change(
                    record: record.id, kind: record.kind, part: row.text(1), old: plain[0], new: plain[1],
                    loser: plain[2], origin: nil, rule: "", at: record.updatedAt), key: key, seals)
            let after = [change.old, change.new, change.loser]
            guard after != before else { return nil }
            return [.integer(organization), .integer(row.integer(0))] + after.map { SQLValue($0?.text) }
        }
        try session.runEach(
            "UPDATE change SET old = ?3, new = ?4, loser = ?5 WHERE organization_id = ?1 AND number = ?2", changed)
    }

    private func sealReceipts(of record: HubRecord, key: Int64, _ seals: StepSeals) throws {
        let rows = try session.rows(
            "SELECT id, parts, remarks FROM receipt WHERE organization_id = ?1 AND record_id = ?2 ORDER BY id",
            [.integer(organization), .integer(record.id)])
        let changed = try rows.compactMap { row -> [SQLValue]? in
            let parts = try sealed(told: opened(row.json(1)), record.kind, key: key, seals)
            let remarks = session.told(row.text(2))
            guard parts != row.json(1) || remarks != row.text(2) else { return nil }
            return [.integer(organization), .integer(row.integer(0)), SQLValue(parts), .text(remarks)]
        }
        try session.runEach(
            "UPDATE receipt SET parts = ?3, remarks = ?4 WHERE organization_id = ?1 AND id = ?2", changed)
    }

    private func sealConflicts(of record: HubRecord, key: Int64, _ seals: StepSeals) throws {
        let rows = try session.rows(
            """
            SELECT id, part, base, theirs, ours FROM conflict WHERE organization_id = ?1 AND record_id = ?2
            ORDER BY id
            """, [.integer(organization), .integer(record.id)])
        let changed = try rows.map { row -> [SQLValue] in
            let values = try (2...4).map { index in
                try opened(row.optionalJSON(index), record.kind)
                    .map { try seals.sealed($0, record.kind, row.text(1), key: key) }
            }
            return [.integer(organization), .integer(row.integer(0))] + values.map { SQLValue($0?.text) }
        }
        try session.runEach(
            "UPDATE conflict SET base = ?3, theirs = ?4, ours = ?5 WHERE organization_id = ?1 AND id = ?2", changed)
    }

    /// Takes the words out of which somebody is known who is erased: reasons why payloads could not be used, also of
    /// others, and remarks on what was written.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(words: ErasedWords) throws {
        try words.forget("rejection", "reason", in: session, organization)
        try words.forget("receipt", "remarks", in: session, organization)
        try words.forget("integration", "reason", in: session, organization)
        try words.forget("integration", "webhook_state", in: session, organization)
    }

    /// Takes whole addresses and card numbers out of the reasons why payloads could not be used.
    ///
    /// - Throws: `StoreFailure`.
    public func sealRejections() throws {
        let rows = try session.rows(
            """
            SELECT integration_id, kind, external_id, reason FROM rejection WHERE organization_id = ?1
            """, [.integer(organization)])
        try session.runEach(
            """
            UPDATE rejection SET reason = ?5 WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
                AND external_id = ?4
            """,
            rows.filter { session.told($0.text(3)) != $0.text(3) }.map { row in
                [
                    .integer(organization), .integer(row.integer(0)), .text(row.text(1)), .text(row.text(2)),
                    .text(session.told(row.text(3))),
                ]
            })
    }

    // MARK: Erasing

    /// Empties what is somebody's own in records and their links, ends conflicts about it, and forgets words that may
    /// name him. What happened to the records stays, sealed with keys that are to be destroyed.
    ///
    /// - Throws: `StoreFailure`.
    public func blank(_ records: [HubRecord], now: Moment) throws {
        let links = try links(ofRecords: records.map(\.id))
        try save(
            records.map { record in
                var record = record
                for (part, value) in record.parts {
                    record.parts[part]?.value = PersonalForm(record.kind, part).blank(value.value)
                }
                record.erasedAt = now
                guard record.kind == .customer else { return record }
                (record.title, record.naturalKey, record.hold) = ("erased customer \(record.id)", nil, nil)
                return record
            })
        try save(
            links.map { link in
                var link = link.mapped { PersonalForm(link.kind, $0).blank($1) }
                for part in link.parts.keys where PersonalForm(link.kind, part) != .plain {
                    link.parts[part]?.isPinned = false
                }
                link.digest = nil
                return link
            })
        let ids: [SQLValue] = [.integer(organization), .ids(records.map(\.id).sorted())]
        try session.run(
            """
            UPDATE conflict SET resolved_at = ?3, resolution = 'erased' WHERE organization_id = ?1
                AND record_id IN {2} AND resolved_at IS NULL
            """, ids + [SQLValue(now)])
        try session.run(
            "UPDATE receipt SET remarks = '' WHERE organization_id = ?1 AND record_id IN {2} AND remarks <> ''", ids)
        for link in links {
            try session.run(
                """
                DELETE FROM rejection WHERE organization_id = ?1 AND integration_id = ?2 AND kind = ?3
                    AND external_id = ?4
                """,
                [
                    .integer(organization), .integer(link.integration), .text(link.kind.rawValue),
                    .text(link.externalID),
                ])
        }
    }
}
