import Store

/// How work that is due comes to a worker.
extension JobTable {
    /// The sorts of work that are due now and that nothing is known to stand in the way of, in the order in which
    /// workers should look at them: integrations take turns.
    ///
    /// Costs a look into the index for each sort, however many jobs wait.
    ///
    /// - Throws: `StoreFailure`.
    public func due(at now: Moment) throws -> [DueWork] {
        let isDue = { (sort: JobSort) in sort.isReady || sort.since <= now }
        let (found, standing): ([JobSort], Standing)
        if session.prefersSets {
            let (all, told) = try sorts(asking: howAllStands, now: now)
            (found, standing) = (all.filter(isDue), told)
            guard !found.isEmpty else { return [] }
        } else {
            found = try (sorts(.ready) + sorts(.timed)).filter(isDue)
            guard !found.isEmpty else { return [] }
            standing = try session.ask(howAllStands)
        }
        let open = found.compactMap(\.work).filter { standing.lets($0, at: now) }
        return DueWork.inTurn(open, served: standing.served, now: now)
    }

    /// What may stand in the way of any work, and when each was served last.
    private struct Standing {
        let pauses: [Pause]
        let gates: [Int64: Gate]
        let breakers: [FarOperation: Breaker]
        let served: [FarOperation: Moment]

        func lets(_ work: DueWork, at now: Moment) -> Bool {
            if pauses.contains(where: { $0.stops(work.queue, of: work.integration) }) { return false }
            guard work.queue.callsOut else { return true }
            if let until = gates[work.integration]?.closedUntil, until > now { return false }
            switch breakers[FarOperation(work.integration, work.operation)]?.state(at: now) {
            case .open, .probing: return false
            case .closed, .halfOpen, nil: return true
            }
        }
    }

    private var howAllStands: Question<Standing> {
        whatIsPaused.with(howGatesStand).with(howBreakersStand.with(lastServed)).map { first, second in
            Standing(pauses: first.0, gates: first.1, breakers: second.0, served: second.1)
        }
    }

    /// How many jobs of an integration are due now, of all kinds or of some.
    ///
    /// - Throws: `StoreFailure`.
    public func dueCount(_ integration: Int64, kinds: Set<RecordKind>? = nil, now: Moment) throws -> Int {
        Int(
            try session.rows(
                """
                SELECT count(*) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND is_blocked = 0
                    AND (state = 'available' OR state IN ('scheduled', 'retryable') AND run_at <= ?3)
                    AND (?4 = 0 OR kind IN {5})
                """,
                [
                    .integer(organization), .integer(integration), SQLValue(now), .integer(kinds == nil ? 0 : 1),
                    .keys((kinds ?? []).map(\.rawValue)),
                ]
            ).first?.integer(0) ?? 0)
    }

    /// The next moment at which something falls due; nil when nothing waits for a time.
    ///
    /// - Throws: `StoreFailure`.
    public func nextDue() throws -> Moment? {
        try (sorts(.ready) + sorts(.timed)).map(\.since).min()
    }

    /// Claims what a worker may begin now of one sort of work: within the limits of its integration, which are shared
    /// by all workers through the store and are used up by the claim. Empty when something stands in the way.
    ///
    /// `perCall`: how many jobs one call to the far side does. `standing`: why the integration as a whole does not
    /// work.
    ///
    /// - Throws: `StoreFailure`.
    public func take(
        _ work: DueWork, limit: Int, perCall: Int = 1, standing: String? = nil, owner: String, now: Moment
    ) throws -> [Job] {
        try taking(work, limit: limit, perCall: perCall, standing: standing, owner: owner, now: now).jobs
    }

