import Store

/// Looks at which sorts of jobs wait, without reading the jobs.
extension JobTable {
    /// Which of the two indexes over waiting jobs is walked.
    enum Waiting: String {
        /// May be claimed at once.
        case ready = "state = 'available' AND is_blocked = 0"
        /// May be claimed at their time.
        case timed = "state IN ('scheduled', 'retryable') AND is_blocked = 0"

        /// Of what falls due at the same time the most urgent, so that a sort is looked at alike whatever the store.
        var order: String { self == .ready ? "priority, run_at" : "run_at, priority" }
    }

    /// The sorts of jobs that wait, each with its first job. Steps from sort to sort through the index.
    ///
    /// - Throws: `StoreFailure`.
    func sorts(_ waiting: Waiting) throws -> [JobSort] {
        var sorts: [JobSort] = []
        var (integration, queue, kind) = (Int64.min, "", "")
        while let row = try session.rows(
            Self.step(waiting), [.integer(organization), .integer(integration), .text(queue), .text(kind)]
        ).first {
            (integration, queue, kind) = (row.integer(0), row.text(1), row.text(2))
            sorts.append(
                JobSort(
                    integration: integration, queue: queue, kind: kind,
                    since: row.moment(3) ?? Moment(milliseconds: 0), priority: Int(row.integer(4)),
                    isReady: waiting == .ready))
        }
        return sorts
    }

    /// The first job of the next sort.
    static func step(_ waiting: Waiting) -> String { waiting == .ready ? readyStep : timedStep }

    private static let readyStep = step(where: .ready)
    private static let timedStep = step(where: .timed)

    private static func step(where waiting: Waiting) -> String {
        next(
            ["integration_id", "queue", "kind"], in: "integration_id, queue, kind, run_at, priority",
            where: waiting.rawValue, order: waiting.order)
    }

    /// The first row behind a place in an index: that of the next values of its first columns, whose last ones are `?2`
    /// and so on.
    ///
    /// One look for each column, each of which ends at its first row. SQLite begins a comparison of several columns at
    /// once with the rows that are equal, and would walk through all that waits of a sort to come to the next one.
    static func next(_ columns: [String], in row: String, where condition: String, order: String) -> String {
        let names = columns.joined(separator: ", ")
        let looks = columns.indices.reversed().map { place in
            let same = columns[..<place].enumerated().map { "\($1) = ?\($0 + 2) AND " }.joined()
            return """
                SELECT * FROM (SELECT \(row) FROM job
                    WHERE organization_id = ?1 AND \(condition) AND \(same)\(columns[place]) > ?\(place + 2)
                    ORDER BY \(names), \(order) LIMIT 1) AS look\(place)
                """
        }
        return looks.joined(separator: " UNION ALL ") + " ORDER BY \(names) LIMIT 1"
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
