import ConnectorKit
import Intake
import Ledger
import Queue
import Reconcile
import Store
import Telemetry

/// *Is understood*: a stored call becomes drafts or a question; single records are asked for.
extension Hub {
    /// Understands stored calls that a worker has claimed.
    ///
    /// - Throws: `StoreFailure`, `HubError`.
    func understand(_ jobs: [Job], _ integration: Integration) async throws {
        let organization = organization
        let stored = try await store.read { session in
            try Intake.stored(jobs.compactMap { Int64($0.key) }, organization: organization, session: session)
        }
        guard let receiver = try receiver(of: integration) else {
            // Its settings name no secret any more: what was stored before cannot be read, and the poll finds it.
            return try await settle(jobs.map { ($0, .completed) })
        }
        let setting = try await mergeSetting(integration)
        for job in jobs {
            guard let id = Int64(job.key), let call = stored[id] else {
                try await settle([(job, .completed)])
                continue
            }
            try await Trace.$current.withValue([job].commonTrace) {
                try await act(on: receiver.read(call.call), call, id, job, integration, setting)
            }
        }
    }

    private func act(
        on meaning: WebhookMeaning, _ call: StoredCall, _ id: Int64, _ job: Job, _ integration: Integration,
        _ setting: MergeSetting
    ) async throws {
        let (organization, owner, now) = (organization, owner, now)
        var batch = ObservedBatch(
            integration: integration.id, drafts: [], askedAt: .max, requestedAt: call.receivedAt,
            observedAt: call.receivedAt,
            clockOffsetSeconds: integration.clockOffsetMilliseconds.map { Double($0) / 1000 })
        var fetches: [NewJob] = []
        var named: (kind: RecordKind, ids: [String])?
        var gone: (kind: RecordKind, id: String)?
        let sources = try connector(of: integration).sources
        let outcome: (DeliveryState, String)
        switch meaning.unless(byHand: integration.options.isByHand) {
        case .records(let drafts):
            batch.drafts = drafts
            let isAsked = drafts.contains { sources[$0.kind] != nil }
            batch.isHint = isAsked
            if !isAsked { batch.told = told(call, id, job, integration) }
            for draft in drafts { batch.traces[ExternalKey(draft.kind, draft.externalID)] = job.trace }
            outcome = (.understood, drafts.map { "\($0.kind.rawValue) \($0.externalID)" }.joined(separator: ", "))
        case .fetch(let kind, let ids):
            fetches = ids.map { fetch(kind, $0, integration, now, job.trace) }
            named = (kind, ids)
            outcome = (.understood, "fetch \(kind.rawValue) \(ids.joined(separator: ", "))")
        case .gone(let kind, let external) where sources[kind] == nil:
            gone = (kind, external)
            outcome = (.understood, "\(kind.rawValue) \(external) is gone, says the side itself")
        case .gone(let kind, let external):
            fetches = [fetch(kind, external, integration, now, job.trace)]
            outcome = (.understood, "\(kind.rawValue) \(external) is said to be gone")
        case .rejected(let rejection):
            batch.rejections = [rejection]
            outcome = (.rejected, rejection.reason)
        case .nothing(let reason): outcome = (.ignored, reason)
        }
        let (jobs, asked, leaving, told) = (fetches, named, gone, batch.told == nil ? 0 : batch.drafts.count)
        let block = try await ids.draw(fetches.count + 8)
        try await absorb(
            batch, setting, priority: .urgent,
            first: { session in
                var ids = block
                let table = JobTable(session, organization: organization)
                try table.add(jobs, ids: &ids, now: now)
                try table.settle([(job, .completed)], owner: owner, now: now)
                try Intake.settle(id, outcome.0, outcome.1, organization: organization, session: session)
                if let leaving {
                    _ = try Self.noteGone(
                        [leaving.id], leaving.kind, integration, session, organization, ids: &ids, now: now,
                        isSure: true)
                }
                let ledger = LedgerTable(session, organization: organization)
                if let asked, try ledger.hasErased(integration.id, asked.kind, externalIDs: asked.ids) {
                    try Intake.forgetBodies(of: [id], organization: organization, session: session)
                }
            },
            // What a side goes on telling of somebody who was erased is not kept.
            ifErased: { try Intake.forgetBodies(of: [id], organization: organization, session: $0) },
            ifRefused: {
                try Self.note($0, outOf: told, in: id, outcome.1, organization: organization, session: $1)
            })
        logger.debug(
            "webhook understood: \(Redaction.told(outcome.1))",
            metadata: ["integration": "\(integration.name)", "delivery": "\(id)"])
        let waited = max(0, self.now.seconds(since: call.receivedAt))
        WorkMeters.webhookDelay.recordNanoseconds(Int64(min(waited, 1e9) * 1e9))
    }

