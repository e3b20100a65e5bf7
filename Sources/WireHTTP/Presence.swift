import Synchronization

/// Whether something still goes on (a caller is there, a server serves), and who wants to hear when it ends.
final class Presence: Sendable {
    private struct State {
        var hasEnded = false
        var next = 0
        var listeners: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Whether it is over.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Calls back once when it ends; at once when it has ended. The number takes the wish back.
    func whenEnded(_ listener: @escaping @Sendable () -> Void) -> Int {
        let number: Int? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
        if number == nil { listener() }
        return number ?? 0
    }

    /// Forgets a listener.
    func forget(_ number: Int) { state.withLock { $0.listeners[number] = nil } }

    /// It is over.
    func end() {
        let listeners = state.withLock { state in
            state.hasEnded = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener() }
    }
}

extension Presence {
    /// Returns when it has ended, or when the task is cancelled.
    func ended() async {
        let (over, end) = AsyncStream<Never>.makeStream()
        let number = whenEnded { end.finish() }
        for await _ in over {}
        forget(number)
    }
}
