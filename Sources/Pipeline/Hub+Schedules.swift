import Audit
import ConnectorKit
import Ledger
import Queue
import Store

/// What is done again and again: kinds that are read by their own schedule, and the hub's own tasks.
extension Hub {
    /// The hub's own tasks, by name.
    public enum OwnTask: String, Sendable, CaseIterable {
        /// Ended jobs are forgotten after a week, dead letters after ninety days.
        case prune
        /// The last step of a batch: says in the log how it ended.
        case report
        /// Forgets what is known of records at an integration that was taken away: `forget/ID`.
        case forget
    }

    /// How often old jobs are forgotten, in seconds.
    static let pruneSeconds = 3600

    /// Puts on the queue what is due by a schedule.
    ///
    /// - Throws: `StoreFailure`.
    public func tick() async throws {
        let (organization, now) = (organization, now)
        let (next, isGathered) = try await store.read { session -> (Moment?, Bool) in
            let table = ScheduleTable(session, organization: organization)
            let isKept = try table.all().contains { $0.subject == .task(OwnTask.prune.rawValue) }
            let ledger = LedgerTable(session, organization: organization)
            return (try isKept ? table.nextDue() : now, try !ledger.gathered(before: Self.quietSince(now)).isEmpty)
        }
        if isGathered { try await clearGathered() }
        guard let next, next <= now else { return }
        let block = try await ids.draw(ScheduleTable.tickLimit)
        let prune = try Schedule(.task(OwnTask.prune.rawValue), Cadence(seconds: Self.pruneSeconds), now: now)
        try await store.write { session in
            var ids = block
            let table = ScheduleTable(session, organization: organization)
            if try !table.all().contains(where: { $0.subject == prune.subject }) { try table.save(prune) }
            try table.tick(ids: &ids, now: now)
        }
    }

    /// All schedules.
    ///
    /// - Throws: `StoreFailure`.
    public func schedules() async throws -> [Schedule] {
        let organization = organization
        return try await store.read { try ScheduleTable($0, organization: organization).all() }
    }

    /// Reads a kind of an integration by a schedule of its own, in the place of its interval.
    ///
    /// - Throws: `HubError` when the integration does not offer the kind, `ScheduleRefusal`, `StoreFailure`.
    public func schedule(
        _ integration: Integration, _ kind: RecordKind, _ cadence: Cadence, afterDowntime: AfterDowntime,
        by actor: AuditActor = .hub
    ) async throws -> Schedule {
        let kinds = try sourceKinds(integration)
        guard kinds.contains(kind) else {
            throw HubError(
                "\(integration.name) reads no \(kind.rawValue)s; it reads "
                    + kinds.map(\.rawValue).joined(separator: ", "))
        }
        let schedule = try Schedule(
            .pull(integration: integration.id, kind: kind), cadence, afterDowntime: afterDowntime, now: now)
        let (organization, now) = (organization, now)
        let note = AuditNote(
            .scheduleSet, "integration", integration.publicID,
            after: ["kind": .string(kind.rawValue), "cadence": .string(cadence.description)])
        try await store.write { session in
            try ScheduleTable(session, organization: organization).save(schedule)
            try self.note(note, by: actor, at: now, in: session)
        }
        return schedule
    }

    /// The schedules that an integration's own settings ask for, one for each kind it reads; times that passed while
    /// the hub was down are made up for by one run, as an interval does it.
    ///
    /// - Throws: `HubError` when the cron line of its settings cannot be read or never fires.
    func schedules(bySettingsOf integration: Integration) throws -> [Schedule] {
        guard let line = integration.options.cronLine else { return [] }
        do {
            let cadence = try Cadence(line: line)
            return try sourceKinds(integration).map { kind in
                try Schedule(
                    .pull(integration: integration.id, kind: kind), cadence, afterDowntime: .catchUp, now: now)
            }
        } catch let refusal as ScheduleRefusal {
            throw HubError("\(integration.name) cannot be read by \"\(line)\": \(refusal)")
        }
    }

    /// Lets a kind be read by its interval again. False when it has no schedule.
    ///
    /// - Throws: `StoreFailure`.
    public func unschedule(
        _ integration: Integration, _ kind: RecordKind, by actor: AuditActor = .hub
    ) async throws -> Bool {
        let (organization, now) = (organization, now)
        let note = AuditNote(
            .scheduleRemoved, "integration", integration.publicID, before: ["kind": .string(kind.rawValue)])
        return try await store.write { session in
            let table = ScheduleTable(session, organization: organization)
            guard try table.remove(.pull(integration: integration.id, kind: kind)) else { return false }
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// The kinds of an integration that have a schedule of their own.
    static func scheduledKinds(_ integration: Integration, _ table: ScheduleTable) throws -> Set<RecordKind> {
        Set(
            try table.all().compactMap { schedule in
                if case .pull(integration.id, let kind) = schedule.subject { kind } else { nil }
            })
    }

    /// Reads the kinds of an integration that a schedule has asked for.
    ///
    /// - Throws: `StoreFailure`.
    func pullAsked(_ integration: Integration) async throws {
        let (organization, now) = (organization, now)
        let due = try await store.read { session -> [DueWork] in
            let table = JobTable(session, organization: organization)
            return try table.hasWaiting(.pull, of: integration.id) ? table.due(at: now) : []
        }
        for work in due where work.queue == .pull && work.integration == integration.id {
            _ = try await claimAndRun(work, integration)
        }
    }

    /// Reads a kind for jobs that were claimed.
    func pull(_ jobs: [Job], _ integration: Integration) async throws {
        guard let kind = jobs.first?.kind, try sourceKinds(integration).contains(kind) else {
            return try await settle(
                jobs.map { ($0, .dead(errorClass: "unknown", error: "\(integration.name) does not offer it any more")) }
            )
        }
        let isFull = jobs.contains { $0.payload["full"]?.bool == true }
        do {
            _ = try await pull(integration, kind, isFull: isFull)
            // What a full reading did not show may be deleted there: each is asked for by itself.
            if isFull { _ = try await census(integration, kind) }
        } catch PullFailure.connector(let failure) {
            return try await fail(jobs, failure, integration)
        } catch let failure as ConnectorFailure {
            return try await fail(jobs, failure, integration)
        } catch PullFailure.stopped {
            return try await settle(jobs.map { ($0, .released(keepsIntent: true)) })
        } catch let failure as PullFailure {
            return try await settle(jobs.map { ($0, .dead(errorClass: "repeating", error: failure.description)) })
        }
        try await settle(jobs.map { ($0, .completed) })
        try await noteSuccess(integration, jobs.first?.operation)
    }

    // MARK: The hub's own tasks

    func runTask(_ job: Job) async throws {
        do {
            switch OwnTask(rawValue: String(job.key.prefix { $0 != "/" })) {
            case .prune: for said in try await forgetOld() { logger.info("\(said)") }
            case .report: try await report(job)
            case .forget: try await forgetRemoved(job)
            case nil:
                let error = "this hub has no task named \"\(job.key)\""
                return try await settle([(job, .dead(errorClass: "unknown", error: error))])
            }
            try await settle([(job, .completed)])
        } catch {
            try await putBack([job], "\(error)")
            logger.warning("task \(job.key) stopped: \(error)")
        }
    }
}