    /// What a side says and is never asked about can be refused as late as when it is merged: then its call tells why.
    private static func note(
        _ refused: [Rejection], outOf told: Int, in delivery: Int64, _ detail: String, organization: Int64,
        session: any StoreSession
    ) throws {
        guard told > 0 else { return }
        let reasons = refused.map(\.reason).joined(separator: "; ")
        let isAll = refused.count >= told
        try Intake.settle(
            delivery, isAll ? .rejected : .understood, isAll ? reasons : "\(detail)\(notTaken)\(reasons)",
            organization: organization, session: session)
    }

    /// What stands before the reasons why some of a call was not taken.
    static let notTaken = "; not taken: "

    private func told(_ call: StoredCall, _ id: Int64, _ job: Job, _ integration: Integration) -> Told {
        Told(
            delivery: id, at: (try? OwnEvent(call.call))?.at, isSecondLook: job.payload["again"]?.bool ?? false)
    }

    private func fetch(
        _ kind: RecordKind, _ id: String, _ integration: Integration, _ now: Moment, _ trace: String?
    ) -> NewJob {
        NewJob(.fetch, integration: integration.id, kind: kind, key: id, priority: 60, runAt: now, trace: trace)
    }

    /// Reads single records at the far side and merges them.
    ///
    /// - Throws: `StoreFailure`, `HubError`.
    func fetch(_ jobs: [Job], _ integration: Integration) async throws {
        guard let kind = jobs.first?.kind, let source = try connector(of: integration).sources[kind] else {
            return try await settle(jobs.map { ($0, .completed) })
        }
        let jobs = try await stillWanted(jobs, integration, kind)
        guard !jobs.isEmpty else { return }
        do {
            try await closeGaps(jobs.map(\.key), integration, kind)
            let organization = organization
            let number = try await store.read { try LedgerTable($0, organization: organization).settleNumber() }
            let requested = now
            let found = try await source.fetch(jobs.map(\.key))
            try await merge(found, jobs, integration, kind, askedAt: number, requested)
        } catch let failure as ConnectorFailure {
            return try await fail(jobs, failure, integration)
        }
        try await noteSuccess(integration, jobs.first?.operation)
    }

