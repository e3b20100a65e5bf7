import Announce
import ConnectorKit
import Ledger
import Queue
import Reconcile
import Store
import Telemetry

/// *Is compared, is written, is announced*: drafts are merged, and records, links, changes, conflicts and tasks are
/// committed together or not at all.
extension Hub {
    /// What a batch is merged with; the same for all batches of a run.
    struct MergeSetting: Sendable {
        var rules: MergeRules
        var peers: [Peer]
        /// Who may be told of stock, and on which terms.
        var channels: [StockChannel]
        /// Whether what drafts refer to is not asked for a second time.
        var isFinal = false
        /// What is being read by itself just now. Asked for again before that has ended, it would be read again at
        /// once, whatever the time it was asked for.
        var underWay: Set<ExternalKey> = []
    }

    /// The setting in which an integration's drafts are merged.
    ///
    /// - Throws: `HubError`, `StoreFailure`.
    // Within other async functions the optimizer of Swift 6.3.1 breaks down over it (CoroSplit).
    @inline(never)
    func mergeSetting(_ integration: Integration, isFinal: Bool = false) async throws -> MergeSetting {
        let all = try await integrations()
        let (peer, peers) = (try peer(integration), peers(all))
        return MergeSetting(
            rules: rules(integration, peer, all: all), peers: peers, channels: channels(all, peers), isFinal: isFinal)
    }

    /// Merges a batch in one step. What is saved in the same transaction comes `first` (a settled task: one that asks
    /// for itself again is a new one with a time of its own) or last (`also`: a cursor; `ifErased`: where the batch
    /// shows somebody who was erased; `ifRefused`: where some of it cannot be used).
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    func absorb(
        _ batch: ObservedBatch, _ setting: MergeSetting, priority: StepPriority = .normal,
        first: @escaping @Sendable (any StoreSession) throws -> Void = { _ in },
        also: @escaping @Sendable (any StoreSession) throws -> Void = { _ in },
        ifErased: @escaping @Sendable (any StoreSession) throws -> Void = { _ in },
        ifRefused: @escaping @Sendable ([Rejection], any StoreSession) throws -> Void = { _, _ in }
    ) async throws -> Absorbed {
        let batch = batch.redacted
        let block = try await ids.draw(Self.idCount(batch, setting))
        #if Mutations
            if Mutation.decidedBeforeCommit.isPlanted {
                return try await absorbInTwoSteps(
                    batch, setting, priority: priority, ids: block, first: first, also: also)
            }
        #endif
        let (organization, now) = (organization, now)
        let absorbed = try await store.write(priority) { session in
            try first(session)
            let absorbed = try Self.absorbStep(batch, setting, session, organization, ids: block, now: now)
            try also(session)
            if absorbed.hasErased { try ifErased(session) }
            if !absorbed.refused.isEmpty { try ifRefused(absorbed.refused, session) }
            return absorbed
        }
        for key in absorbed.alarms {
            logger.warning(
                "the guard holds \(key.kind.plural) (\(key.sort.rawValue)): too many at once, see crossdock guard",
                metadata: ["integration": "\(batch.integration)"])
        }
        if absorbed.oversold > 0 { Oversold.meter.increment(by: absorbed.oversold) }
        Tally.merged.add(Int64(batch.drafts.count))
        Tally.conflicts.add(Int64(absorbed.counts.conflicts))
        bell.ring()
        return absorbed
    }

    /// What a merge came to, for who asked for it.
    struct Absorbed: Sendable {
        var counts: RunCounts
        /// What shows a stock there that cannot be explained before the side's orders are read.
        var unsettled: [ExternalKey]
        /// What is asked for of what is being read just now: to be added once that has ended.
        var later: [NewJob]
        /// The settle number under which it was merged.
        var number: Int64
        /// What a person is asked about from now on.
        var alarms: [GuardKey] = []
        /// How many pieces were found to be sold that were not there.
        var oversold = 0
        /// Whether it shows somebody whose values were erased.
        var hasErased = false
        /// What of it cannot be used, with the reasons.
        var refused: [Rejection] = []
    }

    /// A draft needs at most a record, a link, a conflict per part and a task per peer; a line of an order two
    /// movements, a look at its product and a task per peer.
    private static func idCount(_ batch: ObservedBatch, _ setting: MergeSetting) -> Int {
        let lines = batch.drafts.reduce(0) { count, draft in
            guard draft.kind == .order else { return count }
            let lines = draft.parts[OrderPart.content.shape.name]?["lines"]?.array?.count ?? 0
            let refunds = draft.parts[OrderPart.refunds.shape.name]?.array?.count ?? 0
            return count + lines * (2 + refunds)
        }
        return (batch.drafts.count + lines) * (8 + setting.peers.count * 2) + 16
    }

