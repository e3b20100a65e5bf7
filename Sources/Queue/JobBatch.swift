import Store

/// How far a batch of jobs has come.
public struct BatchProgress: Hashable, Sendable {
    public var id: Int64
    public var name: String
    /// Whether all its jobs are known.
    public var isSealed: Bool
    /// When the last of its jobs ended; nil while it goes on.
    public var endedAt: Moment?
    /// How many of its jobs are in each state.
    public var counts: [JobState: Int]

    /// How many jobs it has.
    public var total: Int { counts.values.reduce(0, +) }
    /// How many of them ended well: done, or done by a later job of the same key.
    public var done: Int { (counts[.completed] ?? 0) + (counts[.superseded] ?? 0) }
    /// How many were given up or dropped.
    public var failed: Int { (counts[.dead] ?? 0) + (counts[.cancelled] ?? 0) }
    /// How many are still to end.
    public var left: Int { total - done - failed }
    /// From 0 to 1; an empty batch is done once it is sealed.
    public var fraction: Double {
        total == 0 ? (isSealed ? 1 : 0) : Double(done + failed) / Double(total)
    }
}

/// Batches: jobs that are counted together, and a last step that runs once all of them have ended.
extension JobTable {
    /// Opens a batch. With a last step, that job is there from the start and waits for the others; it is a task of the
    /// hub of that name, and its payload says how the batch ended.
    ///
    /// - Throws: `PayloadRefusal`, `StoreFailure`.
    public func openBatch(_ name: String, lastStep: String?, ids: inout IDBlock, now: Moment) throws -> Int64 {
        let id = try ids.next()
        var last: Int64?
        if let lastStep {
            let stepID = try ids.next()
            last = stepID
            try session.run(
                """
                INSERT INTO job (organization_id, id, queue, integration_id, kind, key, priority, state, run_at,
                    payload, created_at, updated_at, is_blocked)
                VALUES (?1, ?2, 'task', 0, '', ?3, 100, 'available', ?4, ?5, ?4, ?4, 1)
                """,
                [
                    .integer(organization), .integer(stepID), .text("\(lastStep)/\(id)"), SQLValue(now),
                    SQLValue(["batch": .integer(id)] as JSON),
                ])
        }
        try session.run(
            """
            INSERT INTO batch (organization_id, id, name, last_step, is_sealed, created_at)
            VALUES (?1, ?2, ?3, ?4, 0, ?5)
            """, [.integer(organization), .integer(id), .text(name), SQLValue(last), SQLValue(now)])
        return id
    }

    /// Says that all jobs of a batch are on the queue. One without jobs, or whose jobs have all ended, ends now.
    ///
    /// - Throws: `StoreFailure`.
    public func sealBatch(_ id: Int64, now: Moment) throws {
        try session.run(
            "UPDATE batch SET is_sealed = 1 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(id)])
        try finish([id], now: now)
    }

    /// How far a batch has come; nil when there is none of that id.
    ///
    /// - Throws: `StoreFailure`.
    public func progress(ofBatch id: Int64) throws -> BatchProgress? {
        try batches(ids: [id]).first
    }

    /// The batches that go on, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func openBatches(limit: Int = 50) throws -> [BatchProgress] {
        let ids = try session.rows(
            "SELECT id FROM batch WHERE organization_id = ?1 AND ended_at IS NULL ORDER BY id DESC LIMIT ?2",
            [.integer(organization), .integer(Int64(limit))])
        return try batches(ids: ids.map { $0.integer(0) })
    }

