import Synchronization

/// Wakes workers that rest when there may be work. Whoever rings need not know whether anybody listens, and who rests
/// misses no ring that comes while it looks.
public final class Bell: Sendable {
    private struct Listeners {
        var count: UInt64 = 0
        var next = 0
        var listening: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let listeners = Mutex(Listeners())

    /// A bell nobody has rung.
    public init() {}

    /// How often it was rung.
    public var count: UInt64 { listeners.withLock { $0.count } }

    /// Wakes all who rest.
    public func ring() {
        let listening = listeners.withLock { listeners in
            listeners.count += 1
            return listeners.listening.values
        }
        for continuation in listening { continuation.yield() }
    }

    /// Rests until the bell is rung, the time is over or the task is cancelled; not at all where it was rung since it
    /// had been rung `heard` times.
    public func wait(after heard: UInt64, atMost rest: Duration, by clock: any Clock<Duration>) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let key = listeners.withLock { listeners -> Int? in
            guard listeners.count == heard else { return nil }
            listeners.next += 1
            listeners.listening[listeners.next] = continuation
            return listeners.next
        }
        guard let key else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.sleep(for: rest) }
            group.addTask { for await _ in stream { break } }
            await group.next()
            group.cancelAll()
        }
        _ = listeners.withLock { $0.listening.removeValue(forKey: key) }
    }
}
