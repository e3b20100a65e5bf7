import Audit
import Commerce
import Console
import Notices

@testable import Pipeline

/// A hub that knows no webhook of its own.
struct NoListeners: ListenersPort {
    func listenerViews(at publicID: String?) async throws -> [ListenerView]? { publicID == nil ? [] : nil }
    func listenerView(_ publicID: String) async throws -> ListenerView? { nil }

    func register(
        _ wish: ListenerWish, at publicID: String?, by actor: AuditActor, answering: Answering<ListenerView>?
    ) async throws -> ListenerView? {
        nil
    }

    func change(listener publicID: String, _ wish: ListenerWish, by actor: AuditActor) async throws -> ListenerView? {
        nil
    }

    func rotateSecret(
        ofListener publicID: String, to given: String?, signing: NoticeSigning?, keepingOldSeconds seconds: Double,
        by actor: AuditActor
    ) async throws -> ListenerView? {
        nil
    }

    func remove(listener publicID: String, by actor: AuditActor) async throws -> Bool { false }
    func test(listener publicID: String, by actor: AuditActor) async throws -> NoticeReport? { nil }
    func disable(listener publicID: String, reason: String, by actor: AuditActor) async throws -> Bool { false }
    func enable(listener publicID: String, replays: Bool, by actor: AuditActor) async throws -> NoticeReplay? { nil }

    func replay(
        listener publicID: String, since: Moment, all: Bool, by actor: AuditActor
    ) async throws -> NoticeReplay? {
        nil
    }

    func noticeLog(
        listener publicID: String, in states: [NoticeState], before: Int64?, limit: Int
    ) async throws -> [NoticeReport]? {
        nil
    }
}
