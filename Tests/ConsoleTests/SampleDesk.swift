import Audit
import Commerce
import Console
import Ledger
import Repeats

@testable import Pipeline

/// A desk at which no integration is known.
struct SampleDesk: IntegrationsPort {
    func integrationPage(_ filter: IntegrationFilter, limit: Int, offset: Int) async throws -> IntegrationPage {
        IntegrationPage(views: [], total: 0, before: 0, next: nil)
    }

    func view(at publicID: String) async throws -> IntegrationView? { nil }

    func create(
        _ wish: IntegrationWish, by actor: AuditActor, answering: Answering<IntegrationView>?
    ) async throws -> IntegrationView {
        throw SampleHub.Broken()
    }

    func change(
        _ publicID: String, _ wish: IntegrationWish, isWhole: Bool, by actor: AuditActor
    ) async throws -> IntegrationView? {
        nil
    }

    func remove(_ publicID: String, confirmed: String?, by actor: AuditActor) async throws -> Removal? { nil }

    func sync(
        _ publicID: String, _ wish: SyncWish, by actor: AuditActor, answering: Answering<SyncAnswer>?
    ) async throws -> SyncAnswer? {
        nil
    }

    func test(_ publicID: String, by actor: AuditActor) async throws -> CheckAnswer? { nil }
    func measure(_ publicID: String) async throws -> IntegrationMeasure? { nil }
    func measure() async throws -> SystemMeasure { throw SampleHub.Broken() }
    func beginGrant(_ publicID: String, by actor: AuditActor) async throws -> Hub.Departure? { nil }
    func endGrant(_ back: Hub.Return, from origin: String?) async throws -> Integration { throw SampleHub.Broken() }
    func grantStanding(_ publicID: String) async throws -> JSON? { nil }
    func integrationStates() async throws -> [IntegrationState: Int] { [:] }
    func begin(_ request: KeyedRequest) async throws -> RequestStanding { throw SampleHub.Broken() }
    func keep(_ answer: KeptAnswer, of claim: RequestClaim) async throws {}
    func giveUp(_ claim: RequestClaim) async throws {}
}
