public import CoreMetrics
import Synchronization

/// The counts and times of one process, kept in memory and read as Prometheus reads them (text format 0.0.4).
///
/// Labels are bounded by those who count; past `seriesLimit` further series are counted nowhere, and
/// `crossdock_series_refused_total` says how many were asked for.
public final class Meters: MetricsFactory {
    /// Those of this process, once `Telemetry.bootstrapMeters()` was called.
    public static let shared = Meters()

    /// The most series kept: a label that takes whatever comes must not fill the memory.
    public static let seriesLimit = 2000

    private struct Book {
        var series: [MeterName: any Meter] = [:]
        var refused = 0
    }

    private let book = Mutex(Book())

    /// No series.
    public init() {}

    /// All series with their values, by name.
    public var text: String {
        let (series, refused) = book.withLock { ($0.series, $0.refused) }
        var lines: [String] = []
        var last = ""
        for (name, meter) in series.sorted(by: { $0.key < $1.key }) {
            if name.name != last { lines += SeriesHelp.lines(name.name, type: meter.type) }
            last = name.name
            lines += meter.lines(name)
        }
        let refusals = "crossdock_series_refused_total"
        lines += SeriesHelp.lines(refusals, type: "counter") + ["\(refusals) \(refused)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private func meter<Kind: Meter>(_ label: String, _ dimensions: [(String, String)]) -> Kind {
        let name = MeterName(label, dimensions)
        return book.withLock { book in
            if let found = book.series[name] {
                // One name counts one sort of thing; whoever uses it for another is not heard.
                guard let found = found as? Kind else {
                    book.refused += 1
                    return Kind()
                }
                return found
            }
            let new = Kind()
            if book.series.count < Self.seriesLimit { book.series[name] = new } else { book.refused += 1 }
            return new
        }
    }

    /// A counter; the same for the same name and labels.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        meter(label, dimensions) as CounterMeter
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        meter(label, dimensions) as GaugeMeter
    }

    /// A value that goes up and down.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        meter(label, dimensions) as GaugeMeter
    }

    /// A distribution of values, or the last value.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? meter(label, dimensions) as SpreadMeter : meter(label, dimensions) as GaugeMeter
    }

    /// A distribution of times, shown in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        meter(label, dimensions) as SpreadMeter
    }

    /// Series stay: a scraper takes one that begins anew for a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// As above.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// As above.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// As above.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// As above.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
