import Queue
import Store
import Synchronization

/// Counts the calls that a piece of work makes to its far side, whoever makes them: the task that does the work and
/// those that it starts.
final class CallTally: Sendable {
    private let state: Mutex<(made: Int, drawn: Int)>
    /// Whether the far side's limits are kept to at all.
    let isLimited: Bool

    /// That of the work that is being done.
    @TaskLocal static var current: CallTally?

    /// `drawn`: as many were taken from what is allowed when the work was begun.
    init(drawn: Int, isLimited: Bool) {
        state = Mutex((0, drawn))
        self.isLimited = isLimited
    }

    /// One more was made.
    func add() { state.withLock { $0.made += 1 } }

    /// How many were made that nobody has taken from what is allowed yet; from now on they count as taken.
    func takeOwed() -> Int {
        state.withLock { state in
            let owed = max(0, state.made - state.drawn)
            state.drawn += owed
            return owed
        }
    }

    /// Does something and counts what of it is owed, where so many calls were drawn before.
    static func owed<Value>(
        beside drawn: Int, by work: () async throws -> Value
    ) async throws -> (value: Value, owed: Int) {
        let tally = CallTally(drawn: drawn, isLimited: true)
        let value = try await $current.withValue(tally) { try await work() }
        return (value, tally.takeOwed())
    }
}
