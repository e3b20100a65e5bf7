import ConnectorKit
import Ledger
import Queue
import Store

/// Which integrations have something to do in a round of the schedule.
extension Hub {
    /// The active integrations whose round would find something to do: webhooks to watch, kinds to read, ids to
    /// compare. Asked for all of them at once, every two seconds, so that an idle hub hardly reads.
    ///
    /// - Throws: `StoreFailure`.
    func integrationsDue() async throws -> [Integration] {
        let (organization, now) = (organization, now)
        let due = try await store.read { session -> [Integration] in
            let ledger = LedgerTable(session, organization: organization)
            let jobs = JobTable(session, organization: organization)
            let active = try ledger.integrations().filter { $0.state == .active }
            guard !active.isEmpty else { return [] }
            let closed = try Closed(jobs)
            let asked = try jobs.integrationsWaiting(for: .pull)
            let scheduled = try ScheduleTable(session, organization: organization).readings()
            let cursors = try ledger.cursors()
            return active.filter { integration in
                if closed.holds(integration, now: now) { return false }
                if self.mustWatchWebhooks(integration, now) || asked.contains(integration.id) { return true }
                return self.isReadingDue(integration, scheduled, cursors[integration.id] ?? [:], now)
            }
        }
        // Another process may have sealed with a key that is newer than what this one knows. What cannot be opened is
        // due in any case.
        if !due.allSatisfy(canOpen) { try await refreshKeys() }
        return due
    }

    /// Whether calls to an integration are let through now.
    ///
    /// - Throws: `StoreFailure`.
    func isOpen(_ integration: Integration) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.read { session in
            try !Closed(JobTable(session, organization: organization)).holds(integration, now: now)
        }
    }

    /// Whether it is time to look at the webhooks of an integration.
    func mustWatchWebhooks(_ integration: Integration, _ now: Moment) -> Bool {
        integration.webhookAt.map { now.seconds(since: $0) >= Engine.webhookWatchSeconds } ?? true
    }

    /// Whether it is time to read a kind, or to compare its ids. One whose kinds are not known is due: its round says
    /// why.
    private func isReadingDue(
        _ integration: Integration, _ scheduled: Set<ScheduleSubject>, _ cursors: [RecordKind: PullCursor],
        _ now: Moment
    ) -> Bool {
        guard let kinds = try? sourceKinds(integration) else { return true }
        return kinds.contains { kind in
            if isCensusDue(integration, cursors[kind], now) { return true }
            if scheduled.contains(.pull(integration: integration.id, kind: kind)) { return false }
            if integration.options.isByHand(kind) { return false }
            return Self.isTime(for: kind, of: integration, cursors[kind], now)
        }
    }

    /// Whether it is time to compare the ids of a kind. Before it has been read once, there is nothing to compare.
    func isCensusDue(_ integration: Integration, _ cursor: PullCursor?, _ now: Moment) -> Bool {
        guard let cursor, cursor.pulledAt != nil else { return false }
        return now.seconds(since: cursor.censusAt ?? integration.createdAt) >= Engine.censusSeconds
    }

    static func isTime(
        for kind: RecordKind, of integration: Integration, _ cursor: PullCursor?, _ now: Moment
    ) -> Bool {
        guard let pulledAt = cursor?.pulledAt else { return true }
        return now.seconds(since: pulledAt) >= Double(integration.options.intervalSeconds(kind))
    }
}

/// What keeps integrations from being called.
private struct Closed {
    let pauses: [Pause]
    let gates: [Int64: Gate]

    init(_ jobs: JobTable) throws { (pauses, gates) = try (jobs.pauses(), jobs.gates()) }

    func holds(_ integration: Integration, now: Moment) -> Bool {
        if pauses.contains(where: { $0.stops(.pull, of: integration.id) }) { return true }
        return gates[integration.id]?.closedUntil.map { $0 > now } ?? false
    }
}
