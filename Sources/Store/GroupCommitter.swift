import Foundation
import GRDB
import GRDBSQLite
import Synchronization

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
        let start = DispatchTime.now().uptimeNanoseconds
        let told = GroupCommit.tell(startingWith: first) { pending in
            let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
            guard pending < Self.stepLimit, elapsed < Self.gatherLimitMilliseconds else { return nil }
            // A gathered step's own signal stays counted; the turn it wakes finds nothing and waits again.
            return self.next(after: first)
        } in: { work in
            try pool.writeWithoutTransaction { database in
                try setDurable(first.priority != .lease, database)
                return try work(database)
            }
        }
        told.forEach { $0() }
    }

    private func setDurable(_ wanted: Bool, _ database: Database) throws {
        guard isDurable.withLock({ $0 != wanted }) else { return }
        // The library would look for what the statement reads and writes, twice for each commit.
        let code = sqlite3_exec(
            database.sqliteConnection, "PRAGMA synchronous = \(wanted ? "FULL" : "NORMAL")", nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        isDurable.withLock { $0 = wanted }
    }
}
