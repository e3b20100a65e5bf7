import CoreMetrics
import Store

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
        session.afterCommit {
            for (queue, words) in counts { words.forEach { settled[queue]?[$0]?.increment(by: $1) } }
        }
    }
}

extension JobOutcome {
    static let words = ["completed", "retried", "snoozed", "held", "dead", "released"]

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
