import Store

/// Looks at which sorts of jobs wait, without reading the jobs.
extension JobTable {
    /// Which of the two indexes over waiting jobs is walked.
    enum Waiting: String {
        /// May be claimed at once.
        case ready = "state = 'available' AND is_blocked = 0"
        /// May be claimed at their time.
        case timed = "state IN ('scheduled', 'retryable') AND is_blocked = 0"

        var order: String { self == .ready ? "priority, run_at" : "run_at" }
    }

    /// The sorts of jobs that wait, each with its first job. Walks from sort to sort through the index.
    ///
    /// - Throws: `StoreFailure`.
    func sorts(_ waiting: Waiting) throws -> [JobSort] {
        // Mostly there is nothing, and the walk costs more than this question.
        guard
            try !session.rows(
                "SELECT 1 FROM job WHERE organization_id = ?1 AND \(waiting.rawValue) LIMIT 1",
                [.integer(organization)]
            ).isEmpty
        else { return [] }
        return try session.rows(Self.walk(waiting), [.integer(organization)]).map { row in
            JobSort(
                integration: row.integer(0), queue: row.text(1), kind: row.text(2),
                since: row.moment(3) ?? Moment(milliseconds: 0), priority: Int(row.integer(4)),
                isReady: waiting == .ready)
        }
    }

    static func walk(_ waiting: Waiting) -> String {
        let from = "FROM job WHERE organization_id = ?1 AND \(waiting.rawValue)"
        let ofIntegration = "\(from) AND integration_id = "
        let first = "\(from) AND integration_id = kinds.integration AND queue = kinds.queue AND kind = kinds.kind"
        // The smallest of a column is asked for by its order: what knows no row yet reads an index from its first then.
        return """
            WITH RECURSIVE
            integrations (integration) AS (
                SELECT (SELECT integration_id \(from) ORDER BY integration_id LIMIT 1)
                UNION ALL SELECT (SELECT integration_id \(from) AND integration_id > integrations.integration
                    ORDER BY integration_id LIMIT 1)
                FROM integrations WHERE integration IS NOT NULL),
            queues (integration, queue) AS (
                SELECT integration, (SELECT job.queue \(ofIntegration) integrations.integration
                    ORDER BY job.queue LIMIT 1)
                FROM integrations WHERE integration IS NOT NULL
                UNION ALL SELECT integration, (SELECT job.queue \(ofIntegration) queues.integration
                    AND job.queue > queues.queue ORDER BY job.queue LIMIT 1)
                FROM queues WHERE queue IS NOT NULL),
            kinds (integration, queue, kind) AS (
                SELECT integration, queue, (SELECT job.kind \(ofIntegration) queues.integration
                    AND job.queue = queues.queue ORDER BY job.kind LIMIT 1)
                FROM queues WHERE queue IS NOT NULL
                UNION ALL SELECT integration, queue, (SELECT job.kind \(ofIntegration) kinds.integration
                    AND job.queue = kinds.queue AND job.kind > kinds.kind ORDER BY job.kind LIMIT 1)
                FROM kinds WHERE kind IS NOT NULL)
            SELECT integration, queue, kind, (SELECT run_at \(first) ORDER BY \(waiting.order) LIMIT 1),
                (SELECT priority \(first) ORDER BY \(waiting.order) LIMIT 1)
            FROM kinds WHERE kind IS NOT NULL
            """
    }

    /// Gives up waiting jobs of a queue or a kind nobody here knows (a newer Crossdock's, or somebody's own SQL), with
    /// the reason, so that they are seen. Answers how many.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func giveUpUnknown(now: Moment) throws -> Int {
        var rows: [Row] = []
        for sort in try sorts(.ready) + sorts(.timed) where sort.work == nil {
            let words = """
                this Crossdock knows no work "\(sort.queue)" of "\(sort.kind)"; retry it with the one that made it, or \
                drop it
                """
            rows += try session.rows(
                """
                UPDATE job SET state = 'dead', is_open = 0, error_class = 'unknown', updated_at = ?5, error = ?6
                WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
                    AND state IN ('available', 'scheduled', 'retryable')
                RETURNING id, integration_id, lane
                """,
                [
                    .integer(organization), .integer(sort.integration), .text(sort.queue), .text(sort.kind),
                    SQLValue(now), .text(words),
                ])
        }
        try goOn(after: rows, now: now)
        return rows.count
    }

    /// What follows from jobs that ended, of which each row has the id, the integration and the lane: the next of their
    /// lanes go on, and batches whose last they were end.
    func goOn(after rows: [Row], now: Moment) throws {
        try unblock(
            Set(rows.compactMap { row in row.optionalText(2).map { Lane(integration: row.integer(1), name: $0) } }))
        try finishBatches(of: Set(rows.map { $0.integer(0) }), now: now)
    }
}
