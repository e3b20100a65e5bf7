import Alerts
import Backup
import ConnectorKit
import Identity
import Ledger
import Notices
import Queue
import Reconcile
import Store

/// The state of the hub at a glance, for a page or a command.
public struct Overview: Sendable {
    public var now: Moment
    public var integrations: [IntegrationReport]
    /// How many records of each kind the hub has.
    public var records: [RecordKind: Int]
    /// The last changes, the latest first.
    public var changes: [ChangeReport]
    public var jobs: [JobState: Int]
    /// Jobs that wait, are held or dead, with their reasons.
    public var waiting: [JobReport]
    public var conflicts: [ConflictReport]
    public var rejections: [RejectionReport]
    public var rejectionCount: Int
    public var holdCount: Int
    public var conflictCount: Int
    /// How the backups that are made again and again go; nil where none was ever tried.
    public var backups: BackupState?
    /// What the guard holds and nobody has decided yet.
    public var guarded: [GuardReport] = []
    /// How often each kind of thing was tried by those who may not, within the last hour.
    public var security: [SecurityKind: Int] = [:]
    /// Webhooks of the hub's own.
    public var listeners: [ListenerView] = []
    /// What is too much now, and somebody was told of.
    public var alerts: [Alert] = []
    /// Keys of programs that are good; of those that end the next first, then the others by name.
    public var keys: [APIKey] = []
}

extension Overview {
    /// How far back an overview looks for what was tried by those who may not, in seconds.
    static let securitySeconds = 3600.0
}

/// An integration at a glance.
public struct IntegrationReport: Sendable {
    public var id: Int64
    public var name: String
    public var connector: String
    public var state: IntegrationState
    /// Why it is not active, or why calls to it pause.
    public var reason: String?
    /// Until when calls rest, all of them or those of `breakers`; nil when calls go through.
    public var closedUntil: Moment?
    /// The sorts of call that failed last, and how their breakers stand; sorts that work are not in it.
    public var breakers: [BreakerReport] = []
    /// How many records of each kind are linked there.
    public var linked: [RecordKind: Int]
    /// When each kind was last read to the end.
    public var pulledAt: [RecordKind: Moment]
    public var webhooks: String?
    /// The address the vendor calls; nil without a public address.
    public var webhookAddress: String?
    public var clockOffsetMilliseconds: Int64?
    /// How its credentials stand; nil where it has none.
    public var credentials: CredentialStanding?
    /// Whether it is never read: it tells the hub itself what it has.
    public var onlyTells = false
}

/// One sort of call to an integration that failed, and whether it is called.
public struct BreakerReport: Sendable {
    /// `fetch product`.
    public var operation: String
    public var breaker: Breaker

    /// How it stands at that time, in one word.
    public func state(at now: Moment) -> String {
        switch breaker.state(at: now) {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen, .probing: "half-open"
        }
    }
}

/// A line of the change log, in words.
public struct ChangeReport: Sendable {
    public var number: Int64
    public var at: Moment
    public var record: Int64
    public var kind: RecordKind
    public var title: String
    public var part: String
    public var old: JSON?
    public var new: JSON?
    public var loser: JSON?
    /// The integration it came from; nil for a person or the hub.
    public var origin: String?
    public var rule: String
    /// The trace of what it came of; nil where it began by itself.
    public var trace: String?
}

/// A job, in words.
public struct JobReport: Sendable {
    public var id: Int64
    public var queue: JobQueue
    /// Empty for the hub's own work.
    public var integration: String
    /// Nil for the hub's own work.
    public var kind: RecordKind?
    /// The record whose title it has; nil where that is a far id or a number.
    public var record: Int64?
    /// What it is about: a record's title, a far id.
    public var title: String
    public var state: JobState
    public var attempt: Int
    public var runAt: Moment
    /// Why it waits or died.
    public var reason: String?
    /// The word for that: `refused:CODE`.
    public var errorClass: String?
    /// 0 to 1000, lower first.
    public var priority = 100
    /// The trace of what asked for it; nil where it began by itself.
    public var trace: String?

    /// What it is about, with its kind: `product Tea`.
    public var subject: String { kind.map { "\($0.rawValue) \(title)" } ?? title }
}

/// A job that was given up, in words.
public struct DeadReport: Sendable {
    public var letter: DeadLetter
    /// Empty for the hub's own work.
    public var integration: String
    /// What it is about: a record's title, a far id.
    public var title: String
}

/// A conflict, in words.
public struct ConflictReport: Sendable {
    public var id: Int64
    public var record: Int64
    public var kind: RecordKind
    public var title: String
    public var part: String
    public var integration: String
    public var base: JSON?
    public var theirs: JSON
    public var ours: JSON
    public var openedAt: Moment
}

