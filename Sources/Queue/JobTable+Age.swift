import Store

extension JobTable {
    /// Since when the longest waiting job has been due that nobody has stopped; nil when none is due. Paused work and
    /// integrations that are not called now wait for a reason and are left out.
    ///
    /// - Throws: `StoreFailure`.
    public func oldestDue(at now: Moment) throws -> Moment? { try oldestDueByQueue(at: now).values.min() }

    /// The same, queue by queue; a queue of which nothing is due is not in it.
    ///
    /// - Throws: `StoreFailure`.
    public func oldestDueByQueue(at now: Moment) throws -> [JobQueue: Moment] {
        let pauses = try pauses()
        var closed: [Int64: Bool] = [:]
        var oldest: [JobQueue: Moment] = [:]
        for sort in try sorts(.timed) + firstOfEachPriority() where sort.since <= now {
            guard let queue = JobQueue(rawValue: sort.queue) else { continue }
            if let known = oldest[queue], known <= sort.since { continue }
            if pauses.contains(where: { $0.stops(queue, of: sort.integration) }) { continue }
            let isClosed =
                try closed[sort.integration] ?? (gate(of: sort.integration).closedUntil.map { $0 > now } ?? false)
            closed[sort.integration] = isClosed
            if !isClosed { oldest[queue] = sort.since }
        }
        return oldest
    }

    /// The jobs that may be claimed at once, of each sort and priority the first. Steps through the index.
    private func firstOfEachPriority() throws -> [JobSort] {
        var sorts: [JobSort] = []
        var last: [SQLValue] = [.integer(.min), .text(""), .text(""), .integer(-1)]
        while let row = try session.rows(Self.priorityStep, [.integer(organization)] + last).first {
            last = Array(row.values[0..<4])
            sorts.append(
                JobSort(
                    integration: row.integer(0), queue: row.text(1), kind: row.text(2),
                    since: row.moment(4) ?? Moment(milliseconds: 0), priority: Int(row.integer(3)), isReady: true))
        }
        return sorts
    }

    private static let priorityStep = next(
        ["integration_id", "queue", "kind", "priority"], in: "integration_id, queue, kind, priority, run_at",
        where: Waiting.ready.rawValue, order: "run_at")
}
