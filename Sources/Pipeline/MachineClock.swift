import Queue
import Synchronization

/// What a process knows of its machine's clock: when it was set, and by how much leases are still to be moved.
final class MachineClock: Sendable {
    private struct State {
        var watch: ClockWatch
        /// By how many seconds leases are still to be moved.
        var owed = 0.0
        var isBeingMoved = false
        /// When it was last noticed that the clock was set, by the clock that only counts on.
        var setAt: Double?
    }

    private let state: Mutex<State>
    private let elapsedSeconds: @Sendable () -> Double

    /// The wall clock as it stands, beside one that only counts on.
    init(wall: Moment, beside steady: any Clock<Duration>) {
        elapsedSeconds = Self.counting(steady)
        state = Mutex(State(watch: ClockWatch(wall: wall, monotonicSeconds: 0)))
    }

    private static func counting(_ steady: some Clock<Duration>) -> @Sendable () -> Double {
        let begin = steady.now
        return { begin.duration(to: steady.now) / .seconds(1) }
    }

    /// How long ago, in seconds, the clock was found set; nil when it never was.
    func secondsSinceSet(wall: Moment) -> Double? {
        let elapsed = elapsedSeconds()
        return state.withLock { state in
            Self.look(&state, wall, elapsed)
            return state.setAt.map { elapsed - $0 }
        }
    }

    /// By how many seconds leases are to be moved now; nil when they are not, or somebody is at it. Whoever is given a
    /// number says how it ended.
    func beginMove(wall: Moment) -> Double? {
        let elapsed = elapsedSeconds()
        return state.withLock { state in
            Self.look(&state, wall, elapsed)
            guard state.owed != 0, !state.isBeingMoved else { return nil }
            state.isBeingMoved = true
            return state.owed
        }
    }

    /// Leases were moved by so many seconds; by none where that failed.
    func endMove(by seconds: Double) {
        state.withLock { state in
            state.owed -= seconds
            state.isBeingMoved = false
        }
    }

    private static func look(_ state: inout State, _ wall: Moment, _ elapsed: Double) {
        guard let jump = state.watch.jump(wall: wall, monotonicSeconds: elapsed) else { return }
        state.owed += jump
        state.setAt = elapsed
    }
}
