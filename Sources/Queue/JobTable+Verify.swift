import Store

/// What is asked of the queue when a store is verified.
extension JobTable {
    /// How many rows are named at most.
    static let verifyLimit = 101

    /// The keys of the open jobs of a queue, so many as one step reads.
    ///
    /// - Throws: `StoreFailure`.
    public func openKeys(of queue: JobQueue) throws -> [String] {
        try session.rows(
            "SELECT key FROM job WHERE organization_id = ?1 AND queue = ?2 AND is_open = 1 LIMIT ?3",
            [.integer(organization), .text(queue.rawValue), .integer(Int64(Self.pruneStepSize))]
        ).map { $0.text(0) }
    }

    /// The open job of the hub's own of that key; nil where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func openID(of queue: JobQueue, _ key: String) throws -> Int64? {
        try session.rows(
            """
            SELECT id FROM job WHERE organization_id = ?1 AND queue = ?2 AND integration_id = 0 AND key = ?3
                AND is_open = 1 ORDER BY id LIMIT 1
            """, [.integer(organization), .text(queue.rawValue), .text(key)]
        ).first?.integer(0)
    }

    /// Open jobs, by id, whose integration or listener is not among these.
    ///
    /// - Throws: `StoreFailure`.
    public func openOfNobody(integrations: [Int64], listeners: [Int64]) throws -> [Int64] {
        try session.rows(
            """
            SELECT id FROM job WHERE organization_id = ?1 AND is_open = 1 AND (
                queue = 'notify' AND NOT integration_id IN {3}
                OR queue NOT IN ('notify', 'task') AND NOT integration_id IN {2}) ORDER BY id LIMIT ?4
            """,
            [
                .integer(organization), .ids(integrations.sorted()), .ids(listeners.sorted()),
                .integer(Int64(Self.verifyLimit)),
            ]
        ).map { $0.integer(0) }
    }
}
