import CoreMetrics
import Synchronization

/// One series.
protocol Meter: AnyObject, Sendable {
    init()
    /// Prometheus's word for it.
    var type: String { get }
    func lines(_ name: MeterName) -> [String]
}

/// What a series is called: letters, digits and underscores, and labels in the order of their names.
struct MeterName: Hashable, Comparable {
    let name: String
    let labels: [String]

    init(_ label: String, _ dimensions: [(String, String)]) {
        name = Self.word(label)
        labels = dimensions.map { Self.word($0) + "=\"" + Self.escaped($1) + "\"" }.sorted()
    }

    func text(_ suffix: String = "", also label: String? = nil) -> String {
        let all = labels + (label.map { [$0] } ?? [])
        return name + suffix + (all.isEmpty ? "" : "{" + all.joined(separator: ",") + "}")
    }

    static func < (left: MeterName, right: MeterName) -> Bool {
        left.name == right.name ? left.labels.lexicographicallyPrecedes(right.labels) : left.name < right.name
    }

    private static func word(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, letter in
            switch letter {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n", "\r\n": result += "\\n"
            default: result.append(letter)
            }
        }
    }
}

final class CounterMeter: Meter, CounterHandler {
    private let count = Mutex<Int64>(0)

    var type: String { "counter" }
    func increment(by amount: Int64) { count.withLock { $0 += max(0, amount) } }
    func reset() { count.withLock { $0 = 0 } }
    func lines(_ name: MeterName) -> [String] { ["\(name.text()) \(count.withLock { $0 })"] }
}

final class GaugeMeter: Meter, MeterHandler, FloatingPointCounterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    var type: String { "gauge" }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
    func reset() { set(0.0) }
    func lines(_ name: MeterName) -> [String] { ["\(name.text()) \(value.withLock { $0 })"] }
}

/// A histogram. Times come in nanoseconds and are shown in seconds.
final class SpreadMeter: Meter, TimerHandler, RecorderHandler {
    static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 3600]

    private struct Spread {
        /// How many fell at or under each bound and over the one before; the last holds the rest.
        var counts = [Int64](repeating: 0, count: SpreadMeter.bounds.count + 1)
        var sum = 0.0
    }

    private let spread = Mutex(Spread())

    var type: String { "histogram" }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let place = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
        spread.withLock { spread in
            spread.counts[place] += 1
            spread.sum += value
        }
    }

    func lines(_ name: MeterName) -> [String] {
        let spread = spread.withLock { $0 }
        var (lines, total): ([String], Int64) = ([], 0)
        for (place, count) in spread.counts.enumerated() {
            total += count
            let bound = place < Self.bounds.count ? String(Self.bounds[place]) : "+Inf"
            lines.append("\(name.text("_bucket", also: "le=\"\(bound)\"")) \(total)")
        }
        return lines + ["\(name.text("_sum")) \(spread.sum)", "\(name.text("_count")) \(total)"]
    }
}
