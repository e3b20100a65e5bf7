import Audit
import Commerce
import Ledger
import Pipeline
import Repeats

/// What the addresses of integrations need of a hub. Everything throws when the store cannot be used now; what changes
/// something throws `IntegrationRefusal` besides.
public protocol IntegrationsPort: Sendable {
    /// Integrations by name.
    func integrationPage(_ filter: IntegrationFilter, limit: Int, offset: Int) async throws -> IntegrationPage
    /// One of them; nil when there is none.
    func view(at publicID: String) async throws -> IntegrationView?
    /// Makes one.
    func create(
        _ wish: IntegrationWish, by actor: AuditActor, answering: Answering<IntegrationView>?
    ) async throws -> IntegrationView
    /// Changes one; nil when there is none.
    func change(
        _ publicID: String, _ wish: IntegrationWish, isWhole: Bool, by actor: AuditActor
    ) async throws -> IntegrationView?
    /// Takes one away; nil when there is none.
    func remove(_ publicID: String, confirmed: String?, by actor: AuditActor) async throws -> Removal?
    /// Brings one in step; nil when there is none.
    func sync(
        _ publicID: String, _ wish: SyncWish, by actor: AuditActor, answering: Answering<SyncAnswer>?
    ) async throws -> SyncAnswer?
    /// Reaches one; nil when there is none.
    func test(_ publicID: String, by actor: AuditActor) async throws -> CheckAnswer?
    /// One in numbers; nil when there is none.
    func measure(_ publicID: String) async throws -> IntegrationMeasure?
    /// The hub in numbers.
    func measure() async throws -> SystemMeasure
    /// Sends somebody on his way to let the hub in; nil when there is none.
    func beginGrant(_ publicID: String, by actor: AuditActor) async throws -> Hub.Departure?
    /// Takes somebody back, and answers which one is let in.
    func endGrant(_ back: Hub.Return, from origin: String?) async throws -> Integration
    /// How one lets the hub in; nil when there is none, or it goes by settings.
    func grantStanding(_ publicID: String) async throws -> JSON?
    /// How many integrations are in each state.
    func integrationStates() async throws -> [IntegrationState: Int]

    /// Begins a keyed request, or says why it is not to be done.
    func begin(_ request: KeyedRequest) async throws -> RequestStanding
    /// Keeps the answer to a keyed request.
    func keep(_ answer: KeptAnswer, of claim: RequestClaim) async throws
    /// Frees the key of a request that changed nothing.
    func giveUp(_ claim: RequestClaim) async throws
}

extension Hub: IntegrationsPort {
    /// The hub itself.
    public var desk: any IntegrationsPort { self }
}
