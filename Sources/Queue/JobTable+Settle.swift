import Store

/// How jobs that ended are written.
extension JobTable {
    typealias Ended = (job: Job, outcome: JobOutcome)

    /// Writes how jobs ended. Answers those whose claims still held.
    func settleRows(_ outcomes: [Ended], owner: String, now: Moment) throws -> [Ended] {
        let rows = outcomes.map { settlement(of: $0, owner: owner, now: now) }
        guard session.prefersSets else {
            return zip(outcomes, try session.runEach(Self.settleOne, rows)).filter { $1 == 1 }.map(\.0)
        }
        var settled = Set<Int64>()
        var alone: [Int] = []
        // Those that are alike but for their ids go as one set, in the order of their first.
        let alike = Dictionary(grouping: rows.indices) { rows[$0].dropLast() }.values.sorted { $0[0] < $1[0] }
        for places in alike {
            guard places.count > 1 else {
                alone += places
                continue
            }
            let ids = places.map { outcomes[$0].job.id }.sorted()
            let found = try session.rows(Self.settleMany, rows[places[0]].dropLast() + [.ids(ids)])
            settled.formUnion(found.map { $0.integer(0) })
        }
        let counts = try session.runEach(Self.settleOne, alone.map { rows[$0] })
        settled.formUnion(zip(alone, counts).filter { $1 == 1 }.map { outcomes[$0.0].job.id })
        return outcomes.filter { settled.contains($0.job.id) }
    }

    /// What is written of a job that ended; its id comes last.
    private func settlement(of ended: Ended, owner: String, now: Moment) -> [SQLValue] {
        let (job, change) = (ended.job, ended.outcome.change(of: ended.job, now: now))
        return [
            .integer(organization), .text(owner), .text(change.state.rawValue), .integer(job.version),
            SQLValue(change.runAt), SQLValue(change.errorClass), SQLValue(change.error),
            .integer(change.state == .completed ? 0 : Int64(change.attempt)), .integer(change.keepsIntent ? 1 : 0),
            SQLValue(now), .integer(job.claim), .integer(change.state.isOpen ? 1 : 0), .integer(job.id),
        ]
    }

    private static let settleOne = settle + "id = ?13"
    private static let settleMany = settle + "id IN {13} RETURNING id"
    private static let settle = """
        UPDATE job SET state = CASE
                WHEN cancelled_by IS NOT NULL THEN CASE ?3 WHEN 'completed' THEN ?3 ELSE 'cancelled' END
                WHEN version > ?4 AND (?3 = 'completed' OR ?3 = 'held' OR ?3 = 'dead') THEN 'available' ELSE ?3 END,
            is_open = CASE WHEN cancelled_by IS NOT NULL THEN 0
                WHEN version > ?4 AND (?3 = 'completed' OR ?3 = 'held' OR ?3 = 'dead') THEN 1 ELSE ?12 END,
            run_at = ?5, error_class = ?6,
            error = CASE WHEN cancelled_by IS NULL OR ?3 = 'completed' THEN ?7 ELSE cancelled_by END,
            attempt = ?8, intent = CASE WHEN ?9 = 1 THEN intent END, intent_deadline = NULL, lease_owner = NULL,
            lease_until = NULL, updated_at = ?10
        WHERE organization_id = ?1 AND lease_owner = ?2 AND claim = ?11 AND state = 'running' AND
        """ + " "
}
