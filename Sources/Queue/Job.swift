@_exported import Commerce
import Store

/// Where a job stands. The arrows are in `docs/job-states.md`, and a test walks them.
public enum JobState: String, Hashable, Sendable, CaseIterable {
    /// May be claimed now. Goes to running, scheduled, held, dead, cancelled.
    case available
    /// May be claimed at its time: a first run in the future, or a snooze. Goes to available, running, held, dead,
    /// cancelled.
    case scheduled
    /// On a worker that holds its lease. Goes to completed, retryable, scheduled, held, dead, available, cancelled.
    case running
    /// Failed in a way that may pass; claimed again at its time. Goes to available, running, scheduled, held, dead,
    /// cancelled.
    case retryable
    /// Waits for a person or a mapping. Goes to available, scheduled, cancelled.
    case held
    case completed
    /// A later run of the same key did its work.
    case superseded
    /// Given up; a person can edit, retry or drop it. Goes to available, superseded, cancelled.
    case dead
    case cancelled

    /// The states a job may go to from this one.
    public var next: Set<JobState> {
        switch self {
        case .available: [.running, .scheduled, .held, .dead, .cancelled]
        case .scheduled: [.available, .running, .held, .dead, .cancelled]
        case .running: [.completed, .retryable, .scheduled, .held, .dead, .available, .cancelled]
        case .retryable: [.available, .running, .scheduled, .held, .dead, .cancelled]
        case .held: [.available, .scheduled, .cancelled]
        case .dead: [.available, .superseded, .cancelled]
        case .completed, .superseded, .cancelled: []
        }
    }

    /// Whether a job in this state still stands for its key.
    public var isOpen: Bool { [.available, .scheduled, .running, .retryable, .held].contains(self) }

    /// Whether a job in this state waits to be claimed.
    public var isWaiting: Bool { [.available, .scheduled, .retryable].contains(self) }
}

/// Which work a job asks for.
public enum JobQueue: String, Hashable, Sendable, CaseIterable {
    /// A stored webhook is to be understood.
    case receive
    /// Single records are to be read at the far side.
    case fetch
    /// A record is not yet in step with an integration.
    case deliver
    /// What is new of a kind is to be read from an integration.
    case pull
    /// Work of the hub itself, named by its key: a schedule's, or the last step of a batch.
    case task
    /// A listener is to be told something; its integration is the listener.
    case notify

    /// Whether its work calls a far side, and so keeps to that side's limits.
    public var callsOut: Bool { [.fetch, .deliver, .pull, .notify].contains(self) }
}

/// A job to be put on a queue. Of one key only one is open at a time; a second asking is remembered on the first.
public struct NewJob: Hashable, Sendable {
    public var queue: JobQueue
    /// 0 for the hub itself.
    public var integration: Int64
    /// Nil for the hub's own work.
    public var kind: RecordKind?
    /// What makes two askings the same work: a record's id, a delivery's id.
    public var key: String
    /// 0 to 1000, lower first.
    public var priority: Int
    public var runAt: Moment
    public var payload: JSON
    /// Jobs of one lane of an integration run one after the other, in the order they were asked for, also where their
    /// keys differ. Nil: it waits for no other.
    public var lane: String?
    /// The batch it is counted in.
    public var batch: Int64?
    /// The trace of what asked for it; nil where it began by itself.
    public var trace: String?

    /// A job to be put on a queue; 100 is the normal priority.
    public init(
        _ queue: JobQueue, integration: Int64, kind: RecordKind?, key: String, priority: Int = 100, runAt: Moment,
        payload: JSON = .null, lane: String? = nil, batch: Int64? = nil, trace: String? = nil
    ) {
        self.queue = queue
        self.integration = integration
        self.kind = kind
        self.key = key
        self.priority = priority
        self.runAt = runAt
        self.payload = payload
        self.lane = lane
        self.batch = batch
        self.trace = trace
    }
}

/// A job as the store has it.
public struct Job: Hashable, Sendable {
    public var id: Int64
    public var queue: JobQueue
    /// 0 for the hub itself.
    public var integration: Int64
    /// Nil for the hub's own work.
    public var kind: RecordKind?
    public var key: String
    public var priority: Int
    public var state: JobState
    public var runAt: Moment
    /// How often it was tried.
    public var attempt: Int
    public var payload: JSON
    public var errorClass: String?
    public var error: String?
    /// What an earlier attempt was about to send when it was last heard of; nil when nothing is unclear.
    public var intent: JSON?
    /// How often it was asked for; an asking while it runs makes it run again.
    public var version: Int64
    public var updatedAt: Moment
    /// How often it was claimed: the token of a claim. What an earlier claim sends or settles is refused.
    public var claim: Int64
    public var leaseUntil: Moment?
    public var intentDeadline: Moment?
    public var lane: String?
    /// Whether another job of its lane goes first.
    public var isBlocked: Bool
    /// The trace of what asked for it last; nil where it began by itself.
    public var trace: String?

    /// What its work is called where limits and breakers are kept: `fetch product`.
    public var operation: String { DueWork.operation(queue, kind) }

    /// The sort of work it is.
    var sort: DueWork { DueWork(integration: integration, queue: queue, kind: kind) }
}

extension Job {
    /// The same job once a worker has claimed it.
    func claimed(until lease: Moment, now: Moment) -> Job {
        var job = self
        (job.state, job.leaseUntil, job.updatedAt) = (.running, lease, now)
        (job.attempt, job.claim) = (attempt + 1, claim + 1)
        return job
    }

    static let columns = """
        id, queue, integration_id, kind, key, priority, state, run_at, attempt, payload, error_class, error, intent, \
        version, updated_at, claim, lease_until, intent_deadline, lane, is_blocked, trace
        """

    /// A job from a row of `columns`; nil when the row holds words this Crossdock does not know.
    init?(_ row: Row) {
        guard let queue = JobQueue(rawValue: row.text(1)), let state = JobState(rawValue: row.text(6)),
            let kind = JobSort.kind(row.text(3))
        else { return nil }
        id = row.integer(0)
        self.queue = queue
        integration = row.integer(2)
        self.kind = kind
        key = row.text(4)
        priority = Int(row.integer(5))
        self.state = state
        runAt = row.moment(7) ?? Moment(milliseconds: 0)
        attempt = Int(row.integer(8))
        payload = row.json(9)
        errorClass = row.optionalText(10)
        error = row.optionalText(11)
        intent = row.optionalText(12).flatMap { try? JSON(parsing: $0) }
        version = row.integer(13)
        updatedAt = row.moment(14) ?? Moment(milliseconds: 0)
        claim = row.integer(15)
        leaseUntil = row.moment(16)
        intentDeadline = row.moment(17)
        lane = row.optionalText(18)
        isBlocked = row.integer(19) == 1
        trace = row.optionalText(20)
    }
}
