import Audit
import Notices
import Pipeline
import Repeats

/// What the addresses of the hub's own webhooks need of a hub. Everything throws when the store cannot be used now;
/// what changes something throws `IntegrationRefusal` besides. Nil, and false: there is no such webhook.
public protocol ListenersPort: Sendable {
    /// All of them; of one integration where it is named.
    func listenerViews(at publicID: String?) async throws -> [ListenerView]?
    /// One of them.
    func listenerView(_ publicID: String) async throws -> ListenerView?
    /// Registers one, at an integration where it is named.
    func register(
        _ wish: ListenerWish, at publicID: String?, by actor: AuditActor, answering: Answering<ListenerView>?
    ) async throws -> ListenerView?
    /// Changes one.
    func change(listener publicID: String, _ wish: ListenerWish, by actor: AuditActor) async throws -> ListenerView?
    /// Gives one another secret.
    func rotateSecret(
        ofListener publicID: String, to given: String?, signing: NoticeSigning?, keepingOldSeconds seconds: Double,
        by actor: AuditActor
    ) async throws -> ListenerView?
    /// Takes one away.
    func remove(listener publicID: String, by actor: AuditActor) async throws -> Bool
    /// Tries one.
    func test(listener publicID: String, by actor: AuditActor) async throws -> NoticeReport?
    /// Switches one off.
    func disable(listener publicID: String, reason: String, by actor: AuditActor) async throws -> Bool
    /// Switches one on.
    func enable(listener publicID: String, replays: Bool, by actor: AuditActor) async throws -> NoticeReplay?
    /// Has notices told again.
    func replay(
        listener publicID: String, since: Moment, all: Bool, by actor: AuditActor
    ) async throws -> NoticeReplay?
    /// What one was told.
    func noticeLog(
        listener publicID: String, in states: [NoticeState], before: Int64?, limit: Int
    ) async throws -> [NoticeReport]?
}

extension Hub: ListenersPort {
    /// The hub itself.
    public var listeners: any ListenersPort { self }
}
