import Audit
import ConnectorKit
import Ledger
import Queue
import Store
import Telemetry

/// Work that was put on the queue to bring an integration in step.
public struct SyncReceipt: Hashable, Sendable {
    /// The batch in which it is counted.
    public var batch: Int64
    /// The kinds that are read.
    public var kinds: [RecordKind]
    /// When it begins at the earliest.
    public var runAt: Moment
}

/// Work that is asked for now and done by the hub's workers: counted together, with a last step.
extension Hub {
    /// Puts on the queue what brings an integration in step: every kind it reads, and every task that waits for it. The
    /// answer is the batch in which they are counted; its last step says in the log how it ended. What is read waits
    /// for so many seconds.
    ///
    /// - Throws: `HubError` when nothing of it can be read or written, `StoreFailure`.
    public func syncLater(
        _ integration: Integration, kinds only: Set<RecordKind>? = nil, direction: Direction = .both,
        isFull: Bool = false, priority: Int = 100, afterSeconds delay: Double = 0, by actor: AuditActor = .hub,
        answering: Answering<SyncReceipt>? = nil
    ) async throws -> SyncReceipt {
        let kinds = direction.takes ? try sourceKinds(integration).filter { only?.contains($0) ?? true } : []
        guard !kinds.isEmpty || direction.gives else {
            throw HubError("\(integration.name) reads nothing of that; nothing was put on the queue")
        }
        let block = try await ids.draw(kinds.count + 2)
        let (organization, now) = (organization, now)
        let runAt = now.adding(seconds: delay)
        let jobs = kinds.map { kind in
            // A full reading is work of its own beside one that reads what changed.
            NewJob(
                .pull, integration: integration.id, kind: kind, key: isFull ? "full" : "all", priority: priority,
                runAt: runAt, payload: isFull ? ["full": true] : .null, trace: Trace.current?.id)
        }
        let receipt = try await store.write { session in
            var ids = block
            let table = JobTable(session, organization: organization)
            let batch = try table.openBatch(
                "sync \(integration.name)", lastStep: OwnTask.report.rawValue, ids: &ids, now: now)
            try table.add(
                jobs.map { job in
                    var job = job
                    job.batch = batch
                    return job
                }, ids: &ids, now: now)
            let note = AuditNote(
                .batchAsked, "integration", integration.publicID,
                after: [
                    "batch": .integer(Int(batch)), "full": .bool(isFull),
                    "kinds": .array(kinds.map { .string($0.rawValue) }),
                ])
            try self.note(note, by: actor, at: now, in: session)
            let receipt = SyncReceipt(batch: batch, kinds: kinds, runAt: runAt)
            try self.keep(answering, for: receipt, in: session)
            return receipt
        }
        if direction.gives { try await count(integration, only, in: receipt.batch) }
        try await store.write { try JobTable($0, organization: organization).sealBatch(receipt.batch, now: now) }
        return receipt
    }

    /// Counts the tasks that wait for an integration in a batch, in steps between which others write.
    private func count(_ integration: Integration, _ kinds: Set<RecordKind>?, in batch: Int64) async throws {
        let organization = organization
        for kind in kinds.map({ $0.map(Optional.some) }) ?? [nil] {
            let filter = JobFilter(queue: .deliver, integration: integration.id, kind: kind)
            var after: Int64? = 0
            while let from = after {
                after = try await store.write(.bulk) {
                    try JobTable($0, organization: organization).joinOpen(filter, batch, after: from)
                }
            }
        }
    }

    /// The batches there are, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func batches(limit: Int = 50) async throws -> [BatchProgress] {
        let organization = organization
        return try await store.read { try JobTable($0, organization: organization).latestBatches(limit: limit) }
    }

    /// How far a batch has come; nil when there is none of that id.
    ///
    /// - Throws: `StoreFailure`.
    public func batch(_ id: Int64) async throws -> BatchProgress? {
        let organization = organization
        return try await store.read { try JobTable($0, organization: organization).progress(ofBatch: id) }
    }

    /// Drops what is left of a batch. Nil when there is none of that id, or it has ended.
    ///
    /// - Throws: `StoreFailure`.
    public func cancelBatch(
        _ id: Int64, by actor: AuditActor, reason: String
    ) async throws -> JobTable.Cancelled? {
        let (organization, now) = (organization, now)
        let cancelled = try await store.write { session -> JobTable.Cancelled? in
            let table = JobTable(session, organization: organization)
            guard let batch = try table.progress(ofBatch: id), batch.endedAt == nil else { return nil }
            let note = AuditNote(.batchDropped, "batch", id, after: ["reason": .string(reason)])
            try self.note(note, by: actor, at: now, in: session)
            return try table.cancelBatch(id, by: actor.name, reason: reason, now: now)
        }
        if let cancelled, cancelled.dropped > 0 { try await forgetDroppedOffers() }
        return cancelled
    }

    /// The last step of a batch.
    func report(_ job: Job) async throws {
        guard let id = job.payload["batch"]?.integer, let batch = try await batch(Int64(id)) else { return }
        let words = "\(batch.name) ended: \(batch.done) done, \(batch.failed) given up or dropped"
        if batch.failed > 0 { logger.warning("\(words)") } else { logger.info("\(words)") }
    }

    /// Drops the waiting jobs that are meant; those that run are not tried again. Dead letters are left.
    ///
    /// - Throws: `StoreFailure`.
    public func cancelAll(
        _ filter: JobFilter, by actor: AuditActor, reason: String
    ) async throws -> JobTable.Cancelled {
        let (organization, now) = (organization, now)
        var all = JobTable.Cancelled.none
        while let after = all.next {
            let some = try await store.write(.bulk) { session in
                let some = try JobTable(session, organization: organization).cancelAll(
                    filter, by: actor.name, reason: reason, after: after, now: now)
                guard some.dropped + some.asked > 0 else { return some }
                let note = AuditNote(
                    .workDropped, "work", filter.words,
                    after: [
                        "dropped": .integer(some.dropped), "asked": .integer(some.asked), "reason": .string(reason),
                    ])
                try self.note(note, by: actor, at: now, in: session)
                return some
            }
            all = all.followed(by: some)
        }
        if all.dropped > 0 { try await forgetDroppedOffers() }
        return all
    }

    /// Puts a job off that waits or is held. False when it does neither.
    ///
    /// - Throws: `StoreFailure`.
    public func snooze(job id: Int64, until: Moment, by actor: AuditActor) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            guard
                try JobTable(session, organization: organization).snooze(
                    id, until: until, by: actor.name, now: now)
            else { return false }
            let note = AuditNote(.jobSnoozed, "job", id, after: ["until": .string(until.description)])
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Keeps a waiting job until a person lets it run. False when it does not wait.
    ///
    /// - Throws: `StoreFailure`.
    public func hold(job id: Int64, reason: String, by actor: AuditActor) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            guard
                try JobTable(session, organization: organization).hold(
                    id, reason: reason, by: actor.name, now: now)
            else { return false }
            let note = AuditNote(.jobHeld, "job", id, after: ["reason": .string(reason)])
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// How many dead letters there are of each error class, the most first.
    ///
    /// - Throws: `StoreFailure`.
    public func deadClasses() async throws -> [(errorClass: String, count: Int)] {
        let organization = organization
        return try await store.read { try JobTable($0, organization: organization).deadClasses() }
    }
}
