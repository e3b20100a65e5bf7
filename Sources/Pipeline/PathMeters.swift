import ConnectorKit
import CoreMetrics
import Ledger
import Telemetry

/// Counts and times of what goes on between the hub and one connector's far sides. Labels are the names of connectors
/// and words of the hub's own.
struct CallMeters: Sendable {
    private let connector: String
    private let times: Timer
    private let counts: [String: Counter]

    private static let outcomes = [
        "ok", "redirected", "unauthorized", "throttled", "refused", "unavailable", "not_sent", "no_answer", "too_large",
        "cancelled",
    ]

    init(_ connector: String) {
        self.connector = connector
        times = Timer(label: "crossdock_call_seconds", dimensions: [("connector", connector)])
        counts = Dictionary(
            uniqueKeysWithValues: Self.outcomes.map { word in
                (
                    word,
                    Counter(label: "crossdock_calls_total", dimensions: [("connector", connector), ("outcome", word)])
                )
            })
    }

    /// One call, and what came of it.
    func count(_ outcome: Result<HTTPResponse, TransportFailure>, took duration: Duration) {
        counts[Self.word(outcome)]?.increment()
        times.recordNanoseconds(duration.wholeNanoseconds)
        Tally.farAnswers.add()
        Tally.farMilliseconds.add(duration.wholeNanoseconds / 1_000_000)
    }

    static func word(_ outcome: Result<HTTPResponse, TransportFailure>) -> String {
        switch outcome {
        case .success(let response):
            switch response.status {
            case 200..<300: "ok"
            case 300..<400: "redirected"
            case 401, 403: "unauthorized"
            case 429: "throttled"
            case 400..<500: "refused"
            default: "unavailable"
            }
        case .failure(.notSent): "not_sent"
        case .failure(.noAnswer): "no_answer"
        case .failure(.tooLarge): "too_large"
        case .failure(.cancelled): "cancelled"
        }
    }
}

/// Counts and times of readings: one kind of one far side, from the first page to the last.
enum SyncMeters {
    /// How a reading ended.
    enum Outcome: String {
        case completed
        case failed
        /// The far side asked to wait, or somebody stopped it.
        case deferred
    }

    /// Has the series of a connector stand there with nothing in them: who watches sees the first failure, too, and not
    /// only that a series began with one.
    static func prepare(_ connector: String) {
        for outcome in [Outcome.completed, .failed, .deferred] {
            _ = Counter(
                label: "crossdock_sync_runs_total",
                dimensions: [("connector", connector), ("outcome", outcome.rawValue)])
        }
        _ = Timer(label: "crossdock_sync_seconds", dimensions: [("connector", connector)])
        for word in ["created", "updated", "unchanged", "rejected", "conflict", "deleted"] {
            _ = Counter(
                label: "crossdock_sync_records_total", dimensions: [("connector", connector), ("outcome", word)])
        }
        _ = CallMeters(connector)
    }

    static func count(_ outcome: Outcome, _ counts: RunCounts, of connector: String, took duration: Duration) {
        let label = [("connector", connector)]
        Counter(label: "crossdock_sync_runs_total", dimensions: label + [("outcome", outcome.rawValue)]).increment()
        if outcome != .deferred {
            Timer(label: "crossdock_sync_seconds", dimensions: label).recordNanoseconds(duration.wholeNanoseconds)
            Tally.readings.add()
        }
        if outcome == .failed { Tally.failedReadings.add() }
        for (word, count) in [
            ("created", counts.created), ("updated", counts.updated), ("unchanged", counts.unchanged),
            ("rejected", counts.rejected), ("conflict", counts.conflicts), ("deleted", counts.deleted),
        ] where count > 0 {
            Counter(label: "crossdock_sync_records_total", dimensions: label + [("outcome", word)])
                .increment(by: count)
        }
    }

    static func outcome(of error: any Error) -> Outcome {
        switch error {
        case PullFailure.stopped, PullFailure.connector(.throttled), PullFailure.connector(.busy),
            PullFailure.connector(.cancelled), is CancellationError:
            .deferred
        default: .failed
        }
    }
}

/// Times of work on the queue.
enum WorkMeters {
    /// How long runs of a queue's work took, from the claim to the end.
    static func timer(_ queue: String) -> Timer {
        Timer(label: "crossdock_job_run_seconds", dimensions: [("queue", queue)])
    }

    /// How long a vendor's call waited until it was understood.
    static let webhookDelay = Timer(label: "crossdock_webhook_delay_seconds")
}

extension Duration {
    /// In nanoseconds, as far as they can be told.
    var wholeNanoseconds: Int64 {
        let (seconds, rest) = components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return whole.overflow ? .max : whole.partialValue.addingReportingOverflow(rest / 1_000_000_000).partialValue
    }
}
