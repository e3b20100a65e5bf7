import Store

/// Looks for the first jobs of a sort.
extension JobTable {
    static let readyStatement = """
        SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
            AND state = 'available' AND is_blocked = 0 ORDER BY priority, run_at, id LIMIT ?5
        """
    static let timedStatement = """
        SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
            AND state IN ('scheduled', 'retryable') AND is_blocked = 0 AND run_at <= ?6 ORDER BY run_at, id LIMIT ?5
        """
    /// As `readyStatement` and `timedStatement`, in a part of what waits: of one priority from a time on, or between
    /// two priorities. A server ends such a look where it should, but not one that compares both at once.
    static let readyPartStatement = """
        SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
            AND state = 'available' AND is_blocked = 0 AND priority = ?6 AND run_at >= ?7
        ORDER BY priority, run_at, id LIMIT ?5
        """
    static let readyBetweenStatement = """
        SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
            AND state = 'available' AND is_blocked = 0 AND priority > ?6 AND priority < ?7
        ORDER BY priority, run_at, id LIMIT ?5
        """
    static let timedPartStatement = """
        SELECT \(Job.columns) FROM job WHERE organization_id = ?1 AND integration_id = ?2 AND queue = ?3 AND kind = ?4
            AND state IN ('scheduled', 'retryable') AND is_blocked = 0 AND run_at >= ?7 AND run_at <= ?6
        ORDER BY run_at, id LIMIT ?5
        """
    /// Claims of tasks do without the turn of their organization, so each leaves alone what another is about to take.
    static let lock = " FOR UPDATE SKIP LOCKED"

    /// The first jobs that may begin at once.
    func waitingReady(of work: DueWork, limit: Int, now: Moment) -> Question<[Found]> {
        let (sort, lock) = (values(of: work, limit), lock(for: work))
        let plain = Question(Self.readyStatement + lock, sort, read: found)
        guard let marks = session.lowMarks else { return plain }
        let line = line(of: work, isTimed: false)
        let look = marks.look(at: line, now: now)
        let parts = look.spans.map { span in
            switch span {
            case .from(let place):
                let bounds: [SQLValue] = [.integer(place.priority), .integer(place.runAt)]
                return Question(Self.readyPartStatement + lock, sort + bounds, read: found)
            case .between(let low, let high):
                return Question(Self.readyBetweenStatement + lock, sort + [.integer(low), .integer(high)], read: found)
            }
        }
        return Question(all: look.isWhole ? [plain] : parts).map { lists in
            let found = Array(lists.joined().prefix(max(0, limit)))
            let beside = zip(look.spans, lists).filter { !$0.0.isMarked }.map(\.1)
            marks.saw(
                found.map { Self.place(of: $0.job, isTimed: false) }, isCut: found.count >= limit,
                hasNoneBeside: !look.isWhole && !beside.isEmpty && beside.allSatisfy(\.isEmpty), of: line, by: look)
            return found
        }
    }

    /// The first jobs whose time has come.
    func waitingTimed(of work: DueWork, limit: Int, now: Moment) -> Question<[Found]> {
        let (sort, lock) = (values(of: work, limit) + [SQLValue(now)], lock(for: work))
        let plain = Question(Self.timedStatement + lock, sort, read: found)
        guard let marks = session.lowMarks else { return plain }
        let line = line(of: work, isTimed: true)
        guard !marks.isKnownEmpty(line, now: now) else { return Question(known: []) }
        let look = marks.look(at: line, now: now)
        // This index knows no priorities: the one mark there is stands for all.
        let from = look.spans.lazy.compactMap { if case .from(let place) = $0 { place.runAt } else { nil } }.first
        let part = from.map { Question(Self.timedPartStatement + lock, sort + [.integer($0)], read: found) }
        return (part ?? plain).map { found in
            marks.saw(
                found.map { Self.place(of: $0.job, isTimed: true) }, isCut: found.count >= limit, of: line, by: look)
            return found
        }
    }

    private func values(of work: DueWork, _ limit: Int) -> [SQLValue] {
        [
            .integer(organization), .integer(work.integration), .text(work.queue.rawValue),
            .text(work.kind?.rawValue ?? ""), .integer(Int64(limit)),
        ]
    }

    private func lock(for work: DueWork) -> String { session.prefersSets && work.queue == .task ? Self.lock : "" }

    private func found(_ rows: [Row]) -> [Found] {
        rows.compactMap { row in Job(row).map { (job: $0, payload: row.text(9)) } }
    }

    // MARK: Where they begin

    /// Remembers that jobs are claimed, and where what was seen of their sort began.
    func noteClaimed(_ jobs: [Job]) {
        guard let marks = session.lowMarks else { return }
        for (work, jobs) in Dictionary(grouping: jobs, by: \.sort) {
            for isTimed in [false, true] { marks.claimed(jobs.count, of: line(of: work, isTimed: isTimed)) }
        }
    }

    /// Jobs were put on the queue: a look must not begin behind them.
    func notePut(_ jobs: [NewJob], now: Moment) {
        guard session.lowMarks != nil else { return }
        var places: [LowMarks.Line: Set<LowMarks.Place>] = [:]
        for job in jobs {
            let (work, isTimed) = (
                DueWork(integration: job.integration, queue: job.queue, kind: job.kind), job.runAt > now
            )
            places[line(of: work, isTimed: isTimed), default: []].insert(
                LowMarks.Place(priority: isTimed ? 0 : Int64(job.priority), runAt: job.runAt.milliseconds))
        }
        notePut(places)
    }

    /// Jobs that ran wait again, or may.
    func notePut(_ ended: [Ended], now: Moment) {
        guard session.lowMarks != nil else { return }
        var places: [LowMarks.Line: Set<LowMarks.Place>] = [:]
        for (job, outcome) in ended {
            let change = outcome.change(of: job, now: now)
            guard change.state == .available || change.state == .retryable || change.state == .scheduled else {
                continue
            }
            let isTimed = change.state != .available
            places[line(of: job.sort, isTimed: isTimed), default: []].insert(
                LowMarks.Place(priority: isTimed ? 0 : Int64(job.priority), runAt: change.runAt.milliseconds))
        }
        if !places.isEmpty { notePut(places) }
    }

    /// A look must not begin behind these places. Said again once what is there can be seen.
    private func notePut(_ places: [LowMarks.Line: Set<LowMarks.Place>]) {
        guard let marks = session.lowMarks else { return }
        let note: @Sendable () -> Void = { places.forEach { marks.put($1, in: $0) } }
        note()
        session.afterCommit(note)
    }

    /// Jobs of an integration come back to where they stood, and nobody here knows where that is.
    func forgetMarks(of integration: Int64) {
        guard let marks = session.lowMarks else { return }
        let organization = organization
        let note: @Sendable () -> Void = { marks.forget(organization, integration) }
        note()
        session.afterCommit(note)
    }

    static func place(of job: Job, isTimed: Bool) -> LowMarks.Place {
        LowMarks.Place(priority: isTimed ? 0 : Int64(job.priority), runAt: job.runAt.milliseconds)
    }

    func line(of work: DueWork, isTimed: Bool) -> LowMarks.Line {
        LowMarks.Line(
            organization: organization, integration: work.integration, queue: work.queue.rawValue,
            kind: work.kind?.rawValue ?? "", isTimed: isTimed)
    }
}
