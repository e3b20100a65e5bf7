import ConnectorKit
import Ledger
import Pipeline
import Queue
import Store

/// What the console needs of a hub. The real one is `Hub`; a test hands in its own.
public protocol HubPort: Sendable {
    /// The hub's clock.
    var now: Moment { get }

    /// What the addresses of integrations need of it.
    var desk: any IntegrationsPort { get }

    /// What watches over it.
    var watch: any WatchPort { get }

    /// Who may do what.
    var identity: any IdentityPort { get }

    /// All integrations, by name.
    ///
    /// - Throws: when the store cannot be read now.
    func integrations() async throws -> [Integration]

    /// The integration at a public address; nil when there is none.
    ///
    /// - Throws: when the store cannot be read now.
    func integration(at publicID: String) async throws -> Integration?

    /// Takes a vendor's call: proved, stored, and only then answered.
    func receive(_ call: WebhookCall, for integration: Integration) async -> Hub.Reception

    /// Takes a call at a door that names no integration: the one whose secret proves it is meant.
    func receive(_ call: WebhookCall, connector: String, source: String?) async -> Hub.Reception

    /// The state of the hub at a glance.
    ///
    /// - Throws: when the store cannot be read now.
    func overview(changeLimit: Int, waitingLimit: Int) async throws -> Overview

    /// How the hub is, part by part.
    ///
    /// - Throws: when the store does not answer.
    func health() async throws -> HealthReport

    /// The jobs in these states, in words.
    ///
    /// - Throws: when the store cannot be read now.
    func jobs(in states: [JobState], limit: Int) async throws -> [JobReport]

    /// A job in words; nil when there is none of that id.
    ///
    /// - Throws: when the store cannot be read now.
    func job(_ id: Int64) async throws -> JobReport?

    /// What the guard holds, in words.
    ///
    /// - Throws: when the store cannot be read now.
    func guardReports() async throws -> [GuardReport]

    /// Why a job waits; nil when there is none of that id.
    ///
    /// - Throws: when the store cannot be read now.
    func why(job id: Int64) async throws -> String?
}

extension Hub: HubPort {}
