import Store

/// What people ask about jobs, and what they may do to them.
extension JobTable {
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

    /// Lets a dead, held or waiting job run now. False when it is in none of these states.
    ///
    /// A held job asked a person to look whether an earlier attempt had its effect; who lets it run has looked, and
    /// what that attempt meant to send is forgotten. Where another job of a dead one's key is open, that one runs
    /// instead.
    ///
    /// - Throws: `StoreFailure`.
    public func runNow(_ id: Int64, now: Moment) throws -> Bool {
        let values: [SQLValue] = [.integer(organization), .integer(id), SQLValue(now)]
        let heirs = try session.rows(
            """
            SELECT heir.id FROM job JOIN job AS heir ON heir.organization_id = job.organization_id
                AND heir.queue = job.queue AND heir.integration_id = job.integration_id AND heir.kind = job.kind
                AND heir.key = job.key AND heir.state IN ('available', 'scheduled', 'running', 'retryable', 'held')
            WHERE job.organization_id = ?1 AND job.id = ?2 AND job.state = 'dead'
            """, Array(values.prefix(2)))
        if let heir = heirs.first?.integer(0) {
            try session.run(
                "UPDATE job SET state = 'superseded', updated_at = ?3 WHERE organization_id = ?1 AND id = ?2", values)
            _ = try runNow(heir, now: now)
            return true
        }
        return try session.run(
            """
            UPDATE job SET state = 'available', run_at = ?3, attempt = 0, updated_at = ?3,
                intent = CASE WHEN state = 'held' THEN NULL ELSE intent END
            WHERE organization_id = ?1 AND id = ?2 AND state IN ('dead', 'held', 'retryable', 'scheduled')
            """, values) == 1
    }

    /// The deliveries to an integration whose last attempt is not known to have ended one way or the other. Those that
    /// a person has dropped are found as long as they are remembered, and by a look at all jobs.
    ///
    /// - Throws: `StoreFailure`.
    public func intended(_ integration: Int64, keys: [String], areDropped: Bool = false) throws -> [Job] {
        guard !keys.isEmpty else { return [] }
        let kinds = RecordKind.allCases.map(\.rawValue)
        let open = "state IN ('available', 'scheduled', 'running', 'retryable', 'held')"
        let states = areDropped ? ["state = 'cancelled'"] : [open, "state = 'dead'"]
        return try states.flatMap { state in
            try session.rows(
                """
                SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND queue = 'deliver' AND integration_id = ?2
                    AND kind IN {3} AND key IN {4} AND \(state) AND intent IS NOT NULL ORDER BY id DESC
                """, [.integer(organization), .integer(integration), .keys(kinds), .keys(keys)]
            ).compactMap(Job.init)
        }
    }

    /// Jobs with what dead letters of their keys left unclear: an attempt that a person has not looked after yet is
    /// looked for by whoever tries next.
    ///
    /// - Throws: `StoreFailure`.
    public func inheriting(_ jobs: [Job]) throws -> [Job] {
        guard let first = jobs.first else { return [] }
        let fresh = jobs.filter { $0.intent == nil }.map(\.key)
        let dead = try intended(first.integration, keys: fresh).filter { $0.state == .dead && $0.kind == first.kind }
        let left = Dictionary(dead.map { ($0.key, $0.intent) }, uniquingKeysWith: { newest, _ in newest })
        return jobs.map { job in
            var job = job
            job.intent = job.intent ?? left[job.key] ?? nil
            return job
        }
    }

    /// Drops a job that is not running. False when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func cancel(_ id: Int64, now: Moment) throws -> Bool {
        try session.run(
            """
            UPDATE job SET state = 'cancelled', updated_at = ?3 WHERE organization_id = ?1 AND id = ?2
                AND state IN ('available', 'scheduled', 'retryable', 'held', 'dead')
            """, [.integer(organization), .integer(id), SQLValue(now)]) == 1
    }

    /// Forgets jobs that ended well before that time.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func prune(endedBefore limit: Moment) throws -> Int {
        try session.run(
            """
            DELETE FROM job WHERE organization_id = ?1 AND state IN ('completed', 'superseded', 'cancelled')
                AND updated_at < ?2
            """, [.integer(organization), SQLValue(limit)])
    }
}
