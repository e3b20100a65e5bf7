import GRDB

/// A step that waits for the writer, with whom to tell.
public struct WaitingStep: Sendable {
    /// How it stands among those that wait.
    public let priority: StepPriority
    /// Runs the step; the closure it gives back tells the caller, and is called once the commit is durable.
    public let run: @Sendable (any StoreSession) -> (failure: (any Error)?, tell: @Sendable () -> Void)
    /// The statement the step begins with, which may be run before those in front of it have ended; nil for none.
    public let opening: Opening?
    /// Tells the caller that its step was not kept.
    public let fail: @Sendable (any Error) -> Void

    init(
        _ priority: StepPriority, opening: Opening? = nil,
        run: @escaping @Sendable (any StoreSession) -> (failure: (any Error)?, tell: @Sendable () -> Void),
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.priority = priority
        self.opening = opening
        self.run = run
        self.fail = fail
    }

    /// A step, and what is told of it once it is kept, or undone. One that only reads is counted as such.
    public init<Value: Sendable>(
        _ priority: StepPriority, isQuery: Bool = false, opening: Opening? = nil,
        _ step: @escaping @Sendable (any StoreSession) throws -> Value,
        _ tell: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.priority = priority
        self.opening = opening
        let kind = isQuery ? .read : StepKind(priority)
        run = { session in
            do {
                let value = try StepMeters.timed(kind, session.watch) { try step(session) }
                return (nil, { tell(.success(value)) })
            } catch {
                return (error, { tell(.failure(error)) })
            }
        }
        fail = { tell(.failure($0)) }
    }
}

/// Several steps in one transaction. A step that fails is undone alone.
enum GroupCommit {
    /// Commits the first step and those that come after it, and gives what is to be told of each.
    ///
    /// `next` gives the step that joins so many others; nil for none. `access` lends the database. What is kept open is
    /// committed with what comes next, and forgotten when that never comes.
    static func tell(
        startingWith first: WaitingStep, isKeptOpen: Bool = false, next: @escaping (Int) -> WaitingStep?,
        in access: ((Database) throws -> [@Sendable () -> Void]) throws -> [@Sendable () -> Void]
    ) -> [@Sendable () -> Void] {
        var pending: [WaitingStep] = []
        do {
            return try access { database in
                if let told = try together(startingWith: first, isKeptOpen, next, database, &pending) { return told }
                return try apart(pending, isKeptOpen, database)
            }
        } catch {
            let failure = (error as? DatabaseError).map { StoreFailure($0) as any Error } ?? error
            return (pending.isEmpty ? [first] : pending).map { step in { step.fail(failure) } }
        }
    }

    /// Gathers the steps that wait and commits them. Nil when one failed: then nothing of any of them remains.
    private static func together(
        startingWith first: WaitingStep, _ isKeptOpen: Bool, _ next: (Int) -> WaitingStep?, _ database: Database,
        _ pending: inout [WaitingStep]
    ) throws -> [@Sendable () -> Void]? {
        try transaction(database, isKeptOpen: isKeptOpen) {
            let session = SQLiteSession(database)
            var told: [@Sendable () -> Void] = []
            var step: WaitingStep? = first
            while let current = step {
                pending.append(current)
                let outcome = current.run(session)
                if let failure = outcome.failure {
                    if !database.isInsideTransaction { throw failure }
                    return nil
                }
                told.append(outcome.tell)
                step = next(pending.count)
            }
            return session.effects + told
        }
    }

    /// Runs steps again, each so that it can be undone alone: marks within a transaction cost a copy of every page a
    /// step touches, so they are set only where a step is known to fail.
    private static func apart(
        _ steps: [WaitingStep], _ isKeptOpen: Bool, _ database: Database
    ) throws -> [@Sendable () -> Void] {
        try transaction(database, isKeptOpen: isKeptOpen) {
            try steps.flatMap { step in
                let session = SQLiteSession(database)
                try database.cachedStatement(sql: "SAVEPOINT step").execute()
                let outcome = step.run(session)
                // A full disk or a failing one ends the whole transaction: all who wait are told its cause.
                if let failure = outcome.failure, !database.isInsideTransaction { throw failure }
                if outcome.failure != nil { try database.cachedStatement(sql: "ROLLBACK TO step").execute() }
                try database.cachedStatement(sql: "RELEASE step").execute()
                return (outcome.failure == nil ? session.effects : []) + [outcome.tell]
            }
        } ?? []
    }

    /// Commits what the work did, or undoes it where it throws or answers nil: it alone, where an earlier one was kept
    /// open.
    static func transaction<Value>(
        _ database: Database, isKeptOpen: Bool = false, _ work: () throws -> Value?
    ) throws -> Value? {
        let isOpen = database.isInsideTransaction
        try database.cachedStatement(sql: isOpen ? "SAVEPOINT joint" : "BEGIN IMMEDIATE").execute()
        do {
            let value = try work()
            if value == nil {
                try undo(database, isOpen)
            } else {
                if isOpen { try database.cachedStatement(sql: "RELEASE joint").execute() }
                if !isKeptOpen {
                    try StepMeters.timed(.commit) { try database.cachedStatement(sql: "COMMIT").execute() }
                }
            }
            return value
        } catch {
            if database.isInsideTransaction { try? undo(database, isOpen) }
            throw error
        }
    }

    private static func undo(_ database: Database, _ isOpen: Bool) throws {
        guard isOpen else { return try database.cachedStatement(sql: "ROLLBACK").execute() }
        try database.cachedStatement(sql: "ROLLBACK TO joint").execute()
        try database.cachedStatement(sql: "RELEASE joint").execute()
    }
}
