import ConnectorKit
import Ledger
import Queue
import Store

/// What people ask of the queue, and what they do to it.
extension Hub {
    /// Why a job waits, in one sentence; nil when there is no such job.
    ///
    /// - Throws: `StoreFailure`.
    public func why(job id: Int64) async throws -> String? {
        let (organization, now) = (organization, now)
        return try await store.read { session in
            let table = JobTable(session, organization: organization)
            guard let job = try table.job(id) else { return nil }
            let side = try LedgerTable(session, organization: organization).integrations()
                .first { $0.id == job.integration }
            let words = try table.why(id, standing: side.flatMap(Self.standing), now: now)?.sentence(now: now)
            return side.map { side in words?.replacing("integration \(side.id)", with: side.name) } ?? words
        }
    }

    /// Why an integration as a whole does not work; nil when it does.
    private static func standing(_ integration: Integration) -> String? {
        guard integration.state != .active else { return nil }
        return "\(integration.name) is \(integration.state.rawValue)" + (integration.reason.map { ": \($0)" } ?? "")
    }

    /// What people have stopped, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func pauses() async throws -> [Pause] {
        let organization = organization
        return try await store.read { try JobTable($0, organization: organization).pauses() }
    }

    /// Stops work of a queue, of an integration, of both, or all of it. False when exactly that is stopped already.
    ///
    /// - Throws: `StoreFailure`.
    public func pause(_ integration: Integration?, _ queue: JobQueue?, by: String, reason: String) async throws -> Bool
    {
        let organization = organization
        let pause = Pause(integration: integration?.id, queue: queue, by: by, reason: reason, at: now)
        return try await store.write { try JobTable($0, organization: organization).pause(pause) }
    }

    /// Lets work go on that was stopped. False when exactly that is not stopped.
    ///
    /// - Throws: `StoreFailure`.
    public func resume(_ integration: Integration?, _ queue: JobQueue?) async throws -> Bool {
        let organization = organization
        return try await store.write {
            try JobTable($0, organization: organization).resume(integration: integration?.id, queue: queue)
        }
    }

    /// How much an integration may be asked for, as it stands now.
    ///
    /// - Throws: `StoreFailure`.
    public func limits(of integration: Integration) async throws -> [Allowance] {
        let (organization, now) = (organization, now)
        return try await store.read {
            try JobTable($0, organization: organization).allowances(of: integration.id).map { $0.at(now) }
        }
    }

    /// Limits how much an integration is asked for, in the place of an earlier limit of the same form.
    ///
    /// - Throws: `StoreFailure`.
    public func limit(_ integration: Integration, _ allowance: Allowance) async throws {
        let organization = organization
        try await store.write { try JobTable($0, organization: organization).save(allowance, of: integration.id) }
    }

    /// Lifts all limits of an integration, and answers how many there were.
    ///
    /// - Throws: `StoreFailure`.
    public func liftLimits(of integration: Integration) async throws -> Int {
        let organization = organization
        return try await store.write { session in
            let table = JobTable(session, organization: organization)
            let all = try table.allowances(of: integration.id)
            for allowance in all {
                _ = try table.lift(allowance.form, operation: allowance.operation, of: integration.id)
            }
            return all.count
        }
    }

    /// The dead letters that are meant, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func deadLetters(_ filter: JobFilter, limit: Int = 200) async throws -> [DeadLetter] {
        let organization = organization
        return try await store.read { try JobTable($0, organization: organization).deadLetters(filter, limit: limit) }
    }

    /// The dead letters in words, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func deadReports(_ filter: JobFilter = JobFilter(), limit: Int = 200) async throws -> [DeadReport] {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            return try words.dead(words.jobs.deadLetters(filter, limit: limit))
        }
    }

    /// Gives a dead letter another payload. False when there is no such dead letter.
    ///
    /// - Throws: `PayloadRefusal`, `StoreFailure`.
    public func editDead(_ id: Int64, payload: [UInt8]) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write {
            try JobTable($0, organization: organization).editDead(id, payload: payload, now: now)
        }
    }

    /// Lets the dead letters that are meant run again.
    ///
    /// - Throws: `StoreFailure`.
    public func retryDead(_ filter: JobFilter) async throws -> RetriedLetters {
        let (organization, now) = (organization, now)
        var all = RetriedLetters(retried: 0, superseded: 0)
        while true {
            let some = try await store.write(.bulk) {
                try JobTable($0, organization: organization).retryDead(filter, now: now)
            }
            all.retried += some.retried
            all.superseded += some.superseded
            guard some.count == JobTable.bulkLimit else { return all }
        }
    }

    /// Drops the dead letters that are meant, and answers how many.
    ///
    /// - Throws: `StoreFailure`.
    public func dropDead(_ filter: JobFilter, by: String) async throws -> Int {
        let (organization, now) = (organization, now)
        var all = 0
        while true {
            let some = try await store.write(.bulk) {
                try JobTable($0, organization: organization).dropDead(filter, by: by, now: now)
            }
            all += some
            guard some < JobTable.bulkLimit else { continue }
            if all > 0 { try await forgetDroppedOffers() }
            return all
        }
    }
}
