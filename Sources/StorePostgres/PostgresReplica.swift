import Foundation
import Store
import Synchronization

/// A server that follows another and is asked what may be a few seconds old. It may be away; nothing is asked of it
/// then.
public final class PostgresReplica: Sendable {
    private let queries = PostgresQueries()
    private let ended = DispatchGroup()

    /// How long a query waits for it before the primary is asked, in seconds.
    static let patienceSeconds = 1.0

    /// A standby at that address, or any other server with the same store.
    public init(_ address: PostgresAddress) {
        let (place, queries, ended) = (PostgresPlace(address: address, .unseen), queries, ended)
        ended.enter()
        let thread = Thread {
            PostgresReader(place, queries, patienceSeconds: Self.patienceSeconds).run()
            ended.leave()
        }
        thread.name = "crossdock-replica"
        thread.stackSize = 4 << 20
        thread.start()
    }

    deinit { queries.close() }

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queries.submit(WaitingStep(.normal, isQuery: true, query) { continuation.resume(with: $0) })
        }
    }

    func close() async {
        queries.close()
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
    }
}

/// A store whose queries are asked of a replica, for who only reports: as long as that answers and is not far behind.
/// Where it is away, too far behind, or of another store, the primary is asked. Steps always go to the primary.
public final class ReplicatedStore: Store {
    private struct Knowledge {
        /// Until when what is known holds, and what that is.
        var until = Moment(milliseconds: 0)
        var isFresh = false
        /// How far the primary's log was, and when.
        var marks: [(position: String, at: Moment)] = []
    }

    /// How far behind it may be, and how often that is looked at, in seconds.
    public static let (mostSeconds, lookSeconds) = (10.0, 2.0)
    /// How long one that did not answer is left alone, in seconds.
    public static let awaySeconds = 30.0

    private let primary: any Store
    private let replica: PostgresReplica
    private let now: @Sendable () -> Moment
    private let knowledge = Mutex(Knowledge())

    /// A store with a replica of it.
    public init(_ primary: any Store, _ replica: PostgresReplica, now: @escaping @Sendable () -> Moment) {
        self.primary = primary
        self.replica = replica
        self.now = now
    }

    /// Whether the replica would be asked now.
    public var isReplicaAsked: Bool { get async { await isFresh() } }

    /// Runs a query on the replica, or on the primary.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        guard await isFresh() else { return try await primary.read(query) }
        do {
            return try await replica.read(query)
        } catch is StoreFailure {
            learn(false, forSeconds: Self.awaySeconds)
            return try await primary.read(query)
        }
    }

    private func isFresh() async -> Bool {
        let now = now()
        // Who asks while one looks is sent to the primary.
        let known = knowledge.withLock { knowledge -> Bool? in
            guard now >= knowledge.until || now.adding(seconds: Self.awaySeconds) < knowledge.until else {
                return knowledge.isFresh
            }
            (knowledge.isFresh, knowledge.until) = (false, now.adding(seconds: Self.awaySeconds))
            return nil
        }
        if let known { return known }
        do {
            let isFresh = try await look()
            learn(isFresh, forSeconds: Self.lookSeconds)
            return isFresh
        } catch {
            learn(false, forSeconds: Self.awaySeconds)
            return false
        }
    }

    private func learn(_ isFresh: Bool, forSeconds seconds: Double) {
        let until = now().adding(seconds: seconds)
        knowledge.withLock { ($0.isFresh, $0.until) = (isFresh, until) }
    }

    /// Whether the replica has all that the primary had at some time within the last seconds.
    private func look() async throws -> Bool {
        let oldest = now().adding(seconds: -Self.mostSeconds)
        let at = now()
        let ours = try await primary.read { session in
            let row = try session.rows(
                "SELECT CAST(pg_current_wal_lsn() AS text), reference_key FROM organization WHERE id = 1", []
            ).first
            return (position: row?.text(0) ?? "", key: row?.text(1) ?? "")
        }
        let marks = knowledge.withLock { knowledge in
            knowledge.marks = knowledge.marks.filter { $0.at >= oldest && $0.at <= at } + [(ours.position, at)]
            return knowledge.marks.map(\.position)
        }
        return try await replica.read { session in
            // Two stores have different keys; a standby of another one is not asked for anything of ours.
            let key = try session.rows("SELECT reference_key FROM organization WHERE id = 1", []).first?.text(0)
            guard key == ours.key else { return false }
            return try session.rows(Self.question, [.text(marks.first ?? ours.position)]).first?.integer(0) == 1
        }
    }

    private static let question = """
        SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
            >= CAST(CAST(?1 AS text) AS pg_lsn)
        """

    // MARK: All else is the primary's

    /// Runs a step on the primary.
    ///
    /// - Throws: `StoreFailure`, or what the step throws.
    public func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await primary.write(priority, step)
    }

    /// Runs a step on the primary.
    ///
    /// - Throws: as `write(_:_:)`.
    public func write<Value: Sendable>(
        _ priority: StepPriority, opening: Opening,
        _ step: @escaping @Sendable (any StoreSession, Int) throws -> Value
    ) async throws -> Value {
        try await primary.write(priority, opening: opening, step)
    }

    /// The same replica, with the primary for the steps of one organization.
    public func of(_ organization: Int64) -> any Store {
        ReplicatedStore(primary.of(organization), replica, now: now)
    }

    /// As the primary.
    public var isShared: Bool { primary.isShared }
    /// As the primary.
    public var dialect: StoreDialect { primary.dialect }

    /// As the primary.
    public var sharedNow: Moment? { primary.sharedNow }

    /// As the primary.
    public func listen(_ wake: @escaping @Sendable () -> Void) { primary.listen(wake) }

    /// How the primary is.
    ///
    /// - Throws: `StoreFailure`.
    public func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals {
        try await primary.vitals(now: now)
    }

    /// As the primary.
    ///
    /// - Throws: `StoreFailure`.
    public func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] {
        try await primary.slice(table, now: now, keepFrom: keepFrom)
    }

    /// As the primary.
    ///
    /// - Throws: `StoreFailure`.
    public func tidy(isThorough: Bool) async throws -> [String] { try await primary.tidy(isThorough: isThorough) }

    /// Lets go of the replica; the primary belongs to who opened it.
    public func close() async { await replica.close() }
}
