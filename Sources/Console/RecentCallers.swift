import Commerce
import Pipeline
import Synchronization

/// Who was found out a moment ago, so that not every request asks the store. What is taken back elsewhere is noticed as
/// late as that.
final class RecentCallers: Sendable {
    /// How long what was found out is believed, in seconds.
    static let seconds = 2.0
    private static let limit = 4096

    private let known = Mutex<[String: (caller: Caller, at: Moment)]>([:])

    /// Who that is; asks where it is not known, or not since a moment ago. A stranger is never remembered.
    func caller(_ name: String, now: Moment, ask: () async throws -> Caller?) async throws -> Caller? {
        let found = known.withLock { known in
            // A clock that was set back makes nothing young.
            known[name].flatMap { abs(now.seconds(since: $0.at)) < Self.seconds ? $0.caller : nil }
        }
        if let found, found.expires.map({ now < $0 }) ?? true { return found }
        guard let caller = try await ask() else { return nil }
        known.withLock { known in
            if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
            known[name] = (caller, now)
        }
        return caller
    }

    func forget() { known.withLock { $0.removeAll() } }
}