    /// Load, decide, save. Synchronous, and the same when it is run again.
    static func absorbStep(
        _ batch: ObservedBatch, _ setting: MergeSetting, _ session: any StoreSession, _ organization: Int64,
        ids: IDBlock, now: Moment
    ) throws -> Absorbed {
        #if Mutations
            let batch =
                try Mutation.echoByWindow.isPlanted
                ? withoutEchoes(batch, LedgerTable(session, organization: organization), now: now) : batch
        #endif
        let snapshot = try snapshot(for: batch, setting, session, organization)
        return try save(batch, decidedOn: snapshot, setting, session, organization, ids: ids, now: now)
    }

    /// All that a batch is merged with, as it is now.
    static func snapshot(
        for batch: ObservedBatch, _ setting: MergeSetting, _ session: any StoreSession, _ organization: Int64
    ) throws -> Snapshot {
        var snapshot = try LedgerTable(session, organization: organization).snapshot(for: batch, rules: setting.rules)
        snapshot.attempts = try openAttempts(snapshot, batch, setting, session, organization)
        return snapshot
    }

    /// Decides on what was loaded, and saves what it comes to.
    static func save(
        _ batch: ObservedBatch, decidedOn snapshot: Snapshot, _ setting: MergeSetting, _ session: any StoreSession,
        _ organization: Int64, ids: IDBlock, now: Moment
    ) throws -> Absorbed {
        let ledger = LedgerTable(session, organization: organization)
        var ids = ids
        var absorption = try decide(batch, on: snapshot, setting, ledger, ids: &ids, now: now)
        let traces = Traces(batch, absorption)
        absorption.changes = absorption.changes.map(traces.marked)
        if setting.isFinal { absorption.settleForGood() }
        try ledger.save(absorption, of: batch.integration, now: now)
        try JobTable(session, organization: organization).note(proven: absorption.proven, of: batch.integration)
        try announce(
            absorption.touched, records: absorption.records, setting.peers, setting.channels, session, organization,
            ids: &ids, now: now, traces: traces)
        let before = absorption.links.values.compactMap { link in
            snapshot.linksOfRecord[link.record]?.first { $0.id == link.id }
        }
        try reopen(
            HubLink.freed(before, Array(absorption.links.values)), at: batch.integration, session, organization,
            ids: &ids, now: now)
        let looks =
            batch.told.map { lookAgain(at: $0, absorption, batch, now: now) }
            ?? fetchJobs(absorption, batch, now: now) + stockJobs(absorption, batch, now: now)
        let asked = looks.map(traces.marked)
        let later = asked.filter { $0.isOne(of: setting.underWay) }
        try JobTable(session, organization: organization).add(
            asked.filter { !$0.isOne(of: setting.underWay) }, ids: &ids, now: now)
        return Absorbed(
            counts: absorption.counts, unsettled: absorption.unsettled, later: later, number: snapshot.number,
            alarms: absorption.alarms, oversold: Oversold.pieces(absorption.changes), hasErased: absorption.hasErased,
            refused: absorption.rejections)
    }

