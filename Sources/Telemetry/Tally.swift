import Synchronization

/// What this process has counted since it began, for whoever compares two moments. Beside `Meters`, which are read from
/// outside: these are read by the hub itself.
public enum Tally: String, CaseIterable, Sendable {
    /// Runs of tasks that came to an end, well or not.
    case runs
    /// Those of them that failed.
    case failedRuns
    /// Answers of the hub, and how long they took together, in milliseconds.
    case answers
    case answerMilliseconds
    /// Answers of far sides, and how long they took together, in milliseconds.
    case farAnswers
    case farMilliseconds
    /// Readings of a kind at a far side.
    case readings
    /// Those of them that failed.
    case failedReadings
    /// Records that far sides showed and that were compared.
    case merged
    /// Conflicts that came of it.
    case conflicts
    /// Calls that were not signed as they must be, sign-ins that were refused, and requests for what somebody may not.
    case denials

    private static let counts = Mutex<[Tally: Int64]>([:])

    /// Counts so many more.
    public func add(_ count: Int64 = 1) {
        Self.counts.withLock { $0[self] = ($0[self] ?? 0).addingReportingOverflow(count).partialValue }
    }

    /// All of them, by name.
    public static var all: [String: Int64] {
        counts.withLock { Dictionary(uniqueKeysWithValues: $0.map { ($0.key.rawValue, $0.value) }) }
    }
}
