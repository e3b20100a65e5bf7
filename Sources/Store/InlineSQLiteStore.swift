import Foundation
import GRDB
import Synchronization

/// An SQLite store without threads, in memory: what is left out of `SQLiteStore` is the writer's thread and the disk.
public final class InlineSQLiteStore: Store, InlineStore {
    private let queue: DatabaseQueue

    /// Opens an empty store in memory and brings its schema up to date.
    ///
    /// - Throws: `StoreFailure`.
    public init(migrations: [Migration]) throws {
        _ = SQLiteStore.isSetUp
        do {
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(configuration: configuration)
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
            try queue.writeWithoutTransaction { database in
                if database.isInsideTransaction { try database.execute(sql: "COMMIT") }
                try database.execute(sql: "VACUUM INTO ?", arguments: [path])
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// A step in a transaction, and how many rows it changed. One that is not `durable` is kept by the next that is,
    /// and forgotten by `losePower`.
    ///
    /// - Throws: as `write(_:_:)`.
    public func commitCounting<Value: Sendable>(
        isDurable: Bool, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> (value: Value, changes: Int) {
        do {
            return try queue.inDatabase { database in
                let before = database.totalChangesCount
                let session = SQLiteSession(database)
                let value = try GroupCommit.transaction(database, isKeptOpen: !isDurable) {
                    Optional(try step(session))
                }
                session.effects.forEach { $0() }
                guard let value else { throw StoreFailure.closed }
                return (value, database.totalChangesCount - before)
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// Steps in one transaction, as `SQLiteStore` joins those that wait at the same time: what is refused of one is
    /// undone alone. Gives what is to be told of each, and how many rows were changed.
    public func commitTogether(
        _ steps: [WaitingStep], isDurable: Bool
    ) -> (tell: [@Sendable () -> Void], changes: Int) {
        queue.inDatabase { database in
            let kept = KeptRows()
            var tell: [@Sendable () -> Void] = []
            var rest = steps.enumerated().map { kept.counting($1, as: $0) }[...]
            while let first = rest.popFirst() {
                // A refused step ends the gathering: what has not joined by then is the next commit.
                tell += GroupCommit.tell(
                    startingWith: first, isKeptOpen: !isDurable, next: { _ in rest.popFirst() },
                    in: { try $0(database) })
            }
            return (tell, kept.sum)
        }
    }

    /// The machine loses its power: what was not durable is forgotten. False when there was nothing of that sort.
    ///
    /// - Throws: `StoreFailure`.
    public func losePower() throws -> Bool {
        do {
            return try queue.inDatabase { database in
                guard database.isInsideTransaction else { return false }
                try database.execute(sql: "ROLLBACK")
                return true
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    /// A query, for whoever does not wait.
    ///
    /// - Throws: as `read(_:)`.
    public func look<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> Value {
        do {
            return try queue.inDatabase { try query(SQLiteSession($0)) }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }
}

/// How many rows steps changed, of those that are kept: SQLite's own count holds what was undone, too.
private final class KeptRows: Sendable {
    private let rows = Mutex<[Int: Int]>([:])

    var sum: Int { rows.withLock { $0.values.reduce(0, +) } }

    /// The step, counted each time it is run; the last time counts.
    func counting(_ step: WaitingStep, as number: Int) -> WaitingStep {
        WaitingStep(
            step.priority,
            run: { session in
                let before = Self.total(session)
                let outcome = step.run(session)
                self.rows.withLock { $0[number] = outcome.failure == nil ? Self.total(session) - before : 0 }
                return outcome
            }, fail: step.fail)
    }

    private static func total(_ session: any StoreSession) -> Int { (session as? SQLiteSession)?.totalChanges ?? 0 }
}
