/// A value as it is when somebody looks, in the place of one that was counted: how long a queue is, how old its oldest.
public struct Gauge: Sendable {
    public var name: String
    public var labels: [(String, String)]
    public var value: Double
    /// Whether it only grows.
    public var isCounter: Bool

    /// A value.
    public init(_ name: String, _ labels: [(String, String)] = [], _ value: Double, isCounter: Bool = false) {
        self.name = name
        self.labels = labels
        self.value = value
        self.isCounter = isCounter
    }

    /// The most that are told: integrations have labels of their own, and somebody may have very many.
    public static let limit = 5000

    /// All as Prometheus reads them, each name once with its type.
    public static func text(of gauges: [Gauge]) -> String {
        let named = gauges.prefix(limit).map { (MeterName($0.name, $0.labels), $0) }.sorted { $0.0 < $1.0 }
        var (lines, last): ([String], String) = ([], "")
        for (name, gauge) in named {
            if name.name != last {
                lines += SeriesHelp.lines(name.name, type: gauge.isCounter ? "counter" : "gauge")
            }
            last = name.name
            lines.append("\(name.text()) \(gauge.value)")
        }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }
}

extension ProcessLook {
    /// As Prometheus reads it.
    public var gauges: [Gauge] {
        [
            memoryBytes.map { Gauge("crossdock_process_resident_memory_bytes", [], Double($0)) },
            memoryLimitBytes.map { Gauge("crossdock_process_memory_limit_bytes", [], Double($0)) },
            memoryShare.map { Gauge("crossdock_process_memory_ratio", [], $0) },
            Gauge("crossdock_process_cpu_seconds_total", [], processorSeconds, isCounter: true),
            openFiles.map { Gauge("crossdock_process_open_files", [], Double($0)) },
        ].compactMap(\.self)
    }
}
