import Queue
import Store

/// What working once came to.
public struct OnceReport: Hashable, Sendable {
    /// Whether all was done that could be: nothing was due any more, or only what rests or is paused.
    public var isDone: Bool
    /// How many tasks wait, due or not.
    public var waiting: Int

    /// What it came to, in one sentence.
    public var sentence: String {
        let tasks = waiting == 1 ? "1 task waits" : "\(waiting) tasks wait"
        return isDone ? "all that was due is done; \(tasks)" : "the time is over before all was done; \(tasks)"
    }
}

/// Working once, for who has it done by cron and not by a hub that runs.
extension Engine {
    /// How often it is looked whether anything is left, in milliseconds, and how often nothing must be left in a row.
    private static let (onceMilliseconds, onceLooks) = (200, 8)

    /// Does what is due - readings, calls, deliveries, notices, schedules - and returns once nothing is, or after so
    /// many seconds. A hub that runs beside it shares the work.
    ///
    /// - Throws: `StoreFailure`.
    public func runOnce(atMostSeconds seconds: Double) async throws -> OnceReport {
        let hub = hub
        let end = hub.now.adding(seconds: seconds)
        let isDone = await withTaskGroup(of: Bool?.self) { group in
            group.addTask {
                await run()
                return nil
            }
            group.addTask { await Self.isIdle(hub, by: end) }
            var verdict: Bool?
            while let ended = await group.next() {
                guard let ended else { continue }
                verdict = ended
                group.cancelAll()
            }
            return verdict ?? false
        }
        let organization = hub.organization
        let waiting = try await hub.store.read {
            try JobTable($0, organization: organization).counts().filter { $0.key.isWaiting }.values.reduce(0, +)
        }
        return OnceReport(isDone: isDone, waiting: waiting)
    }

    /// True once nothing was left for some looks; false when the time is over first.
    private static func isIdle(_ hub: Hub, by end: Moment) async -> Bool {
        var looks = 0
        while hub.now < end, !Task.isCancelled {
            try? await hub.clock.sleep(for: .milliseconds(onceMilliseconds))
            let isAtWork = hub.inHand.withLock { !$0.isEmpty }
            let due = (try? await hub.integrationsDue()) ?? []
            looks = isAtWork || !due.isEmpty ? 0 : looks + 1
            if looks >= onceLooks { return true }
        }
        return false
    }
}
