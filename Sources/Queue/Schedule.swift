@_exported import Commerce

/// What a schedule puts on the queue.
public enum ScheduleSubject: Hashable, Sendable, CustomStringConvertible {
    /// A kind of records is read from an integration.
    case pull(integration: Int64, kind: RecordKind)
    /// A task of the hub itself, by its name.
    case task(String)

    /// The subject in words.
    public var description: String {
        switch self {
        case .pull(let integration, let kind): "pull \(kind.rawValue) of \(integration)"
        case .task(let name): name
        }
    }

    /// 0 for the hub itself.
    var integration: Int64 { if case .pull(let integration, _) = self { integration } else { 0 } }
    var word: String {
        switch self {
        case .pull(_, let kind): kind.rawValue
        case .task(let name): name
        }
    }

    /// A subject from its columns; nil for a kind this Crossdock does not know.
    init?(integration: Int64, word: String) {
        if integration == 0 {
            self = .task(word)
        } else if let kind = RecordKind(rawValue: word) {
            self = .pull(integration: integration, kind: kind)
        } else {
            return nil
        }
    }
}

/// What becomes of the times that passed while the hub was down.
public enum AfterDowntime: String, Hashable, Sendable, CaseIterable {
    /// They are left out; the next regular time counts.
    case skip
    /// One run makes up for all of them.
    case catchUp
}

/// One thing that is done again and again.
public struct Schedule: Hashable, Sendable {
    public var subject: ScheduleSubject
    public var cadence: Cadence
    public var afterDowntime: AfterDowntime
    /// When it was last put on the queue; nil when it never was.
    public var lastAt: Moment?
    /// When it is due; nil when it cannot be, see `problem`.
    public var nextAt: Moment?
    /// Why it does not fire; nil when it does.
    public var problem: String?

    /// How late a time may be noticed and still count as kept, in seconds.
    public static let toleranceSeconds = 30.0

    /// A schedule that counts from now.
    ///
    /// - Throws: `ScheduleRefusal` when it would never fire, or a task's name is no short word.
    public init(
        _ subject: ScheduleSubject, _ cadence: Cadence, afterDowntime: AfterDowntime = .skip, now: Moment
    ) throws(ScheduleRefusal) {
        if case .task(let name) = subject, !(1...60).contains(name.utf8.count) {
            throw ScheduleRefusal("the name of a task has 1 to 60 bytes")
        }
        self.subject = subject
        self.cadence = cadence
        self.afterDowntime = afterDowntime
        nextAt = try cadence.next(after: now, since: nil)
    }

    init(
        subject: ScheduleSubject, cadence: Cadence, afterDowntime: AfterDowntime, lastAt: Moment?, nextAt: Moment?,
        problem: String?
    ) {
        self.subject = subject
        self.cadence = cadence
        self.afterDowntime = afterDowntime
        self.lastAt = lastAt
        self.nextAt = nextAt
        self.problem = problem
    }

    /// What a look at the clock finds.
    public struct Tick: Hashable, Sendable {
        /// The schedule as it stands afterwards.
        public var schedule: Schedule
        /// What is put on the queue; nil when every time that passed is left out.
        public var fire: Fire?
    }

    /// One firing of a schedule.
    public struct Fire: Hashable, Sendable {
        public var subject: ScheduleSubject
        /// The time it was due, which may lie before now.
        public var dueAt: Moment
        /// How many times it stands for: more than one after a downtime that is caught up.
        public var count: Int
    }

    /// The schedule after a look at the clock, and what it puts on the queue; nil when it is not due.
    ///
    /// A schedule that cannot go on says so in its `problem` and fires no more.
    public func tick(at now: Moment) -> Tick? {
        guard let due = nextAt, due <= now else { return nil }
        var after = self
        do throws(ScheduleRefusal) {
            let missed = try cadence.count(after: due, through: now)
            let isLate = now.seconds(since: due) > Self.toleranceSeconds
            after.nextAt = try cadence.next(after: now, since: due)
            // Of the times that passed, the last may still be kept in time although earlier ones were missed.
            let last = missed == 0 ? due : try lastTime(notAfter: now, from: due, missed: missed)
            let isKept = !isLate || now.seconds(since: last) <= Self.toleranceSeconds
            guard isKept || afterDowntime == .catchUp else { return Tick(schedule: after, fire: nil) }
            after.lastAt = now
            let count = afterDowntime == .catchUp ? missed + 1 : 1
            return Tick(
                schedule: after, fire: Fire(subject: subject, dueAt: isKept ? last : due, count: count))
        } catch {
            after.nextAt = nil
            after.problem = error.description
            return Tick(schedule: after, fire: nil)
        }
    }

    private func lastTime(notAfter now: Moment, from due: Moment, missed: Int) throws(ScheduleRefusal) -> Moment {
        // Only what lies within the tolerance matters: the first time in it stands for the last.
        let recent = now.adding(seconds: -Self.toleranceSeconds)
        guard recent > due else { return due }
        let next = try cadence.next(after: recent.adding(seconds: -0.001), since: due)
        return next <= now ? next : due
    }
}
