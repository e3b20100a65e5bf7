import Dispatch
import Identity
import Synchronization

/// Where passwords are looked at: one after the other, away from the threads that do everything else, for each takes a
/// tenth of a second of a core.
final class PasswordDesk: Sendable {
    /// How many may wait.
    private static let limit = 16
    private let queue = DispatchQueue(label: "crossdock-passwords")
    private let waiting = Mutex(0)

    /// Nil where too many wait already.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value? {
        let isTaken = waiting.withLock { waiting in
            guard waiting < Self.limit else { return false }
            waiting += 1
            return true
        }
        guard isTaken else { return nil }
        defer { waiting.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
