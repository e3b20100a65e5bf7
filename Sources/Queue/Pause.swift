import Store

/// Work that a person stopped: of one queue, of one integration, of both, or all of it.
public struct Pause: Hashable, Sendable {
    /// Nil: of every integration.
    public var integration: Int64?
    /// Nil: on every queue.
    public var queue: JobQueue?
    /// Who stopped it.
    public var by: String
    public var reason: String
    public var at: Moment

    /// A pause.
    public init(integration: Int64? = nil, queue: JobQueue? = nil, by: String, reason: String, at: Moment) {
        self.integration = integration
        self.queue = queue
        self.by = by
        self.reason = reason
        self.at = at
    }

    /// Whether it stops that work.
    public func stops(_ queue: JobQueue, of integration: Int64) -> Bool {
        (self.queue ?? queue) == queue && (self.integration ?? integration) == integration
    }

    /// What is stopped, in words.
    var words: String {
        let work = queue.map { "\($0.rawValue) work" } ?? "all work"
        return integration.map { "\(work) of integration \($0)" } ?? work
    }
}

extension JobTable {
    /// What is stopped, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func pauses() throws -> [Pause] { try session.ask(whatIsPaused) }

    var whatIsPaused: Question<[Pause]> {
        Question(
            """
            SELECT integration_id, queue, paused_by, reason, paused_at FROM pause WHERE organization_id = ?1
            ORDER BY paused_at DESC, integration_id, queue
            """, [.integer(organization)]
        ) { rows in
            rows.map { row in
                Pause(
                    integration: row.integer(0) == 0 ? nil : row.integer(0), queue: JobQueue(rawValue: row.text(1)),
                    by: row.text(2), reason: row.text(3), at: row.moment(4) ?? Moment(milliseconds: 0))
            }
        }
    }

    /// Stops work: nothing of it is claimed any more; what runs is done to its end. A second pause of the same work
    /// leaves the first as it is. False then.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func pause(_ pause: Pause) throws -> Bool {
        try session.run(
            """
            INSERT INTO pause (organization_id, integration_id, queue, paused_by, reason, paused_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (organization_id, integration_id, queue) DO NOTHING
            """,
            [
                .integer(organization), .integer(pause.integration ?? 0), .text(pause.queue?.rawValue ?? "*"),
                .text(pause.by), .text(pause.reason), SQLValue(pause.at),
            ]) == 1
    }

    /// Lets work go on that was stopped by exactly this pause. False when there is none.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func resume(integration: Int64? = nil, queue: JobQueue? = nil) throws -> Bool {
        try session.run(
            "DELETE FROM pause WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3",
            [.integer(organization), .integer(integration ?? 0), .text(queue?.rawValue ?? "*")]) == 1
    }
}