    /// The writes to the batch's integration that may meet what it shows.
    private static func openAttempts(
        _ snapshot: Snapshot, _ batch: ObservedBatch, _ setting: MergeSetting, _ session: any StoreSession,
        _ organization: Int64
    ) throws -> [Int64: OpenAttempt] {
        let inFlight = snapshot.recordsInFlight
        let records = inFlight.union(snapshot.unlinkedRecords)
        guard !records.isEmpty, let peer = setting.peers.first(where: { $0.id == batch.integration }) else {
            return [:]
        }
        let table = JobTable(session, organization: organization)
        var jobs = try table.intended(peer.id, keys: records.sorted().map(String.init))
        let former = snapshot.former.values.joined()
        let dropped = Set(inFlight.union(former).map(String.init)).subtracting(jobs.map(\.key))
        jobs += try table.intended(peer.id, keys: dropped.sorted(), areDropped: true)
        return Dictionary(
            jobs.compactMap { job in
                guard let record = Int64(job.key), let intent = job.intent, let kind = job.kind else { return nil }
                let at = Moment(milliseconds: Int64(intent["at"]?.integer ?? 0))
                let isOver = at.adding(seconds: callDeadlineSeconds) <= batch.requestedAt
                let repeats = ![.held, .dead, .cancelled].contains(job.state) && peer.createsByKey(kind)
                return (
                    record,
                    OpenAttempt(
                        wrote: Parts(intent["wrote"]?.object ?? [:]), hasEnded: job.state != .running && isOver,
                        isUnderWay: job.state == .running, isKeyed: repeats,
                        proven: job.provenParts)
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Puts the tasks on the queue that bring the peers in step with records, but for those that are left alone.
    static func announce(
        _ touched: Set<Int64>, records: [Int64: HubRecord], _ peers: [Peer], _ channels: [StockChannel],
        _ session: any StoreSession, _ organization: Int64, ids: inout IDBlock, now: Moment,
        traces: Traces = Traces(), unless isLeftAlone: (NewJob) -> Bool = { _ in false }
    ) throws {
        guard !touched.isEmpty else { return }
        let ledger = LedgerTable(session, organization: organization)
        var all = records.filter { touched.contains($0.key) }
        for record in try ledger.records(touched.filter { records[$0] == nil }) { all[record.id] = record }
        let links = Dictionary(grouping: try ledger.links(ofRecords: Array(touched)), by: \.record)
        let offers = try offers(of: Array(all.values), channels, ledger)
        let jobs = Announce.jobs(for: Array(all.values), links: links, peers: peers, offers: offers, now: now)
        try JobTable(session, organization: organization).add(
            jobs.filter { !isLeftAlone($0) }.map(traces.marked), ids: &ids, now: now)
    }

    /// How long a draft that refers to what is unknown waits before it is read once more, in seconds.
    static let referenceWaitSeconds = 5.0
    /// Of a task that reads a record once more: after it nothing that is still unknown is asked for.
    static let lastLook: JSON = ["final": true]
    /// The same for what was not shown whole: others are given it after that.
    static let wholeLook: JSON = ["final": true, "whole": true]
    /// How long a record that is just being written waits before it is read again, in seconds.
    static let staleWaitSeconds = 10.0

    /// A side that is not asked is listened to once more: where a write of ours was on its way, until that has ended;
    /// where something was referred to that is not known, once, for the call that tells of it may be just behind.
    private static func lookAgain(
        at told: Told, _ absorption: Absorption, _ batch: ObservedBatch, now: Moment
    ) -> [NewJob] {
        let isUnknown = !absorption.wanted.isEmpty && !told.isSecondLook
        guard isUnknown || !absorption.stale.isEmpty else { return [] }
        let seconds = absorption.stale.isEmpty ? referenceWaitSeconds : staleWaitSeconds
        return [
            NewJob(
                .receive, integration: batch.integration, kind: .order, key: String(told.delivery), priority: 50,
                runAt: now.adding(seconds: seconds), payload: isUnknown || told.isSecondLook ? ["again": true] : .null)
        ]
    }

    /// What a draft refers to is read first; the draft itself once more, later.
    private static func fetchJobs(_ absorption: Absorption, _ batch: ObservedBatch, now: Moment) -> [NewJob] {
        let wanted = absorption.wanted
        let stale = Set(absorption.stale).sorted { ($0.kind.rawValue, $0.id) < ($1.kind.rawValue, $1.id) }.map { key in
            NewJob(
                .fetch, integration: batch.integration, kind: key.kind, key: key.id, priority: 70,
                runAt: now.adding(seconds: staleWaitSeconds))
        }
        let own = Set(batch.drafts.map { ExternalKey($0.kind, $0.externalID) }).subtracting(absorption.unread)
        return stale
            + Set(wanted).sorted { ($0.kind.rawValue, $0.id) < ($1.kind.rawValue, $1.id) }.map { key in
                NewJob(
                    .fetch, integration: batch.integration, kind: key.kind, key: key.id, priority: 70,
                    runAt: own.contains(key) ? now.adding(seconds: referenceWaitSeconds) : now,
                    payload: absorption.untold.contains(key) ? wholeLook : own.contains(key) ? lastLook : .null)
            }
    }
}

extension NewJob {
    /// Whether it reads one of these records.
    fileprivate func isOne(of keys: Set<ExternalKey>) -> Bool {
        kind.map { queue == .fetch && keys.contains(ExternalKey($0, key)) } ?? false
    }
}

extension Absorption {
    /// Nothing more is asked for: what is still unknown after a second look does not exist.
    mutating func settleForGood() { wanted = [] }
}
