import Store

/// The jobs of one organization, seen from inside a step.
public struct JobTable {
    let session: any StoreSession
    let organization: Int64

    /// How long a claim holds without being renewed, in seconds.
    public static let leaseSeconds = 15.0

    /// The jobs of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// Puts work on its queue. Where a job of the same key is open, that one takes it over: it runs no later than
    /// asked, and once more if it is running now.
    ///
    /// - Throws: `StoreFailure`.
    public func add(_ jobs: [NewJob], ids: inout IDBlock, now: Moment) throws {
        for job in jobs {
            try session.run(
                """
                INSERT INTO job (organization_id, id, queue, integration_id, kind, key, priority, state, run_at,
                    payload, created_at, updated_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
                ON CONFLICT (organization_id, queue, integration_id, kind, key)
                    WHERE state IN ('available', 'scheduled', 'running', 'retryable', 'held')
                DO UPDATE SET version = job.version + 1, priority = min(job.priority, excluded.priority),
                    state = CASE job.state WHEN 'held' THEN 'available' WHEN 'scheduled' THEN excluded.state
                        ELSE job.state END,
                    run_at = CASE WHEN job.state IN ('running', 'retryable') THEN job.run_at
                        ELSE min(job.run_at, excluded.run_at) END
                """,
                [
                    .integer(organization), .integer(try ids.next()), .text(job.queue.rawValue),
                    .integer(job.integration), .text(job.kind.rawValue), .text(job.key),
                    .integer(Int64(max(0, min(1000, job.priority)))),
                    .text((job.runAt > now ? JobState.scheduled : .available).rawValue), SQLValue(job.runAt),
                    SQLValue(job.payload), SQLValue(now),
                ])
        }
    }

    /// The kinds of work that are due now: one entry per integration, queue and kind, most urgent first.
    ///
    /// - Throws: `StoreFailure`.
    public func due(at now: Moment) throws -> [DueWork] {
        try session.rows(
            """
            SELECT job.integration_id, job.queue, job.kind, min(job.priority), count(*) FROM job
            LEFT JOIN gate ON gate.organization_id = job.organization_id AND gate.integration_id = job.integration_id
            WHERE job.organization_id = ?1 AND job.state IN ('available', 'scheduled', 'retryable')
                AND job.run_at <= ?2
                AND (job.queue = 'receive' OR coalesce(gate.closed_until, 0) <= ?2)
            GROUP BY job.integration_id, job.queue, job.kind ORDER BY min(job.priority), min(job.run_at)
            """, [.integer(organization), SQLValue(now)]
        ).compactMap { row in
            guard let queue = JobQueue(rawValue: row.text(1)), let kind = RecordKind(rawValue: row.text(2)) else {
                return nil
            }
            return DueWork(integration: row.integer(0), queue: queue, kind: kind, count: Int(row.integer(4)))
        }
    }

    /// The next moment at which something falls due; nil when nothing waits for a time.
    ///
    /// - Throws: `StoreFailure`.
    public func nextDue() throws -> Moment? {
        try session.rows(
            """
            SELECT min(run_at) FROM job WHERE organization_id = ?1 AND state IN ('available', 'scheduled', 'retryable')
            """, [.integer(organization)]
        ).first?.moment(0)
    }

