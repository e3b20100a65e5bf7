import Store

/// The jobs of one organization, seen from inside a step.
public struct JobTable {
    let session: any StoreSession
    let organization: Int64

    /// How long a claim holds without being renewed, in seconds. Workers look for lost jobs several times a second, so
    /// that a dead worker's job is taken back within 15 s of its last sign of life.
    public static let leaseSeconds = 14.0

    /// The jobs of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// The longest one outward call may take, in seconds; who takes over a job with an open intent waits this long.
    public static let callDeadlineSeconds = 75.0

    /// Puts work on its queue. Where a job of the same key is open, that one takes it over: it runs no later than
    /// asked, and once more if it is running now.
    ///
    /// - Throws: `PayloadRefusal` when a payload is too large or of a version nobody knows, `StoreFailure`.
    public func add(_ jobs: [NewJob], ids: inout IDBlock, now: Moment) throws {
        var plain: [[SQLValue]] = []
        for job in try jobs.map(withoutName) {
            let id = try ids.next()
            guard job.lane != nil || job.batch != nil else {
                plain.append(try values(job, id: id, nil, now: now))
                continue
            }
            let place = try job.lane.map { try nextPlace(in: Lane(integration: job.integration, name: $0), id: id) }
            let rows = try session.rows(
                Self.jobRow.single + " RETURNING id", try values(job, id: id, place, now: now))
            if let batch = job.batch, let member = rows.first?.integer(0) { try join(member, batch) }
        }
        try session.save(plain, as: Self.jobRow)
        notePut(jobs, now: now)
        JobMeters.count(enqueued: jobs, session)
    }

    private static let jobRow = Upsert(
        "job",
        [
            "organization_id", "id", "queue", "integration_id", "kind", "key", "priority", "state", "run_at", "payload",
            "created_at", "updated_at", "lane", "lane_place", "is_blocked", "trace",
        ], key: ["organization_id", "queue", "integration_id", "kind", "key"],
        onConflict: """
            ON CONFLICT (organization_id, queue, integration_id, kind, key) WHERE is_open = 1
            DO UPDATE SET version = job.version + 1, cancelled_by = NULL, trace = coalesce(excluded.trace, job.trace),
                priority = CASE WHEN excluded.priority < job.priority THEN excluded.priority ELSE job.priority END,
                state = CASE job.state WHEN 'held' THEN 'available' WHEN 'scheduled' THEN excluded.state
                    ELSE job.state END,
                run_at = CASE WHEN job.state IN ('running', 'retryable') OR job.run_at < excluded.run_at
                    THEN job.run_at ELSE excluded.run_at END
            """)

    private func values(_ job: NewJob, id: Int64, _ place: LanePlace?, now: Moment) throws -> [SQLValue] {
        let payload = job.payload.text
        try PayloadRule(job.queue).check(job.payload, bytes: payload.utf8.count)
        return [
            .integer(organization), .integer(id), .text(job.queue.rawValue), .integer(job.integration),
            .text(job.kind?.rawValue ?? ""), .text(job.key), .integer(Int64(max(0, min(1000, job.priority)))),
            .text((job.runAt > now ? JobState.scheduled : .available).rawValue), SQLValue(job.runAt),
            .text(payload), SQLValue(now), SQLValue(now), SQLValue(job.lane), SQLValue(place?.number),
            .integer(place?.isBlocked ?? false ? 1 : 0), SQLValue(job.trace),
        ]
    }