/// A payload that could not be used, in words.
public struct RejectionReport: Sendable {
    public var integration: String
    public var kind: RecordKind
    public var externalID: String
    public var reason: String
    public var at: Moment

    /// A payload and why it could not be used.
    public init(integration: String, kind: RecordKind, externalID: String, reason: String, at: Moment) {
        (self.integration, self.kind, self.externalID) = (integration, kind, externalID)
        (self.reason, self.at) = (reason, at)
    }
}

extension Hub {
    /// The state of the hub at a glance.
    ///
    /// - Throws: `StoreFailure`.
    public func overview(changeLimit: Int = 20, waitingLimit: Int = 20) async throws -> Overview {
        let (organization, now) = (organization, now)
        let all = try await integrations()
        let addresses = Dictionary(all.map { ($0.id, webhookAddress($0)) }, uniquingKeysWith: { first, _ in first })
        let telling = Set(all.filter { (try? connector(of: $0))?.events != nil }.map(\.id))
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            let (ledger, jobs) = (words.ledger, words.jobs)
            let counts = try ledger.waitingCounts()
            var integrations = try words.integrations(
                addresses, CredentialStanding.all(all, session, organization))
            for index in integrations.indices {
                integrations[index].onlyTells = telling.contains(integrations[index].id)
            }
            return Overview(
                now: now, integrations: integrations, records: try ledger.recordCounts(),
                changes: try words.changes(ledger.lastChanges(limit: changeLimit)), jobs: try jobs.counts(),
                waiting: try words.jobs(
                    jobs.list([.available, .running, .retryable, .scheduled, .held, .dead], limit: waitingLimit)),
                conflicts: try words.conflicts(ledger.openConflicts(limit: waitingLimit)),
                rejections: try words.rejections(limit: waitingLimit), rejectionCount: counts.rejections,
                holdCount: counts.holds, conflictCount: counts.conflicts,
                backups: try BackupTable(session, organization: organization).state(),
                guarded: try words.holds(ledger.undecidedHolds(), limit: GuardReport.exampleLimit),
                security: try SecurityTable(session, organization: organization).counts(
                    since: now.adding(seconds: -Overview.securitySeconds)),
                listeners: try Self.views(words.listeners, session, organization),
                alerts: Self.told(try AlertTable(session, organization: organization).all())
                    .filter(\.state.isOpen),
                keys: try IdentityTable(session, organization: organization).keys().filter { $0.isGood(at: now) }
                    .sorted { ($0.end, $0.name, $0.id) < ($1.end, $1.name, $1.id) })
        }
    }

    /// Jobs in those states, in words, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func jobs(in states: [JobState], limit: Int = 50) async throws -> [JobReport] {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            return try words.jobs(words.jobs.list(states, limit: limit))
        }
    }

    /// How many tasks of an integration are due now.
    ///
    /// - Throws: `StoreFailure`.
    public func dueCount(for integration: Integration, kinds: Set<RecordKind>? = nil) async throws -> Int {
        let (organization, now) = (organization, now)
        return try await store.read { session in
            try JobTable(session, organization: organization).dueCount(integration.id, kinds: kinds, now: now)
        }
    }

    /// How many tasks of an integration are not done yet and need nobody: those that wait, and those being done.
    ///
    /// - Throws: `StoreFailure`.
    public func openCount(for integration: Integration) async throws -> Int {
        let organization = organization
        return try await store.read { try JobTable($0, organization: organization).openCount(integration.id) }
    }

    /// The open conflicts, in words, the oldest first.
    ///
    /// - Throws: `StoreFailure`.
    public func conflicts(limit: Int = 100) async throws -> [ConflictReport] {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            return try words.conflicts(words.ledger.openConflicts(limit: limit))
        }
    }

    /// The changes after a number of the log, in words, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func changes(after number: Int64, limit: Int = 50) async throws -> [ChangeReport] {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            return try words.changes(words.ledger.lastChanges(after: number, limit: limit))
        }
    }
}

extension APIKey {
    /// When it ends, for who compares: one that lasts ends behind all others.
    fileprivate var end: Moment { expiresAt ?? Moment(milliseconds: .max) }
}

/// Turns ids into words, within one read.
struct ReportWords {
    let ledger: LedgerTable
    let jobs: JobTable
    private let all: [Integration]
    let listeners: [Listener]
    private let names: [Int64: String]

