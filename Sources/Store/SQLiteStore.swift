import Foundation
import GRDB
import Synchronization

/// The embedded store: one SQLite file in WAL mode with `synchronous=FULL`, written by one thread that joins waiting
/// steps into one commit. Several processes may have the file open; they take turns.
public final class SQLiteStore: Store {
    private let pool: DatabasePool
    let committer: GroupCommitter
    let readers: QueryThreads
    private let checkpoints: Checkpoints

    /// How long a writer waits for another process's transaction, in seconds.
    static let busyTimeoutSeconds = 30.0
    /// Readers beside the writer. More than two gain nothing on two cores (measured).
    static let readerCount = 2

    /// Opens the file, made when it is not there, and brings its schema up to date.
    ///
    /// - Throws: `StoreFailure` when the file cannot be opened, is no database, or was made by a newer Crossdock.
    public init(path: String, migrations: [Migration]) throws {
        do {
            pool = try Self.pool(path)
            // The pool sets NORMAL when it switches to WAL, so FULL is set after opening, and looked at.
            let level = try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA journal_size_limit = \(Checkpoints.keptBytes)")
                return try Int.fetchOne(database, sql: "PRAGMA synchronous")
            }
            guard level == 2 else { throw StoreFailure.unavailable("SQLite does not keep synchronous=FULL") }
            _ = try Self.migrate(pool, migrations)
        } catch let error as DatabaseError {
            throw StoreFailure(error, at: path)
        }
        checkpoints = Checkpoints(path: path)
        pool.writeWithoutTransaction(checkpoints.watch)
        committer = GroupCommitter(pool)
        readers = QueryThreads(pool, limit: Self.readerCount)
    }

    /// Runs a step on the writer's thread, joined with others into one commit.
    ///
    /// - Throws: `StoreFailure`, or what the step throws.
    public func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            committer.submit(WaitingStep(priority, step) { continuation.resume(with: $0) })
        }
    }

    /// Runs a query on a reader.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        do {
            // A hub that stops still reads what it needs to settle: no cancellation breaks a step off.
            return try await withCheckedThrowingContinuation { continuation in
                readers.submit { database in
                    continuation.resume(
                        with: Result {
                            let session = SQLiteSession(try database.get())
                            return try StepMeters.timed(.read, session.watch) { try query(session) }
                        })
                }
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// Brings the log into the file; where it is to be thorough, writes the file anew without the room that rows have
    /// left. No statistics are taken: what the hub asks is planned by the indexes alone, as tests make sure.
    ///
    /// - Throws: `StoreFailure`.
    public func tidy(isThorough: Bool) async throws -> [String] {
        do {
            return try await pool.writeWithoutTransaction { database in
                func number(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
                let free = try number("PRAGMA freelist_count") * number("PRAGMA page_size")
                if isThorough { try database.execute(sql: "VACUUM") }
                // What was written over stands in the log until that is cut, which has to wait for who reads.
                if (try? database.checkpoint(.truncate)) == nil { try database.checkpoint(.passive) }
                return [
                    isThorough
                        ? "the file was written anew; \(free) bytes were given back to the disk"
                        : "the log was brought into the file; \(free) bytes in it are free for what comes"
                ]
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// Ends the threads once the steps and queries that wait are done, and closes the file.
    public func close() async {
        await withCheckedContinuation { continuation in committer.close { continuation.resume() } }
        await withCheckedContinuation { continuation in readers.close { continuation.resume() } }
        checkpoints.close()
        try? pool.close()
    }
}
