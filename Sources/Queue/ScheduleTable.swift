import Store

/// The schedules of one organization, seen from inside a step.
public struct ScheduleTable {
    let session: any StoreSession
    let organization: Int64

    /// The most schedules one tick advances.
    public static let tickLimit = 200

    private static let columns =
        "integration_id, subject, cron, zone, every_seconds, after_downtime, last_at, next_at, problem"

    /// The schedules of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// Remembers a schedule, in the place of an earlier one of the same subject.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ schedule: Schedule) throws {
        var (cron, zone, seconds): (String?, String?, Int64?) = (nil, nil, nil)
        switch schedule.cadence {
        case .every(let interval): seconds = Int64(interval)
        case .cron(let line, let name): (cron, zone) = (line.description, name)
        }
        let columns = ["organization_id"] + Self.columns.split(separator: ", ").map(String.init)
        try session.save(
            [
                [
                    .integer(organization), .integer(schedule.subject.integration), .text(schedule.subject.word),
                    SQLValue(cron), SQLValue(zone), SQLValue(seconds), .text(schedule.afterDowntime.rawValue),
                    SQLValue(schedule.lastAt), SQLValue(schedule.nextAt), SQLValue(schedule.problem),
                ]
            ],
            as: Upsert("schedule", columns, key: Array(columns.prefix(3)), updates: Array(columns.dropFirst(3))))
    }

    /// Forgets a schedule. False when there was none.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(_ subject: ScheduleSubject) throws -> Bool {
        try session.run(
            "DELETE FROM schedule WHERE organization_id = ?1 AND integration_id = ?2 AND subject = ?3",
            [.integer(organization), .integer(subject.integration), .text(subject.word)]) == 1
    }

    /// Forgets the schedules of an integration that have that cadence.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(of integration: Int64, cadence: Cadence) throws {
        for schedule in try all() where schedule.subject.integration == integration && schedule.cadence == cadence {
            _ = try remove(schedule.subject)
        }
    }

    /// All schedules, those of the hub itself first.
    ///
    /// - Throws: `StoreFailure`.
    public func all() throws -> [Schedule] {
        try session.rows(
            """
            SELECT \(Self.columns) FROM schedule WHERE organization_id = ?1 ORDER BY integration_id, subject
            """, [.integer(organization)]
        ).compactMap { try? Self.schedule($0).get() }
    }

    /// The kinds that are read by a schedule of their own.
    ///
    /// - Throws: `StoreFailure`.
    public func readings() throws -> Set<ScheduleSubject> {
        Set(
            try all().map(\.subject).filter { if case .pull = $0 { true } else { false } })
    }

    /// Why schedules do not fire, by their subject's word; those that do are not in it.
    ///
    /// - Throws: `StoreFailure`.
    public func problems() throws -> [String: String] {
        let rows = try session.rows(
            "SELECT subject, problem FROM schedule WHERE organization_id = ?1 AND problem IS NOT NULL",
            [.integer(organization)])
        return Dictionary(rows.map { ($0.text(0), $0.text(1)) }, uniquingKeysWith: { first, _ in first })
    }

    /// When the next schedule is due; nil when none is.
    ///
    /// - Throws: `StoreFailure`.
    public func nextDue() throws -> Moment? {
        try session.rows(
            "SELECT min(next_at) FROM schedule WHERE organization_id = ?1", [.integer(organization)]
        ).first?.moment(0)
    }

    /// Puts on the queue what is due, and advances each schedule in the same transaction: however many processes tick,
    /// however often one dies, each time is put on the queue once. Answers what was put there.
    ///
    /// A schedule that cannot be read any more is stopped with its problem written down; the others go on.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func tick(ids: inout IDBlock, now: Moment) throws -> [Schedule.Fire] {
        let rows = try session.rows(
            """
            SELECT \(Self.columns) FROM schedule WHERE organization_id = ?1 AND next_at <= ?2
            ORDER BY next_at, integration_id, subject LIMIT ?3
            """, [.integer(organization), SQLValue(now), .integer(Int64(Self.tickLimit))])
        var fires: [Schedule.Fire] = []
        for row in rows {
            switch Self.schedule(row) {
            case .failure(let refusal): try stop(row, refusal.description)
            case .success(let schedule):
                guard let tick = schedule.tick(at: now), try advance(schedule, to: tick.schedule) else { continue }
                if let fire = tick.fire { fires.append(fire) }
            }
        }
        try JobTable(session, organization: organization).add(fires.map { $0.job(now: now) }, ids: &ids, now: now)
        return fires
    }

    /// False when another process was first.
    private func advance(_ old: Schedule, to new: Schedule) throws -> Bool {
        try session.run(
            """
            UPDATE schedule SET last_at = ?4, next_at = ?5, problem = ?6 WHERE organization_id = ?1
                AND integration_id = ?2 AND subject = ?3 AND next_at = ?7
            """,
            [
                .integer(organization), .integer(old.subject.integration), .text(old.subject.word),
                SQLValue(new.lastAt), SQLValue(new.nextAt), SQLValue(new.problem), SQLValue(old.nextAt),
            ]) == 1
    }

    private func stop(_ row: Row, _ problem: String) throws {
        try session.run(
            """
            UPDATE schedule SET next_at = NULL, problem = ?4 WHERE organization_id = ?1 AND integration_id = ?2
                AND subject = ?3
            """, [.integer(organization), .integer(row.integer(0)), .text(row.text(1)), .text(problem)])
    }

    private static func schedule(_ row: Row) -> Result<Schedule, ScheduleRefusal> {
        Result { () throws(ScheduleRefusal) -> Schedule in
            guard let subject = ScheduleSubject(integration: row.integer(0), word: row.text(1)),
                let afterDowntime = AfterDowntime(rawValue: row.text(5))
            else { throw ScheduleRefusal("\"\(row.text(1))\" is a schedule this Crossdock does not know") }
            let cadence: Cadence =
                if let line = row.optionalText(2) {
                    try Cadence(cron: line, zone: row.text(3))
                } else {
                    try Cadence(seconds: Int(row.integer(4)))
                }
            return Schedule(
                subject: subject, cadence: cadence, afterDowntime: afterDowntime, lastAt: row.moment(6),
                nextAt: row.moment(7), problem: row.optionalText(8))
        }
    }
}

extension Schedule.Fire {
    /// The job that does it. Of one subject only one is open at a time.
    func job(now: Moment) -> NewJob {
        let payload: JSON = ["count": .integer(count), "dueAt": .integer(dueAt.milliseconds)]
        switch subject {
        case .pull(let integration, let kind):
            return NewJob(
                .pull, integration: integration, kind: kind, key: "all", priority: 150, runAt: now, payload: payload)
        case .task(let name):
            return NewJob(.task, integration: 0, kind: nil, key: name, priority: 150, runAt: now, payload: payload)
        }
    }
}
