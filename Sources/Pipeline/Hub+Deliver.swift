import ConnectorKit
import Deliver
import Ledger
import Queue
import Reconcile
import Store

/// *Is delivered*: tasks become one batch of writes; what came of each is settled in one transaction.
extension Hub {
    /// The longest one outward call may take, in seconds; who takes over a job with an open intent waits this long.
    static let callDeadlineSeconds = JobTable.callDeadlineSeconds

    /// Brings records in step with an integration, for tasks a worker has claimed.
    ///
    /// - Throws: `StoreFailure`, `HubError`.
    func deliver(_ jobs: [Job], _ integration: Integration) async throws {
        guard let kind = jobs.first?.kind, let target = try connector(of: integration).targets[kind] else {
            return try await settle(jobs.map { ($0, .completed) })
        }
        let peer = try peer(integration)
        do throws(ConnectorFailure) {
            try await lookFirst(jobs, integration, kind)
        } catch {
            return try await fail(jobs, error, integration)
        }
        let begun = now
        let plan = try await plan(jobs, integration, peer)
        let (open, looked) = try await resolveUnclear(plan.writes, target, peer)
        var results = looked.map(\.result)
        let isRepeat = plan.writes.contains(where: \.isRepeat)
        let callEnds = (isRepeat ? now : begun).adding(seconds: Self.callDeadlineSeconds)
        if !open.isEmpty {
            if isRepeat { try await intendAnew(open, peer, endingAt: callEnds) }
            do throws(ConnectorFailure) {
                let answered = try await Self.write(open.map(\.request), to: target, until: callEnds)
                guard answered.count == open.count else {
                    throw .unreadable(detail: "\(answered.count) results for \(open.count) writes")
                }
                results += answered
                #if Mutations
                    if Mutation.staleCompareSentAgain.isPlanted,
                        let source = try? connector(of: integration).sources[kind]
                    {
                        results = looked.map(\.result) + (try await Self.sentAgain(open, answered, source, target))
                    }
                #endif
            } catch {
                results += open.map { _ in .failed(error) }
            }
        }
        try await settle(looked.map(\.write) + open, results, callEnds, integration, target, peer)
    }

    private static func write(
        _ requests: [WriteRequest], to target: any RecordTarget, until: Moment
    ) async throws(ConnectorFailure) -> [WriteResult] {
        let answered: Result<[WriteResult], ConnectorFailure> = await CallWindow.$until.withValue(until) {
            do throws(ConnectorFailure) { return .success(try await target.write(requests)) } catch {
                return .failure(error)
            }
        }
        return try answered.get()
    }

