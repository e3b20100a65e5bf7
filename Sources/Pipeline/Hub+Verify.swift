import Audit
import ConnectorKit
import Ledger
import Notices
import Queue
import Reconcile
import Store

/// Whether all that is remembered fits together (seed 000's `validateAll`). Nothing is changed. Every step reads some
/// hundred rows, so that a large store is verified in as little memory as a small one, and others work meanwhile.
extension Hub {
    /// Looks through the store, and compares some records with the real sides.
    ///
    /// - Throws: `StoreFailure`. That a far side does not answer is a remark, not an error.
    public func verify(
        _ terms: VerifyTerms = VerifyTerms(), progress: @Sendable (VerifyProgress) -> Void = { _ in }
    ) async throws -> Verification {
        let (start, organization) = (now, organization)
        let totals = try await store.read { try LedgerTable($0, organization: organization).verifyTotals() }
        var results = [try await verifySchema()]
        progress(VerifyProgress(test: .schema, done: 1, total: 1))
        let (links, bases) = try await verifyLinks {
            progress(VerifyProgress(test: .links, done: $0, total: totals.links))
        }
        results.append(links)
        results += try await verifyRecords(bases) {
            progress(VerifyProgress(test: .records, done: $0, total: totals.records))
        }
        results.append(
            try await verifyOrphans {
                progress(VerifyProgress(test: .orphans, done: $0, total: LedgerTable.orphanSorts))
            })
        results.append(try await verifyWork())
        results.append(
            try await verifyDrift(terms) { progress(VerifyProgress(test: .drift, done: $0, total: $1)) })
        let order = VerifyTest.allCases
        let sorted = results.sorted {
            order.firstIndex(of: $0.test) ?? 0 < order.firstIndex(of: $1.test) ?? 0
        }
        return Verification(startedAt: start, endedAt: now, results: sorted)
    }

    /// The same, kept for whoever asks what the last one came to; one that failed is told in the log.
    ///
    /// - Throws: `StoreFailure`.
    public func verifyAndKeep(
        _ terms: VerifyTerms, progress: @Sendable (VerifyProgress) -> Void = { _ in }
    ) async throws -> Verification {
        let made = try await verify(terms, progress: progress)
        let (organization, json) = (organization, made.json)
        try await store.write {
            try LedgerTable($0, organization: organization).keep(verification: json, at: made.endedAt)
        }
        if !made.isPassed { logger.warning("\(made.sentence)") }
        return made
    }

    /// Has the hub's workers verify the store; answers the task's id.
    ///
    /// - Throws: `StoreFailure`.
    public func verifyLater(_ terms: VerifyTerms, by actor: AuditActor) async throws -> Int64 {
        let block = try await ids.draw(2)
        let (organization, now) = (organization, now)
        let job = NewJob(
            .task, integration: 0, kind: nil, key: OwnTask.verify.rawValue, runAt: now,
            payload: ["samples": .integer(terms.samples), "by": .string(actor.name)])
        let id = try await store.write { session -> Int64 in
            var ids = block
            let table = JobTable(session, organization: organization)
            try table.add([job], ids: &ids, now: now)
            return try table.openID(of: .task, OwnTask.verify.rawValue) ?? 0
        }
        bell.ring()
        return id
    }

    /// What the last verification came to, and whether one is under way; nil where there was none.
    ///
    /// - Throws: `StoreFailure`.
    public func lastVerification() async throws -> (json: JSON?, isUnderWay: Bool) {
        let organization = organization
        return try await store.read { session in
            let id = try JobTable(session, organization: organization).openID(of: .task, OwnTask.verify.rawValue)
            return (try LedgerTable(session, organization: organization).verification(), id != nil)
        }
    }

    private func verifySchema() async throws -> VerifyResult {
        let dialect = store.dialect
        let expected = try SchemaLook.expected(of: Self.migrations)
        let found = try await store.read { try SchemaLook($0, dialect) }
        var result = VerifyResult(.schema)
        result.checked = expected.tableCount
        for sentence in found.lacks(expected) { result.add(VerifyError(sentence)) }
        return result
    }

    // MARK: Links and what both sides agreed on

