import Store

extension Job {
    /// The parts in which its last attempt was seen to have come there, while its answer was still waited for.
    public var provenParts: Set<String> { Set(intent?["proven"]?.array?.compactMap(\.string) ?? []) }
}

/// Attempts whose outcome is not known, and who looks after them.
extension JobTable {
    /// The deliveries to an integration whose last attempt is not known to have ended one way or the other. Those that
    /// a person has dropped are found as long as they are remembered.
    ///
    /// - Throws: `StoreFailure`.
    public func intended(_ integration: Int64, keys: [String], areDropped: Bool = false) throws -> [Job] {
        guard !keys.isEmpty else { return [] }
        let states = areDropped ? ["state = 'cancelled'"] : ["is_open = 1", "state = 'dead'"]
        return try states.flatMap { try intended(integration, kinds: RecordKind.allCases, keys: keys, $0) }
    }

    /// Those in that state, the newest first.
    private func intended(_ integration: Int64, kinds: [RecordKind], keys: [String], _ state: String) throws -> [Job] {
        try session.rows(
            """
            SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND queue = 'deliver' AND integration_id = ?2
                AND kind IN {3} AND key IN {4} AND \(state) AND intent IS NOT NULL ORDER BY id DESC
            """, [.integer(organization), .integer(integration), .keys(kinds.map(\.rawValue)), .keys(keys)]
        ).compactMap(Job.init).map(opened)
    }

    /// Remembers in which parts writes whose answers are still waited for were seen to have come, by record.
    ///
    /// - Throws: `StoreFailure`.
    public func note(proven: [Int64: Set<String>], of integration: Int64) throws {
        guard !proven.isEmpty else { return }
        let jobs = try intended(integration, keys: proven.keys.sorted().map(String.init))
        for job in jobs where job.state == .running {
            guard var intent = job.intent?.object, let parts = Int64(job.key).flatMap({ proven[$0] }) else { continue }
            intent["proven"] = .array(parts.sorted().map(JSON.string))
            try session.run(
                "UPDATE job SET intent = ?3 WHERE organization_id = ?1 AND id = ?2",
                [.integer(organization), .integer(job.id), SQLValue(try sealed(.object(intent), of: job))])
        }
    }

    /// Jobs with what dead letters of their keys left unclear: an attempt that a person has not looked after yet is
    /// looked for by whoever tries next.
    ///
    /// - Throws: `StoreFailure`.
    public func inheriting(_ jobs: [Job]) throws -> [Job] {
        guard let first = jobs.first, let kind = first.kind else { return jobs }
        let fresh = jobs.filter { $0.intent == nil }.map(\.key)
        guard !fresh.isEmpty else { return jobs }
        let dead = try intended(first.integration, kinds: [kind], keys: fresh, "state = 'dead'")
        return Self.inheriting(jobs, from: dead)
    }

    /// Jobs that are to make something, with what was left unclear when a person dropped the same work: it may be there
    /// since, and whoever drops a job has answered nothing.
    ///
    /// - Throws: `StoreFailure`.
    public func inheriting(_ jobs: [Job], droppedOf keys: [String]) throws -> [Job] {
        guard let first = jobs.first, let kind = first.kind, !keys.isEmpty else { return jobs }
        return Self.inheriting(
            jobs, from: try intended(first.integration, kinds: [kind], keys: keys, "state = 'cancelled'"))
    }

    private static func inheriting(_ jobs: [Job], from letters: [Job]) -> [Job] {
        let left = Dictionary(letters.map { ($0.key, $0.intent) }, uniquingKeysWith: { newest, _ in newest })
        return jobs.map { job in
            var job = job
            job.intent = job.intent ?? left[job.key] ?? nil
            return job
        }
    }

    /// A person has looked at the far side, and has it made: nothing of that work is unclear any more.
    ///
    /// - Throws: `StoreFailure`.
    func forgetAttempts(of job: Job) throws {
        try session.run(
            """
            UPDATE job SET intent = NULL WHERE organization_id = ?1 AND queue = ?2 AND integration_id = ?3
                AND kind = ?4 AND key = ?5 AND state IN ('cancelled', 'dead') AND intent IS NOT NULL
            """,
            [
                .integer(organization), .text(job.queue.rawValue), .integer(job.integration),
                .text(job.kind?.rawValue ?? ""), .text(job.key),
            ])
    }

    /// Gives what a dead letter left unclear to the open job of its key, which does its work.
    ///
    /// - Throws: `StoreFailure`.
    func handDown(from dead: Int64) throws {
        try session.run(
            """
            UPDATE job SET intent = letter.intent FROM job AS letter
            WHERE letter.organization_id = ?1 AND letter.id = ?2 AND letter.intent IS NOT NULL
                AND job.organization_id = ?1 AND job.queue = letter.queue
                AND job.integration_id = letter.integration_id AND job.kind = letter.kind AND job.key = letter.key
                AND job.state IN ('available', 'scheduled', 'retryable', 'held') AND job.intent IS NULL
            """, [.integer(organization), .integer(dead)])
    }
}
