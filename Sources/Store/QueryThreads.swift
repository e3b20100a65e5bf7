import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// Threads that read a file. Queries that wait at the same time share a transaction: each sees a state that is no older
/// than itself. A list of fifty takes a tenth less processor time than by way of the library's queues, and one that
/// asked twice a fifth (measured): there a query changes hands twice before it is asked, and begins with a look at the
/// schema.
final class QueryThreads: Sendable {
    /// What is asked, once a connection can be asked or it is known that none can.
    typealias Query = @Sendable (Result<Database, any Error>) -> Void

    private struct Waiting {
        var queries: [(number: Int, query: Query)] = []
        /// How many were asked so far.
        var count = 0
        var started = 0
        var idle = 0
        var isClosing = false
        var onClosed: (@Sendable () -> Void)?
    }

    /// For how long queries may share a transaction, in milliseconds: while it is open the log grows.
    private static let sharedMilliseconds = 5.0
    /// How long a thread waits for something to ask before it ends, in seconds.
    private static let idleSeconds = 10

    private let pool: DatabasePool
    private let limit: Int
    /// The machine's uptime, in nanoseconds.
    private let clock: @Sendable () -> UInt64
    private let waiting = Mutex(Waiting())
    private let signal = DispatchSemaphore(value: 0)

    /// At most so many, each started when all others are at work.
    init(
        _ pool: DatabasePool, limit: Int,
        clock: @escaping @Sendable () -> UInt64 = { DispatchTime.now().uptimeNanoseconds }
    ) {
        self.pool = pool
        self.limit = limit
        self.clock = clock
    }

    /// Has something asked.
    func submit(_ query: @escaping Query) {
        enum Next { case nothing, wake, start, refuse }
        let next = waiting.withLock { waiting -> Next in
            guard !waiting.isClosing else { return .refuse }
            waiting.count += 1
            waiting.queries.append((waiting.count, query))
            if waiting.idle > 0 {
                waiting.idle -= 1
                return .wake
            }
            guard waiting.started < limit else { return .nothing }
            waiting.started += 1
            return .start
        }
        switch next {
        case .nothing: break
        case .wake: signal.signal()
        case .start: start()
        case .refuse: query(.failure(StoreFailure.closed))
        }
    }

    /// Ends the threads once what waits was asked.
    func close(_ onClosed: @escaping @Sendable () -> Void) {
        let (idle, hasNone) = waiting.withLock { waiting in
            waiting.isClosing = true
            if waiting.started > 0 { waiting.onClosed = onClosed }
            defer { waiting.idle = 0 }
            return (waiting.idle, waiting.started == 0)
        }
        for _ in 0..<idle { signal.signal() }
        if hasNone { onClosed() }
    }

    private func start() {
        let thread = Thread { [self] in
            while let first = next() { ask(first) }
        }
        thread.name = "crossdock-reader"
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// What a thread does next.
    private enum Turn {
        case query(Query)
        case wait
        case end((@Sendable () -> Void)?)
    }

    /// Waits for a query. Nil when there was none for long, and once closed and nothing is left.
    private func next() -> Query? {
        while true {
            switch turn() {
            case .query(let query): return query
            case .wait:
                if signal.wait(timeout: .now() + .seconds(Self.idleSeconds)) == .timedOut, isDispensable() {
                    return nil
                }
            case .end(let onClosed):
                onClosed?()
                return nil
            }
        }
    }

    private func turn() -> Turn {
        waiting.withLock { waiting in
            if !waiting.queries.isEmpty { return .query(waiting.queries.removeFirst().query) }
            guard waiting.isClosing else {
                waiting.idle += 1
                return .wait
            }
            waiting.started -= 1
            return .end(waiting.started == 0 ? waiting.onClosed : nil)
        }
    }

    /// Whether a thread that has waited for long may end; otherwise somebody has just woken it.
    private func isDispensable() -> Bool {
        let isDispensable = waiting.withLock { waiting in
            guard waiting.idle > 0 else { return false }
            waiting.idle -= 1
            waiting.started -= 1
            return true
        }
        if !isDispensable { signal.wait() }
        return isDispensable
    }

    /// Asks a query, and then those that waited already when its transaction began.
    private func ask(_ first: @escaping Query) {
        var isAsked = false
        do {
            try pool.unsafeRead { database in
                let last = waiting.withLock(\.count)
                // The library would prepare these anew each time, and look whether the schema has changed.
                try Self.run("BEGIN DEFERRED", database)
                defer { if (try? Self.run("COMMIT", database)) == nil { try? database.rollback() } }
                isAsked = true
                let start = clock()
                first(.success(database))
                // An error may have ended it.
                while sqlite3_get_autocommit(database.sqliteConnection) == 0,
                    let query = next(until: last, since: start)
                {
                    query(.success(database))
                }
            }
        } catch {
            if !isAsked { first(.failure(error)) }
        }
    }

    private func next(until last: Int, since start: UInt64) -> Query? {
        waiting.withLock { waiting in
            guard let first = waiting.queries.first, first.number <= last,
                Double(clock() - start) / 1e6 < Self.sharedMilliseconds
            else { return nil }
            return waiting.queries.removeFirst().query
        }
    }

    private static func run(_ sql: String, _ database: Database) throws {
        let statement = try database.cachedStatement(sql: sql).sqliteStatement
        defer { sqlite3_reset(statement) }
        guard sqlite3_step(statement) == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: sqlite3_errcode(database.sqliteConnection)))
        }
    }
}
