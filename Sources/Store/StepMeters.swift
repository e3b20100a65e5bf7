import CoreMetrics
import Dispatch
import Telemetry

/// What is counted of steps, beside the priorities they have.
public enum StepKind: String, Sendable, CaseIterable {
    case lease
    case urgent
    case normal
    case bulk
    /// A query.
    case read
    /// What makes the steps of one transaction durable.
    case commit

    /// The kind of a step of that priority.
    public init(_ priority: StepPriority) {
        self =
            switch priority {
            case .lease: .lease
            case .urgent: .urgent
            case .normal: .normal
            case .bulk: .bulk
            }
    }
}

/// Times what the store does. What is slow is counted and logged, with the text of its slowest statement and without
/// any value.
public enum StepMeters {
    /// From how many seconds on a step is slow.
    public static let slowSeconds = 0.5

    private static let logger = Logger(label: "crossdock.store")
    private static let times = byKind { Timer(label: "crossdock_store_step_seconds", dimensions: [("kind", $0)]) }
    private static let slow = byKind { Counter(label: "crossdock_store_slow_steps_total", dimensions: [("kind", $0)]) }

    private static func byKind<Meter>(_ meter: (String) -> Meter) -> [StepKind: Meter] {
        Dictionary(uniqueKeysWithValues: StepKind.allCases.map { ($0, meter($0.rawValue)) })
    }

    /// Does a piece of work and counts how long it took, also where it fails.
    public static func timed<Value>(
        _ kind: StepKind, _ watch: StatementWatch? = nil, _ work: () throws -> Value
    ) rethrows -> Value {
        watch?.begin()
        let start = DispatchTime.now().uptimeNanoseconds
        defer { note(kind, DispatchTime.now().uptimeNanoseconds - start, watch) }
        return try work()
    }

    private static func note(_ kind: StepKind, _ nanoseconds: UInt64, _ watch: StatementWatch?) {
        guard watch?.isMeantToBeLong != true else { return }
        times[kind]?.recordNanoseconds(Int64(clamping: nanoseconds))
        // The series stands there from the first step on, also where none is slow.
        let slow = slow[kind]
        let seconds = Double(nanoseconds) / 1e9
        guard seconds >= slowSeconds else { return }
        slow?.increment()
        var metadata: Logger.Metadata = ["kind": "\(kind.rawValue)", "seconds": "\((seconds * 1000).rounded() / 1000)"]
        if let slowest = watch?.slowest {
            metadata["statement"] = "\(StatementWatch.withoutValues(slowest.sql))"
            metadata["statementSeconds"] = "\((Double(slowest.nanoseconds) / 1e6).rounded() / 1000)"
        }
        logger.notice("a step of the store was slow", metadata: metadata)
    }
}

/// Remembers the slowest statement of a step. Lives where its session lives.
public final class StatementWatch {
    /// The longest part of a statement that is logged, in characters.
    static let longestText = 300

    /// The slowest statement since the step began.
    public private(set) var slowest: (sql: String, nanoseconds: UInt64)?

    /// Whether the step reads or writes a whole store, and is not counted with the others.
    public var isMeantToBeLong = false

    /// The machine's uptime, in nanoseconds.
    private let clock: () -> UInt64

    /// Nothing was run yet.
    public init(clock: @escaping () -> UInt64 = { DispatchTime.now().uptimeNanoseconds }) { self.clock = clock }

    /// A step begins.
    func begin() {
        slowest = nil
        isMeantToBeLong = false
    }

    /// Runs a statement.
    public func timed<Value>(_ sql: String, _ work: () throws -> Value) rethrows -> Value {
        let start = clock()
        defer {
            let took = clock() - start
            if took > slowest?.nanoseconds ?? 0 { slowest = (sql, took) }
        }
        return try work()
    }

    /// A statement's text on one line, its words and numbers taken out: what stands there may be a merchant's.
    static func withoutValues(_ sql: String) -> String {
        var out = ""
        var isQuoted = false
        var last: Character = " "
        for letter in sql where out.count < longestText {
            if letter == "'" {
                if !isQuoted { out += "'…'" }
                isQuoted.toggle()
            } else if isQuoted {
                continue
            } else if letter.isNumber, !(last.isLetter || last.isNumber || "_?$\"".contains(last)) {
                out += "…"
            } else if letter.isNumber, out.last == "…" {
                continue
            } else if letter.isWhitespace {
                if out.last != " " { out += " " }
            } else {
                out.append(letter)
            }
            last = letter
        }
        return out
    }
}
