import Audit
import ConnectorKit
import Ledger
import Queue
import Store

/// What people ask of the queue, and what they do to it.
extension Hub {
    /// Why a job waits, in one sentence; nil when there is no such job.
    ///
    /// - Throws: `StoreFailure`.
    public func why(job id: Int64, to sight: Sight = .persons) async throws -> String? {
        let (organization, now) = (organization, now)
        return try await store.read { session in
            let table = JobTable(session, organization: organization)
            guard let job = try table.job(id) else { return nil }
            let side = try LedgerTable(session, organization: organization).integrations()
                .first { $0.id == job.integration }
            let report = try ReportWords(session, organization).jobs([job]).first
            var why = try table.why(id, standing: side.flatMap(Self.standing), now: now)
            if let report { why = why?.told(to: sight, about: report) }
            let words = why?.sentence(now: now)
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
    public func pause(
        _ integration: Integration?, _ queue: JobQueue?, by actor: AuditActor, reason: String
    ) async throws -> Bool {
        let (organization, now) = (organization, now)
        let pause = Pause(integration: integration?.id, queue: queue, by: actor.name, reason: reason, at: now)
        let note = AuditNote(
            .workPaused, "work", Self.words(of: integration, queue), after: ["reason": .string(reason)])
        return try await store.write { session in
            guard try JobTable(session, organization: organization).pause(pause) else { return false }
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Lets work go on that was stopped. False when exactly that is not stopped.
    ///
    /// - Throws: `StoreFailure`.
    public func resume(
        _ integration: Integration?, _ queue: JobQueue?, by actor: AuditActor = .hub
    ) async throws -> Bool {
        let (organization, now) = (organization, now)
        let note = AuditNote(.workResumed, "work", Self.words(of: integration, queue))
        return try await store.write { session in
            guard
                try JobTable(session, organization: organization).resume(integration: integration?.id, queue: queue)
            else { return false }
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Which work is meant: an integration or `*`, and a queue or `*`.
    static func words(of integration: Integration?, _ queue: JobQueue?) -> String {
        "\(integration?.publicID ?? "*")/\(queue?.rawValue ?? "*")"
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
    public func limit(
        _ integration: Integration, _ allowance: Allowance, by actor: AuditActor = .hub
    ) async throws {
        let (organization, now) = (organization, now)
        let note = AuditNote(.limitSet, "integration", integration.publicID, after: Self.told(allowance))
        try await store.write { session in
            try JobTable(session, organization: organization).save(allowance, of: integration.id)
            try self.note(note, by: actor, at: now, in: session)
        }
    }

    /// Lifts all limits of an integration, and answers how many there were.
    ///
    /// - Throws: `StoreFailure`.
    public func liftLimits(of integration: Integration, by actor: AuditActor = .hub) async throws -> Int {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            let table = JobTable(session, organization: organization)
            let all = try table.allowances(of: integration.id)
            for allowance in all {
                _ = try table.lift(allowance.form, operation: allowance.operation, of: integration.id)
            }
            guard !all.isEmpty else { return 0 }
            let note = AuditNote(
                .limitsLifted, "integration", integration.publicID, before: .array(all.map(Self.told)))
            try self.note(note, by: actor, at: now, in: session)
            return all.count
        }
    }

    private static func told(_ allowance: Allowance) -> JSON {
        [
            "form": .string(allowance.form.rawValue), "operation": .string(allowance.operation),
            "capacityMillionths": .integer(Int(allowance.capacity)),
            "refillThousandthsPerSecond": .integer(Int(allowance.refill)),
        ]
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
    public func editDead(_ id: Int64, payload: [UInt8], by actor: AuditActor = .hub) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            guard try JobTable(session, organization: organization).editDead(id, payload: payload, now: now) else {
                return false
            }
            try self.note(AuditNote(.deadEdited, "job", id), by: actor, at: now, in: session)
            return true
        }
    }

    /// Lets the dead letters that are meant run again.
    ///
    /// - Throws: `StoreFailure`.
    public func retryDead(_ filter: JobFilter, by actor: AuditActor = .hub) async throws -> RetriedLetters {
        let (organization, now) = (organization, now)
        var all = RetriedLetters(retried: 0, superseded: 0)
        while true {
            let some = try await store.write(.bulk) { session in
                let some = try JobTable(session, organization: organization).retryDead(filter, now: now)
                guard some.count > 0 else { return some }
                let count: JSON = ["retried": .integer(some.retried), "superseded": .integer(some.superseded)]
                let note = AuditNote(.deadRetried, "work", filter.words, after: count)
                try self.note(note, by: actor, at: now, in: session)
                return some
            }
            all.retried += some.retried
            all.superseded += some.superseded
            guard some.count == JobTable.bulkLimit else { return all }
        }
    }

    /// Drops the dead letters that are meant, and answers how many.
    ///
    /// - Throws: `StoreFailure`.
    public func dropDead(_ filter: JobFilter, by actor: AuditActor) async throws -> Int {
        let (organization, now) = (organization, now)
        var all = 0
        while true {
            let some = try await store.write(.bulk) { session in
                let some = try JobTable(session, organization: organization).dropDead(
                    filter, by: actor.name, now: now)
                guard some > 0 else { return 0 }
                let note = AuditNote(.deadDropped, "work", filter.words, after: ["dropped": .integer(some)])
                try self.note(note, by: actor, at: now, in: session)
                return some
            }
            all += some
            guard some < JobTable.bulkLimit else { continue }
            if all > 0 { try await forgetDroppedOffers() }
            return all
        }
    }
}