    /// The far side is read right before it is written: an edit made there meanwhile is merged, not overwritten, and
    /// what an earlier attempt may have done is found out.
    private func lookFirst(_ jobs: [Job], _ integration: Integration, _ kind: RecordKind) async throws(ConnectorFailure)
    {
        do {
            let connector = try connector(of: integration)
            let organization = organization
            let (links, number) = try await store.read { session in
                let ledger = LedgerTable(session, organization: organization)
                let links = try ledger.links(ofRecords: jobs.compactMap { Int64($0.key) }).filter {
                    $0.integration == integration.id && $0.role == HubLink.mainRole && $0.isActive
                }
                return (links, try ledger.settleNumber())
            }
            guard !links.isEmpty else { return }
            let requested = now
            let found = try await connector.sources[kind]?.fetch(links.map(\.externalID)) ?? []
            let drafts = found.compactMap { if case .found(let draft) = $0 { draft } else { nil } }
            let attempts = Dictionary(
                jobs.filter { $0.intent != nil }.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
            // Of a link that was made since, or looked at since, the attempt is judged already: what the far side shows
            // now is compared with what it showed then.
            let unclear = links.filter(\.isInFlight)
            let target = connector.targets[kind]
            let looked = Self.recovered(unclear, drafts, attempts, target)
            let come = Self.come(unclear, drafts, attempts, target)
            if !looked.isEmpty {
                let freed = HubLink.freed(unclear, looked)
                let block = try await ids.draw(freed.count * Self.waitersForOne)
                let now = now
                try await store.write { session in
                    var ids = block
                    let ledger = LedgerTable(session, organization: organization)
                    try ledger.save(looked, since: unclear)
                    try Self.stockCame(come, to: integration.id, ledger)
                    // A number that was taken away by a write whose answer was lost is free for those that wait.
                    try Self.reopen(freed, at: integration.id, session, organization, ids: &ids, now: now)
                }
            }
            guard !drafts.isEmpty else { return }
            let setting = try await mergeSetting(integration)
            var observed = ObservedBatch(
                integration: integration.id, drafts: drafts, askedAt: number, requestedAt: requested, observedAt: now)
            observed.settled = Set(unclear.map { ExternalKey($0.kind, $0.externalID) })
            let batch = try await absorbCounts(observed, setting, integration).batch
            if !batch.drafts.isEmpty { try await absorb(batch, setting) }
        } catch let failure as ConnectorFailure {
            throw failure
        } catch {
            throw .unavailable(mayHaveHappened: false, detail: "\(error)")
        }
    }

    /// Links after a look: where the far side shows what was sent, the write counts as settled.
    private static func recovered(
        _ links: [HubLink], _ drafts: [Draft], _ attempts: [String: Job], _ target: (any RecordTarget)?
    ) -> [HubLink] {
        let shown = Dictionary(drafts.map { ($0.externalID, $0.parts) }, uniquingKeysWith: { first, _ in first })
        return links.map { link in
            var link = link
            link.isInFlight = false
            link.digest = nil
            guard let parts = shown[link.externalID] else { return link }
            let attempt = attempts[String(link.record)]
            var intent = Parts(attempt?.intent?["wrote"]?.object ?? [:])
            // Of stock the count decides: a sale may have followed the write.
            intent.values[HubLink.stockPart] = nil
            let settled = Reconcile.recovered(
                kind: link.kind, intent: intent, proven: attempt?.provenParts ?? [], shown: link.kept(parts),
                link: link.parts,
                normalForm: { target?.normalForm(of: ScopedName($0).part, $1) ?? $1 })
            link.parts.merge(settled) { $1 }
            return link
        }
    }

    /// What those unclear writes carried that are known to have come, by record.
    private static func come(
        _ links: [HubLink], _ drafts: [Draft], _ attempts: [String: Job], _ target: (any RecordTarget)?
    ) -> [Int64: Parts] {
        let shown = Dictionary(drafts.map { ($0.externalID, $0.parts) }, uniquingKeysWith: { first, _ in first })
        var come: [Int64: Parts] = [:]
        for link in links {
            guard let parts = shown[link.externalID], let attempt = attempts[String(link.record)] else { continue }
            let wrote = Parts(attempt.intent?["wrote"]?.object ?? [:])
            let proven = Reconcile.proven(
                kind: link.kind, intent: wrote, shown: link.kept(parts), link: link.parts,
                normalForm: { target?.normalForm(of: ScopedName($0).part, $1) ?? $1 })
            if !proven.union(attempt.provenParts).isEmpty { come[link.record] = wrote }
        }
        return come
    }

    /// Loads, compares, and remembers what is about to be sent, in one transaction.
    private func plan(_ jobs: [Job], _ integration: Integration, _ peer: Peer) async throws -> DeliveryPlan {
        let block = try await ids.draw(jobs.count * 5 + 1)
        let channels = try await mergeSetting(integration).channels
        let (organization, owner, now) = (organization, owner, now)
        // What a far side has already is matched when it is read; before that nothing is made there.
        let mustBeRead = Set(try sourceKinds(integration).filter(peer.matches))
        return try await store.write { session in
            var ids = block
            let ledger = LedgerTable(session, organization: organization)
            let table = JobTable(session, organization: organization)
            var load = try Self.load(jobs, peer, channels, ledger)
            if let kind = jobs.first?.kind, mustBeRead.contains(kind) {
                load.isRead = try ledger.cursor(peer.id, kind).pulledAt != nil
            }
            load.unsettled = try Self.unsettled(load, table).union(Self.untold(load, peer, table))
            let jobs = try table.inheriting(jobs, droppedOf: Self.unlinked(jobs, load, peer))
            let plan = DeliveryPlan.make(jobs, load, peer: peer, now: now)
            try table.settle(plan.outcomes, owner: owner, now: now)
            let traces = Traces(delivering: jobs)
            try table.add(plan.added.map(traces.marked), ids: &ids, now: now)
            let intents = plan.writes.map { write in
                (job: write.job, intent: write.intent(at: now))
            }
            try table.intend(
                intents, owner: owner, deadline: now.adding(seconds: Self.callDeadlineSeconds))
            try ledger.save(
                plan.writes.compactMap { write in
                    guard var link = write.link else { return nil }
                    link.isInFlight = true
                    return link
                })
            try Self.planStock(plan, load, peer, ledger, ids: &ids, now: now)
            return plan
        }
    }

    /// The keys of tasks that are to make something there, and have not tried yet.
    private static func unlinked(_ jobs: [Job], _ load: DeliveryLoad, _ peer: Peer) -> [String] {
        jobs.filter { job in
            guard job.intent == nil, let record = Int64(job.key) else { return false }
            return !(load.links[record] ?? []).contains { $0.integration == peer.id }
        }.map(\.key)
    }

    /// Documents that their own side is to be asked for once more: booked now, an order would go to a guest where its
    /// customer is known a moment later.
    private static func unsettled(_ load: DeliveryLoad, _ table: JobTable) throws -> Set<Int64> {
        let documents = load.records.values.filter { $0.kind.nature == .document && $0.issuer != nil }
        let asked = try table.open(
            .fetch,
            documents.compactMap { record in
                guard let issuer = record.issuer, let id = record.issuerExternalID else { return nil }
                return (issuer, record.kind, id)
            })
        return Set(
            documents.filter { record in
                asked.contains { $0 == (record.issuer, record.kind, record.issuerExternalID) }
            }.map(\.id))
    }

    /// Goods that are to be made there and lack something that a side which has them is still to be asked for: what it
    /// showed of them first was not whole.
    private static func untold(_ load: DeliveryLoad, _ peer: Peer, _ table: JobTable) throws -> Set<Int64> {
        let lacking = load.records.values.filter { record in
            record.kind.nature == .catalogue
                && !(load.links[record.id] ?? []).contains { $0.integration == peer.id }
                && peer.gives(record.kind).contains { record.own(in: load.scope).plain[$0] == nil }
        }
        let links = lacking.flatMap { load.links[$0.id] ?? [] }.filter(\.isActive)
        let asked = try table.open(
            .fetch, links.map { ($0.integration, $0.kind, $0.externalID) }, with: Self.wholeLook)
        return Set(
            links.filter { link in asked.contains { $0 == (link.integration, link.kind, link.externalID) } }
                .map(\.record))
    }

    static func load(
        _ jobs: [Job], _ peer: Peer, _ channels: [StockChannel], _ ledger: LedgerTable
    ) throws -> DeliveryLoad {
        let records = try ledger.records(jobs.compactMap { Int64($0.key) })
        var referred = Set<Int64>()
        for record in records {
            for shape in record.kind.parts where shape.refersTo != nil {
                let value = record.parts[shape.name]?.value ?? .null
                for element in value.array ?? [value] {
                    if case .record(_, let id)? = try? Reference(json: element) { referred.insert(id) }
                }
            }
        }
        let references = try ledger.links(ofRecords: Array(referred)).filter {
            $0.integration == peer.id && $0.role == HubLink.mainRole
        }
        return DeliveryLoad(
            records: Dictionary(records.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }),
            links: Dictionary(grouping: try ledger.links(ofRecords: records.map(\.id)), by: \.record),
            references: Dictionary(references.map { ($0.record, $0) }, uniquingKeysWith: { first, _ in first }),
            names: Dictionary(
                try ledger.integrations().map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first }),
            reference: try ledger.references(),
            scope: try records.contains { !$0.kind.scopedParts.isEmpty } ? ledger.priceScope(of: peer.id) : nil,
            offers: try offers(of: records, channels, ledger))
    }

    private func settle(
        _ writes: [PlannedWrite], _ results: [WriteResult], _ callEnds: Moment, _ integration: Integration,
        _ target: any RecordTarget, _ peer: Peer
    ) async throws {
        guard !writes.isEmpty else { return }
        let setting = try await mergeSetting(integration)
        let block = try await ids.draw(writes.count * (24 + setting.peers.count * 4) + 64)
        let jitter = Double(surroundings.random(1).first ?? 0) / 255
        let (organization, owner, now) = (organization, owner, now)
        let refusal = try await store.write(.urgent) { session -> String? in
            let table = JobTable(session, organization: organization)
            let ledger = LedgerTable(session, organization: organization)
            let box = IDBox(block)
            let context = SettleContext(
                peer: peer, target: target, settleNumber: try ledger.nextSettleNumber(),
                schedule: integration.options.retrySchedule, jitter: jitter, now: now, callEnds: callEnds,
                ids: { try box.next() })
            let side = FarOperation(peer.id, writes[0].job.operation)
            var settlement = try Settlement.decide(
                writes, results, gate: table.gate(of: peer.id), breaker: table.breaker(of: side), context)
            try Self.settleTaken(&settlement, ledger, peer, context)
            let far = settlement.links.filter { $0.role == HubLink.mainRole }
            if let kind = far.first?.kind {
                let known = try ledger.links(peer.id, kind, externalIDs: far.map(\.externalID))
                settlement.holdTaken(known)
                try ledger.save(settlement.freed(known))
                settlement.keepKnown(known, context)
            }
            let before = try ledger.links(ofRecords: writes.compactMap(\.link?.record))
            settlement.keepMeanwhile(writes, before)
            try table.save(settlement.breaker, of: side)
            if results.contains(where: \.isThrottled) {
                try table.learn(LimitReading(remaining: 0), .rate, of: peer.id, now: now)
            }
            try Self.settleStock(
                &settlement, writes, results, setting, ledger, number: context.settleNumber, now: now)
            try Self.save(settlement, setting, peer, session, organization, owner, box, now: now)
            var rest = box.rest()
            try Self.reopen(
                HubLink.freed(before, settlement.links), at: peer.id, session, organization, ids: &rest, now: now)
            return settlement.refusal
        }
        if let refusal {
            logger.warning("not called any more: \(refusal)", metadata: ["integration": "\(integration.name)"])
        }
    }

    private static func save(
        _ settlement: Settlement, _ setting: MergeSetting, _ peer: Peer, _ session: any StoreSession,
        _ organization: Int64, _ owner: String, _ box: IDBox, now: Moment
    ) throws {
        let table = JobTable(session, organization: organization)
        let ledger = LedgerTable(session, organization: organization)
        let settled = try table.settle(settlement.outcomes, owner: owner, now: now)
        guard settled.count == settlement.outcomes.count else {
            throw StoreFailure.refused("a lease was lost while the far side was called; its new owner looks first")
        }
        try ledger.save(settlement.links)
        let traces = Traces(delivering: settlement.outcomes.map(\.job))
        try ledger.append(settlement.receipts.map(traces.marked))
        try table.save(settlement.gate, of: peer.id)
        if let refusal = settlement.refusal { try ledger.set(.refused, reason: refusal, of: peer.id) }
        if !settlement.answers.isEmpty {
            let batch = ObservedBatch(
                integration: peer.id, drafts: settlement.answers, askedAt: .max, requestedAt: now, observedAt: now)
            _ = try absorbStep(batch.redacted, setting, session, organization, ids: box.rest(), now: now)
        }
        var ids = box.rest()
        // What is said to be gone there tells the others nothing: two such sides would wake each other without end.
        let stock = Set(
            settlement.links.filter { link in
                link.parts[HubLink.stockPart] != nil
                    && !settlement.suspects.contains(ExternalKey(link.kind, link.externalID))
            }.map(\.record))
        // What was just told to wait, or for a person, is not woken by its own write.
        let waiting = Set(settlement.outcomes.filter { $0.outcome != .completed }.map(\.job.key))
        try announce(
            stock, records: [:], setting.peers, setting.channels, session, organization, ids: &ids, now: now,
            unless: { $0.integration == peer.id && waiting.contains($0.key) })
        try table.add(
            gapJobs(settlement.links, peer, setting, ledger, now: now), ids: &ids, now: now)
        let suspects = settlement.suspects.map {
            NewJob(.fetch, integration: peer.id, kind: $0.kind, key: $0.id, priority: 70, runAt: now)
        }
        try table.add(suspects, ids: &ids, now: now)
    }
}

/// Ids handed to closures within one step; never leaves it.
final class IDBox {
    private var block: IDBlock

    init(_ block: IDBlock) { self.block = block }

    func next() throws -> Int64 { try block.next() }

    /// The ids that are left, in two halves: what is given here is not given again.
    func rest() -> IDBlock { block.splitHalf() }
}

extension WriteResult {
    fileprivate var isThrottled: Bool { if case .failed(.throttled) = self { true } else { false } }
}