    private func merge(
        _ found: [Fetched], _ jobs: [Job], _ integration: Integration, _ kind: RecordKind, askedAt: Int64,
        _ requested: Moment
    ) async throws {
        var batch = ObservedBatch(
            integration: integration.id, drafts: [], askedAt: askedAt, requestedAt: requested, observedAt: now,
            clockOffsetSeconds: integration.clockOffsetMilliseconds.map { Double($0) / 1000 })
        for job in jobs { batch.traces[ExternalKey(kind, job.key)] = job.trace }
        var gone: [String] = []
        for answer in found {
            switch answer {
            case .found(let draft): batch.drafts.append(draft)
            case .gone(let id): gone.append(id)
            case .rejected(let rejection): batch.rejections.append(rejection)
            }
        }
        let (organization, owner, now, missing) = (organization, owner, now, gone)
        let isFinal = jobs.allSatisfy { $0.payload["final"]?.bool ?? false }
        let setting = try await mergeSetting(integration, isFinal: isFinal)
        var later: [NewJob] = []
        if setting.rules.readsOrders, kind == .product || kind == .variant {
            let underWay = Set(jobs.map { ExternalKey(kind, $0.key) })
            (batch, later) = try await absorbCounts(batch, setting, integration, underWay: underWay)
        }
        let asked = later
        let block = try await ids.draw(missing.count * 4 + later.count + 1)
        try await absorb(
            batch, setting,
            first: { session in
                var ids = block
                let before = try LedgerTable(session, organization: organization)
                    .links(integration.id, kind, externalIDs: missing)
                let again = try Self.noteGone(
                    missing, kind, integration, session, organization, ids: &ids, now: now)
                let table = JobTable(session, organization: organization)
                try table.settle(jobs.map { ($0, .completed) }, owner: owner, now: now)
                try table.add(again + asked, ids: &ids, now: now)
                let after = try LedgerTable(session, organization: organization)
                    .links(integration.id, kind, externalIDs: missing)
                try Self.reopen(
                    HubLink.freed(before.filter(\.isActive), after), at: integration.id, session, organization,
                    ids: &ids, now: now)
            })
    }

    /// How far apart in time a far side must say twice that a record is gone, in seconds.
    static let goneTwiceSeconds = 60.0

    /// A record that is not there is believed gone when a second question, some time later, is answered the same. Then
    /// the channel is unlinked; what becomes of the record is the merchant's policy (unlink). A side that cannot be
    /// asked `isSure` of what it says.
    static func noteGone(
        _ missing: [String], _ kind: RecordKind, _ integration: Integration, _ session: any StoreSession,
        _ organization: Int64, ids: inout IDBlock, now: Moment, isSure: Bool = false
    ) throws -> [NewJob] {
        let ledger = LedgerTable(session, organization: organization)
        var again: [NewJob] = []
        var changed: [HubLink] = []
        var changes: [Change] = []
        let links = try ledger.links(integration.id, kind, externalIDs: missing).filter(\.isActive)
        let certain = links.filter { link in
            isSure || link.missingSince.map { now.seconds(since: $0) >= goneTwiceSeconds } ?? false
        }
        let going = try mayGo(certain, integration, ledger, ids: &ids, now: now)
        for var link in links {
            guard let since = link.missingSince ?? (isSure ? now : nil) else {
                link.missingSince = now
                changed.append(link)
                again.append(
                    NewJob(
                        .fetch, integration: integration.id, kind: kind, key: link.externalID, priority: 120,
                        runAt: now.adding(seconds: goneTwiceSeconds)))
                continue
            }
            guard isSure || now.seconds(since: since) >= goneTwiceSeconds else { continue }
            link.missingSince = since
            link.hold(HubLink.gonePart, !going.contains(link.id))
            guard going.contains(link.id) else {
                changed.append(link)
                continue
            }
            link.isActive = false
            link.digest = nil
            changed.append(link)
            #if Mutations
                if Mutation.deletionBeatsEdit.isPlanted { try forget([link.record], ledger) }
            #endif
            changes.append(
                Change(
                    record: link.record, kind: kind, part: "link", old: .string(link.externalID), new: .null,
                    origin: integration.id, rule: "deleted there; the hub's record and other channels stay", at: now))
        }
        try ledger.save(changed)
        try ledger.append(changes)
        return again
    }
}

extension WebhookMeaning {
    /// Without what waits for a person; nothing to do where that is all it speaks of.
    fileprivate func unless(byHand isByHand: (RecordKind) -> Bool) -> WebhookMeaning {
        var asked = self
        var left: RecordKind?
        switch self {
        case .records(let drafts):
            let wanted = drafts.filter { !isByHand($0.kind) }
            if wanted.isEmpty { left = drafts.first?.kind }
            asked = .records(wanted)
        case .fetch(let kind, _), .gone(let kind, _): left = isByHand(kind) ? kind : nil
        case .rejected, .nothing: break
        }
        return left.map { .nothing("\($0.rawValue)s are synced by hand only (crossdock sync)") } ?? asked
    }
}