    /// Claims due jobs for a worker: they are running, under its lease.
    ///
    /// - Throws: `StoreFailure`.
    public func claim(_ work: DueWork, limit: Int, owner: String, now: Moment) throws -> [Job] {
        try session.rows(
            """
            UPDATE job SET state = 'running', lease_owner = ?6, lease_until = ?7, attempt = attempt + 1, updated_at = ?5
            WHERE organization_id = ?1 AND id IN (
                SELECT id FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
                    AND state IN ('available', 'scheduled', 'retryable') AND run_at <= ?5
                ORDER BY priority, run_at, id LIMIT ?8)
            RETURNING \(Job.columns)
            """,
            [
                .integer(organization), .integer(work.integration), .text(work.queue.rawValue),
                .text(work.kind.rawValue), SQLValue(now), .text(owner),
                SQLValue(now.adding(seconds: Self.leaseSeconds)), .integer(Int64(limit)),
            ]
        ).compactMap(Job.init).sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }
    }

    /// Whether a worker with a live lease is at work on the same integration, queue and kind: batches to one far side
    /// are written one after the other, so two creates of one key never run side by side.
    ///
    /// - Throws: `StoreFailure`.
    public func isBusy(_ work: DueWork, now: Moment) throws -> Bool {
        try !session.rows(
            """
            SELECT 1 FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
                AND state = 'running' LIMIT 1
            """,
            [
                .integer(organization), .integer(work.integration), .text(work.queue.rawValue),
                .text(work.kind.rawValue),
            ]
        ).isEmpty
    }

    /// Lengthens the leases a worker holds on jobs.
    ///
    /// - Throws: `StoreFailure`.
    public func renew(_ jobs: Set<Int64>, owner: String, now: Moment) throws {
        try session.run(
            """
            UPDATE job SET lease_until = ?3 WHERE organization_id = ?1 AND lease_owner = ?2 AND state = 'running'
                AND id IN {4}
            """,
            [
                .integer(organization), .text(owner), SQLValue(now.adding(seconds: Self.leaseSeconds)),
                .ids(jobs.sorted()),
            ])
    }

    /// Takes back jobs whose worker is not heard of any more. One with an open intent waits until the call it was about
    /// to make must have ended, and keeps the intent: whoever takes it over looks at the far side first.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func rescue(now: Moment) throws -> Int {
        try session.run(
            """
            UPDATE job SET state = 'available', lease_owner = NULL, lease_until = NULL, updated_at = ?2, run_at = ?2
            WHERE organization_id = ?1 AND state = 'running' AND lease_until < ?2
                AND coalesce(intent_deadline, 0) < ?2
            """, [.integer(organization), SQLValue(now)])
    }

    /// Remembers what is about to be sent, in the transaction that still holds the lease.
    ///
    /// - Throws: `StoreFailure.refused` when the lease is another's by now: then nothing may be sent.
    public func intend(_ intents: [Int64: JSON], owner: String, deadline: Moment) throws {
        for (id, intent) in intents.sorted(by: { $0.key < $1.key }) {
            let count = try session.run(
                """
                UPDATE job SET intent = ?4, intent_deadline = ?5 WHERE organization_id = ?1 AND id = ?2
                    AND lease_owner = ?3 AND state = 'running'
                """,
                [.integer(organization), .integer(id), .text(owner), SQLValue(intent), SQLValue(deadline)])
            guard count == 1 else { throw StoreFailure.refused("the lease of job \(id) was lost") }
        }
    }

    /// Records how jobs ended, in the transaction that still holds their leases. Answers the ids that were settled; a
    /// job whose lease was lost is left to its new owner.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func settle(_ outcomes: [(job: Job, outcome: JobOutcome)], owner: String, now: Moment) throws -> Set<Int64> {
        var settled = Set<Int64>()
        for (job, outcome) in outcomes {
            let change = outcome.change(of: job, now: now)
            let count = try session.run(
                """
                UPDATE job SET state = CASE WHEN ?4 IN ('completed', 'held', 'dead')
                        AND version > ?5 THEN 'available' ELSE ?4 END,
                    run_at = ?6, error_class = ?7, error = ?8, attempt = CASE WHEN ?4 = 'completed' THEN 0 ELSE ?9 END,
                    intent = CASE WHEN ?10 = 1 THEN intent END, intent_deadline = NULL, lease_owner = NULL,
                    lease_until = NULL, updated_at = ?11
                WHERE organization_id = ?1 AND id = ?2 AND lease_owner = ?3 AND state = 'running'
                """,
                [
                    .integer(organization), .integer(job.id), .text(owner), .text(change.state.rawValue),
                    .integer(job.version), SQLValue(change.runAt), SQLValue(change.errorClass), SQLValue(change.error),
                    .integer(Int64(change.attempt)), .integer(change.keepsIntent ? 1 : 0), SQLValue(now),
                ])
            if count == 1 { settled.insert(job.id) }
            if change.state == .completed { try supersedeDead(job, now: now) }
        }
        return settled
    }

    /// A success resolves the dead letters of the same key.
    private func supersedeDead(_ job: Job, now: Moment) throws {
        try session.run(
            """
            UPDATE job SET state = 'superseded', updated_at = ?6 WHERE organization_id = ?1 AND queue = ?2
                AND integration_id = ?3 AND kind = ?4 AND key = ?5 AND state = 'dead'
            """,
            [
                .integer(organization), .text(job.queue.rawValue), .integer(job.integration), .text(job.kind.rawValue),
                .text(job.key), SQLValue(now),
            ])
    }
}

/// Work of one sort that is due.
public struct DueWork: Hashable, Sendable {
    public let integration: Int64
    public let queue: JobQueue
    public let kind: RecordKind
    public let count: Int

    /// Work of one sort.
    public init(integration: Int64, queue: JobQueue, kind: RecordKind, count: Int) {
        self.integration = integration
        self.queue = queue
        self.kind = kind
        self.count = count
    }
}
