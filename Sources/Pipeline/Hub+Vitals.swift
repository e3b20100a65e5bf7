import Alerts
import Audit
import ConnectorKit
import Ledger
import Queue
import Store
import Synchronization
import Telemetry

/// What this process has counted in the minute that goes on.
final class VitalBook: Sendable {
    private struct State {
        var last: [String: Int64]
        var minute: Int64 = -1
        var numbers: VitalNumbers = [:]
    }

    private let state: Mutex<State>

    /// Counts from now on.
    init(_ totals: [String: Int64]) { state = Mutex(State(last: totals)) }

    /// What was counted in this minute so far, with how much memory is used; nil where there is nothing to tell.
    func page(_ totals: [String: Int64], memoryShare: Double?, minute: Int64) -> VitalNumbers? {
        state.withLock { state in
            if state.minute != minute { (state.minute, state.numbers) = (minute, [:]) }
            var isNews = false
            for (name, total) in totals {
                let more = total - (state.last[name] ?? 0)
                guard more > 0 else { continue }
                state.numbers[name, default: 0] += more
                isNews = true
            }
            state.last = totals
            // A process that is idle and small has nothing to tell, and lets the disk rest.
            if let memoryShare, memoryShare >= 0.5 {
                let share = AlertNumber.thousandths(memoryShare)
                state.numbers[AlertReadings.memory] = max(share, state.numbers[AlertReadings.memory] ?? 0)
                isNews = true
            }
            return isNews ? state.numbers : nil
        }
    }
}

extension Hub {
    /// Has the series of everything that may be counted stand there from the start.
    func prepareMeters() {
        for card in cards { SyncMeters.prepare(card.name) }
        for queue in JobQueue.allCases { _ = WorkMeters.timer(queue.rawValue) }
        _ = (WorkMeters.webhookDelay, Oversold.meter)
        JobTable.prepareMeters()
    }

    /// Writes down what this process counted, for alerts that are about all processes.
    ///
    /// - Throws: `StoreFailure`.
    func noteVitals(_ book: VitalBook) async throws {
        let (organization, owner) = (organization, owner)
        let minute = AlertTable.minute(of: now)
        guard let numbers = book.page(Tally.all, memoryShare: ProcessLook.now.memoryShare, minute: minute) else {
            return
        }
        try await store.write {
            try AlertTable($0, organization: organization).save(numbers, of: owner, minute: minute)
        }
    }

    /// Reaches the integrations that were not reached by a test for so long, and writes down how it went. One that
    /// failed is tried again sooner.
    ///
    /// - Throws: `StoreFailure`.
    func testConnections(everySeconds: Double) async throws {
        let (organization, now) = (organization, now)
        let known = try await store.read { try AlertTable($0, organization: organization).connectionTests() }
        for integration in try await integrations() where integration.state == .active {
            let before = known[integration.id]
            let rest = (before?.failures ?? 0) > 0 ? min(everySeconds, Self.failedTestSeconds) : everySeconds
            // A time ahead of now was written before the clock was set back.
            if let before, (0..<rest).contains(now.seconds(since: before.testedAt)) { continue }
            guard try await isOpen(integration) else { continue }
            var test = ConnectionTest(integration: integration.id, testedAt: now, failures: 0)
            do {
                _ = try await connector(of: integration).check.check()
            } catch let failure as ConnectorFailure {
                if case .cancelled = failure { return }
                (test.failures, test.reason) = ((before?.failures ?? 0) + 1, Redaction.text(failure.sentence))
            } catch let error as HubError {
                (test.failures, test.reason) = ((before?.failures ?? 0) + 1, Redaction.text(error.description))
            }
            let result = test
            try await store.write { try AlertTable($0, organization: organization).save(result) }
        }
    }

    /// How soon a connection whose test failed is tested again, in seconds.
    static let failedTestSeconds = 300.0
}

/// From which level on the hub logs.
public struct LogLevelReport: Hashable, Sendable {
    /// Now, in this process.
    public var level: Logger.Level
    /// As this process was started.
    public var usual: Logger.Level
    /// Until when it is another; nil where it is the usual one.
    public var until: Moment?

    /// As the API shows it.
    public var json: JSON {
        [
            "level": .string(level.rawValue), "usual": .string(usual.rawValue),
            "until": .text(until?.description),
        ]
    }
}

extension Hub {
    /// The longest time for which another level may be wished, in minutes: a log that tells all fills disks.
    public static let longestLogWishMinutes = 1440

    /// From which level on all processes of the hub are to log for now.
    ///
    /// - Throws: `StoreFailure`.
    public func logLevel(_ desk: LogDesk) async throws -> LogLevelReport {
        let (organization, now) = (organization, now)
        let wish = try await store.read { try AlertTable($0, organization: organization).logWish() }
        guard let wish, wish.until > now, let level = Telemetry.level(named: wish.level) else {
            return LogLevelReport(level: desk.usualLevel, usual: desk.usualLevel, until: nil)
        }
        return LogLevelReport(level: level, usual: desk.usualLevel, until: wish.until)
    }

    /// Has all processes of the hub log from a level on for so many minutes; nil: as each was started. This one does at
    /// once, others within seconds.
    ///
    /// - Throws: `HubError` for a time that is too long, `StoreFailure`.
    public func log(
        from level: Logger.Level?, minutes: Int, by actor: AuditActor, _ desk: LogDesk
    ) async throws -> LogLevelReport {
        guard (1...Self.longestLogWishMinutes).contains(minutes) else {
            throw HubError("a level is kept from 1 to \(Self.longestLogWishMinutes) minutes")
        }
        let (organization, now) = (organization, now)
        let until = now.adding(seconds: Double(minutes) * 60)
        let note = AuditNote(
            .logLevelSet, "log", "level",
            after: level.map { ["level": .string($0.rawValue), "until": .string(until.description)] }
                ?? ["level": "usual"])
        try await store.write { session in
            try AlertTable(session, organization: organization).wish(level.map { ($0.rawValue, until) })
            try self.note(note, by: actor, at: now, in: session)
        }
        return try await followLogWish(desk)
    }

    /// Logs from the level on that somebody wishes.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func followLogWish(_ desk: LogDesk = .shared) async throws -> LogLevelReport {
        let report = try await logLevel(desk)
        if desk.level != report.level { desk.level = report.level }
        return report
    }
}
