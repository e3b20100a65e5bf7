import Foundation
import Store
import Synchronization

/// The store on a PostgreSQL server, for any number of hub processes.
///
/// Connections are owned by threads and never leave them. Steps of one organization are serial over all processes;
/// those of one process share transactions. Queries have connections of their own.
public final class PostgresStore: Store {
    private let lines = PostgresLines()
    private let queries = PostgresQueries()
    private let ended = DispatchGroup()
    private let listener: PostgresListener
    private let address: PostgresAddress
    private let clock: PostgresClock

    /// Connections that write: as many lines are served beside each other.
    static let writerCount = 3
    /// Connections that read.
    static let readerCount = 2

    /// Connects and brings the schema up to date. `isBeingMoved`: for who fills it from another store. `isAlone`: for
    /// who restores a backup; steps fail while anybody else uses the store, and nobody comes while they go on.
    ///
    /// - Throws: `StoreFailure` when there is no server, it is too old, lets nobody in, or its schema is not ours.
    public init(
        _ address: PostgresAddress, migrations: [Migration], isBeingMoved: Bool = false, isAlone: Bool = false
    ) throws {
        let place = PostgresPlace(address: address, isAlone ? .alone : .beside, lowMarks: LowMarks())
        self.address = address
        clock = place.clock
        listener = PostgresListener(place)
        do {
            let migrator = try PostgresMigrator(address, isBeingMoved: isBeingMoved)
            try migrator.run(migrations)
            try place.lookAtClock(on: migrator.link)
        } catch let failure as PostgresFailure {
            throw failure.storeFailure
        }
        let (lines, queries) = (lines, queries)
        for number in 1...(isAlone ? 1 : Self.writerCount) {
            start("crossdock-writer-\(number)") { [weak self] in
                PostgresWriter(place, lines) { self?.lookAtGrown() }.run()
            }
        }
        for number in 1...Self.readerCount {
            start("crossdock-reader-\(number)") { PostgresReader(place, queries).run() }
        }
    }

    /// Threads end with the store, also where nobody closed it.
    deinit {
        lines.close()
        queries.close()
        listener.close()
    }

    /// Runs a text of several statements on a connection of its own.
    ///
    /// - Throws: `StoreFailure`.
    package static func run(_ script: String, at address: PostgresAddress) throws {
        do {
            try PostgresConnection(address).script(script)
        } catch let failure as PostgresFailure {
            throw failure.storeFailure
        }
    }

    /// A statement's text as the server is told it.
    package static func translated(_ sql: String) -> String { PostgresStatement(sql).text }

    private func start(_ name: String, _ work: @escaping @Sendable () -> Void) {
        let ended = ended
        ended.enter()
        let thread = Thread {
            work()
            ended.leave()
        }
        thread.name = name
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// Runs a step that belongs to no organization.
    ///
    /// - Throws: `StoreFailure`, or what the step throws.
    public func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await write(priority, of: 0, step)
    }

    func write<Value: Sendable>(
        _ priority: StepPriority, of organization: Int64, isFree: Bool = false, opening: Opening? = nil,
        _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = WaitingStep(priority, opening: opening, step) { continuation.resume(with: $0) }
            lines.submit(waiting, of: PostgresLines.Name(organization, isFree: isFree, priority))
        }
    }

    /// Runs a query on a connection that reads.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queries.submit(WaitingStep(.normal, isQuery: true, query) { continuation.resume(with: $0) })
        }
    }

    /// The same store for the steps of one organization.
    public func of(_ organization: Int64) -> any Store { PostgresOrganizationStore(store: self, id: organization) }

    /// Any number of processes.
    public var isShared: Bool { true }

    /// PostgreSQL.
    public var dialect: StoreDialect { .postgres }

    /// The server's clock.
    public var sharedNow: Moment? { clock.now }

    /// Has somebody woken when another process has written.
    public func listen(_ wake: @escaping @Sendable () -> Void) {
        let listener = listener
        if listener.add(wake) { start("crossdock-listener") { listener.run() } }
    }

    /// Makes the slices of a table that come next, and takes away old ones.
    ///
    /// - Throws: `StoreFailure`.
    public func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] {
        try await upkeep { try $0.slice(table, now: now, keepFrom: keepFrom) }
    }

    /// Has the server look at all tables and take back what rows that are gone leave behind.
    ///
    /// - Throws: `StoreFailure`.
    public func tidy(isThorough: Bool) async throws -> [String] {
        try await upkeep { try $0.tidy(isThorough: isThorough) }
    }

    /// Nobody waits for it, and what could not be looked at is looked at by the server itself later.
    private func lookAtGrown() {
        let address = address
        start("crossdock-upkeep") { _ = try? PostgresUpkeep(address).lookAtGrown() }
    }

    /// On a connection of its own, for it may take long.
    private func upkeep(_ work: @escaping @Sendable (PostgresUpkeep) throws -> [String]) async throws -> [String] {
        let address = address
        return try await withCheckedThrowingContinuation { continuation in
            start("crossdock-upkeep") {
                continuation.resume(
                    with: Result {
                        do { return try work(PostgresUpkeep(address)) } catch let failure as PostgresFailure {
                            throw failure.storeFailure
                        }
                    })
            }
        }
    }

    /// Ends the threads once what waits is done.
    public func close() async {
        lines.close()
        queries.close()
        listener.close()
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
    }
}

/// The store as one organization's steps see it.
private struct PostgresOrganizationStore: Store {
    let store: PostgresStore
    let id: Int64
    var isFree = false

    func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await store.write(priority, of: id, isFree: isFree, step)
    }

    func write<Value: Sendable>(
        _ priority: StepPriority, opening: Opening,
        _ step: @escaping @Sendable (any StoreSession, Int) throws -> Value
    ) async throws -> Value {
        // The statement is answered from what was sent ahead.
        try await store.write(priority, of: id, isFree: isFree, opening: opening) { session in
            try step(session, session.run(opening.sql, opening.values))
        }
    }

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await store.read(query)
    }

    func of(_ organization: Int64) -> any Store { store.of(organization) }

    var freely: any Store { PostgresOrganizationStore(store: store, id: id, isFree: true) }

    var isShared: Bool { true }
    var dialect: StoreDialect { .postgres }
    var sharedNow: Moment? { store.sharedNow }

    func listen(_ wake: @escaping @Sendable () -> Void) { store.listen(wake) }

    func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals { try await store.vitals(now: now) }

    func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] {
        try await store.slice(table, now: now, keepFrom: keepFrom)
    }

    func tidy(isThorough: Bool) async throws -> [String] { try await store.tidy(isThorough: isThorough) }

    func close() async { await store.close() }
}