    /// Lengthens the leases a worker holds on jobs. A job that it could not put back is not among them.
    ///
    /// - Throws: `StoreFailure`.
    public func renew(_ jobs: Set<Int64>, owner: String, now: Moment) throws {
        try session.run(
            """
            UPDATE job SET lease_until = ?3 WHERE organization_id = ?1 AND lease_owner = ?2 AND \(Self.isRunning)
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
    /// A lease or a deadline further ahead than any can be was given before the clock was set back; it is shortened to
    /// what it may be at most, so that such a clock delays no rescue.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func rescue(now: Moment) throws -> Int {
        try shortenLeases(now: now)
        return try session.run(
            """
            UPDATE job SET state = 'available', lease_owner = NULL, lease_until = NULL, updated_at = ?2, run_at = ?2
            WHERE organization_id = ?1 AND state = 'running' AND lease_until < ?2
                AND coalesce(intent_deadline, 0) < ?2
            """, [.integer(organization), SQLValue(now)])
    }

    /// No lease and no deadline is further ahead than one that is given now.
    private func shortenLeases(now: Moment) throws {
        try session.run(
            """
            UPDATE job SET lease_until = CASE WHEN lease_until > ?2 THEN ?2 ELSE lease_until END,
                intent_deadline = CASE WHEN intent_deadline > ?3 THEN ?3 ELSE intent_deadline END
            WHERE organization_id = ?1 AND state = 'running' AND (lease_until > ?2 OR intent_deadline > ?3)
            """,
            [
                .integer(organization), SQLValue(now.adding(seconds: Self.leaseSeconds)),
                SQLValue(now.adding(seconds: Self.callDeadlineSeconds)),
            ])
    }

    /// Whether `rescue` may have something to do.
    ///
    /// - Throws: `StoreFailure`.
    public func mayHaveLost(now: Moment) throws -> Bool {
        try !session.rows(
            """
            SELECT 1 FROM job WHERE organization_id = ?1 AND state = 'running'
                AND (lease_until < ?2 OR lease_until > ?3) LIMIT 1
            """,
            [.integer(organization), SQLValue(now), SQLValue(now.adding(seconds: Self.leaseSeconds))]
        ).isEmpty
    }

    /// Moves leases and deadlines, when this machine's clock was found to have jumped by so many seconds: a worker that
    /// is alive keeps its jobs, and a call under way is still waited for.
    ///
    /// Every process does this, and some while after the clock was set. Moved forward twice, or moved though it was
    /// given since, a lease is further ahead than any can be, and `rescue` shortens it; moved back so, it would have
    /// ended while its worker is alive. So where the clock was set back, leases are shortened to what one is that is
    /// given now.
    ///
    /// - Throws: `StoreFailure`.
    public func moveLeases(by seconds: Double, now: Moment) throws {
        guard seconds > 0 else { return try shortenLeases(now: now) }
        let moved = Moment(milliseconds: 0).adding(seconds: seconds)
        try session.run(
            """
            UPDATE job SET lease_until = lease_until + ?2, intent_deadline = intent_deadline + ?2
            WHERE organization_id = ?1 AND state = 'running'
            """, [.integer(organization), SQLValue(moved)])
        // What may still appear at a far side is waited for as long as before. A clock that was set back lets it be
        // waited for longer, which does no harm; set right again, it finds no attempt made later than now.
        let rows = try session.rows(
            "SELECT id, intent FROM job WHERE organization_id = ?1 AND intent IS NOT NULL", [.integer(organization)])
        let intents = rows.compactMap { row -> [SQLValue]? in
            guard var intent = row.json(1).object, let at = intent["at"]?.integer else { return nil }
            intent["at"] = .integer(min(at + Int(moved.milliseconds), Int(now.milliseconds)))
            return [.integer(organization), .integer(row.integer(0)), SQLValue(JSON.object(intent))]
        }
        try session.runEach("UPDATE job SET intent = ?3 WHERE organization_id = ?1 AND id = ?2", intents)
    }

    /// Remembers what is about to be sent, in the transaction that still holds the lease.
    ///
    /// - Throws: `StoreFailure.refused` when a job was claimed by another since: then nothing may be sent.
    public func intend(_ intents: [(job: Job, intent: JSON)], owner: String, deadline: Moment) throws {
        #if Mutations
            let deadline = Mutation.leaseWithoutDeadline.isPlanted ? Moment(milliseconds: 0) : deadline
        #endif
        for (job, intent) in intents.sorted(by: { $0.job.id < $1.job.id }) {
            let count = try session.run(
                """
                UPDATE job SET intent = ?4, intent_deadline = ?5 WHERE organization_id = ?1 AND id = ?2
                    AND lease_owner = ?3 AND claim = ?6 AND \(Self.isRunning)
                """,
                [
                    .integer(organization), .integer(job.id), .text(owner), SQLValue(try sealed(intent, of: job)),
                    SQLValue(deadline),
                    .integer(job.claim),
                ])
            guard count == 1 else { throw StoreFailure.refused("the lease of job \(job.id) was lost") }
        }
    }

    /// Records how jobs ended, in the transaction that still holds their leases. Answers the ids that were settled; a
    /// job that was claimed by another since is left to that one.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func settle(_ outcomes: [(job: Job, outcome: JobOutcome)], owner: String, now: Moment) throws -> Set<Int64> {
        // Who comes next in a lane, and whether a batch has ended, is not found out beside others who do the same.
        guard session.hasTurn || outcomes.allSatisfy({ $0.job.lane == nil }) else { throw NeedsTurn() }
        let completed = outcomes.filter { $0.outcome == .completed }.map(\.job)
        let jobs = Set(outcomes.map(\.job.id))
        let asked = sortsWithDead(Set(completed.map(\.sort)))
            .with(session.hasTurn ? endedBatches(of: jobs) : noBatches(of: jobs))
        let (settled, (dead, batches)) = try settleRows(outcomes, owner: owner, asking: asked, now: now)
        JobMeters.count(settled: settled, session)
        notePut(settled, now: now)
        try supersedeDead(
            settled.filter { $0.outcome == .completed && dead.contains($0.job.sort) }.map(\.job), now: now)
        try unblock(Set(settled.compactMap(\.job.inLane)))
        try finish(batches, now: now)
        return Set(settled.map(\.job.id))
    }

    /// The sorts of work that have dead letters. Most have none, and then no key is looked for.
    private func sortsWithDead(_ sorts: Set<DueWork>) -> Question<Set<DueWork>> {
        let ordered = sorts.sorted { ($0.integration, $0.operation) < ($1.integration, $1.operation) }
        let questions = ordered.map { work in
            Question("SELECT 1 FROM job WHERE \(Self.dead) LIMIT 1", values(of: work)) { $0.isEmpty ? nil : work }
        }
        return Question(all: questions).map { Set($0.compactMap(\.self)) }
    }

    private static let dead = """
        organization_id = ?1 AND queue = ?2 AND integration_id = ?3 AND kind = ?4 AND state = 'dead'
        """

    private func values(of work: DueWork) -> [SQLValue] {
        [
            .integer(organization), .text(work.queue.rawValue), .integer(work.integration),
            .text(work.kind?.rawValue ?? ""),
        ]
    }

    /// A success resolves the dead letters of the same key.
    private func supersedeDead(_ jobs: [Job], now: Moment) throws {
        for (work, jobs) in Dictionary(grouping: jobs, by: \.sort) {
            try session.tell(
                "UPDATE job SET state = 'superseded', updated_at = ?6 WHERE \(Self.dead) AND key IN {5}",
                values(of: work) + [.keys(jobs.map(\.key)), SQLValue(now)])
        }
    }
}
