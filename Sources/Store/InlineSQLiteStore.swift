import Foundation
import GRDB

/// An SQLite store without threads: every step runs where it is called, one after the other, and nothing is waited for.
///
/// For the simulator, which drives the hub in one thread. The statements and the schema are those of `SQLiteStore`;
/// what is left out is the writer's thread, the gathering of steps and the disk.
public final class InlineSQLiteStore: Store {
    private let queue: DatabaseQueue

    /// Opens an empty store in memory and brings its schema up to date.
    ///
    /// - Throws: `StoreFailure`.
    public init(migrations: [Migration]) throws {
        do {
            queue = try DatabaseQueue()
            try queue.inDatabase { database in
                for migration in migrations { try database.execute(sql: migration.sql) }
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// Runs a step in a transaction of its own.
    ///
    /// - Throws: `StoreFailure`, or what the step throws; then nothing of it remains.
    public func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try commit(step)
    }

    /// Runs a query on the state as it is.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try look(query)
    }

    /// Nothing is open that would have to be closed.
    public func close() async {}

    /// Writes the store to a file that is not there yet, to be looked at with any SQLite program.
    ///
    /// - Throws: `StoreFailure`.
    public func copy(to path: String) throws {
        do {
            try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [path]) }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// A step in a transaction, for whoever does not wait.
    ///
    /// - Throws: as `write(_:_:)`.
    public func commit<Value>(_ step: (any StoreSession) throws -> Value) throws -> Value {
        do {
            return try queue.inDatabase { database in
                try database.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
                do {
                    let value = try step(SQLiteSession(database))
                    try database.cachedStatement(sql: "COMMIT").execute()
                    return value
                } catch {
                    if database.isInsideTransaction { try database.execute(sql: "ROLLBACK") }
                    throw error
                }
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// A step in a transaction, and how many rows it changed.
    ///
    /// - Throws: as `write(_:_:)`.
    public func commitCounting<Value>(
        _ step: (any StoreSession) throws -> Value
    ) throws -> (value: Value, changes: Int) {
        let before = queue.inDatabase { $0.totalChangesCount }
        let value = try commit(step)
        return (value, queue.inDatabase { $0.totalChangesCount } - before)
    }

    /// A query, for whoever does not wait.
    ///
    /// - Throws: as `read(_:)`.
    public func look<Value>(_ query: (any StoreSession) throws -> Value) throws -> Value {
        do {
            return try queue.inDatabase { try query(SQLiteSession($0)) }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }
}
