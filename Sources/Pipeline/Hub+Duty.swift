import Queue
import Store
import Synchronization

/// Whether this process holds a duty, and since when it knows.
final class HeldDuty: Sendable {
    /// How old that knowledge may be, in seconds, for who holds it and for who waits for it; well below the lease.
    static let (renewalSeconds, lookSeconds) = (4.0, 2.0)

    private struct State {
        var isHeld = false
        var at: Moment?
        var sign: DutySign?
    }

    private let state = Mutex(State())

    /// The last sign that was seen.
    var sign: DutySign? { state.withLock { $0.sign } }

    func known(at now: Moment) -> Bool? {
        state.withLock { state in
            let limit = state.isHeld ? Self.renewalSeconds : Self.lookSeconds
            guard let at = state.at, (0..<limit).contains(now.seconds(since: at)) else { return nil }
            return state.isHeld
        }
    }

    func learn(_ isHeld: Bool, _ sign: DutySign?, at now: Moment) {
        state.withLock { $0 = State(isHeld: isHeld, at: now, sign: sign) }
    }
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
        let (organization, owner, last) = (organization, owner, scheduleDuty.sign)
        let sign = try await store.write(.lease) {
            try DutyTable($0, organization: organization).hold(Self.schedules, owner, after: last, now: now)
        }
        scheduleDuty.learn(sign.holder == owner, sign, at: now)
        return sign.holder == owner
    }

    /// Leaves the schedules to another process.
    func leaveSchedules() async {
        guard store.isShared else { return }
        let (organization, owner) = (organization, owner)
        scheduleDuty.learn(false, nil, at: now)
        // Nobody waits for it: without this it ends by itself a little later.
        try? await store.write { try DutyTable($0, organization: organization).leave(Self.schedules, owner) }
    }
}
