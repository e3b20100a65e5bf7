import Commerce
import Store

/// Work that nothing is in the way of and that nobody begins (I12).
///
/// Judged by sorts of work: of one sort a job may wait long behind others of its sort, but something of it must be
/// begun. What stands in the way is read by plain queries of the hub's own tables.
struct Starvation: Sendable {
    /// How long work may wait for a worker, in seconds: a worker that finds nothing rests at most fifteen.
    static let boundSeconds = 60.0

    struct Sort: Hashable, Sendable {
        var integration: Int64
        var queue: String
        var kind: String
    }

    private struct Waiting: Sendable {
        /// Since when it has been free to begin.
        var since: Moment
        /// When it was last begun before.
        var served: Int64
        var isTold = false
    }

    private var free: [Sort: Waiting] = [:]
    /// The oldest job of each sort that could be begun, how often it had been begun by then, and how often it was seen
    /// so.
    private var oldest: [Sort: (job: Int64, begun: Int64, looks: Int)] = [:]

    /// How often one job may be seen waiting though it could be begun, while others of its sort are.
    static let mostLooks = 30

    /// Whatever was free before may have had a reason to wait.
    mutating func forget() {
        free = [:]
        oldest = [:]
    }

    /// The jobs that others of their sort went past for too long, of those that are free now.
    mutating func passedOver(_ rows: [Free]) -> [(sort: Sort, job: Int64)] {
        var found: [(sort: Sort, job: Int64)] = []
        for row in rows {
            // One that was begun meanwhile, and waits again, was not passed over.
            let isSame = oldest[row.sort].map { $0.job == row.oldest && $0.begun == row.begun } ?? false
            let looks = isSame ? (oldest[row.sort]?.looks ?? 0) + 1 : 1
            oldest[row.sort] = (row.oldest, row.begun, looks)
            if looks == Self.mostLooks { found.append((row.sort, row.oldest)) }
        }
        return found
    }

    /// A sort of work that is free to begin.
    struct Free: Sendable {
        var sort: Sort
        /// When something of it was last begun.
        var served: Int64
        /// The job of it that was put on the queue first, and how often that was begun before.
        var oldest: Int64
        var begun: Int64 = 0
    }

    /// What waits too long, of what is free now.
    mutating func look(_ rows: [Free], _ now: Moment) -> [Sort] {
        var next: [Sort: Waiting] = [:]
        var starving: [Sort] = []
        for row in rows {
            let (sort, served) = (row.sort, row.served)
            let known = free[sort].flatMap { $0.served == served ? $0 : nil }
            var entry = known ?? Waiting(since: now, served: served)
            if !entry.isTold, now.seconds(since: entry.since) > Self.boundSeconds {
                entry.isTold = true
                starving.append(sort)
            }
            next[sort] = entry
        }
        free = next
        return starving
    }

    /// The sorts of work that are due, and that nothing stands in the way of.
    static func free(_ session: any StoreSession, hubNow: Moment) throws -> [Free] {
        try session.rows(
            """
            SELECT free.*, first.claim FROM (
            SELECT job.integration_id, job.queue, job.kind, coalesce(max(turn.served_at), 0), min(job.id) AS oldest
            FROM job
            JOIN integration ON integration.id = job.integration_id AND integration.state = 'active'
            LEFT JOIN turn ON turn.integration_id = job.integration_id
                AND turn.operation = job.queue || CASE job.kind WHEN '' THEN '' ELSE ' ' || job.kind END
            WHERE job.queue IN ('receive', 'fetch', 'deliver') AND job.is_blocked = 0 AND job.run_at <= ?1
                AND job.state IN ('available', 'scheduled', 'retryable')
                AND NOT EXISTS (SELECT 1 FROM job AS other
                    WHERE other.integration_id = job.integration_id AND other.state = 'running')
                AND NOT EXISTS (SELECT 1 FROM gate
                    WHERE gate.integration_id = job.integration_id AND gate.closed_until > ?1)
                AND NOT EXISTS (SELECT 1 FROM breaker
                    WHERE breaker.integration_id = job.integration_id AND breaker.open_until IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM allowance WHERE allowance.integration_id = job.integration_id)
            GROUP BY 1, 2, 3) AS free
            JOIN job AS first ON first.id = free.oldest ORDER BY 1, 2, 3
            """, [SQLValue(hubNow)]
        ).map {
            Free(
                sort: Sort(integration: $0.integer(0), queue: $0.text(1), kind: $0.text(2)), served: $0.integer(3),
                oldest: $0.integer(4), begun: $0.integer(5))
        }
    }
}

extension Rehearsal {
    /// Looks whether work waits that could be begun.
    func lookForStarving() {
        let (hubNow, isCalm) = stage.world.withLock { world in
            let living = world.lives.indices.filter { world.isAlive($0) }
            return (world.hubNow, !living.isEmpty && !living.contains { world.isPaused($0) })
        }
        guard isCalm, let rows = try? stage.disk.look({ try Starvation.free($0, hubNow: hubNow) }) else {
            return stage.world.withLock { $0.starvation.forget() }
        }
        stage.world.withLock { world in
            for (sort, job) in world.starvation.passedOver(rows) {
                world.oracle.breach(
                    "I12",
                    "job \(job), \(sort.queue) \(sort.kind) of integration \(sort.integration), could be begun at "
                        + "\(Starvation.mostLooks) looks, and is not", world.now)
            }
            for sort in world.starvation.look(rows, world.now) {
                let words = "\(sort.queue) \(sort.kind) of integration \(sort.integration)"
                world.oracle.breach(
                    "I12", "\(words) could be begun for \(Int(Starvation.boundSeconds)) s, and is not", world.now)
            }
        }
    }
}
