@_exported import Commerce

/// Work of one sort that is due.
public struct DueWork: Hashable, Sendable {
    public let integration: Int64
    public let queue: JobQueue
    /// Nil for the hub's own work.
    public let kind: RecordKind?
    /// That of its most urgent job.
    public let priority: Int
    /// Since when that job is due.
    public let since: Moment

    /// Work of one sort.
    public init(
        integration: Int64, queue: JobQueue, kind: RecordKind?, priority: Int = 100,
        since: Moment = Moment(milliseconds: 0)
    ) {
        self.integration = integration
        self.queue = queue
        self.kind = kind
        self.priority = priority
        self.since = since
    }

    /// That a kind is read from an integration.
    public static func pull(_ integration: Int64, _ kind: RecordKind) -> DueWork {
        DueWork(integration: integration, queue: .pull, kind: kind)
    }

    /// What the work is called where limits and breakers are kept: `fetch product`.
    public var operation: String { Self.operation(queue, kind) }

    static func operation(_ queue: JobQueue, _ kind: RecordKind?) -> String {
        kind.map { "\(queue.rawValue) \($0.rawValue)" } ?? queue.rawValue
    }

    /// How long less urgent work of an integration waits for each step of priority, in seconds.
    static let secondsPerPriority = 1.0

    /// The order in which workers look at work. The integration that was served longest ago comes first, so that none
    /// waits for another's backlog; within one the most urgent work, to which waiting adds.
    static func inTurn(_ works: [DueWork], served: [FarOperation: Moment], now: Moment) -> [DueWork] {
        let never = Moment(milliseconds: .min)
        let last = served.reduce(into: [Int64: Moment]()) { result, turn in
            result[turn.key.integration] = max(result[turn.key.integration] ?? never, turn.value)
        }
        func urgency(_ work: DueWork) -> Double {
            let since = max(work.since, served[FarOperation(work.integration, work.operation)] ?? work.since)
            return Double(work.priority) - max(0, now.seconds(since: since)) / secondsPerPriority
        }
        let keyed = merged(works).map { (work: $0, turn: last[$0.integration] ?? never, urgency: urgency($0)) }
        return keyed.sorted { left, right in
            (left.turn, left.work.integration, left.urgency, left.work.since, left.work.operation)
                < (right.turn, right.work.integration, right.urgency, right.work.since, right.work.operation)
        }.map(\.work)
    }

    /// One entry for each sort: what was always ready and what fell due together.
    private static func merged(_ works: [DueWork]) -> [DueWork] {
        var result: [FarOperation: DueWork] = [:]
        for work in works {
            let key = FarOperation(work.integration, work.operation)
            guard let other = result[key] else {
                result[key] = work
                continue
            }
            result[key] = DueWork(
                integration: work.integration, queue: work.queue, kind: work.kind,
                priority: min(work.priority, other.priority), since: min(work.since, other.since))
        }
        return Array(result.values)
    }
}

/// One sort of call to one integration: what limits, breakers and turns are kept for.
public struct FarOperation: Hashable, Sendable {
    public let integration: Int64
    /// `fetch product`.
    public let operation: String

    /// One sort of call.
    public init(_ integration: Int64, _ operation: String) {
        self.integration = integration
        self.operation = operation
    }
}

/// The sort of some waiting jobs as the table has it, whose words may be a newer Crossdock's.
struct JobSort {
    let integration: Int64
    let queue: String
    let kind: String
    let since: Moment
    let priority: Int
    let isReady: Bool

    /// The sort as work; nil when it holds words this Crossdock does not know.
    var work: DueWork? {
        guard let queue = JobQueue(rawValue: queue), let kind = Self.kind(kind) else { return nil }
        return DueWork(integration: integration, queue: queue, kind: kind, priority: priority, since: since)
    }

    /// The kind of a word: none for no word, nil for a word nobody knows.
    static func kind(_ word: String) -> RecordKind?? {
        word.isEmpty ? .some(nil) : RecordKind(rawValue: word).map(Optional.some)
    }
}
