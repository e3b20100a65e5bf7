import Store

/// How jobs that ended are written.
extension JobTable {
    typealias Ended = (job: Job, outcome: JobOutcome)

    /// Writes how jobs ended, and asks what is to be known after that. Answers those whose claims still held.
    func settleRows<Value>(
        _ outcomes: [Ended], owner: String, asking after: Question<Value>, now: Moment
    ) throws -> ([Ended], Value) {
        let rows = outcomes.map { settlement(of: $0, owner: owner, now: now) }
        guard session.prefersSets else {
            let counts = try session.runEach(Self.settleOne, rows)
            return (zip(outcomes, counts).filter { $1 == 1 }.map(\.0), try session.ask(after))
        }
        // Those that are alike but for their ids go as one set, in the order of their first.
        let alike = Dictionary(grouping: rows.indices) { rows[$0].dropLast() }.values.sorted { $0[0] < $1[0] }
        let sets = alike.map { places in
            let ids = places.map { outcomes[$0].job.id }.sorted()
            return Question(Self.settleMany, rows[places[0]].dropLast() + [.ids(Self.padded(ids))]) {
                $0.map { $0.integer(0) }
            }
        }
        let (found, value) = try session.ask(Question(all: sets).with(after))
        let settled = Set(found.joined())
        return (outcomes.filter { settled.contains($0.job.id) }, value)
    }

    /// What is written of a job that ended; its id comes last.
    private func settlement(of ended: Ended, owner: String, now: Moment) -> [SQLValue] {
        let (job, change) = (ended.job, ended.outcome.change(of: ended.job, now: now))
        return [
            .integer(organization), .text(owner), .text(change.state.rawValue), .integer(job.version),
            SQLValue(change.runAt), SQLValue(change.errorClass), SQLValue(change.error.map(session.told)),
            .integer(change.state == .completed ? 0 : Int64(change.attempt)), .integer(change.keepsIntent ? 1 : 0),
            SQLValue(now), .integer(job.claim), .integer(change.state.isOpen ? 1 : 0), .integer(job.id),
        ]
    }

    /// The same ids, the last one repeated, so that they are ten at least. A server takes a list it does not know yet
    /// for ten long, and keeps the plan it made for that where lists are no shorter; for shorter ones it makes a plan
    /// each time.
    static func padded(_ ids: [Int64]) -> [Int64] {
        guard let last = ids.last else { return ids }
        return ids + Array(repeating: last, count: max(0, 10 - ids.count))
    }

    /// That a job is running, said so that it is looked for by its id all the same. A server that finds few jobs
    /// running would rather walk the index of those: while somebody holds a transaction open, that is of all that ran.
    static let isRunning = "CASE state WHEN 'running' THEN 1 END = 1"

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
        WHERE organization_id = ?1 AND lease_owner = ?2 AND claim = ?11 AND \(isRunning) AND
        """ + " "
}
