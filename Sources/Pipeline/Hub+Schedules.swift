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
        /// What the hub wrote down of its own work is forgotten where it is old (seed 000).
        case cleanupOldLogs = "cleanup-old-logs"
        /// What was said by vendors, and to webhooks of the hub's own, is forgotten where it is old (seed 000).
        case cleanupWebhookDeliveries = "cleanup-webhook-deliveries"
        /// Looks whether all that is remembered fits together.
        case verify
        /// The last step of a batch: says in the log how it ended.
        case report
        /// Forgets what is known of records at an integration that was taken away: `forget/ID`.
        case forget

        /// Those that a person may ask for, now or by a schedule.
        public static let upkeep: [OwnTask] = [.prune, .cleanupOldLogs, .cleanupWebhookDeliveries, .verify]
    }

    /// How often old jobs are forgotten, in seconds.
    static let pruneSeconds = 3600

    /// The tasks that are done again and again unless a person sets other times, each with its own: every hour, and by
    /// the cron lines of seed 000.
    static func usualSchedules(now: Moment) throws -> [Schedule] {
        [
            try Schedule(.task(OwnTask.prune.rawValue), Cadence(seconds: pruneSeconds), now: now),
            try Schedule(
                .task(OwnTask.cleanupOldLogs.rawValue), Cadence(line: "0 2 * * *"), afterDowntime: .catchUp, now: now),
            try Schedule(
                .task(OwnTask.cleanupWebhookDeliveries.rawValue), Cadence(line: "0 2 * * 0"), afterDowntime: .catchUp,
                now: now),
        ]
    }

    /// Puts on the queue what is due by a schedule.
    ///
    /// - Throws: `StoreFailure`.
    public func tick() async throws {
        let (organization, now) = (organization, now)
        let usual = try Self.usualSchedules(now: now)
        let (next, isGathered) = try await store.read { session -> (Moment?, Bool) in
            let table = ScheduleTable(session, organization: organization)
            let known = Set(try table.all().map(\.subject))
            let isKept = usual.allSatisfy { known.contains($0.subject) }
            let ledger = LedgerTable(session, organization: organization)
            return (try isKept ? table.nextDue() : now, try !ledger.gathered(before: Self.quietSince(now)).isEmpty)
        }
        if isGathered { try await clearGathered() }
        guard let next, next <= now else { return }
        let block = try await ids.draw(ScheduleTable.tickLimit)
        try await store.write { session in
            var ids = block
            let table = ScheduleTable(session, organization: organization)
            let known = Set(try table.all().map(\.subject))
            for schedule in usual where !known.contains(schedule.subject) { try table.save(schedule) }
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

    /// Does one of the hub's own tasks at other times than it did.
    ///
    /// - Throws: `HubError` for a task that is not done by itself, `ScheduleRefusal`, `StoreFailure`.
    public func schedule(
        _ task: OwnTask, _ cadence: Cadence, afterDowntime: AfterDowntime, by actor: AuditActor = .hub
    ) async throws -> Schedule {
        try await keep(
            Schedule(.task(Self.schedulable(task).rawValue), cadence, afterDowntime: afterDowntime, now: now), by: actor
        )
    }

    /// Does one of the hub's own tasks at its usual times again; one that has none is not done by itself any more. Nil
    /// for that.
    ///
    /// - Throws: as `schedule`.
    public func scheduleAsUsual(_ task: OwnTask, by actor: AuditActor = .hub) async throws -> Schedule? {
        let subject = ScheduleSubject.task(try Self.schedulable(task).rawValue)
        if let usual = try Self.usualSchedules(now: now).first(where: { $0.subject == subject }) {
            return try await keep(usual, by: actor)
        }
        let (organization, now) = (organization, now)
        try await store.write { session in
            guard try ScheduleTable(session, organization: organization).remove(subject) else { return }
            let note = AuditNote(.scheduleRemoved, "task", subject.description)
            try self.note(note, by: actor, at: now, in: session)
        }
        return nil
    }

    private static func schedulable(_ task: OwnTask) throws -> OwnTask {
        guard OwnTask.upkeep.contains(task) else {
            let known = OwnTask.upkeep.map(\.rawValue).joined(separator: ", ")
            throw HubError("\(task.rawValue) is not done by a schedule; these are: \(known)")
        }
        return task
    }

    private func keep(_ schedule: Schedule, by actor: AuditActor) async throws -> Schedule {
        let (organization, now) = (organization, now)
        let note = AuditNote(
            .scheduleSet, "task", schedule.subject.description,
            after: ["cadence": .string(schedule.cadence.description)])
        try await store.write { session in
            try ScheduleTable(session, organization: organization).save(schedule)
            try self.note(note, by: actor, at: now, in: session)
        }
        return schedule
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
            case .prune, .cleanupOldLogs, .cleanupWebhookDeliveries, .verify: try await upkeep(job)
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