    /// The batches there are, also those that have ended, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func latestBatches(limit: Int = 50) throws -> [BatchProgress] {
        let ids = try session.rows(
            "SELECT id FROM batch WHERE organization_id = ?1 ORDER BY id DESC LIMIT ?2",
            [.integer(organization), .integer(Int64(limit))])
        return try batches(ids: ids.map { $0.integer(0) })
    }

    /// Counts jobs that are on the queue already in a batch, at most `bulkLimit` in the order of their ids behind
    /// `after`. Answers where the next step goes on; nil when all are counted.
    ///
    /// - Throws: `StoreFailure`.
    public func joinOpen(_ filter: JobFilter, _ batch: Int64, after: Int64 = 0) throws -> Int64? {
        // A job that is just ending beside this step is waited for.
        let held = session.prefersSets ? " FOR SHARE" : ""
        let rows = try session.rows(
            """
            INSERT INTO batch_member (organization_id, batch_id, job_id)
            SELECT organization_id, ?6, id FROM job WHERE \(filter.condition) AND id > ?7
                AND state IN ('available', 'scheduled', 'running', 'retryable') ORDER BY id LIMIT ?8\(held)
            ON CONFLICT DO NOTHING RETURNING job_id
            """,
            filter.values(organization) + [.integer(batch), .integer(after), .integer(Int64(Self.bulkLimit))])
        return rows.count == Self.bulkLimit ? rows.map { $0.integer(0) }.max() : nil
    }

    /// Drops what is left of a batch, and seals it: its waiting jobs, and its last step. What runs is not tried again.
    ///
    /// - Throws: `StoreFailure`.
    public func cancelBatch(_ id: Int64, by: String, reason: String, now: Moment) throws -> Cancelled {
        try session.run(
            "UPDATE batch SET is_sealed = 1 WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(id)])
        let members = try session.rows(
            """
            SELECT job_id FROM batch_member WHERE organization_id = ?1 AND batch_id = ?2
            UNION SELECT last_step FROM batch WHERE organization_id = ?1 AND id = ?2 AND last_step IS NOT NULL
            """, [.integer(organization), .integer(id)])
        var all = Cancelled.none
        let filter = JobFilter(ids: members.map { $0.integer(0) })
        while let after = all.next {
            all = all.followed(by: try cancelAll(filter, by: by, reason: reason, after: after, now: now))
        }
        return all
    }

    // MARK: How it goes on

    func join(_ job: Int64, _ batch: Int64) throws {
        let columns = ["organization_id", "batch_id", "job_id"]
        try session.save(
            [[.integer(organization), .integer(batch), .integer(job)]],
            as: Upsert("batch_member", columns, key: columns))
    }

    /// Ends the batches whose last jobs these were.
    func finishBatches(of jobs: Set<Int64>, now: Moment) throws {
        try finish(session.ask(endedBatches(of: jobs)), now: now)
    }

    /// The batches whose last jobs these may have been.
    ///
    /// A batch is counted only when its newest job has ended: that is nearly always among the last, and to count
    /// thousands after each of them would make a batch the slower the larger it is.
    func endedBatches(of jobs: Set<Int64>) -> Question<[Int64]> {
        guard !jobs.isEmpty else { return Question(known: []) }
        return Question(
            """
            SELECT DISTINCT batch.id FROM batch_member AS member JOIN batch ON batch.organization_id = ?1
                AND batch.id = member.batch_id AND batch.is_sealed = 1 AND batch.ended_at IS NULL
            WHERE member.organization_id = ?1 AND member.job_id IN {2}
                AND (SELECT job.is_open FROM batch_member AS newest
                    JOIN job ON job.organization_id = ?1 AND job.id = newest.job_id
                    WHERE newest.organization_id = ?1 AND newest.batch_id = batch.id
                    ORDER BY newest.job_id DESC LIMIT 1) = 0
            ORDER BY batch.id
            """, [.integer(organization), .ids(jobs.sorted())]
        ) { $0.map { $0.integer(0) } }
    }

    /// None, for none of these jobs is counted in a batch; where one is, its batch may have ended, and that is for a
    /// step with the turn.
    func noBatches(of jobs: Set<Int64>) -> Question<[Int64]> {
        guard !jobs.isEmpty else { return Question(known: []) }
        return Question(
            "SELECT 1 FROM batch_member WHERE organization_id = ?1 AND job_id IN {2} LIMIT 1",
            [.integer(organization), .ids(jobs.sorted())]
        ) { rows in
            guard rows.isEmpty else { throw NeedsTurn() }
            return []
        }
    }

    func finish(_ ids: [Int64], now: Moment) throws {
        for batch in try ids.isEmpty ? [] : batches(ids: ids)
        where batch.isSealed && batch.left == 0 && batch.endedAt == nil {
            let outcome: JSON = [
                "batch": .integer(batch.id), "cancelled": .integer(batch.counts[.cancelled] ?? 0),
                "dead": .integer(batch.counts[.dead] ?? 0), "done": .integer(batch.done),
                "superseded": .integer(batch.counts[.superseded] ?? 0),
            ]
            try session.run(
                "UPDATE batch SET ended_at = ?3, outcome = ?4 WHERE organization_id = ?1 AND id = ?2",
                [.integer(organization), .integer(batch.id), SQLValue(now), SQLValue(outcome)])
            try session.run(
                """
                UPDATE job SET is_blocked = 0, run_at = CASE WHEN run_at > ?3 THEN run_at ELSE ?3 END,
                    payload = ?4, updated_at = ?3
                WHERE organization_id = ?1 AND state IN ('available', 'scheduled', 'held')
                    AND id = (SELECT last_step FROM batch WHERE organization_id = ?1 AND id = ?2)
                """, [.integer(organization), .integer(batch.id), SQLValue(now), SQLValue(outcome)])
            // Its jobs may be forgotten from here on; how it ended is remembered.
            try session.run(
                "DELETE FROM batch_member WHERE organization_id = ?1 AND batch_id = ?2",
                [.integer(organization), .integer(batch.id)])
        }
    }

    private func batches(ids: [Int64]) throws -> [BatchProgress] {
        let counted = try session.rows(
            """
            SELECT member.batch_id, job.state, count(*) FROM batch_member AS member
            JOIN job ON job.organization_id = member.organization_id AND job.id = member.job_id
            WHERE member.organization_id = ?1 AND member.batch_id IN {2} GROUP BY member.batch_id, job.state
            """, [.integer(organization), .ids(ids)])
        var counts: [Int64: [JobState: Int]] = [:]
        for row in counted {
            guard let state = JobState(rawValue: row.text(1)) else { continue }
            counts[row.integer(0), default: [:]][state] = Int(row.integer(2))
        }
        return try session.rows(
            """
            SELECT id, name, is_sealed, ended_at, outcome FROM batch WHERE organization_id = ?1 AND id IN {2}
            ORDER BY id DESC
            """, [.integer(organization), .ids(ids)]
        ).map { row in
            BatchProgress(
                id: row.integer(0), name: row.text(1), isSealed: row.integer(2) == 1, endedAt: row.moment(3),
                counts: row.moment(3) == nil ? counts[row.integer(0)] ?? [:] : Self.ended(row.json(4)))
        }
    }

    private static func ended(_ outcome: JSON) -> [JobState: Int] {
        let superseded = outcome["superseded"]?.integer ?? 0
        let all: [JobState: Int] = [
            .completed: (outcome["done"]?.integer ?? 0) - superseded, .superseded: superseded,
            .dead: outcome["dead"]?.integer ?? 0, .cancelled: outcome["cancelled"]?.integer ?? 0,
        ]
        return all.filter { $0.value != 0 }
    }
}
