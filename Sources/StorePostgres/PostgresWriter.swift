import Foundation
import Store

/// Commits steps on one connection. Lives on one thread.
///
/// The steps of the hub were written for one writer: they read, decide and write. So a transaction first takes its
/// organization's row of `write_turn`; those of one organization are serial over all processes. Only steps that lock
/// what they decide about do without (`Store.freely`). Each leaves a row in `write_mark`, by which a commit whose
/// answer was lost is known to have happened or not.
final class PostgresWriter {
    private let place: PostgresPlace
    private let lines: PostgresLines
    private let onGrowth: () -> Void
    private var connection: (link: PostgresConnection, schema: PostgresSchema)?
    private var turns: Set<Int64> = []
    /// Since when no connection comes about or holds, by the machine's uptime in nanoseconds.
    private var downSince: UInt64?
    private var lastMark: Int64
    private var firstMark: [Int64: Int64] = [:]

    /// The most steps of one commit, and how long it may gather them, in milliseconds.
    static let stepLimit = 64
    static let gatherLimitMilliseconds = 60.0
    /// How long steps wait for a server that does not answer, in seconds; then they fail with its reason.
    static let patienceSeconds = 20.0
    /// How long a writer waits before it tries again: at first, and at most, in seconds.
    static let (firstPauseSeconds, longestPauseSeconds) = (0.02, 1.0)
    /// How many marks of one organization stand before the old ones are taken away.
    static let markLimit: Int64 = 1_000

    /// A writer. `onGrowth`: called when so much was written that tables may have grown much.
    init(_ place: PostgresPlace, _ lines: PostgresLines, onGrowth: @escaping () -> Void = {}) {
        self.place = place
        self.lines = lines
        self.onGrowth = onGrowth
        // Upwards from a number no other writer has.
        lastMark = Int64.random(in: 0..<(1 << 31)) << 31
    }

    /// Serves lines until they are closed and empty.
    func run() {
        while let (line, step) = lines.take() {
            var batch = PostgresBatch(line, [step])
            commit(&batch)
            lines.leave(line)
            if place.isTimeForLook(after: batch.changed) { onGrowth() }
        }
    }

    /// Serves what waits and gives how many rows that changed, for who drives it without a thread.
    func serveWaiting() -> Int {
        var changed = 0
        while let (line, step) = lines.takeAtOnce() {
            var batch = PostgresBatch(line, [step])
            commit(&batch)
            lines.leave(line)
            changed += batch.changed
        }
        return changed
    }

    private func commit(_ batch: inout PostgresBatch) {
        var pause = Self.firstPauseSeconds
        while true {
            do {
                let told = try attempt(&batch)
                downSince = nil
                told.forEach { $0() }
                return
            } catch let failure as PostgresFailure {
                if failure.isLost { connection = nil }
                if failure.isPassing, isWorthWaiting(for: failure, &batch) {
                    Thread.sleep(forTimeInterval: pause * Double.random(in: 0.5...1))  // SAFETY: the thread is its own.
                    pause = min(pause * 2, Self.longestPauseSeconds)
                    continue
                }
                batch.fail(batch.isUnclear ? failure.unclear : failure.storeFailure)
            } catch {
                batch.fail(error)
            }
            return
        }
    }

