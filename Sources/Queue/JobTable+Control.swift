import Store

/// Which jobs a person means.
public struct JobFilter: Hashable, Sendable {
    /// Nil: of every queue.
    public var queue: JobQueue?
    /// Nil: of every integration.
    public var integration: Int64?
    /// Nil: of every kind.
    public var kind: RecordKind?
    /// Nil: whatever they failed with. `refused` means `refused:23505` too.
    public var errorClass: String?
    /// Nil: every one that fits the rest.
    public var ids: [Int64]?

    /// A filter; every job unless said otherwise.
    public init(
        queue: JobQueue? = nil, integration: Int64? = nil, kind: RecordKind? = nil, errorClass: String? = nil,
        ids: [Int64]? = nil
    ) {
        self.queue = queue
        self.integration = integration
        self.kind = kind
        self.errorClass = errorClass
        self.ids = ids
    }

    /// What is meant, in a few words: `*` for all.
    public var words: String {
        var words: [String] = []
        if let queue { words.append("queue \(queue.rawValue)") }
        if let integration { words.append("integration \(integration)") }
        if let kind { words.append("kind \(kind.rawValue)") }
        if let errorClass { words.append("class \(errorClass)") }
        if let ids { words.append("jobs " + ids.prefix(20).map(String.init).joined(separator: " ")) }
        return words.isEmpty ? "*" : words.joined(separator: ", ")
    }

    /// The condition; its parameters are `?1` to `?5`. Jobs that are named are found by their ids.
    var condition: String {
        """
        organization_id = ?1 AND (CAST(?2 AS text) IS NULL OR queue = ?2)
            AND (CAST(?3 AS bigint) IS NULL OR integration_id = ?3)
            AND (CAST(?4 AS text) IS NULL OR error_class = ?4 OR substr(error_class, 1, length(?4) + 1) = ?4 || ':')
            \(kind.map { "AND kind = '\($0.rawValue)'" } ?? "") \(ids == nil ? "" : "AND id IN {5}")
        """
    }

    func values(_ organization: Int64) -> [SQLValue] {
        [
            .integer(organization), SQLValue(queue?.rawValue), SQLValue(integration), SQLValue(errorClass),
            .ids(ids ?? []),
        ]
    }
}

/// What people do to jobs.
extension JobTable {
    /// How many jobs one call of a bulk operation touches at most, so that the writer is not held for long; what is
    /// left is touched by the next call.
    public static let bulkLimit = 1000

    /// Lets a dead, held or waiting job run now. False when it is in none of these states.
    ///
    /// - Throws: `StoreFailure`.
    public func runNow(_ id: Int64, now: Moment) throws -> Bool {
        guard let job = try job(id) else { return false }
        if job.state == .dead { return try retryDead(JobFilter(ids: [id]), now: now).count == 1 }
        if job.state == .held { try forgetAttempts(of: job) }
        return try session.run(
            """
            UPDATE job SET state = 'available', run_at = ?3, attempt = 0, updated_at = ?3,
                intent = CASE WHEN state = 'held' THEN NULL ELSE intent END
            WHERE organization_id = ?1 AND id = ?2 AND state IN ('held', 'retryable', 'scheduled')
            """, [.integer(organization), .integer(id), SQLValue(now)]) == 1
    }

    /// Puts a job off that waits or is held. False when it does neither.
    ///
    /// - Throws: `StoreFailure`.
    public func snooze(_ id: Int64, until: Moment, by: String, now: Moment) throws -> Bool {
        try session.run(
            """
            UPDATE job SET state = 'scheduled', run_at = ?3, updated_at = ?4, error_class = 'waiting', error = ?5
            WHERE organization_id = ?1 AND id = ?2 AND state IN ('available', 'scheduled', 'retryable', 'held')
            """,
            [
                .integer(organization), .integer(id), SQLValue(until), SQLValue(now), .text("put off by \(by)"),
            ]) == 1
    }

    /// Keeps a waiting job until a person lets it run. False when it does not wait.
    ///
    /// - Throws: `StoreFailure`.
    public func hold(_ id: Int64, reason: String, by: String, now: Moment) throws -> Bool {
        try session.run(
            """
            UPDATE job SET state = 'held', updated_at = ?3, error_class = 'held', error = ?4
            WHERE organization_id = ?1 AND id = ?2 AND state IN ('available', 'scheduled', 'retryable')
            """,
            [.integer(organization), .integer(id), SQLValue(now), .text("held by \(by): \(reason)")]) == 1
    }

    /// Drops a job that is not running. False when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func cancel(_ id: Int64, now: Moment) throws -> Bool {
        try end(
            JobFilter(ids: [id]), in: [.available, .scheduled, .retryable, .held, .dead], as: nil, after: 0, now: now
        ).count == 1
    }

    /// What cancelling came to.
    public struct Cancelled: Hashable, Sendable {
        /// Waiting and held jobs that were dropped.
        public var dropped: Int
        /// Running jobs that are dropped unless they succeed.
        public var asked: Int
        /// Where the next step goes on; nil when all are touched.
        public var next: Int64?

        /// Nothing cancelled yet.
        public static let none = Cancelled(dropped: 0, asked: 0, next: 0)

        /// This and the step that followed it.
        public func followed(by step: Cancelled) -> Cancelled {
            Cancelled(dropped: dropped + step.dropped, asked: asked + step.asked, next: step.next)
        }
    }

    /// Drops the jobs that are meant: those that wait or are held at once; one that runs is not tried again when it
    /// fails. Drops at most `bulkLimit`; ask again with `next` as `after` until there is none. Dead letters are left.
    ///
    /// - Throws: `StoreFailure`.
    public func cancelAll(
        _ filter: JobFilter, by: String, reason: String, after: Int64 = 0, now: Moment
    ) throws -> Cancelled {
        let words = "cancelled by \(by)" + (reason.isEmpty ? "" : ": \(reason)")
        let dropped = try end(
            filter, in: [.available, .scheduled, .retryable, .held], as: words, after: after, now: now)
        let asked = try session.run(
            """
            UPDATE job SET cancelled_by = ?6 WHERE \(filter.condition) AND state = 'running'
                AND cancelled_by IS NULL
            """, filter.values(organization) + [.text(words)])
        let next = dropped.count == Self.bulkLimit ? dropped.last : nil
        return Cancelled(dropped: dropped.count, asked: asked, next: next)
    }

    /// Ends jobs that do not run, at most `bulkLimit`, in the order of their ids behind `after`. Answers the ids.
    private func end(
        _ filter: JobFilter, in states: [JobState], as words: String?, after: Int64, now: Moment
    ) throws -> [Int64] {
        let rows = try session.rows(
            """
            UPDATE job SET state = 'cancelled', is_open = 0, updated_at = ?8, error = coalesce(?9, error)
            WHERE organization_id = ?1 AND id IN (
                SELECT id FROM job WHERE \(filter.condition) AND state IN {6} AND id > ?10 ORDER BY id LIMIT ?7)
            RETURNING id, integration_id, lane
            """,
            filter.values(organization) + [
                .keys(states.map(\.rawValue)), .integer(Int64(Self.bulkLimit)), SQLValue(now), SQLValue(words),
                .integer(after),
            ])
        try goOn(after: rows, now: now)
        return rows.map { $0.integer(0) }.sorted()
    }
}
