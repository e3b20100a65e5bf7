import Store

/// What people ask about jobs, and what they may do to them.
extension JobTable {
    /// Which of these keys of a queue have a job that is still to end.
    ///
    /// - Throws: `StoreFailure`.
    public func open(
        _ queue: JobQueue, _ keys: [(integration: Int64, kind: RecordKind, key: String)], with payload: JSON? = nil
    ) throws -> [(integration: Int64, kind: RecordKind, key: String)] {
        let sides = Dictionary(grouping: keys) { OpenSide(integration: $0.integration, kind: $0.kind) }
        var open: [OpenSide: Set<String>] = [:]
        for (side, keys) in sides.sorted(by: { $0.key < $1.key }) {
            open[side] = try Set(
                session.rows(
                    """
                    SELECT key FROM job WHERE organization_id = ?1 AND queue = ?2 AND integration_id = ?3 AND kind = ?4
                        AND key IN {5} AND is_open = 1 AND (CAST(?6 AS text) IS NULL OR payload = ?6)
                    """,
                    [
                        .integer(organization), .text(queue.rawValue), .integer(side.integration),
                        .text(side.kind.rawValue), .keys(Set(keys.map(\.key)).sorted()),
                        payload.map { .text($0.text) } ?? .null,
                    ]
                ).map { $0.text(0) })
        }
        return keys.filter { open[OpenSide(integration: $0.integration, kind: $0.kind)]?.contains($0.key) ?? false }
    }

    /// One statement asks for all keys of these.
    private struct OpenSide: Hashable, Comparable {
        var integration: Int64
        var kind: RecordKind

        static func < (one: OpenSide, other: OpenSide) -> Bool {
            (one.integration, one.kind.rawValue) < (other.integration, other.kind.rawValue)
        }
    }

    /// How many jobs are in each state.
    ///
    /// - Throws: `StoreFailure`.
    public func counts() throws -> [JobState: Int] {
        let rows = try session.rows(
            "SELECT state, count(*) FROM job WHERE organization_id = ?1 GROUP BY state", [.integer(organization)])
        return Dictionary(
            rows.compactMap { row in JobState(rawValue: row.text(0)).map { ($0, Int(row.integer(1))) } },
            uniquingKeysWith: +)
    }

    /// How many jobs of an integration wait or run.
    ///
    /// - Throws: `StoreFailure`.
    public func openCount(_ integration: Int64) throws -> Int {
        Int(
            try session.rows(
                """
                SELECT count(*) FROM job WHERE organization_id = ?1 AND integration_id = ?2
                    AND state IN ('available', 'scheduled', 'running', 'retryable')
                """, [.integer(organization), .integer(integration)]
            ).first?.integer(0) ?? 0)
    }

    /// The jobs in those states, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func list(_ states: [JobState], limit: Int = 50) throws -> [Job] {
        try session.rows(
            """
            SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND state IN {2}
            ORDER BY updated_at DESC, id DESC LIMIT ?3
            """, [.integer(organization), .keys(states.map(\.rawValue)), .integer(Int64(limit))]
        ).compactMap(Job.init)
    }

    /// The job of that id, or nil.
    ///
    /// - Throws: `StoreFailure`.
    public func job(_ id: Int64) throws -> Job? {
        try session.rows(
            "SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND id = ?2",
            [.integer(organization), .integer(id)]
        ).first.flatMap(Job.init)
    }

    /// Why a job waits; nil when there is no such job. `standing`: why its integration as a whole does not work.
    ///
    /// - Throws: `StoreFailure`.
    public func why(_ id: Int64, standing: String? = nil, now: Moment) throws -> WhyWaiting? {
        guard let job = try job(id) else { return nil }
        if job.isBlocked, job.lane == nil, job.state.isWaiting, let batch = try batch(ofLastStep: id) {
            return .batch(batch.name, left: batch.left, isSealed: batch.isSealed)
        }
        let work = DueWork(integration: job.integration, queue: job.queue, kind: job.kind)
        var admission = try admission(to: work)
        admission.standing = standing
        let leader = try job.inLane.flatMap { try self.first(in: $0) }
        return WhyWaiting.answer(job, first: leader, ahead: try countAhead(of: job, now: now), admission, now: now)
    }

    /// How many jobs of the same sort are due and go first.
    private func countAhead(of job: Job, now: Moment) throws -> Int {
        guard job.state.isWaiting else { return 0 }
        return Int(
            try session.rows(
                """
                SELECT count(*) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
                    AND is_blocked = 0
                    AND (state = 'available' OR state IN ('scheduled', 'retryable') AND run_at <= ?5)
                    AND (priority, run_at, id) < (?6, ?7, ?8)
                """,
                [
                    .integer(organization), .integer(job.integration), .text(job.queue.rawValue),
                    .text(job.kind?.rawValue ?? ""), SQLValue(now), .integer(Int64(job.priority)), SQLValue(job.runAt),
                    .integer(job.id),
                ]
            ).first?.integer(0) ?? 0)
    }

    private func batch(ofLastStep id: Int64) throws -> BatchProgress? {
        let row = try session.rows(
            "SELECT id FROM batch WHERE organization_id = ?1 AND last_step = ?2",
            [.integer(organization), .integer(id)]
        ).first
        return try row.flatMap { try progress(ofBatch: $0.integer(0)) }
    }
}
