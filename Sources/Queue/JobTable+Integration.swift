import Store

/// How the work of an integration went since a time, and how much of it is left.
public struct WorkCounts: Hashable, Sendable {
    /// Jobs that are still to end, and dead letters, by state.
    public var open: [JobState: Int] = [:]
    /// Jobs that ended well since then.
    public var done = 0
    /// Jobs that were given up since then.
    public var failed = 0
    /// From the asking to the end of those that ended well, in seconds on average; nil where there was none.
    public var meanSeconds: Double?
    /// What is given up or tried again, by the class of its error.
    public var errors: [String: Int] = [:]

    /// Nothing yet.
    public init() {}
}

/// The work of one integration as a whole.
extension JobTable {
    /// How the work of each integration went since that time; 0 is the hub's own. Of one alone where it is named.
    ///
    /// - Throws: `StoreFailure`.
    public func workCounts(of integration: Int64? = nil, since: Moment) throws -> [Int64: WorkCounts] {
        let rows = try session.rows(
            """
            SELECT integration_id, state, coalesce(error_class, ''), count(*),
                CAST(sum(CASE WHEN updated_at >= ?3 THEN 1 ELSE 0 END) AS bigint),
                CAST(sum(CASE WHEN updated_at >= ?3 THEN updated_at - created_at ELSE 0 END) AS bigint)
            FROM job WHERE organization_id = ?1 AND (CAST(?2 AS bigint) IS NULL OR integration_id = ?2)
            GROUP BY integration_id, state, coalesce(error_class, '')
            """, [.integer(organization), SQLValue(integration), SQLValue(since)])
        var all: [Int64: WorkCounts] = [:]
        var spent: [Int64: Int64] = [:]
        for row in rows {
            guard let state = JobState(rawValue: row.text(1)) else { continue }
            let (id, errorClass, recent) = (row.integer(0), row.text(2), Int(row.integer(4)))
            var counts = all[id] ?? WorkCounts()
            switch state {
            case .completed, .superseded:
                counts.done += recent
                spent[id, default: 0] += row.integer(5)
            case .cancelled: break
            case .dead, .available, .scheduled, .running, .retryable, .held:
                counts.open[state, default: 0] += Int(row.integer(3))
                if state == .dead { counts.failed += recent }
                if !errorClass.isEmpty { counts.errors[errorClass, default: 0] += Int(row.integer(3)) }
            }
            all[id] = counts
        }
        for (id, milliseconds) in spent {
            guard let done = all[id]?.done, done > 0 else { continue }
            all[id]?.meanSeconds = Double(milliseconds) / 1000 / Double(done)
        }
        return all
    }

    /// Forgets how an integration that is taken away was asked: schedules, pauses, limits, breakers and turns.
    ///
    /// - Throws: `StoreFailure`.
    public func forgetHabits(of integration: Int64) throws {
        for table in ["schedule", "pause", "gate", "breaker", "allowance", "turn"] {
            try session.run(
                "DELETE FROM \(table) WHERE organization_id = ?1 AND integration_id = ?2",
                [.integer(organization), .integer(integration)])
        }
    }
}
