/// Why the store did not do what it was asked. Nothing of the step remains.
public enum StoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Disk full, read-only, locked for too long, an input/output error: try again later.
    case unavailable(String)
    /// The schema refuses the values (a unique key, a check): this step alone is wrong.
    case refused(String)
    /// The store is closed.
    case closed

    /// One sentence for an operator.
    public var description: String {
        switch self {
        case .unavailable(let detail): "the store cannot be written or read now: \(detail)"
        case .refused(let detail): "the store refuses these values: \(detail)"
        case .closed: "the store is closed"
        }
    }
}

/// Which steps go first when many wait for the writer.
public enum StepPriority: Int, Sendable, CaseIterable {
    /// Claims and leases. They outlive their process like every step, but not the power of a machine that holds the
    /// store alone: who claimed is gone with it, so they wait for no disk of their own. What is done under a claim and
    /// must not be done twice is written by a step of another priority, which makes the claim durable, too.
    case lease
    /// Deliveries that a vendor waits for, and settlements of what has happened out there.
    case urgent
    case normal
    /// Pages of a pull, imports.
    case bulk
}

/// Set operations within one transaction. Lives on the store's own thread and never leaves it.
public protocol StoreSession: AnyObject {
    /// The rows of a query. Parameters are `?1`, `?2`; a set of keys is written `IN {2}`.
    ///
    /// - Throws: `StoreFailure`.
    func rows(_ sql: String, _ values: [SQLValue]) throws -> [Row]

    /// Runs a statement and returns how many rows it changed.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    func run(_ sql: String, _ values: [SQLValue]) throws -> Int

    /// Runs a statement once for each row of values and returns how many rows each changed.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws -> [Int]

    /// The rows of several statements, which are run in their order: on a server in one trip.
    ///
    /// - Throws: `StoreFailure`.
    func answers(to asked: [Asked]) throws -> [[Row]]

    /// Runs a statement of which nobody wants to know what it changed. On a server nobody waits for it: what goes wrong
    /// shows in the next statement that is answered, or at the end of the step.
    ///
    /// - Throws: `StoreFailure`.
    func tell(_ sql: String, _ values: [SQLValue]) throws

    /// Has something done once what this step did is durable, and never if it is undone: counting, waking. A step that
    /// is run again asks for it again, and it is done once.
    func afterCommit(_ effect: @escaping @Sendable () -> Void)

    /// What remembers the slowest statement; nil where nobody asks.
    var watch: StatementWatch? { get }

    /// Whether one statement that changes a set of rows is worth much more than one for each row.
    var prefersSets: Bool { get }

    /// What this process remembers of where waiting jobs begin; nil where a look from the first costs nothing more.
    var lowMarks: LowMarks? { get }

    /// The lines of jobs of which a step of this commit has taken all there was, and how often jobs had been put
    /// anywhere then (`LowMarks.putCount`): the next step need not look there. Keeps nothing where a look costs little.
    var emptied: [LowMarks.Line: Int] { get set }

    /// Whether no other step of the organization runs meanwhile. Where it is not so, see `Store.freely`.
    var hasTurn: Bool { get }

    /// What seals the values of persons in this step; nil where nobody does.
    var personal: (any PersonalSeals)? { get }

    /// Writes many rows of one table. On a server they wait for those of the same table that follow, also from other
    /// steps of the same commit, and are sent before anything else is.
    ///
    /// - Throws: `StoreFailure`.
    func save(_ rows: [[SQLValue]], as upsert: Upsert) throws
}

extension StoreSession {
    /// Nobody asks.
    public var watch: StatementWatch? { nil }

    /// In a file there is no trip to save.
    public var prefersSets: Bool { false }

    /// In a file what is gone is gone.
    public var lowMarks: LowMarks? { nil }

    /// In a file a look costs little.
    public var emptied: [LowMarks.Line: Int] {
        get { [:] }
        set {}
    }

    /// In a file there is one writer.
    public var hasTurn: Bool { true }

    /// Nobody does.
    public var personal: (any PersonalSeals)? { nil }
}

/// What a step throws that was begun without its organization's turn and finds that it needs it. It is run again with
/// the turn, and whoever waits for it learns nothing of this.
public struct NeedsTurn: Error {
    /// It needs it.
    public init() {}
}

/// How rows of a table are written: inserted, and updated where their key is there already.
public struct Upsert: Hashable, Sendable {
    /// The table.
    public let table: String
    /// The columns, in the order of a row's values.
    public let columns: [String]
    /// The columns of the key that may be there already; empty: it must not be.
    public let key: [String]
    /// Whether a row that is there is changed; otherwise it stays.
    public let changesRows: Bool

    /// The statement for one row.
    public let single: String
    /// What happens where the key is there already: the end of the statement.
    public let conflict: String
    private let head: String

    /// One row for a key, whose other columns are always written anew.
    public init(_ table: String, key: [String], updating others: [String]) {
        self.init(table, key + others, key: key, updates: others)
    }

    /// An upsert. `updates`: what is updated where the key is there; empty: the row that is there stays.
    public init(_ table: String, _ columns: [String], key: [String] = [], updates: [String] = []) {
        let onKey = " ON CONFLICT (\(key.joined(separator: ", "))) DO "
        let conflict =
            if key.isEmpty {
                ""
            } else if updates.isEmpty {
                onKey + "NOTHING"
            } else {
                onKey + "UPDATE SET " + updates.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            }
        self.init(table, columns, key: key, changesRows: !updates.isEmpty, conflict)
    }

