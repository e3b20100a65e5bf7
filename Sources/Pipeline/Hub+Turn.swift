import ConnectorKit
import Ledger
import Queue
import Store

/// The workers' side of the hub: what is due is claimed and done.
extension Hub {
    /// Does one piece of due work. False when nothing is due.
    ///
    /// Without `only` it is the hub's own doing, and kinds that wait for a person are left alone; with it a person
    /// asks, for these integrations and, where `kinds` are given, what is written or read of these kinds.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func turn(for only: Set<Int64>? = nil, kinds: Set<RecordKind>? = nil) async throws -> Bool {
        let (organization, now) = (organization, now)
        let due = try await store.read { try JobTable($0, organization: organization).due(at: now) }
        let active = Dictionary(
            try await integrations().filter { $0.state == .active }.map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first })
        for work in due where only?.contains(work.integration) ?? true {
            guard let integration = active[work.integration] else { continue }
            if work.queue != .receive {
                if only == nil, integration.options.isByHand(work.kind) { continue }
                if let kinds, !kinds.contains(work.kind) { continue }
            }
            if try await claimAndRun(work, integration) { return true }
        }
        return false
    }

    /// Works until nothing is due any more.
    ///
    /// - Throws: `StoreFailure`.
    public func drain(for only: Set<Int64>? = nil) async throws {
        while try await turn(for: only) {}
    }

    /// Takes back the jobs of workers that died.
    ///
    /// - Throws: `StoreFailure`.
    public func rescue() async throws {
        let (organization, now) = (organization, now)
        _ = try await store.write { try JobTable($0, organization: organization).rescue(now: now) }
    }

    /// Lengthens the leases of the jobs this process is at work on. One that it could not put back is not among them:
    /// its lease ends, and it is taken over like a dead worker's.
    ///
    /// - Throws: `StoreFailure`.
    public func renewLeases() async throws {
        let (organization, now, owner) = (organization, now, owner)
        let jobs = inHand.withLock { $0 }
        guard !jobs.isEmpty else { return }
        try await store.write(.urgent) {
            try JobTable($0, organization: organization).renew(jobs, owner: owner, now: now)
        }
    }

    /// How many single records are asked for in one call, and how many calls are understood in one go.
    static let fetchLimit = 20
    static let understandLimit = 50

    private func claimAndRun(_ work: DueWork, _ integration: Integration) async throws -> Bool {
        let limit = try limit(of: work, integration)
        let (organization, now, owner) = (organization, now, owner)
        let jobs = try await store.write { session -> [Job] in
            let table = JobTable(session, organization: organization)
            guard try !table.isBusy(work, now: now) else { return [] }
            let jobs = try table.claim(work, limit: limit, owner: owner, now: now)
            return work.queue == .deliver ? try table.inheriting(jobs) : jobs
        }
        guard !jobs.isEmpty else { return false }
        let claimed = Set(jobs.map(\.id))
        inHand.withLock { $0.formUnion(claimed) }
        defer { inHand.withLock { $0.subtract(claimed) } }
        do {
            switch work.queue {
            case .receive: try await understand(jobs, integration)
            case .fetch: try await fetch(jobs, integration)
            case .deliver: try await deliver(jobs, integration)
            }
        } catch {
            // Whoever takes it over looks at the far side first, because the intents stay.
            try await putBack(jobs, "\(error)")
            logger.warning("\(work.queue.rawValue) stopped: \(error)", metadata: ["integration": "\(integration.name)"])
        }
        return true
    }

    /// How long work rests after the hub's own store or settings failed it, in seconds.
    static let failedStepRestSeconds = 5.0

    private func putBack(_ jobs: [Job], _ error: String) async throws {
        let at = now.adding(seconds: Self.failedStepRestSeconds)
        try await settle(
            jobs.map { ($0, .retry(errorClass: "hub", error: error, at: at, keepsIntent: true)) })
    }

    private func limit(of work: DueWork, _ integration: Integration) throws -> Int {
        switch work.queue {
        case .receive: Self.understandLimit
        case .fetch: Self.fetchLimit
        case .deliver: (try connector(of: integration).targets[work.kind]?.batchLimit) ?? 1
        }
    }

    /// Records how claimed jobs ended.
    ///
    /// - Throws: `StoreFailure`.
    func settle(_ outcomes: [(job: Job, outcome: JobOutcome)]) async throws {
        let (organization, owner, now) = (organization, owner, now)
        _ = try await store.write(.urgent) { session in
            try JobTable(session, organization: organization).settle(outcomes, owner: owner, now: now)
        }
    }

    /// A read that failed: tried again later, or given up for a person. Nothing was learned of an earlier attempt, so
    /// what it meant to send stays remembered.
    func fail(_ jobs: [Job], _ failure: ConnectorFailure, _ integration: Integration) async throws {
        let jitter = Double(surroundings.random(1).first ?? 0) / 255
        let (organization, owner, now, schedule) = (organization, owner, now, integration.options.retrySchedule)
        try await store.write(.urgent) { session in
            let table = JobTable(session, organization: organization)
            var gate = try table.gate(of: integration.id)
            let outcomes = jobs.map { job -> (job: Job, outcome: JobOutcome) in
                switch failure {
                case .throttled(let seconds):
                    (job, Self.snooze(failure.sentence, seconds ?? 30, now))
                case .busy(let detail, let seconds): (job, Self.snooze(detail, seconds, now))
                case .cancelled: (job, .released(keepsIntent: true))
                case .unavailable:
                    (
                        job,
                        .retry(
                            errorClass: failure.errorClass, error: failure.sentence,
                            at: schedule.next(afterAttempt: job.attempt, now: now, jitter: jitter),
                            keepsIntent: true)
                    )
                case .unauthorized: (job, Self.snooze(failure.sentence, 60, now))
                case .refused, .unreadable, .gone:
                    (job, .dead(errorClass: failure.errorClass, error: failure.sentence, keepsIntent: true))
                }
            }
            if case .unavailable = failure { gate = gate.afterFailure(failure.sentence, now: now) }
            if case .throttled(let seconds) = failure { gate = gate.afterThrottle(seconds: seconds ?? 30, now: now) }
            try table.settle(outcomes, owner: owner, now: now)
            try table.save(gate, of: integration.id)
            if case .unauthorized(let detail) = failure {
                try LedgerTable(session, organization: organization).set(.refused, reason: detail, of: integration.id)
            }
        }
    }

    private static func snooze(_ reason: String, _ seconds: Int, _ now: Moment) -> JobOutcome {
        .snooze(reason: reason, until: now.adding(seconds: Double(seconds)), keepsIntent: true)
    }

    /// A call that went through opens the gate again.
    func noteSuccess(_ integration: Integration) async throws {
        let organization = organization
        try await store.write { session in
            let table = JobTable(session, organization: organization)
            let gate = try table.gate(of: integration.id)
            if gate != Gate() { try table.save(Gate(), of: integration.id) }
        }
    }
}
