import ConnectorKit
import Ledger
import Queue
import Store
import Telemetry

/// A piece of work under this process's lease.
struct ClaimedWork: Sendable {
    let work: DueWork
    /// Nil for the hub's own.
    let integration: Integration?
    let jobs: [Job]
    /// Whether there are limits that its calls use up.
    var isLimited = false
}

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
        guard let claimed = try await claimNext(for: only, kinds: kinds) else { return false }
        try await run(claimed)
        return true
    }

    /// Claims the next piece of due work; nil when nothing is due, or all that is due is left alone. Whoever claims it
    /// runs it: until then its lease is held.
    ///
    /// - Throws: `StoreFailure`.
    func claimNext(
        for only: Set<Int64>? = nil, kinds: Set<RecordKind>? = nil,
        unless isLeftAlone: (DueWork) -> Bool = { _ in false }
    ) async throws -> ClaimedWork? {
        let (organization, now) = (organization, now)
        let due = try await store.read { try JobTable($0, organization: organization).due(at: now) }
            .filter { !isLeftAlone($0) }
        guard !due.isEmpty else { return nil }
        let active = Dictionary(
            try await integrations().filter { $0.state == .active }.map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first })
        for work in due where only?.contains(work.integration) ?? true {
            // Pulls run in the round of their integration, where a long one holds up no other work.
            if work.queue == .pull { continue }
            if work.queue == .task {
                if let claimed = try await claim(work, nil) { return claimed }
                continue
            }
            if work.queue == .notify {
                if let claimed = try await claimNotices(work) { return claimed }
                continue
            }
            guard let integration = active[work.integration] else { continue }
            if work.queue != .receive {
                guard let kind = work.kind else { continue }
                if only == nil, integration.options.isByHand(kind) { continue }
                if let kinds, !kinds.contains(kind) { continue }
            }
            if let claimed = try await claim(work, integration) { return claimed }
        }
        return nil
    }

    /// Works until nothing is due any more.
    ///
    /// - Throws: `StoreFailure`.
    public func drain(for only: Set<Int64>? = nil) async throws {
        while try await turn(for: only) {}
    }

    /// Takes back the jobs of workers that died. Asks before it writes, because it is done several times a second.
    ///
    /// - Throws: `StoreFailure`.
    public func rescue() async throws {
        let (organization, now) = (organization, now)
        guard try await store.read({ try JobTable($0, organization: organization).mayHaveLost(now: now) }) else {
            return
        }
        _ = try await store.write { try JobTable($0, organization: organization).rescue(now: now) }
    }

    /// Gives up waiting jobs nobody here knows how to do, with the reason. Notices that a hub of an older release gave
    /// up for that reason are taken back.
    ///
    /// - Throws: `StoreFailure`.
    public func giveUpUnknown() async throws {
        let (organization, now) = (organization, now)
        let count = try await store.write { session in
            let table = JobTable(session, organization: organization)
            try table.retryDead(JobFilter(queue: .notify, errorClass: "unknown"), now: now)
            return try table.giveUpUnknown(now: now)
        }
        if count > 0 { logger.warning("\(count) tasks of a sort nobody here knows were given up; see crossdock dead") }
    }

    /// Where this machine's clock was set, leases are moved with it.
    ///
    /// - Throws: `StoreFailure`; what could not be moved is moved the next time.
    func followClock() async throws {
        guard let seconds = machineClock.beginMove(wall: now) else { return }
        var moved = 0.0
        defer { machineClock.endMove(by: moved) }
        let (organization, now) = (organization, now)
        logger.warning("the clock of this machine was set by \(seconds) s; leases move with it")
        try await store.write(.lease) {
            try JobTable($0, organization: organization).moveLeases(by: seconds, now: now)
        }
        moved = seconds
    }

    /// Lengthens the leases of the jobs this process is at work on. One that it could not put back is not among them:
    /// its lease ends, and it is taken over like a dead worker's.
    ///
    /// - Throws: `StoreFailure`.
    public func renewLeases() async throws {
        let (organization, now, owner) = (organization, now, owner)
        let jobs = inHand.withLock { $0 }
        guard !jobs.isEmpty else { return }
        try await store.write(.lease) {
            try JobTable($0, organization: organization).renew(jobs, owner: owner, now: now)
        }
    }

    /// How many single records are asked for in one call, and how many calls are understood in one go.
    static let fetchLimit = 20
    static let understandLimit = 50

    func claimAndRun(_ work: DueWork, _ integration: Integration) async throws -> Bool {
        guard let claimed = try await claim(work, integration) else { return false }
        try await run(claimed)
        return true
    }

    /// Claims work of one sort, of an integration or (nil) of the hub's own, of that so much at most.
    func claim(_ work: DueWork, _ integration: Integration?, atMost most: Int = 1) async throws -> ClaimedWork? {
        let limit = try integration.map { try self.limit(of: work, $0) } ?? most
        let (organization, now, owner) = (organization, now, owner)
        // Each task is work of its own, which no other claim stands in the way of.
        let place = work.queue == .task ? store.freely : store
        let (jobs, isLimited) = try await place.write(.lease) { session -> ([Job], Bool) in
            let table = JobTable(session, organization: organization)
            let taken = try table.taking(work, limit: limit, perCall: limit, owner: owner, now: now)
            return (work.queue == .deliver ? try table.inheriting(taken.jobs) : taken.jobs, taken.isLimited)
        }
        guard !jobs.isEmpty else { return nil }
        inHand.withLock { $0.formUnion(jobs.map(\.id)) }
        return ClaimedWork(work: work, integration: integration, jobs: jobs, isLimited: isLimited)
    }

    /// Does what was claimed.
    ///
    /// - Throws: `StoreFailure`.
    func run(_ claimed: ClaimedWork) async throws {
        let jobs = claimed.jobs
        defer { inHand.withLock { $0.subtract(jobs.map(\.id)) } }
        if claimed.work.queue == .notify { return try await notify(jobs, listener: claimed.work.integration) }
        guard let integration = claimed.integration else {
            for job in jobs { try await runTask(job) }
            return
        }
        // One call was drawn for it when it was claimed.
        try await CallTally.$current.withValue(CallTally(drawn: 1, isLimited: claimed.isLimited)) {
            try await Trace.$current.withValue(jobs.commonTrace) { try await run(claimed, integration) }
        }
    }

    private func run(_ claimed: ClaimedWork, _ integration: Integration) async throws {
        let (jobs, queue) = (claimed.jobs, claimed.work.queue)
        let start = ContinuousClock.now
        defer {
            WorkMeters.timer(queue.rawValue).recordNanoseconds((ContinuousClock.now - start).wholeNanoseconds)
        }
        do {
            switch queue {
            case .receive: try await understand(jobs, integration)
            case .fetch: try await fetch(jobs, integration)
            case .deliver: try await deliver(jobs, integration)
            case .pull: try await pull(jobs, integration)
            case .task, .notify: break
            }
        } catch {
            // Whoever takes it over looks at the far side first, because the intents stay.
            try await putBack(jobs, "\(error)")
            logger.warning("\(queue.rawValue) stopped: \(error)", metadata: ["integration": "\(integration.name)"])
        }
        logger.debug(
            "\(queue.rawValue): \(jobs.count) done",
            metadata: ["integration": "\(integration.name)", "jobs": "\(jobs.prefix(20).map(\.id))"])
        if queue.callsOut { try await learnLimits(of: integration, after: claimed.work.operation) }
    }

    /// How long work rests after the hub's own store or settings failed it, in seconds.
    static let failedStepRestSeconds = 5.0

    func putBack(_ jobs: [Job], _ error: String) async throws {
        let at = now.adding(seconds: Self.failedStepRestSeconds)
        try await settle(
            jobs.map { ($0, .retry(errorClass: "hub", error: error, at: at, keepsIntent: true)) })
    }

    private func limit(of work: DueWork, _ integration: Integration) throws -> Int {
        switch work.queue {
        case .receive: Self.understandLimit
        case .fetch: Self.fetchLimit
        case .deliver:
            try work.kind.flatMap { kind in try connector(of: integration).targets[kind]?.batchLimit } ?? 1
        case .pull, .task, .notify: 1
        }
    }

    /// Records how claimed jobs ended.
    ///
    /// - Throws: `StoreFailure`.
    func settle(_ outcomes: [(job: Job, outcome: JobOutcome)]) async throws {
        let (organization, owner, now) = (organization, owner, now)
        _ = try await store.freely.write(.urgent) { session in
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
                    (job, Self.snooze(failure.sentence, seconds ?? Gate.unsaidSeconds, now))
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
            if case .throttled(let seconds) = failure {
                gate = gate.afterThrottle(seconds: seconds ?? Gate.unsaidSeconds, now: now)
            }
            try table.settle(outcomes, owner: owner, now: now)
            try table.save(gate, of: integration.id)
            if case .throttled = failure {
                try table.learn(LimitReading(remaining: 0), .rate, of: integration.id, now: now)
            }
            if let operation = jobs.first?.operation {
                let side = FarOperation(integration.id, operation)
                try table.save(Self.breaker(table.breaker(of: side), after: failure, now: now), of: side)
            }
            if case .unauthorized(let detail) = failure {
                try LedgerTable(session, organization: organization).set(.refused, reason: detail, of: integration.id)
            }
        }
    }

    private static func snooze(_ reason: String, _ seconds: Int, _ now: Moment) -> JobOutcome {
        .snooze(reason: reason, until: now.adding(seconds: Double(seconds)), keepsIntent: true)
    }

    /// What a failed call says about the next one. A far side that answers, if only to refuse, is there.
    static func breaker(_ breaker: Breaker, after failure: ConnectorFailure, now: Moment) -> Breaker {
        switch failure {
        case .unavailable: return breaker.afterFailure(failure.sentence, now: now)
        case .refused, .unreadable, .gone: return breaker.afterSuccess()
        case .throttled, .busy, .unauthorized, .cancelled:
            var next = breaker
            next.probeUntil = nil
            return next
        }
    }

    /// A call that went through opens the gate again, and closes the breaker of its operation.
    func noteSuccess(_ integration: Integration, _ operation: String? = nil) async throws {
        try await learnLimits(of: integration, after: operation)
        let organization = organization
        let side = operation.map { FarOperation(integration.id, $0) }
        let isAtRest = try await store.read { session in
            let table = JobTable(session, organization: organization)
            let breaker = try side.map { try table.breaker(of: $0) }
            return try table.gate(of: integration.id) == Gate() && breaker ?? Breaker() == Breaker()
        }
        guard !isAtRest else { return }
        try await store.write { session in
            let table = JobTable(session, organization: organization)
            try table.save(Gate(), of: integration.id)
            if let side { try table.save(Breaker(), of: side) }
        }
    }
}