    /// An upsert that changes a row that is there in words of its own: `ON CONFLICT (key) DO UPDATE SET`.
    public init(_ table: String, _ columns: [String], key: [String], onConflict words: String) {
        self.init(table, columns, key: key, changesRows: true, " " + words)
    }

    private init(_ table: String, _ columns: [String], key: [String], changesRows: Bool, _ conflict: String) {
        self.table = table
        self.columns = columns
        self.key = key
        self.changesRows = changesRows
        self.conflict = conflict
        head = "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES "
        single = head + Self.places(of: 0, columns.count) + conflict
    }

    /// The statement for so many rows, whose values follow each other.
    public func multiple(_ count: Int) -> String {
        head + (0..<count).map { Self.places(of: $0, columns.count) }.joined(separator: ", ") + conflict
    }

    private static func places(of row: Int, _ width: Int) -> String {
        "(" + (1...width).map { "?\(row * width + $0)" }.joined(separator: ", ") + ")"
    }
}

/// Where the hub remembers: steps that see and leave a consistent state, or nothing.
public protocol Store: Sendable {
    /// Runs a step in a transaction and returns what it gave once that is durable, or, for `StepPriority.lease`, once
    /// all who use the store see it. A step may be run again from its
    /// start, so it has no effects beside the session.
    ///
    /// - Throws: `StoreFailure`, or what the step throws; then nothing of it remains.
    func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value

    /// Runs a step that begins with a statement, and is told how many rows that changed.
    ///
    /// - Throws: as `write(_:_:)`.
    func write<Value: Sendable>(
        _ priority: StepPriority, opening: Opening,
        _ step: @escaping @Sendable (any StoreSession, Int) throws -> Value
    ) async throws -> Value

    /// Runs a query on a consistent state.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value

    /// The same store for the steps of one organization. Where several processes write, steps of one organization run
    /// one after the other, and those of different ones beside each other.
    func of(_ organization: Int64) -> any Store

    /// The same store for steps that need not wait for the turn of their organization, because they lock each row
    /// before they decide about it, and add nothing that must be in order. Where the turn is the only writer's anyway,
    /// they are steps like others; elsewhere they see `hasTurn`, and throw `NeedsTurn` when they need it after all.
    var freely: any Store { get }

    /// Whether processes of several machines may use it at once.
    var isShared: Bool { get }

    /// Which database keeps it.
    var dialect: StoreDialect { get }

    /// The clock that all processes on this store go by, whatever their machines' clocks say; nil where they have one
    /// machine and its clock.
    var sharedNow: Moment? { get }

    /// Has somebody woken when another process on this store has written. It may come late, too often or not at all:
    /// whoever listens looks by himself now and then.
    func listen(_ wake: @escaping @Sendable () -> Void)

    /// How it is: how fast, and on a server its clock and who follows it.
    ///
    /// - Throws: `StoreFailure` when it does not answer.
    func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals

    /// Makes the slices of a table that come next, and takes away those that hold nothing from `keepFrom` on. Says in
    /// sentences what it did; nothing where a store keeps no slices.
    ///
    /// - Throws: `StoreFailure`.
    func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String]

    /// Brings what the store keeps for itself in order: its knowledge of its tables, and room that is not used any
    /// more. `isThorough`: although others wait for it meanwhile. Says in sentences what it did.
    ///
    /// - Throws: `StoreFailure`.
    func tidy(isThorough: Bool) async throws -> [String]

    /// Lets running steps end and refuses new ones.
    func close() async
}

extension Store {
    /// The store itself, where there is one writer for all.
    public func of(_ organization: Int64) -> any Store { self }

    /// The store itself, where there is one writer.
    public var freely: any Store { self }

    /// A store in a file has the processes of one machine, mostly one.
    public var isShared: Bool { false }

    /// A file of SQLite's.
    public var dialect: StoreDialect { .sqlite }

    /// That of the machine.
    public var sharedNow: Moment? { nil }

    /// Nobody is woken, where processes learn of each other by looking.
    public func listen(_ wake: @escaping @Sendable () -> Void) {}

    /// Rows go one by one, where there are no slices.
    public func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] { [] }

    /// Nothing, where nothing is kept beside the rows.
    public func tidy(isThorough: Bool) async throws -> [String] { [] }

    /// Runs a step of normal priority.
    ///
    /// - Throws: as `write(_:_:)`.
    public func write<Value: Sendable>(
        _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await write(.normal, step)
    }
}

/// One numbered change of the schema, in the target that owns its tables.
public struct Migration: Sendable {
    /// Unique and ordered: `0001-ledger`.
    public let name: String
    /// The statements, for SQLite.
    public let sql: String
    /// Whether a program that does not know it may go on on a schema that has it: it only adds, and what it adds may be
    /// left out by who writes.
    public let servesOlder: Bool
    private let ofPostgres: String?
    private let onlyPostgres: String

    /// A migration. The statements for PostgreSQL are those for SQLite with the types of that store, unless they are
    /// given; `onlyPostgres` are run there besides. Unless it says otherwise, older programs are refused after it.
    public init(
        _ name: String, _ sql: String, postgres: String? = nil, onlyPostgres: String = "", servesOlder: Bool = false
    ) {
        self.name = name
        self.sql = sql
        self.servesOlder = servesOlder
        self.onlyPostgres = onlyPostgres
        ofPostgres = postgres
    }

    /// The statements, for PostgreSQL.
    public var postgres: String { (ofPostgres ?? PostgresWords.translated(sql)) + onlyPostgres }
}