    /// The same, and whether there are limits that calls of that work use up.
    ///
    /// - Throws: `StoreFailure`.
    public func taking(
        _ work: DueWork, limit: Int, perCall: Int = 1, standing: String? = nil, owner: String, now: Moment
    ) throws -> (jobs: [Job], isLimited: Bool) {
        // What calls out shares limits, and of the rest only a task is work of its own.
        guard session.hasTurn || work.queue == .task else { throw NeedsTurn() }
        // Where many workers are woken for few tasks, one takes them and the others, who look with it, need not.
        let (line, puts) = (line(of: work, isTimed: false), session.lowMarks?.putCount)
        if let puts, session.emptied[line] == puts { return ([], false) }
        // On a server the jobs are looked for in the same trip as what may stand in their way.
        let (obstacles, found) = try session.ask(
            obstacles(to: work).with(
                session.prefersSets ? first(of: work, limit: limit, now: now).map { $0 } : Question(known: nil)))
        var admission = try complete(obstacles)
        admission.standing = standing
        guard case .jobs(let count, let isProbe) = admission.grant(limit, perCall: perCall, now: now), count > 0 else {
            return ([], false)
        }
        let foreseen = count == limit ? found : nil
        let jobs = try claim(
            foreseen ?? session.ask(first(of: work, limit: count, now: now)), owner: owner, now: now)
        if let foreseen, foreseen.count < limit, work.queue == .task { session.emptied[line] = puts }
        guard !jobs.isEmpty else { return ([], false) }
        let calls = (jobs.count + max(1, perCall) - 1) / max(1, perCall)
        for allowance in admission.allowances where allowance.form != .together {
            try save(allowance.taking(calls, now: now), of: work.integration)
        }
        if isProbe { try save(admission.breaker.probing(now: now), of: FarOperation(work.integration, work.operation)) }
        try serve(work, now: now)
        return (jobs, admission.allowances.contains { $0.form != .together })
    }

    /// Begins one call for which there is no job, within the same limits. Nil once it is begun, or what stands in the
    /// way. `goesOn`: it is not the first call of that work.
    ///
    /// - Throws: `StoreFailure`.
    public func begin(_ work: DueWork, goesOn: Bool = false, now: Moment) throws -> WaitReason? {
        let found = try admission(to: work)
        let admission = goesOn ? found.goingOn : found
        let isProbe: Bool
        switch admission.grant(1, now: now) {
        case .wait(let reason): return reason
        case .jobs(_, let probes): isProbe = probes
        }
        for allowance in admission.allowances where allowance.form != .together {
            try save(allowance.taking(1, now: now), of: work.integration)
        }
        if isProbe { try save(admission.breaker.probing(now: now), of: FarOperation(work.integration, work.operation)) }
        return nil
    }

    /// From how many jobs on they are claimed as a set in a file: SQLite makes a table in memory for it first.
    private static let claimsTogether = 16
    private static let claimOne = claim + "id = ?5"
    private static let claimMany = claim + "id IN {5}"
    private static let claim = """
        UPDATE job SET state = 'running', lease_owner = ?2, lease_until = ?3, attempt = attempt + 1, claim = claim + 1,
            updated_at = ?4 WHERE organization_id = ?1 AND
        """ + " "

    /// Claims due jobs for a worker, whatever stands in their way: they are running, under its lease.
    ///
    /// A job whose payload cannot be read is given up with the reason, and holds up no other.
    ///
    /// - Throws: `StoreFailure`.
    public func claim(_ work: DueWork, limit: Int, owner: String, now: Moment) throws -> [Job] {
        try claim(session.ask(first(of: work, limit: limit, now: now)), owner: owner, now: now)
    }

    /// A job as it is found, with its payload as it is stored.
    typealias Found = (job: Job, payload: String)

    private func claim(_ found: [Found], owner: String, now: Moment) throws -> [Job] {
        let until = now.adding(seconds: Self.leaseSeconds)
        JobMeters.count(claimed: found.map(\.job), at: now, session)
        noteClaimed(found.map(\.job))
        let head: [SQLValue] = [.integer(organization), .text(owner), SQLValue(until), SQLValue(now)]
        if found.count < (session.prefersSets ? 2 : Self.claimsTogether) {
            for (job, _) in found { try session.tell(Self.claimOne, head + [.integer(job.id)]) }
        } else {
            let ids = found.map(\.job.id).sorted()
            try session.tell(Self.claimMany, head + [.ids(session.prefersSets ? Self.padded(ids) : ids)])
        }
        var jobs: [Job] = []
        for (job, payload) in found {
            let job = try opened(job.claimed(until: until, now: now))
            if let refusal = PayloadRule(job.queue).refusal(of: payload, read: job.payload) {
                try settle(
                    [(job, .dead(errorClass: refusal.errorClass, error: refusal.description))],
                    owner: owner, now: now)
            } else {
                jobs.append(job)
            }
        }
        return jobs
    }

