import Identity
import Intake
import Ledger
import Queue
import Repeats
import Store

/// What is done now and then so that the store stays as quick as it was: old rows go, room for new ones is made.
extension Hub {
    /// All of it at once, as a person asks for it. `changesSeconds`: how long changes are kept; nil for ever.
    /// `isThorough`: although others wait for it meanwhile. Says in sentences what was done.
    ///
    /// - Throws: `StoreFailure`.
    public func maintain(changesSeconds: Double? = nil, isThorough: Bool = false) async throws -> [String] {
        try await forgetOld(changesSeconds: changesSeconds) + store.tidy(isThorough: isThorough)
    }

    /// One task of upkeep by its name, now. Says in sentences what was done.
    ///
    /// - Throws: `StoreFailure`.
    public func maintain(_ task: OwnTask) async throws -> [String] {
        try await learnSealing()
        switch task {
        case .prune: return try await forgetOld()
        case .cleanupOldLogs: return try await cleanUpOldLogs()
        case .cleanupWebhookDeliveries: return try await cleanUpDeliveries()
        case .verify: return [try await verifyAndKeep(VerifyTerms()).sentence]
        case .report, .forget: return []
        }
    }

    /// Does such a task for the schedule, or for who has asked for it.
    func upkeep(_ job: Job) async throws {
        guard let task = OwnTask(rawValue: job.key) else { return }
        var terms = VerifyTerms()
        if let samples = job.payload["samples"]?.integer { terms.samples = samples }
        let said = task == .verify ? [try await verifyAndKeep(terms).sentence] : try await maintain(task)
        for sentence in said { logger.info("\(sentence)") }
    }

    /// Makes the slices of tables that come next; forgets what is old enough, whole slices where they are, the rest in
    /// small steps between which others write. Says in sentences what was done.
    ///
    /// - Throws: `StoreFailure`.
    func forgetOld(changesSeconds: Double? = nil) async throws -> [String] {
        try await learnSealing()
        let now = now
        let calls = now.adding(seconds: -Intake.keptSeconds)
        let changes = changesSeconds.map { now.adding(seconds: -$0) }
        var said = try await store.slice(Intake.bodySlices, now: now, keepFrom: calls)
        said += try await store.slice(LedgerTable.changeSlices, now: now, keepFrom: changes)
        said += try await forgetJobsAndCalls(now, callsBefore: calls)
        try await forgetRepeats(before: now.adding(seconds: -RepeatTable.keptSeconds))
        try await forgetSecurity(before: now.adding(seconds: -SecurityTable.keptSeconds))
        try await forgetNotices()
        if let changes { said += try await forgetChanges(before: changes) }
        return said
    }

    /// Jobs and calls, some of each in one step; in the first one also what the guard held once.
    private func forgetJobsAndCalls(_ now: Moment, callsBefore limit: Moment) async throws -> [String] {
        let organization = organization
        var (nextJob, nextCall): (Int64?, Int64?) = (0, 0)
        var (jobs, dead, calls) = (0, 0, 0)
        while nextJob != nil || nextCall != nil {
            let (fromJob, fromCall) = (nextJob, nextCall)
            let (some, others) = try await store.write(.bulk) { session in
                if fromJob == 0 {
                    try LedgerTable(session, organization: organization).forgetHolds(decidedBefore: limit)
                }
                return (
                    try fromJob.map {
                        try JobTable(session, organization: organization).prune(Retention(), after: $0, now: now)
                    },
                    try fromCall.map {
                        try Intake.prune(before: limit, after: $0, organization: organization, session: session)
                    }
                )
            }
            jobs += some?.forgotten ?? 0
            dead += some?.deadForgotten ?? 0
            calls += others?.forgotten ?? 0
            (nextJob, nextCall) = (some?.next, others?.next)
        }
        if dead > 0 { logger.warning("\(dead) dead letters were forgotten: nobody looked at them for ninety days") }
        let said = [
            jobs > 0 ? "\(jobs) old tasks were forgotten" : nil,
            calls > 0 ? "\(calls) calls of vendors from before \(limit.day) were forgotten" : nil,
        ]
        return said.compactMap { $0 }
    }

    /// Forgets what was said by vendors, and to webhooks of the hub's own.
    private func cleanUpDeliveries() async throws -> [String] {
        let limit = now.adding(seconds: -Intake.keptSeconds)
        var said = try await store.slice(Intake.bodySlices, now: now, keepFrom: limit)
        let organization = organization
        var (next, calls): (Int64?, Int) = (0, 0)
        while let after = next {
            let step = try await store.write(.bulk) {
                try Intake.prune(before: limit, after: after, organization: organization, session: $0)
            }
            calls += step.forgotten
            next = step.next
        }
        if calls > 0 { said.append("\(calls) calls of vendors from before \(limit.day) were forgotten") }
        try await forgetNotices()
        return said
    }

    /// Forgets what the hub wrote down of its own work: ended tasks and dead letters, decided holds of the guard, kept
    /// answers, what strangers tried.
    private func cleanUpOldLogs() async throws -> [String] {
        let (organization, now) = (organization, now)
        let limit = now.adding(seconds: -Intake.keptSeconds)
        try await store.write(.bulk) {
            try LedgerTable($0, organization: organization).forgetHolds(decidedBefore: limit)
        }
        var (next, jobs, dead): (Int64?, Int, Int) = (0, 0, 0)
        while let after = next {
            let step = try await store.write(.bulk) {
                try JobTable($0, organization: organization).prune(Retention(), after: after, now: now)
            }
            (jobs, dead) = (jobs + step.forgotten, dead + step.deadForgotten)
            next = step.next
        }
        try await forgetRepeats(before: now.adding(seconds: -RepeatTable.keptSeconds))
        try await forgetSecurity(before: now.adding(seconds: -SecurityTable.keptSeconds))
        if dead > 0 { logger.warning("\(dead) dead letters were forgotten: nobody looked at them for ninety days") }
        return jobs > 0 ? ["\(jobs) old tasks were forgotten"] : []
    }

    private func forgetRepeats(before limit: Moment) async throws {
        let (organization, vault) = (organization, vault)
        var last = 0
        repeat {
            last = try await store.write(.bulk) {
                try RepeatTable($0, organization: organization, vault: vault).forget(before: limit)
            }
        } while last > 0
    }

    private func forgetChanges(before limit: Moment) async throws -> [String] {
        let organization = organization
        var (forgotten, last) = (0, 0)
        repeat {
            last = try await store.write(.bulk) {
                try LedgerTable($0, organization: organization).forgetChanges(before: limit)
            }
            forgotten += last
        } while last > 0
        return forgotten > 0 ? ["\(forgotten) changes from before \(limit.day) were forgotten"] : []
    }
}
