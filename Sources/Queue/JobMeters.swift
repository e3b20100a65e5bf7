import CoreMetrics
import Store
import Telemetry

/// What the queue counts, each once the step that did it is durable.
enum JobMeters {
    static let enqueued = byQueue { Counter(label: "crossdock_jobs_enqueued_total", dimensions: [("queue", $0)]) }
    static let waits = byQueue { Timer(label: "crossdock_job_wait_seconds", dimensions: [("queue", $0)]) }
    static let settled = byQueue { queue in
        Dictionary(
            uniqueKeysWithValues: JobOutcome.words.map { word in
                (word, Counter(label: "crossdock_jobs_total", dimensions: [("queue", queue), ("outcome", word)]))
            })
    }

    /// What went wrong: the classes of errors are few, and are the hub's own words.
    private struct Failure: Hashable {
        let queue: JobQueue
        let category: String

        var counter: Counter {
            Counter(
                label: "crossdock_job_errors_total", dimensions: [("queue", queue.rawValue), ("category", category)])
        }
    }

    private static func byQueue<Value>(_ value: (String) -> Value) -> [JobQueue: Value] {
        Dictionary(uniqueKeysWithValues: JobQueue.allCases.map { ($0, value($0.rawValue)) })
    }

    /// Jobs that were asked for, taken over by an open one of the same key or not.
    static func count(enqueued jobs: [NewJob], _ session: any StoreSession) {
        let counts = jobs.reduce(into: [JobQueue: Int]()) { $0[$1.queue, default: 0] += 1 }
        session.afterCommit { counts.forEach { enqueued[$0]?.increment(by: $1) } }
    }

    /// Jobs that a worker took, with how long each had been due.
    static func count(claimed jobs: [Job], at now: Moment, _ session: any StoreSession) {
        let late = jobs.map { (queue: $0.queue, seconds: max(0, now.seconds(since: $0.runAt))) }
        session.afterCommit { late.forEach { waits[$0.queue]?.recordNanoseconds(Int64($0.seconds * 1e9)) } }
    }

    /// How runs of jobs ended.
    static func count(settled outcomes: [(job: Job, outcome: JobOutcome)], _ session: any StoreSession) {
        let counts = outcomes.reduce(into: [JobQueue: [String: Int]]()) { counts, settled in
            counts[settled.job.queue, default: [:]][settled.outcome.word, default: 0] += 1
        }
        let failures = outcomes.reduce(into: [Failure: Int]()) { counts, settled in
            guard let category = settled.outcome.errorClass else { return }
            counts[Failure(queue: settled.job.queue, category: category), default: 0] += 1
        }
        let ended = outcomes.count { $0.outcome == .completed } + failures.values.reduce(0, +)
        session.afterCommit {
            for (queue, words) in counts { words.forEach { settled[queue]?[$0]?.increment(by: $1) } }
            for (failure, count) in failures { failure.counter.increment(by: count) }
            Tally.runs.add(Int64(ended))
            Tally.failedRuns.add(Int64(failures.values.reduce(0, +)))
        }
    }
}

extension JobTable {
    /// Has the series of the queue stand there before the first job.
    public static func prepareMeters() {
        _ = (JobMeters.enqueued, JobMeters.waits, JobMeters.settled)
        for queue in JobQueue.allCases where queue.callsOut {
            _ = Counter(
                label: "crossdock_job_errors_total",
                dimensions: [("queue", queue.rawValue), ("category", "unavailable")])
        }
    }
}

extension JobOutcome {
    static let words = ["completed", "retried", "snoozed", "held", "dead", "released"]

    /// What sort of error it ended with; nil where it was none.
    var errorClass: String? {
        switch self {
        case .retry(let errorClass, _, _, _): errorClass
        case .dead(let errorClass, _, _): errorClass
        case .completed, .snooze, .held, .released: nil
        }
    }

    /// One word for how it ended.
    var word: String {
        switch self {
        case .completed: "completed"
        case .retry: "retried"
        case .snooze: "snoozed"
        case .held: "held"
        case .dead: "dead"
        case .released: "released"
        }
    }
}
