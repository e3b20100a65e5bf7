import Synchronization

/// Wakes workers that rest when there may be work. Whoever rings need not know whether anybody listens, and who rests
/// misses no ring that comes while it looks.
public final class Bell: Sendable {
    private struct Listeners {
        var count: UInt64 = 0
        var next = 0
        var resting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let listeners = Mutex(Listeners())

    /// A bell nobody has rung.
    public init() {}

    /// How often it was rung.
    public var count: UInt64 { listeners.withLock { $0.count } }

    /// Wakes all who rest.
    public func ring() {
        let resting = listeners.withLock { listeners in
            listeners.count += 1
            defer { listeners.resting = [:] }
            // In the order in which they came to rest, so that a rehearsal goes the same way each time.
            return listeners.resting.sorted { $0.key < $1.key }.map(\.value)
        }
        for continuation in resting { continuation.resume() }
    }

    /// Rests until the bell is rung or the task is cancelled; not at all where it was rung since it had been rung
    /// `heard` times. It costs no timer: who must look again after a while has it rung for that.
    public func wait(after heard: UInt64) async {
        let key = listeners.withLock { listeners in
            listeners.next += 1
            return listeners.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustRest = listeners.withLock { listeners in
                    // A cancellation is known before its handler asks for the lock, so none is missed.
                    guard listeners.count == heard, !Task.isCancelled else { return false }
                    listeners.resting[key] = continuation
                    return true
                }
                if !mustRest { continuation.resume() }
            }
        } onCancel: {
            listeners.withLock { $0.resting.removeValue(forKey: key) }?.resume()
        }
    }

    /// Rings again and again, for what no ring tells of: work whose time comes, a store that others write. Until the
    /// task is cancelled.
    public func ring(every rest: Duration, by clock: any Clock<Duration>) async {
        while !Task.isCancelled {
            try? await clock.sleep(for: rest)
            ring()
        }
    }
}
