import Store
import Synchronization

/// The store on a PostgreSQL server, without threads: the writer and the reader of `PostgresStore`, driven by whoever
/// calls.
public final class InlinePostgresStore: InlineStore {
    /// The connections, lent to one caller at a time.
    private struct Desk: ~Copyable {
        let lines: PostgresLines
        let writer: PostgresWriter
        let reader: PostgresReader
    }

    private let desk: Mutex<Desk>

    /// The organization whose turn its steps take.
    static let organization: Int64 = 1

    /// Connects and brings the schema up to date.
    ///
    /// - Throws: `StoreFailure`.
    public init(_ address: PostgresAddress, migrations: [Migration]) throws {
        do {
            try PostgresMigrator(address).run(migrations)
        } catch let failure as PostgresFailure {
            throw failure.storeFailure
        }
        let place = PostgresPlace(address: address)
        let lines = PostgresLines()
        desk = Mutex(
            Desk(lines: lines, writer: PostgresWriter(place, lines), reader: PostgresReader(place, PostgresQueries())))
    }

    /// A place of its own on a server, empty: the schema of that name is made anew.
    ///
    /// - Throws: `StoreFailure`.
    public convenience init(onServer url: String, schema: String, migrations: [Migration]) throws {
        try PostgresStore.run(
            "DROP SCHEMA IF EXISTS \(schema) CASCADE; CREATE SCHEMA \(schema)", at: try PostgresAddress(url))
        let place = url + (url.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
        try self.init(try PostgresAddress(place), migrations: migrations)
    }

    /// PostgreSQL.
    public var dialect: StoreDialect { .postgres }

    /// A step in a transaction, and how many rows it changed.
    ///
    /// - Throws: `StoreFailure`, or what the step throws.
    public func commitCounting<Value: Sendable>(
        isDurable: Bool, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> (value: Value, changes: Int) {
        let end = End<Value>()
        let waiting = WaitingStep(isDurable ? .normal : .lease, step) { end.set($0) }
        let (tell, changes) = commitTogether([waiting], isDurable: isDurable)
        tell.forEach { $0() }
        return (try end.get(), changes)
    }

    /// Steps in one transaction, by the writer of `PostgresStore`.
    public func commitTogether(
        _ steps: [WaitingStep], isDurable: Bool
    ) -> (tell: [@Sendable () -> Void], changes: Int) {
        let told = Told()
        let changes = desk.withLock { desk in
            for step in steps { desk.lines.submit(told.collecting(step), of: PostgresLines.Name(Self.organization)) }
            return desk.writer.serveWaiting()
        }
        return (told.all, changes)
    }

    /// A query.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    public func look<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> Value {
        let end = End<Value>()
        desk.withLock { $0.reader.answer(WaitingStep(.normal, isQuery: true, query) { end.set($0) }) }
        return try end.get()
    }

    /// The server has its power of its own; what it was told to keep it keeps.
    public func losePower() -> Bool { false }

    /// A server's store is no file.
    ///
    /// - Throws: `StoreFailure`, always.
    public func copy(to path: String) throws {
        throw StoreFailure.unavailable("a store on a server is not written to \(path); look at it there")
    }
}

/// How a step ended.
private final class End<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>>(.failure(StoreFailure.closed))

    func set(_ result: Result<Value, any Error>) { self.result.withLock { $0 = result } }

    func get() throws -> Value { try result.withLock { $0 }.get() }
}

/// What is to be told of steps, kept until somebody tells it.
private final class Told: Sendable {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    var all: [@Sendable () -> Void] { waiting.withLock { $0 } }

    /// The step, told into this.
    func collecting(_ step: WaitingStep) -> WaitingStep {
        WaitingStep(step.priority) { session -> @Sendable () -> Void in
            let outcome = step.run(session)
            if outcome.failure != nil { throw Refused(tell: outcome.tell) }
            return outcome.tell
        } _: { result in
            self.waiting.withLock { waiting in
                switch result {
                case .success(let tell): waiting.append(tell)
                case .failure(let refused as Refused): waiting.append(refused.tell)
                case .failure(let failure): waiting.append { step.fail(failure) }
                }
            }
        }
    }

    /// A step that was refused, with what is told of it.
    private struct Refused: Error {
        let tell: @Sendable () -> Void
    }
}
