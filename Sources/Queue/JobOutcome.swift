/// How one run of a job ended.
public enum JobOutcome: Hashable, Sendable {
    case completed
    /// It failed in a way that may pass. `keepsIntent`: whether what was sent may have had its effect.
    case retry(errorClass: String, error: String, at: Moment, keepsIntent: Bool)
    /// Not its time yet: it waits for another, or for a far side that is busy. Does not count as an attempt.
    /// `keepsIntent`: whether an earlier attempt is still unclear.
    case snooze(reason: String, until: Moment, keepsIntent: Bool = false)
    /// Waits for a person or a mapping. `keepsIntent`: whether an earlier attempt is still unclear.
    case held(reason: String, keepsIntent: Bool = false)
    /// A person must look: repeating it would not help. `keepsIntent`: whether an earlier attempt is still unclear.
    case dead(errorClass: String, error: String, keepsIntent: Bool = false)
    /// The hub is stopping. Does not count as an attempt.
    case released(keepsIntent: Bool)

    struct Change {
        var state: JobState
        var runAt: Moment
        var attempt: Int
        var errorClass: String?
        var error: String?
        var keepsIntent = false
    }

    func change(of job: Job, now: Moment) -> Change {
        switch self {
        case .completed: Change(state: .completed, runAt: now, attempt: job.attempt)
        case .retry(let errorClass, let error, let at, let keepsIntent):
            Change(
                state: .retryable, runAt: at, attempt: job.attempt, errorClass: errorClass, error: error,
                keepsIntent: keepsIntent)
        case .snooze(let reason, let until, let keepsIntent):
            Change(
                state: .scheduled, runAt: until, attempt: job.attempt - 1, errorClass: "waiting", error: reason,
                keepsIntent: keepsIntent)
        case .held(let reason, let keepsIntent):
            Change(
                state: .held, runAt: now, attempt: job.attempt, errorClass: "held", error: reason,
                keepsIntent: keepsIntent)
        case .dead(let errorClass, let error, let keepsIntent):
            Change(
                state: .dead, runAt: now, attempt: job.attempt, errorClass: errorClass, error: error,
                keepsIntent: keepsIntent)
        case .released(let keepsIntent):
            Change(state: .available, runAt: now, attempt: job.attempt - 1, keepsIntent: keepsIntent)
        }
    }
}

/// When a job that failed is tried again.
public struct RetrySchedule: Hashable, Sendable {
    /// The wait after the first failure, in seconds.
    public var firstSeconds: Double
    /// The longest wait, in seconds.
    public var longestSeconds: Double
    /// How many repeats are quick; each after them waits the longest time. Nil: as many as the doubling takes.
    public var quickRetries: Int?

    /// A schedule; 2 s at first, at most 15 minutes.
    public init(firstSeconds: Double = 2, longestSeconds: Double = 900, quickRetries: Int? = nil) {
        self.firstSeconds = firstSeconds
        self.longestSeconds = longestSeconds
        self.quickRetries = quickRetries
    }

    /// The time of the next try: the wait doubles with each attempt, and `jitter` (0 to 1) takes up to half of it off,
    /// so that many that failed together do not come back together.
    public func next(afterAttempt attempt: Int, now: Moment, jitter: Double) -> Moment {
        let doublings = Double(max(0, min(attempt - 1, 30)))
        var wait = firstSeconds
        for _ in 0..<Int(doublings) where wait < longestSeconds { wait *= 2 }
        wait = attempt > quickRetries ?? .max ? longestSeconds : min(wait, longestSeconds)
        return now.adding(seconds: wait * (1 - jitter / 2))
    }
}
