import Store

/// How much waits, and since when.
public struct Backlog: Hashable, Sendable {
    public var count: Int
    public var oldest: Moment?

    /// So much.
    public init(count: Int, oldest: Moment?) {
        self.count = count
        self.oldest = oldest
    }
}

extension JobTable {
    /// How many due jobs are counted at most: beyond that it does not matter how many more there are.
    public static let backlogLimit = 100_000

    /// The jobs that are due.
    ///
    /// - Throws: `StoreFailure`.
    public func backlog(at now: Moment) throws -> Int {
        let rows = try session.rows(
            """
            SELECT (SELECT count(*) FROM (SELECT 1 FROM job WHERE organization_id = ?1
                    AND \(Waiting.ready.rawValue) LIMIT ?3) AS ready)
                + (SELECT count(*) FROM (SELECT 1 FROM job WHERE organization_id = ?1
                    AND \(Waiting.timed.rawValue) AND run_at <= ?2 LIMIT ?3) AS timed)
            """, [.integer(organization), SQLValue(now), .integer(Int64(Self.backlogLimit))])
        return Int(rows.first?.integer(0) ?? 0)
    }

    /// The jobs of a queue that could be begun at once, of those integrations; what a person has stopped waits for a
    /// reason and is left out.
    ///
    /// - Throws: `StoreFailure`.
    public func backlog(of queue: JobQueue, integrations: [Int64]) throws -> Backlog {
        let pauses = try pauses()
        let wanted = integrations.filter { id in !pauses.contains { $0.stops(queue, of: id) } }.sorted()
        guard !wanted.isEmpty else { return Backlog(count: 0, oldest: nil) }
        let row = try session.rows(
            """
            SELECT count(*), min(run_at) FROM (SELECT run_at FROM job WHERE organization_id = ?1 AND queue = ?2
                AND integration_id IN {3} AND \(Waiting.ready.rawValue) LIMIT ?4) AS waiting
            """,
            [.integer(organization), .text(queue.rawValue), .ids(wanted), .integer(Int64(Self.backlogLimit))]
        ).first
        return Backlog(count: Int(row?.integer(0) ?? 0), oldest: row?.moment(1))
    }

    /// How many jobs of each queue are in each state in which something is still to be done, and dead.
    ///
    /// - Throws: `StoreFailure`.
    public func countsByQueue() throws -> [JobQueue: [JobState: Int]] {
        let rows = try session.rows(
            """
            SELECT queue, state, count(*) FROM job WHERE organization_id = ?1 AND is_open = 1 GROUP BY queue, state
            UNION ALL
            SELECT queue, state, count(*) FROM job WHERE organization_id = ?1 AND state = 'dead' GROUP BY queue, state
            """, [.integer(organization)])
        return rows.reduce(into: [:]) { counts, row in
            guard let queue = JobQueue(rawValue: row.text(0)), let state = JobState(rawValue: row.text(1)) else {
                return
            }
            counts[queue, default: [:]][state] = Int(row.integer(2))
        }
    }

    /// How many records are not yet in step with each integration.
    ///
    /// - Throws: `StoreFailure`.
    public func undeliveredCounts() throws -> [Int64: Int] {
        let rows = try session.rows(
            """
            SELECT integration_id, count(*) FROM job WHERE organization_id = ?1 AND queue = 'deliver' AND is_open = 1
            GROUP BY integration_id
            """, [.integer(organization)])
        return Dictionary(rows.map { ($0.integer(0), Int($0.integer(1))) }, uniquingKeysWith: { first, _ in first })
    }
}