    init(_ session: any StoreSession, _ organization: Int64) throws {
        ledger = LedgerTable(session, organization: organization)
        jobs = JobTable(session, organization: organization)
        all = try ledger.integrations()
        listeners = try ListenerTable(session, organization: organization).all()
        names = Dictionary(
            all.map { ($0.id, $0.name) } + listeners.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    }

    func name(_ integration: Int64) -> String {
        integration == 0 ? "" : names[integration] ?? String(integration)
    }

    func integrations(
        _ addresses: [Int64: String?], _ standings: [Int64: CredentialStanding]
    ) throws -> [IntegrationReport] {
        let linked = try ledger.linkCounts()
        let breakers = try jobs.breakers()
        return try all.map { integration in
            let gate = try jobs.gate(of: integration.id)
            let failing = breakers.filter { $0.key.integration == integration.id }
                .map { BreakerReport(operation: $0.key.operation, breaker: $0.value) }
                .sorted { $0.operation < $1.operation }
            let open = failing.filter { $0.breaker.openUntil != nil }
                .max {
                    ($0.breaker.openUntil ?? Moment(milliseconds: 0))
                        < ($1.breaker.openUntil ?? Moment(milliseconds: 0))
                }
            let reason = gate.closedUntil == nil ? open?.breaker.reason : gate.reason
            return IntegrationReport(
                id: integration.id, name: integration.name, connector: integration.connector, state: integration.state,
                reason: integration.reason ?? reason, closedUntil: gate.closedUntil ?? open?.breaker.openUntil,
                breakers: failing, linked: linked[integration.id] ?? [:],
                pulledAt: try ledger.pulledAt(integration.id), webhooks: integration.webhookState,
                webhookAddress: addresses[integration.id] ?? nil,
                clockOffsetMilliseconds: integration.clockOffsetMilliseconds,
                credentials: standings[integration.id])
        }
    }

    func changes(_ changes: [NumberedChange]) throws -> [ChangeReport] {
        let titles = try titles(changes.map(\.change.record))
        return changes.map { numbered in
            let change = numbered.change
            return ChangeReport(
                number: numbered.number, at: change.at, record: change.record, kind: change.kind,
                title: titles[change.record] ?? "", part: change.part, old: change.old, new: change.told,
                loser: change.loser, origin: change.origin.map(name), rule: change.rule, trace: change.trace)
        }
    }

    func jobs(_ jobs: [Job]) throws -> [JobReport] {
        let titles = try titles(jobs.filter { $0.queue == .deliver }.compactMap { Int64($0.key) })
        return jobs.map { job in
            let record = job.queue == .deliver ? Int64(job.key) : nil
            return JobReport(
                id: job.id, queue: job.queue, integration: name(job.integration), kind: job.kind, record: record,
                title: record.flatMap { titles[$0] } ?? job.key, state: job.state, attempt: job.attempt,
                runAt: job.runAt, reason: job.error, errorClass: job.errorClass, priority: job.priority,
                trace: job.trace)
        }
    }

    func dead(_ letters: [DeadLetter]) throws -> [DeadReport] {
        let deliver = JobQueue.deliver.rawValue
        let titles = try titles(letters.filter { $0.queue == deliver }.compactMap { Int64($0.key) })
        return letters.map { letter in
            let title = letter.queue == deliver ? Int64(letter.key).flatMap { titles[$0] } : nil
            return DeadReport(letter: letter, integration: name(letter.integration), title: title ?? letter.key)
        }
    }

    func conflicts(_ conflicts: [Conflict]) throws -> [ConflictReport] {
        let records = Dictionary(
            try ledger.records(conflicts.map(\.record)).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let links = Dictionary(
            try ledger.links(ofRecords: conflicts.map(\.record)).map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first })
        return conflicts.compactMap { conflict in
            guard let record = records[conflict.record] else { return nil }
            return ConflictReport(
                id: conflict.id, record: record.id, kind: record.kind, title: record.title, part: conflict.part,
                integration: links[conflict.link].map { name($0.integration) } ?? "", base: conflict.base,
                theirs: links[conflict.link]?.parts[conflict.part]?.seen ?? conflict.theirs,
                ours: record.parts[conflict.part]?.value ?? conflict.ours, openedAt: conflict.openedAt)
        }
    }

    func rejections(limit: Int) throws -> [RejectionReport] {
        try ledger.rejections(limit: limit).map {
            RejectionReport(
                integration: name($0.integration), kind: $0.rejection.kind, externalID: $0.rejection.externalID ?? "",
                reason: $0.rejection.reason, at: $0.at)
        }
    }

    func terms(_ integration: Int64) -> GuardTerms {
        all.first { $0.id == integration }?.options.guardTerms ?? GuardTerms()
    }

    func titles(_ records: [Int64]) throws -> [Int64: String] {
        Dictionary(
            try ledger.records(Array(Set(records))).map { ($0.id, $0.title) }, uniquingKeysWith: { first, _ in first })
    }
}
