import Audit
import ConnectorKit
import Identity
import Intake
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

    /// What the addresses of the hub's own webhooks need of it.
    var listeners: any ListenersPort { get }
    /// What watches over it.
    var watch: any WatchPort { get }

    /// Who may do what.
    var identity: any IdentityPort { get }

    /// What is asked for persons.
    var persons: any PersonsPort { get }
    /// What is tried by those who may not.
    var strangers: any SecurityPort { get }

    /// What vendors have said.
    var inbox: any InboxPort { get }

    /// What the hub knows.
    var catalogue: any CataloguePort { get }

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

    /// The batches there are, the latest first.
    ///
    /// - Throws: when the store cannot be read now.
    func batches(limit: Int) async throws -> [BatchProgress]

    /// How far a batch has come; nil when there is none of that id.
    ///
    /// - Throws: when the store cannot be read now.
    func batch(_ id: Int64) async throws -> BatchProgress?

    /// What the guard holds, in words.
    ///
    /// - Throws: when the store cannot be read now.
    func guardReports() async throws -> [GuardReport]

    /// Why a job waits, for who sees that much; nil when there is none of that id.
    ///
    /// - Throws: when the store cannot be read now.
    func why(job id: Int64, to sight: Sight) async throws -> String?
}

extension Hub: HubPort {}

/// What is tried by those who may not: where it is counted, and who asks for it.
public protocol SecurityPort: Sendable {
    /// Counts something that was tried.
    func noteSecurity(_ kind: SecurityKind, from address: String?, at place: String)
    /// Writes down what was counted, now and then; at once where it is urgent.
    func keepSecurityEvents(isUrgent: Bool) async
    /// What was tried within the last so many seconds.
    ///
    /// - Throws: when the store cannot be read now.
    func securityEvents(seconds: Double, kind: SecurityKind?, limit: Int) async throws -> [SecurityLine]
    /// How often each kind was tried within the last so many seconds.
    ///
    /// - Throws: when the store cannot be read now.
    func securityCounts(seconds: Double) async throws -> [SecurityKind: Int]
}

extension Hub: SecurityPort {
    /// The hub itself.
    public var strangers: any SecurityPort { self }
}

/// What vendors have said, looked at and understood once more. Each throws when the store cannot be used now.
public protocol InboxPort: Sendable {
    /// The stored calls that are meant, the latest numbers first.
    func deliveries(_ filter: DeliveryFilter, limit: Int) async throws -> [DeliveryView]
    /// One of them with what it said, masked; nil where there is none.
    func delivery(_ id: Int64) async throws -> DeliveryView?
    /// Has some of them understood once more; answers which will be.
    func replay(deliveries given: [Int64], by actor: AuditActor) async throws -> [Int64]
    /// Has the latest of those that are meant understood once more; answers which will be.
    func replay(_ filter: DeliveryFilter, by actor: AuditActor) async throws -> [Int64]
    /// Sends an integration a signed call without meaning.
    func sampleWebhook(to integration: Integration, by actor: AuditActor) async throws -> Hub.Reception
}

extension Hub: InboxPort {
    /// The hub itself.
    public var inbox: any InboxPort { self }
}

/// What the hub knows, record by record, without what is somebody's own. Each throws when the store cannot be read now.
public protocol CataloguePort: Sendable {
    /// So many of the records that are meant, beginning behind a place.
    func records(_ filter: RecordFilter, after place: RecordPlace?, limit: Int) async throws -> RecordPage
    /// A record and how it came to be what it is; nil where there is none of that id.
    func record(_ id: Int64) async throws -> RecordStory?
}

extension Hub: CataloguePort {
    /// The hub itself.
    public var catalogue: any CataloguePort { self }
}
