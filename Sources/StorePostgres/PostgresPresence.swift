import Store
import Synchronization

/// How the threads of a process show at a store that they use it, for as long as their connections last.
enum PostgresPresence: Sendable {
    /// Beside any number of others.
    case beside
    /// With nobody else there: who restores a backup.
    case alone
    /// Not at all: a standby is somebody else's.
    case unseen

    /// What is held together by who uses the store, and alone by who restores it.
    private static let room = "hashtextextended('crossdock store ' || current_schema(), 0)"
    /// How long who wants to be alone waits for others that are about to leave, in milliseconds.
    private static let leavingMilliseconds = 2_000
    /// PostgreSQL's word for a thing that is in use.
    static let inUse = "55006"

    /// Shows it, or throws where others do not allow it.
    fileprivate func show(on link: PostgresConnection, isWriter: Bool) throws {
        switch self {
        case .unseen: return
        case .beside:
            try link.send("SELECT pg_try_advisory_lock_shared(\(Self.room))", PostgresParameters([]), .rows)
            guard try link.finish().last?.rows.first?.integer(0) != 1 else { return }
            // Whoever it is will have ended soon.
            throw PostgresFailure(
                state: "55P03", message: "a backup is being restored into this store; begin again when that is done")
        case .alone:
            guard isWriter else { return }
            do {
                try link.script(
                    """
                    SET lock_timeout = \(Self.leavingMilliseconds);
                    SELECT pg_advisory_lock(\(Self.room));
                    SET lock_timeout = \(PostgresConnection.lockMilliseconds)
                    """)
            } catch let failure as PostgresFailure where failure.state == "55P03" {
                throw PostgresFailure(state: Self.inUse, message: PostgresStore.atWork)
            }
        }
    }
}

extension PostgresStore {
    /// What who wants to be alone is told where others use the store.
    public static let atWork =
        "a hub is at work on this store; stop every hub and every command that uses it, then restore"
}

extension PostgresPlace {
    /// A connection for a thread of this process, seen by others as this process is.
    ///
    /// - Throws: `PostgresFailure`.
    func connect(isWriter: Bool = false) throws -> PostgresConnection {
        let link = try PostgresConnection(address)
        try presence.show(on: link, isWriter: isWriter)
        return link
    }

    /// Looks at the server's clock where that was not done for a while.
    ///
    /// - Throws: `PostgresFailure`.
    func lookAtClock(on link: PostgresConnection) throws {
        if presence != .unseen, clock.isOld { try clock.look(on: link) }
    }
}

/// The server's clock as this process knows it: looked at now and then, and counted on in between by a clock that
/// nobody sets. How this machine's own clock stands does not matter to it.
final class PostgresClock: Sendable {
    private struct Sight {
        var server: Moment
        var at: ContinuousClock.Instant
    }

    private let sight = Mutex<Sight?>(nil)

    /// How often it is looked at, in seconds, and how long a look may take that counts.
    static let (lookSeconds, trustedSeconds) = (10.0, 1.0)

    /// The time there; nil before the first look.
    var now: Moment? {
        sight.withLock { $0.map { $0.server.adding(seconds: $0.at.duration(to: .now) / .seconds(1)) } }
    }

    var isOld: Bool {
        sight.withLock { $0.map { $0.at.duration(to: .now) > .seconds(Self.lookSeconds) } ?? true }
    }

    /// Looks at it. A look that took long says little, and counts only where nothing is known.
    ///
    /// - Throws: `PostgresFailure`.
    func look(on link: PostgresConnection) throws {
        let before = ContinuousClock.now
        try link.send(
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)", PostgresParameters([]), .rows)
        guard let row = try link.finish().last?.rows.first else { return }
        let took = before.duration(to: .now)
        let seen = Sight(server: Moment(milliseconds: row.integer(0)), at: before.advanced(by: took / 2))
        sight.withLock { sight in
            if sight == nil || took <= .seconds(Self.trustedSeconds) { sight = seen }
        }
    }
}
