import Store

/// What is asked of the queue again and again, and is answered from its indexes alone.
extension JobTable {
    /// Whether work of that queue waits for an integration, due or not.
    ///
    /// - Throws: `StoreFailure`.
    public func hasWaiting(_ queue: JobQueue, of integration: Int64) throws -> Bool {
        let from = "SELECT 1 FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3"
        return try !session.rows(
            """
            SELECT 1 WHERE EXISTS (\(from) AND \(Waiting.ready.rawValue)) OR EXISTS (\(from)
                AND \(Waiting.timed.rawValue))
            """, [.integer(organization), .integer(integration), .text(queue.rawValue)]
        ).isEmpty
    }

    /// The integrations for which a queue has a job that waits for a worker or its time.
    ///
    /// - Throws: `StoreFailure`.
    public func integrationsWaiting(for queue: JobQueue) throws -> Set<Int64> {
        Set(try (sorts(.ready) + sorts(.timed)).filter { $0.queue == queue.rawValue }.map(\.integration))
    }
}
