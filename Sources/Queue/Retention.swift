import Store

/// How long jobs that ended are kept.
public struct Retention: Hashable, Sendable {
    /// Completed, superseded and cancelled jobs, in seconds.
    public var endedSeconds: Double
    /// Dead letters, and jobs that were dropped while it was not known what they had done, in seconds.
    public var deadSeconds: Double

    /// A retention; a week, and ninety days for dead letters.
    public init(endedSeconds: Double = 7 * 86_400, deadSeconds: Double = 90 * 86_400) {
        self.endedSeconds = endedSeconds
        self.deadSeconds = deadSeconds
    }
}

/// One step of forgetting old jobs.
public struct PruneStep: Hashable, Sendable {
    /// Jobs that were forgotten in this step, dead letters among them.
    public var forgotten: Int
    public var deadForgotten: Int
    /// Where the next step goes on; nil when all are looked at.
    public var next: Int64?
}

extension JobTable {
    /// How many jobs one step looks at, so that the writer is not held for long.
    static let pruneStepSize = 2000

    /// Forgets jobs that ended long enough ago, and batches with them: looks at some of them, in the order they were
    /// asked for, beginning behind `after`. A job of a batch that goes on is kept for its count.
    ///
    /// - Throws: `StoreFailure`.
    public func prune(_ retention: Retention, after: Int64 = 0, now: Moment) throws -> PruneStep {
        let looked = try session.rows(
            """
            SELECT max(id), count(*) FROM (
                SELECT id FROM job WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3) AS looked
            """, [.integer(organization), .integer(after), .integer(Int64(Self.pruneStepSize))])
        guard let last = looked.first?.optionalInteger(0) else {
            try forgetBatches(endedBefore: now.adding(seconds: -retention.endedSeconds))
            return PruneStep(forgotten: 0, deadForgotten: 0, next: nil)
        }
        let (early, late) = (
            now.adding(seconds: -retention.endedSeconds), now.adding(seconds: -retention.deadSeconds)
        )
        var ended = try forget("state IN ('completed', 'superseded')", after, last, before: early)
        ended += try forget("state = 'cancelled' AND intent IS NULL", after, last, before: early)
        ended += try forget("state = 'cancelled' AND intent IS NOT NULL", after, last, before: late)
        let dead = try forget("state = 'dead'", after, last, before: late)
        let isLast = looked.first?.integer(1) ?? 0 < Int64(Self.pruneStepSize)
        if isLast { try forgetBatches(endedBefore: now.adding(seconds: -retention.endedSeconds)) }
        return PruneStep(forgotten: ended + dead, deadForgotten: dead, next: isLast ? nil : last)
    }

    private func forget(_ state: String, _ first: Int64, _ last: Int64, before limit: Moment) throws -> Int {
        try session.run(
            """
            DELETE FROM job WHERE organization_id = ?1 AND id > ?2 AND id <= ?3 AND \(state) AND updated_at < ?4
                AND NOT EXISTS (SELECT 1 FROM batch_member AS member WHERE member.organization_id = job.organization_id
                    AND member.job_id = job.id)
            """,
            [.integer(organization), .integer(first), .integer(last), SQLValue(limit)])
    }

    private func forgetBatches(endedBefore limit: Moment) throws {
        try session.run(
            "DELETE FROM batch WHERE organization_id = ?1 AND ended_at < ?2", [.integer(organization), SQLValue(limit)])
    }
}
