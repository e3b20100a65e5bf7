import ConnectorKit
import Console
import Ledger
import Pipeline
import Queue
import Store
import StorePostgres

/// A hub whose pages and lists are read from a replica, and all else as ever.
struct ReportingHub: HubPort {
    let hub: Hub
    /// The same hub, whose queries may be a few seconds old.
    let reports: Hub

    var now: Moment { hub.now }

    /// Who has just changed an integration is to see it changed: the store itself is asked.
    var desk: any IntegrationsPort { hub }
    var listeners: any ListenersPort { hub }
    var identity: any IdentityPort { hub }
    var persons: any PersonsPort { hub }
    var strangers: any SecurityPort { hub }
    /// Who has just had a call understood once more is to see it: the store itself is asked.
    var inbox: any InboxPort { hub }
    var catalogue: any CataloguePort { reports }
    var watch: any WatchPort { hub }

    func integrations() async throws -> [Integration] { try await hub.integrations() }

    func integration(at publicID: String) async throws -> Integration? { try await hub.integration(at: publicID) }

    func receive(_ call: WebhookCall, for integration: Integration) async -> Hub.Reception {
        await hub.receive(call, for: integration)
    }

    func receive(_ call: WebhookCall, connector: String, source: String?) async -> Hub.Reception {
        await hub.receive(call, connector: connector, source: source)
    }

    func health() async throws -> HealthReport { try await hub.health() }

    func overview(changeLimit: Int, waitingLimit: Int) async throws -> Overview {
        try await reports.overview(changeLimit: changeLimit, waitingLimit: waitingLimit)
    }

    func jobs(in states: [JobState], limit: Int) async throws -> [JobReport] {
        try await reports.jobs(in: states, limit: limit)
    }

    func job(_ id: Int64) async throws -> JobReport? { try await reports.job(id) }

    func batches(limit: Int) async throws -> [BatchProgress] { try await reports.batches(limit: limit) }

    func batch(_ id: Int64) async throws -> BatchProgress? { try await reports.batch(id) }

    func guardReports() async throws -> [GuardReport] { try await reports.guardReports() }

    func why(job id: Int64, to sight: Sight) async throws -> String? { try await reports.why(job: id, to: sight) }
}