    private func verifyLinks(_ progress: (Int) -> Void) async throws -> (links: VerifyResult, bases: VerifyResult) {
        var (links, bases) = (VerifyResult(.links), VerifyResult(.bases))
        let all = try await integrations()
        let names = Dictionary(all.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let (organization, forgotten) = (organization, try await beingForgotten())
        var next: Int64? = 0
        while let after = next {
            let (page, existing) = try await store.read { session in
                let ledger = LedgerTable(session, organization: organization)
                let page = try ledger.links(after: after)
                return (page, try ledger.existing(page.rows.map(\.link.record)))
            }
            for row in page.rows {
                let link = row.link
                let what = "link \(link.id) (\(link.kind.rawValue) at \(names[link.integration] ?? "nobody"))"
                if !existing.contains(link.record) {
                    links.add(VerifyError("\(what) stands for record \(link.record), which is not there"))
                }
                if names[link.integration] == nil, !forgotten.contains(link.integration) {
                    links.add(
                        VerifyError(
                            "\(what) is of integration \(link.integration), which is not there", record: link.record,
                            kind: link.kind))
                }
                for sentence in Self.flaws(of: row) {
                    bases.add(VerifyError("\(what): \(sentence)", record: link.record, kind: link.kind))
                }
            }
            links.checked += page.rows.count
            bases.checked += page.rows.count
            progress(links.checked)
            next = page.next
        }
        return (links, bases)
    }

    /// The integrations that were taken away and are still being forgotten.
    private func beingForgotten() async throws -> Set<Int64> {
        let organization = organization
        let keys = try await store.read {
            try JobTable($0, organization: organization).openKeys(of: .task)
        }
        let head = OwnTask.forget.rawValue + "/"
        return Set(keys.filter { $0.hasPrefix(head) }.compactMap { Int64($0.dropFirst(head.count)) })
    }

    private static func flaws(of row: CheckedLink) -> [String] {
        guard row.isReadable else { return ["what both sides last agreed on cannot be read"] }
        let known = Set(row.link.kind.parts.map(\.name) + [HubLink.gonePart])
        return row.link.parts.keys.sorted().filter { !known.contains(ScopedName($0).part) }
            .map { "it remembers the part \"\($0.prefix(60))\", which there is not" }
    }

    /// A side that records are compared with.
    private struct Side: Sendable {
        let peer: Peer
        let channels: [StockChannel]
    }

    private func sides(_ bases: inout VerifyResult) async throws -> [Side] {
        var sides: [Side] = []
        for integration in try await integrations() where integration.state != .paused {
            guard let peer = try? peer(integration), let setting = try? await mergeSetting(integration) else {
                bases.remark("\(integration.name): its settings cannot be used, so its steps were not looked at")
                continue
            }
            sides.append(Side(peer: peer, channels: setting.channels))
        }
        return sides
    }

    /// What differs from what a side was last given, and no task brings there.
    private static func behind(
        _ records: [HubRecord], _ links: [Int64: [HubLink]], _ side: Side, _ ledger: LedgerTable, _ jobs: JobTable
    ) throws -> [VerifyError] {
        let peer = side.peer
        let wanted = records.filter { record in
            !record.isDeleted && !record.isErasedPerson && record.hold == nil && !peer.gives(record.kind).isEmpty
                && links[record.id]?.contains { $0.integration == peer.id } == true
        }
        guard !wanted.isEmpty else { return [] }
        let offers = try offers(of: wanted, side.channels, ledger)
        let behind = wanted.compactMap { known -> (HubRecord, [String])? in
            let own = links[known.id] ?? []
            guard let link = own.first(where: { $0.integration == peer.id && $0.role == HubLink.mainRole }),
                link.isActive
            else { return nil }
            let record = known.offering(offers?.values(of: known, links: own)[peer.id])
            let gives = peer.gives(record.kind)
            let patch = Reconcile.outbound(
                kind: record.kind, record: link.own(record.values).values, link: link.parts,
                gives: { gives.contains(ScopedName($0).part) })
            return patch.values.isEmpty ? nil : (known, patch.values.keys.sorted())
        }
        let open = Set(
            try jobs.open(.deliver, behind.map { (peer.id, $0.0.kind, String($0.0.id)) }).map(\.key))
        return behind.filter { !open.contains(String($0.0.id)) }.map { record, parts in
            let (what, list) = ("\(record.kind.rawValue) \(record.id)", parts.joined(separator: ", "))
            return VerifyError(
                "\(what) is not in step with \(peer.name) (\(list)), and no task brings it there", record: record.id,
                kind: record.kind)
        }
    }

    // MARK: Records

    /// Each record is read once, whatever it is compared with.
    private func verifyRecords(_ ofLinks: VerifyResult, _ progress: (Int) -> Void) async throws -> [VerifyResult] {
        var (records, totals, stock) = (VerifyResult(.records), VerifyResult(.totals), VerifyResult(.stock))
        var bases = ofLinks
        let organization = organization
        let known = Set(try await integrations().map(\.id))
        let sides = try await sides(&bases)
        var (next, unlinkedOfGone): (Int64?, Int) = (0, 0)
        while let after = next {
            let (page, behind, lonely, sums) = try await store.read { session in
                let ledger = LedgerTable(session, organization: organization)
                let page = try ledger.records(after: after)
                let links = Dictionary(grouping: try ledger.links(ofRecords: page.rows.map(\.id)), by: \.record)
                let jobs = JobTable(session, organization: organization)
                let behind = try sides.flatMap { try Self.behind(page.rows, links, $0, ledger, jobs) }
                let lonely = try page.rows.filter { !$0.isDeleted && links[$0.id] == nil }.map { record in
                    (record, try !ledger.sides(inHistoryOf: record.id).isDisjoint(with: known))
                }
                let goods = page.rows.filter { $0.sellable != nil }.map(\.id)
                return (page, behind, lonely, try goods.isEmpty ? [:] : ledger.movedSums(of: goods))
            }
            for error in behind { bases.add(error) }
            for (record, hasSide) in lonely {
                // What came from an integration that was taken away stays, as its owner was told.
                guard hasSide else {
                    unlinkedOfGone += 1
                    continue
                }
                records.add(
                    VerifyError(
                        "\(record.kind.rawValue) \(record.id) is linked nowhere", record: record.id, kind: record.kind))
            }
            for record in page.rows {
                Self.addUp(record, &totals)
                Self.count(record, sums[record.id] ?? 0, &stock)
            }
            records.checked += page.rows.count
            progress(records.checked)
            next = page.next
        }
        if unlinkedOfGone > 0 {
            records.remark("\(unlinkedOfGone) records are linked nowhere: what they came from was taken away")
        }
        return [bases, records, totals, stock]
    }

    private static func addUp(_ record: HubRecord, _ totals: inout VerifyResult) {
        guard record.kind == .order, !record.isDeleted else { return }
        totals.checked += 1
        guard let content = record.values[OrderPart.content] else {
            return totals.add(
                VerifyError("order \(record.id) has no content that can be read", record: record.id, kind: .order))
        }
        guard record.hold == nil else { return }
        let sentence: String
        do {
            let difference = try OrderCheck.difference(content)
            guard difference.minorUnits != 0 else { return }
            sentence = "order \(record.id): its total and its lines differ by \(difference), and it is not held"
        } catch {
            sentence = "order \(record.id) cannot be summed, and it is not held"
        }
        totals.add(VerifyError(sentence, record: record.id, kind: .order))
    }

    private static func count(_ record: HubRecord, _ sum: Int64, _ stock: inout VerifyResult) {
        guard let sellable = record.sellable, !record.isDeleted else { return }
        stock.checked += 1
        guard sellable.millionths != sum else { return }
        stock.add(
            VerifyError(
                "\(record.kind.rawValue) \(record.id): its stock is \(sellable), and its movements come to "
                    + "\(ExactDecimal(millionths: sum))", record: record.id, kind: record.kind))
    }

    // MARK: Rows that belong to nobody

    private func verifyOrphans(_ progress: (Int) -> Void) async throws -> VerifyResult {
        var result = VerifyResult(.orphans)
        let organization = organization
        for index in 0..<LedgerTable.orphanSorts {
            let found = try await store.read { session in
                let ledger = LedgerTable(session, organization: organization)
                let flaws = try ledger.orphans(ofSort: index)
                let kinds = try ledger.records(flaws.compactMap(\.record)).map { ($0.id, $0.kind) }
                return (flaws, Dictionary(kinds, uniquingKeysWith: { first, _ in first }))
            }
            for flaw in found.0 {
                result.add(VerifyError(flaw.sentence, record: flaw.record, kind: flaw.record.flatMap { found.1[$0] }))
            }
            result.checked += 1
            progress(result.checked)
        }
        return result
    }

    private func verifyWork() async throws -> VerifyResult {
        var result = VerifyResult(.work)
        let organization = organization
        let sides = try await integrations().map(\.id)
        let (lost, schedules, unread) = try await store.read { session in
            let listeners = try ListenerTable(session, organization: organization).all().map(\.id)
            let jobs = JobTable(session, organization: organization)
            return (
                try jobs.openOfNobody(integrations: sides, listeners: listeners),
                try ScheduleTable(session, organization: organization).problems(),
                try NoticeTable(session, organization: organization).ofNobody()
            )
        }
        result.checked = 3
        for id in lost { result.add(VerifyError("task \(id) is of an integration or a webhook that is not there")) }
        for (subject, problem) in schedules.sorted(by: { $0.key < $1.key }) {
            result.add(VerifyError("the schedule of \(subject) does not fire: \(problem)"))
        }
        for id in unread { result.add(VerifyError("notice \(id) is for a webhook that is not there")) }
        return result
    }
}
