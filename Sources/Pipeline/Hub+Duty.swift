import Queue
import Store
import Synchronization

/// Whether this process holds a duty, and since when it knows.
final class HeldDuty: Sendable {
    /// How old that knowledge may be, in seconds; well below the lease.
    static let renewalSeconds = 4.0

    private let state = Mutex<(isHeld: Bool, at: Moment)?>(nil)

    func known(at now: Moment) -> Bool? {
        state.withLock { state in
            guard let state, (0..<Self.renewalSeconds).contains(now.seconds(since: state.at)) else { return nil }
            return state.isHeld
        }
    }

    func learn(_ isHeld: Bool, at now: Moment) { state.withLock { $0 = (isHeld, now) } }
}

extension Hub {
    private static let schedules = "schedules"

    /// Whether this process runs the schedules and rounds: of many on one store, one does. Another takes over within
    /// 15 seconds when it dies, and at once when it stops.
    ///
    /// - Throws: `StoreFailure`.
    public func runsSchedules() async throws -> Bool {
        guard store.isShared else { return true }
        let now = now
        if let known = scheduleDuty.known(at: now) { return known }
        let (organization, owner) = (organization, owner)
        let isHeld = try await store.write(.lease) {
            try DutyTable($0, organization: organization).hold(Self.schedules, owner, now: now)
        }
        scheduleDuty.learn(isHeld, at: now)
        return isHeld
    }

    /// Leaves the schedules to another process.
    func leaveSchedules() async {
        guard store.isShared else { return }
        let (organization, owner) = (organization, owner)
        scheduleDuty.learn(false, at: now)
        // Nobody waits for it: without this it ends by itself a little later.
        try? await store.write { try DutyTable($0, organization: organization).leave(Self.schedules, owner) }
    }
}
