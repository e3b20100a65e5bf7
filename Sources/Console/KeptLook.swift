import Commerce
import Synchronization

/// A look at the hub that serves all who ask within some seconds, one at a time; nobody waits long for it.
final class KeptLook<Value: Sendable>: Sendable {
    private struct State {
        var kept: (value: Value, at: Moment)?
        var task: Task<Value?, Never>?
    }

    private let seconds: Double
    private let patience: Duration
    private let now: @Sendable () -> Moment
    private let look: @Sendable () async throws -> Value
    private let state = Mutex(State())

    /// `seconds`: how long what was seen serves. `patience`: how long somebody waits for it.
    init(
        seconds: Double, patience: Duration, now: @escaping @Sendable () -> Moment,
        look: @escaping @Sendable () async throws -> Value
    ) {
        self.seconds = seconds
        self.patience = patience
        self.now = now
        self.look = look
    }

    /// What was seen; nil where it cannot be seen now, or not in time.
    func value() async -> Value? {
        let at = now()
        let (kept, task) = state.withLock { state -> (Value?, Task<Value?, Never>?) in
            if let kept = state.kept, (0..<seconds).contains(at.seconds(since: kept.at)) { return (kept.value, nil) }
            if let task = state.task { return (nil, task) }
            let task = Task { await self.lookOnce() }
            state.task = task
            return (nil, task)
        }
        guard let task else { return kept }
        return await first(of: task)
    }

    private func lookOnce() async -> Value? {
        let value = try? await look()
        let at = now()
        state.withLock { state in
            if let value { state.kept = (value, at) }
            state.task = nil
        }
        return value
    }

    /// The look's answer, or none; it goes on, and whoever asks next waits for the same one.
    private func first(of task: Task<Value?, Never>) async -> Value? {
        let (answers, answer) = AsyncStream<Value?>.makeStream()
        let seen = Task { answer.yield(await task.value) }
        let alarm = Task { [patience] in
            try? await Task.sleep(for: patience)
            answer.yield(nil)
        }
        defer {
            seen.cancel()
            alarm.cancel()
        }
        for await value in answers { return value }
        return nil
    }
}