    /// A server that is away is waited for from when it went away, not by each batch anew.
    private func isWorthWaiting(for failure: PostgresFailure, _ batch: inout PostgresBatch) -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        batch.failingSince = batch.failingSince ?? now
        if failure.isLost { downSince = downSince ?? now }
        let since = (failure.isLost ? downSince : batch.failingSince) ?? now
        return Double(now - since) / 1e9 < Self.patienceSeconds
    }

    private func attempt(_ batch: inout PostgresBatch) throws -> [@Sendable () -> Void] {
        takeOut(&batch)
        guard !batch.steps.isEmpty else { return [] }
        let (link, schema) = try connected()
        try place.lookAtClock(on: link)
        if let mark = batch.mark {
            // The last commit's answer was lost; before anything is done again it is known what came of it.
            if try wasKept(mark, of: batch.organization, link) { return batch.told }
            batch.mark = nil
        }
        if !batch.line.isFree { try takeTurn(of: batch.organization, link) }
        do {
            try begin(batch, link)
            let session = PostgresSession(link, schema, lowMarks: place.lowMarks, hasTurn: !batch.line.isFree)
            if batch.isApart {
                try apart(&batch, session, link)
                try end(&batch, session, link)
                return batch.told
            }
            if try together(&batch, session), try endTogether(&batch, session, link) { return batch.told }
            try undo(link)
            if batch.needingTurn == nil {
                guard batch.steps.count > 1 else { return batch.told }
                batch.isApart = true
            }
            return try attempt(&batch)
        } catch {
            if (error as? PostgresFailure)?.isLost != true { try undo(link) }
            throw error
        }
    }

    /// A step that turned out to need its organization's turn goes to the line of those that have it.
    private func takeOut(_ batch: inout PostgresBatch) {
        guard let index = batch.needingTurn else { return }
        batch.needingTurn = nil
        lines.submit(batch.steps.remove(at: index), of: PostgresLines.Name(batch.organization), goesOn: true)
        batch.told = []
    }

    private func undo(_ link: PostgresConnection) throws {
        // What was sent without waiting may have failed, too; that is undone with the rest.
        do { try link.finish() } catch let failure as PostgresFailure where !failure.isLost {}
        try link.send("ROLLBACK")
        try link.finish()
    }

    private func begin(_ batch: PostgresBatch, _ link: PostgresConnection) throws {
        try link.send("BEGIN ISOLATION LEVEL READ COMMITTED")
        if batch.isLease { try link.send("SET LOCAL synchronous_commit = off") }
        guard !batch.line.isFree else { return }
        try link.send(
            "SELECT 1 FROM write_turn WHERE organization_id = ?1 FOR UPDATE",
            PostgresParameters([.integer(batch.organization)]))
    }

    /// Runs the steps and those that join them. False when one failed: then nothing of any of them may remain.
    private func together(_ batch: inout PostgresBatch, _ session: PostgresSession) throws -> Bool {
        batch.told = []
        let start = DispatchTime.now().uptimeNanoseconds
        var index = 0
        var opened: [Int?] = []
        // The first as well is sent ahead with those that wait beside it, and its rows go with theirs.
        gather(&batch)
        while true {
            if index == batch.steps.count {
                let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
                guard elapsed < Self.gatherLimitMilliseconds else { break }
                gather(&batch)
                guard index < batch.steps.count else { break }
            }
            if index >= opened.count {
                do {
                    opened += try open(batch.steps[opened.count...], session)
                } catch { return try refuseAll(&batch, session.failure) }
            }
            let step = batch.steps[index]
            session.foresee(step.opening, opened[index])
            let outcome = step.run(session)
            if let failure = session.failure, failure.isPassing { throw failure }
            if outcome.failure is NeedsTurn, batch.line.isFree {
                batch.needingTurn = index
                return false
            }
            if outcome.failure != nil || session.failure != nil {
                batch.told = [outcome.failure == nil ? batch.failing(session.failure) : outcome.tell]
                return false
            }
            batch.told.append(outcome.tell)
            index += 1
        }
        batch.told = session.effects + batch.told
        return true
    }

    /// Takes steps that wait to share the transaction.
    private func gather(_ batch: inout PostgresBatch) {
        while batch.steps.count < Self.stepLimit, let more = lines.next(of: batch.line, beside: batch.steps[0]) {
            batch.steps.append(more)
        }
    }

    /// Sends what steps begin with ahead, where there are several: one trip for all. Nil for a step that begins with
    /// nothing of that sort.
    private func open(_ steps: ArraySlice<WaitingStep>, _ session: PostgresSession) throws -> [Int?] {
        let openings = steps.compactMap(\.opening)
        guard openings.count > 1 else { return steps.map { _ in nil } }
        var counts = try session.open(openings)[...]
        return steps.map { $0.opening == nil ? nil : counts.popFirst() }
    }

    /// Commits what was done together. What was sent without waiting for its answer shows its failures here; then one
    /// of the steps is to blame, and false is given.
    private func endTogether(
        _ batch: inout PostgresBatch, _ session: PostgresSession, _ link: PostgresConnection
    ) throws -> Bool {
        do {
            try end(&batch, session, link)
        } catch {
            guard let failure = session.failure ?? (error as? PostgresFailure) else { throw error }
            return try refuseAll(&batch, failure)
        }
        batch.changed = session.changed
        return true
    }

    /// What was sent without waiting for its answer went wrong: one of the steps is to blame.
    private func refuseAll(_ batch: inout PostgresBatch, _ failure: PostgresFailure?) throws -> Bool {
        if let failure, failure.isPassing { throw failure }
        batch.told = [batch.failing(failure)]
        return false
    }

    /// Runs the steps again, each so that it can be undone alone.
    private func apart(_ batch: inout PostgresBatch, _ whole: PostgresSession, _ link: PostgresConnection) throws {
        (batch.told, batch.changed) = ([], 0)
        var index = 0
        while index < batch.steps.count {
            let step = batch.steps[index]
            try link.send("SAVEPOINT step")
            let session = whole.again()
            let outcome = step.run(session)
            if session.failure == nil { try? session.settle() }
            if let failure = session.failure, failure.isPassing { throw failure }
            index += 1
            if outcome.failure is NeedsTurn, batch.line.isFree {
                index -= 1
                lines.submit(batch.steps.remove(at: index), of: PostgresLines.Name(batch.organization), goesOn: true)
                try link.send("ROLLBACK TO step")
                try link.send("RELEASE step")
                continue
            }
            if outcome.failure != nil || session.failure != nil {
                try link.send("ROLLBACK TO step")
                let cause = session.failure?.storeFailure ?? .closed
                let refuse: @Sendable () -> Void = { step.fail(cause) }
                batch.told.append(outcome.failure == nil ? refuse : outcome.tell)
            } else {
                batch.told += session.effects + [outcome.tell]
                batch.changed += session.changed
                if session.hasWritten { whole.noteWriting() }
            }
            try link.send("RELEASE step")
        }
    }

    private func end(_ batch: inout PostgresBatch, _ session: PostgresSession, _ link: PostgresConnection) throws {
        guard session.hasWritten else {
            // Nothing to keep, so no disk is waited for, nor an answer.
            try link.send("ROLLBACK")
            try link.push()
            return
        }
        try session.sendSaves()
        lastMark += 1
        try link.send(
            "INSERT INTO write_mark (organization_id, id) VALUES (?1, ?2)",
            PostgresParameters([.integer(batch.organization), .integer(lastMark)]), .unseen)
        if !batch.isLease, place.isTimeForNote() {
            try link.send(PostgresPlace.note, PostgresParameters([.text(String(lastMark))]))
        }
        try forgetMarks(of: batch.organization, link)
        batch.mark = lastMark
        try link.send("COMMIT", PostgresParameters([]), .tag)
        do {
            let tag = try StepMeters.timed(.commit) { try link.finish().last?.tag }
            guard tag == "COMMIT" else {
                throw PostgresFailure(state: "40000", message: "PostgreSQL undid the transaction")
            }
            batch.mark = nil
        } catch let failure as PostgresFailure where !failure.isLost {
            batch.mark = nil
            throw failure
        }
    }

    /// Marks are looked for only by who set them, right after; old ones go in bulk.
    private func forgetMarks(of organization: Int64, _ link: PostgresConnection) throws {
        guard let first = firstMark[organization] else {
            firstMark[organization] = lastMark
            return
        }
        guard lastMark - first >= Self.markLimit else { return }
        try link.send(
            "DELETE FROM write_mark WHERE organization_id = ?1 AND id >= ?2 AND id < ?3",
            PostgresParameters([.integer(organization), .integer(first), .integer(lastMark)]), .unseen)
        firstMark[organization] = lastMark
    }

    // MARK: The connection

    private func connected() throws -> (link: PostgresConnection, schema: PostgresSchema) {
        if let connection { return connection }
        let made = (try place.connect(isWriter: true), PostgresSchema())
        connection = made
        place.isOurs(made.0.processID)
        return made
    }

    /// Makes sure that the organization's row is there; once for each process.
    private func takeTurn(of organization: Int64, _ link: PostgresConnection) throws {
        guard !turns.contains(organization) else { return }
        try link.send(
            "INSERT INTO write_turn (organization_id) VALUES (?1) ON CONFLICT DO NOTHING",
            PostgresParameters([.integer(organization)]))
        try link.finish()
        turns.insert(organization)
    }

    /// Whether the transaction with that mark was committed. Where it is still at it, this waits for its end; where it
    /// was not, the mark is taken, so that it never can be.
    func wasKept(_ mark: Int64, of organization: Int64, _ link: PostgresConnection) throws -> Bool {
        try link.send(
            "INSERT INTO write_mark (organization_id, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            PostgresParameters([.integer(organization), .integer(mark)]), .tag)
        return try link.finish().last?.changed == 0
    }
}

