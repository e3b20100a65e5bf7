import Foundation
import GRDB
import Synchronization

/// A step that waits for the writer, with whom to tell.
struct WaitingStep: Sendable {
    let priority: StepPriority
    /// Runs the step; the closure it gives back tells the caller, and is called once the commit is durable.
    let run: @Sendable (any StoreSession) -> (failure: (any Error)?, tell: @Sendable () -> Void)
    /// Tells the caller that its step was not kept.
    let fail: @Sendable (any Error) -> Void

    init<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value,
        _ tell: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.priority = priority
        run = { session in
            do {
                let value = try step(session)
                return (nil, { tell(.success(value)) })
            } catch {
                return (error, { tell(.failure(error)) })
            }
        }
        fail = { tell(.failure($0)) }
    }
}

/// Joins steps that wait at the same time into one transaction: one fsync for many. A step that fails is undone alone.
final class GroupCommitter: Sendable {
    private struct Waiting {
        var steps: [[WaitingStep]] = StepPriority.allCases.map { _ in [] }
        var isClosing = false
        var onClosed: (@Sendable () -> Void)?
    }

    /// The most steps of one commit. More would join fewer fsyncs, but let all callers wait for one another: while
    /// one commit is written, those behind it are already at work (measured with 64 of them: 32 gave a fifth more
    /// than 256, and 24 waits shorter than 32 by a tenth).
    static let stepLimit = 24
    /// How long one commit may gather steps, in milliseconds on the writer.
    static let gatherLimitMilliseconds = 60.0

    private let pool: DatabasePool
    private let waiting = Mutex(Waiting())
    private let signal = DispatchSemaphore(value: 0)
    /// Of the writer's thread alone: whether commits wait for the disk.
    private let isDurable = Mutex(true)

    init(_ pool: DatabasePool) {
        self.pool = pool
        let thread = Thread { [weak self] in
            while let self, self.turn() {}
        }
        thread.name = "crossdock-writer"
        thread.stackSize = 4 << 20
        thread.start()
    }

    func submit(_ step: WaitingStep) {
        let isTaken = waiting.withLock { waiting in
            guard !waiting.isClosing else { return false }
            waiting.steps[step.priority.rawValue].append(step)
            return true
        }
        if isTaken { signal.signal() } else { step.fail(StoreFailure.closed) }
    }

    func close(_ onClosed: @escaping @Sendable () -> Void) {
        waiting.withLock {
            $0.isClosing = true
            $0.onClosed = onClosed
        }
        signal.signal()
    }

    /// Commits what waits. False once closed and empty.
    private func turn() -> Bool {
        signal.wait()
        guard let first = next() else {
            return waiting.withLock { waiting in
                guard waiting.isClosing else { return true }
                waiting.onClosed?()
                return false
            }
        }
        commit(startingWith: first)
        return true
    }

    private func next(after first: WaitingStep? = nil) -> WaitingStep? {
        waiting.withLock { waiting in
            for index in waiting.steps.indices where !waiting.steps[index].isEmpty {
                // A claim does not wait for the disk because of others.
                if first?.priority == .lease, index != StepPriority.lease.rawValue { return nil }
                return waiting.steps[index].removeFirst()
            }
            return nil
        }
    }

    private func commit(startingWith first: WaitingStep) {
        var pending: [WaitingStep] = []
        do {
            let told = try pool.writeWithoutTransaction { database in
                try setDurable(first.priority != .lease, database)
                if let told = try together(startingWith: first, database, &pending) { return told }
                return try apart(pending, database)
            }
            told.forEach { $0() }
        } catch {
            let failure = (error as? DatabaseError).map { StoreFailure($0) as any Error } ?? error
            if pending.isEmpty { first.fail(failure) }
            pending.forEach { $0.fail(failure) }
        }
    }

    /// Gathers the steps that wait and commits them. Nil when one failed: then nothing of any of them remains.
    private func together(
        startingWith first: WaitingStep, _ database: Database, _ pending: inout [WaitingStep]
    ) throws -> [@Sendable () -> Void]? {
        try transaction(database) {
            let session = SQLiteSession(database)
            var told: [@Sendable () -> Void] = []
            let start = DispatchTime.now().uptimeNanoseconds
            var step: WaitingStep? = first
            while let current = step {
                pending.append(current)
                let outcome = current.run(session)
                if let failure = outcome.failure {
                    if !database.isInsideTransaction { throw failure }
                    return nil
                }
                told.append(outcome.tell)
                let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
                guard pending.count < Self.stepLimit, elapsed < Self.gatherLimitMilliseconds else { break }
                // A gathered step's own signal stays counted; the turn it wakes finds nothing and waits again.
                step = next(after: first)
            }
            return told
        }
    }

    /// Runs steps again, each so that it can be undone alone: marks within a transaction cost a copy of every page a
    /// step touches, so they are set only where a step is known to fail.
    private func apart(_ steps: [WaitingStep], _ database: Database) throws -> [@Sendable () -> Void] {
        try transaction(database) {
            let session = SQLiteSession(database)
            return try steps.map { step in
                try database.cachedStatement(sql: "SAVEPOINT step").execute()
                let outcome = step.run(session)
                // A full disk or a failing one ends the whole transaction: all who wait are told its cause.
                if let failure = outcome.failure, !database.isInsideTransaction { throw failure }
                if outcome.failure != nil { try database.cachedStatement(sql: "ROLLBACK TO step").execute() }
                try database.cachedStatement(sql: "RELEASE step").execute()
                return outcome.tell
            }
        } ?? []
    }

    private func setDurable(_ wanted: Bool, _ database: Database) throws {
        guard isDurable.withLock({ $0 != wanted }) else { return }
        try database.execute(sql: "PRAGMA synchronous = \(wanted ? "FULL" : "NORMAL")")
        isDurable.withLock { $0 = wanted }
    }

    /// Commits what the work did, or undoes it where it throws or answers nil.
    private func transaction<Value>(_ database: Database, _ work: () throws -> Value?) throws -> Value? {
        try database.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
        do {
            let value = try work()
            try database.cachedStatement(sql: value == nil ? "ROLLBACK" : "COMMIT").execute()
            return value
        } catch {
            if database.isInsideTransaction { try? database.execute(sql: "ROLLBACK") }
            throw error
        }
    }
}