    /// The first jobs that may begin.
    private func first(of work: DueWork, limit: Int, now: Moment) -> Question<[Found]> {
        waitingReady(of: work, limit: limit, now: now).with(waitingTimed(of: work, limit: limit, now: now)).map {
            ready, timed in
            guard !timed.isEmpty else { return ready }
            return Array(
                (ready + timed).sorted {
                    ($0.job.priority, $0.job.runAt, $0.job.id) < ($1.job.priority, $1.job.runAt, $1.job.id)
                }.prefix(max(0, limit)))
        }
    }

    /// All that may stand between that work and its far side.
    ///
    /// - Throws: `StoreFailure`.
    public func admission(to work: DueWork) throws -> Admission { try complete(session.ask(obstacles(to: work))) }

    private func obstacles(to work: DueWork) -> Question<Admission> {
        let empty = Admission(queue: work.queue, integration: work.integration, operation: work.operation)
        let always = whatIsPaused.with(runningJob(like: work)).map { pauses, running in
            var admission = empty
            (admission.pauses, admission.running) = (pauses, running)
            return admission
        }
        guard work.queue.callsOut else { return always }
        let far = howGateStands(of: work.integration)
            .with(howBreakerStands(of: FarOperation(work.integration, work.operation)))
        return always.with(far).with(whatIsAllowed(of: work.integration)).map { found, allowances in
            var admission = found.0
            (admission.gate, admission.breaker) = found.1
            admission.allowances = allowances.filter { $0.operation == "*" || $0.operation == work.operation }
            return admission
        }
    }

    private func complete(_ found: Admission) throws -> Admission {
        var admission = found
        if admission.allowances.contains(where: { $0.form == .together }) {
            admission.underWay = try callsUnderWay(admission.integration)
        }
        return admission
    }

    /// A running job of the same sort: batches to one far side are written one after the other, so that two creates of
    /// one key never run side by side.
    private func runningJob(like work: DueWork) -> Question<Int64?> {
        // Every task of the hub is work of its own.
        guard work.queue != .task else { return Question(known: nil) }
        return Question(
            Self.runningStatement,
            [
                .integer(organization), .integer(work.integration), .text(work.queue.rawValue),
                .text(work.kind?.rawValue ?? ""),
            ]
        ) { $0.first?.integer(0) }
    }

    static let runningStatement = """
        SELECT id FROM job WHERE organization_id = ?1 AND state = 'running' AND integration_id = ?2 AND queue = ?3
            AND kind = ?4 LIMIT 1
        """

    /// A claim is one call; claims of one sort run one after the other.
    private func callsUnderWay(_ integration: Int64) throws -> Int {
        Int(
            try session.rows(
                """
                SELECT count(DISTINCT queue || ' ' || kind) FROM job WHERE organization_id = ?1 AND state = 'running'
                    AND integration_id = ?2 AND queue IN {3}
                """,
                [
                    .integer(organization), .integer(integration),
                    .keys(JobQueue.allCases.filter(\.callsOut).map(\.rawValue)),
                ]
            ).first?.integer(0) ?? 0)
    }

    // MARK: Turns

    private var lastServed: Question<[FarOperation: Moment]> {
        Question(
            "SELECT integration_id, operation, served_at FROM turn WHERE organization_id = ?1",
            [.integer(organization)]
        ) { rows in
            Dictionary(
                rows.map { (FarOperation($0.integer(0), $0.text(1)), $0.moment(2) ?? Moment(milliseconds: 0)) },
                uniquingKeysWith: max)
        }
    }

    private func serve(_ work: DueWork, now: Moment) throws {
        let name = "\(work.integration) \(work.operation)"
        if let marks = session.lowMarks, !marks.isTimeToServe(name, of: organization, now: now) { return }
        try session.save(
            [[.integer(organization), .integer(work.integration), .text(work.operation), SQLValue(now)]],
            as: session.lowMarks == nil ? Self.turnRow : Self.turnRowNowAndThen)
    }

    private static let turnRow = Upsert(
        "turn", key: ["organization_id", "integration_id", "operation"], updating: ["served_at"])
    /// On a server each change leaves the row as it was behind, and while a transaction is held open all of them are
    /// walked over: so it is written ten times a second at most, where looks do not begin at the first row either.
    private static let turnRowNowAndThen = Upsert(
        "turn", ["organization_id", "integration_id", "operation", "served_at"],
        key: ["organization_id", "integration_id", "operation"],
        onConflict: """
            ON CONFLICT (organization_id, integration_id, operation) DO UPDATE SET served_at = excluded.served_at
            WHERE turn.served_at <= excluded.served_at - 100 OR turn.served_at > excluded.served_at
            """)
}