/// Steps that share a transaction.
struct PostgresBatch {
    let line: PostgresLines.Name
    var steps: [WaitingStep]
    /// Which of them is to be run in its organization's turn, and not here.
    var needingTurn: Int?
    /// Whether each step runs behind a mark of its own, because one of them is known to fail.
    var isApart = false
    /// Who is told what, once the commit is durable.
    var told: [@Sendable () -> Void] = []
    /// The mark of a commit that was sent and not answered yet.
    var mark: Int64?
    /// How many rows its steps changed, of those that are kept.
    var changed = 0
    /// Since when it is tried again and again.
    var failingSince: UInt64?

    init(_ line: PostgresLines.Name, _ steps: [WaitingStep]) {
        self.line = line
        self.steps = steps
    }

    var organization: Int64 { line.organization }
    var isLease: Bool { steps[0].priority == .lease }
    var isUnclear: Bool { mark != nil }

    func fail(_ error: any Error) { steps.forEach { $0.fail(error) } }

    /// Tells all that the transaction failed although none of the steps said so.
    func failing(_ failure: PostgresFailure?) -> @Sendable () -> Void {
        let (steps, error) = (steps, failure?.storeFailure ?? .closed)
        return { steps.forEach { $0.fail(error) } }
    }
}

extension PostgresFailure {
    /// What is said where a commit's answer was lost and no server could be asked what came of it.
    fileprivate var unclear: StoreFailure {
        .unavailable("it is not known whether this was kept, for the answer to the commit was lost: \(message)")
    }
}
