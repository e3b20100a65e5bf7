import CoreMetrics
import Pipeline
import Telemetry
import Wire

/// Counts and times of what the hub answers. Labels: through which door it came, and the sort of status; never an
/// address, of which strangers could make up as many as they like.
enum RequestMeters {
    /// Through which door a request came.
    enum Door: String, CaseIterable {
        case api
        case page
        case webhook
        case watch
        /// No address of ours.
        case none
    }

    private static let times = by { Timer(label: "crossdock_http_request_seconds", dimensions: [("door", $0)]) }
    private static let counts = by { door in
        (1...5).map { sort in
            Counter(label: "crossdock_http_requests_total", dimensions: [("door", door), ("status", "\(sort)xx")])
        }
    }

    private static func by<Meter>(_ meter: (String) -> Meter) -> [Door: Meter] {
        Dictionary(uniqueKeysWithValues: Door.allCases.map { ($0, meter($0.rawValue)) })
    }

    /// Has the series stand there before the first request.
    static func prepare() { _ = (times, counts, deliveries) }

    /// An answer, and how long it took.
    static func count(_ door: Door, status: Int, took duration: Duration) {
        let (seconds, rest) = duration.components
        let nanoseconds = min(seconds, 1 << 31) * 1_000_000_000 + rest / 1_000_000_000
        times[door]?.recordNanoseconds(nanoseconds)
        if let counts = counts[door], counts.indices.contains(status / 100 - 1) { counts[status / 100 - 1].increment() }
        // Who comes with nothing is asked who he is; that is no event.
        if status == 403 { Tally.denials.add() }
        Tally.answers.add()
        Tally.answerMilliseconds.add(nanoseconds / 1_000_000)
    }

    private static let deliveries = Dictionary(
        uniqueKeysWithValues: [
            "stored", "repeated", "ping", "forged", "too_large", "outside", "limited", "ambiguous", "unknown",
            "unavailable", "unusable",
        ].map { ($0, Counter(label: "crossdock_webhook_deliveries_total", dimensions: [("outcome", $0)])) })

    /// What became of a vendor's call.
    static func count(_ reception: Hub.Reception) {
        let word =
            switch reception {
            case .stored: "stored"
            case .repeated: "repeated"
            case .ping: "ping"
            case .forged: "forged"
            case .unusable: "unusable"
            case .tooLarge: "too_large"
            case .outside: "outside"
            case .limited: "limited"
            case .ambiguous: "ambiguous"
            case .unknown: "unknown"
            case .unavailable: "unavailable"
            }
        deliveries[word]?.increment()
        if case .forged = reception { Tally.denials.add() }
    }
}

extension Route {
    /// Through which door what is asked here comes.
    var door: RequestMeters.Door {
        if admission == .vendors { return .webhook }
        if ["/health", "/metrics", "/api/health"].contains(pattern) { return .watch }
        return pattern.hasPrefix("/api/") ? .api : .page
    }
}
