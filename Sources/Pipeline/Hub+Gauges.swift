import Alerts
import ConnectorKit
import Ledger
import Queue
import Store
import Telemetry

/// What of the hub is told as it is at the moment.
extension Hub {
    /// What is left to do, since when, and how the far sides are, for who collects it.
    ///
    /// - Throws: `StoreFailure`.
    public func gauges() async throws -> [Gauge] {
        let (organization, now) = (organization, now)
        let read = Dictionary(
            try await integrations().map { ($0.id, (try? sourceKinds($0)) ?? []) },
            uniquingKeysWith: { first, _ in first })
        var gauges = try await store.read { session -> [Gauge] in
            let (jobs, ledger) = (
                JobTable(session, organization: organization), LedgerTable(session, organization: organization)
            )
            let sides = try ledger.integrations()
            return try Self.queueGauges(jobs, now) + Self.ledgerGauges(ledger)
                + Self.sideGauges(sides, read, jobs, ledger, now)
                + Self.alertGauges(AlertTable(session, organization: organization).all())
        }
        gauges.append(Gauge("crossdock_store_up", [], 1))
        if store.dialect == .postgres {
            gauges.append(Gauge("crossdock_store_connections", [], Double(StoreConnections.count)))
        }
        return gauges
    }

    private static func queueGauges(_ jobs: JobTable, _ now: Moment) throws -> [Gauge] {
        let (counts, oldest) = (try jobs.countsByQueue(), try jobs.oldestDueByQueue(at: now))
        return JobQueue.allCases.flatMap { queue in
            JobState.shown.map { state in
                Gauge(
                    "crossdock_queue_jobs", [("queue", queue.rawValue), ("state", state.rawValue)],
                    Double(counts[queue]?[state] ?? 0))
            } + [
                Gauge(
                    "crossdock_queue_oldest_age_seconds", [("queue", queue.rawValue)],
                    oldest[queue].map { max(0, now.seconds(since: $0)) } ?? 0)
            ]
        }
    }

    private static func ledgerGauges(_ ledger: LedgerTable) throws -> [Gauge] {
        let waiting = try ledger.waitingCounts()
        let guarded = try ledger.undecidedHolds().count { $0.state == .open }
        return [
            Gauge("crossdock_conflicts_open", [], Double(waiting.conflicts)),
            Gauge("crossdock_rejections_open", [], Double(waiting.rejections)),
            Gauge("crossdock_records_held", [], Double(waiting.holds)),
            Gauge("crossdock_guard_holds_open", [], Double(guarded)),
        ]
    }

    private static func sideGauges(
        _ sides: [Integration], _ read: [Int64: [RecordKind]], _ jobs: JobTable, _ ledger: LedgerTable, _ now: Moment
    ) throws -> [Gauge] {
        let (links, undelivered, breakers) = (
            try ledger.linkCounts(), try jobs.undeliveredCounts(), try jobs.breakers()
        )
        return try sides.flatMap { side -> [Gauge] in
            let name = ("integration", side.name)
            let linked = links[side.id]?.values.reduce(0, +) ?? 0
            var gauges = [
                Gauge(
                    "crossdock_integration_up", [name, ("connector", side.connector)], side.state == .active ? 1 : 0),
                Gauge("crossdock_drift_ratio", [name], Double(undelivered[side.id] ?? 0) / Double(max(1, linked))),
            ]
            let pulled = try ledger.pulledAt(side.id)
            for kind in Set(read[side.id] ?? []).union(pulled.keys) {
                let labels = [name, ("kind", kind.rawValue)]
                let lag = max(0, now.seconds(since: pulled[kind] ?? side.createdAt))
                gauges.append(Gauge("crossdock_sync_lag_seconds", labels, lag))
                guard let at = pulled[kind] else { continue }
                gauges.append(
                    Gauge("crossdock_last_success_timestamp_seconds", labels, Double(at.milliseconds) / 1000))
            }
            let failing = breakers.filter { $0.key.integration == side.id }
            let open = failing.values.count { Self.number($0.state(at: now)) == 2 }
            gauges.append(Gauge("crossdock_breakers_open", [name], Double(open)))
            for (far, breaker) in failing {
                gauges.append(
                    Gauge(
                        "crossdock_breaker_state", [name, ("operation", far.operation)],
                        Self.number(breaker.state(at: now))))
            }
            for allowance in try jobs.allowances(of: side.id).map({ $0.at(now) }) where allowance.form != .together {
                let share = Double(max(0, allowance.level)) / Double(max(1, allowance.capacity))
                gauges.append(
                    Gauge(
                        "crossdock_rate_limit_remaining_ratio",
                        [name, ("form", allowance.form.rawValue), ("operation", allowance.operation)], min(1, share)))
            }
            return gauges
        }
    }

    /// 0: called; 1: tried; 2: not called.
    private static func number(_ state: Breaker.State) -> Double {
        switch state {
        case .closed: 0
        case .halfOpen, .probing: 1
        case .open: 2
        }
    }

    private static func alertGauges(_ alerts: [AlertKind: Alert]) -> [Gauge] {
        AlertKind.allCases.map { kind in
            Gauge("crossdock_alert_open", [("kind", kind.rawValue)], alerts[kind]?.state.isOpen ?? false ? 1 : 0)
        }
    }
}
