import Audit
import ConnectorKit
import Ledger
import Notices
import Queue
import Store

/// What was put up again for a webhook.
public struct NoticeReplay: Hashable, Sendable {
    /// How many notices are sent again.
    public var notices: Int
    /// Whether there are more of them than one step puts up: ask again.
    public var hasMore: Bool

    /// As the API shows it.
    public var json: JSON { ["notices": .integer(notices), "hasMore": .bool(hasMore)] }
}

/// What a person does with a webhook: tries it, switches it off and on, has things told again.
extension Hub {
    /// Sends a test event now and says what came of it; nil when there is no such webhook. One that is disabled is
    /// tried, too.
    ///
    /// - Throws: `HubError`, `StoreFailure`.
    public func test(listener publicID: String, by actor: AuditActor) async throws -> NoticeReport? {
        guard let listener = try await listener(publicID) else { return nil }
        let place = try place(of: listener)
        let secrets = try await secrets(of: listener)
        var block = try await ids.draw(2)
        let detail: JSON = ["webhookId": .string(publicID), "message": "If you can read this, calls come."]
        var notice = Notice(
            id: try block.next(), listener: listener.id, event: EventCatalogue.test, detail: detail, at: now)
        let load = try await load([notice], listener)
        let call = try NoticeCall(notice, nil, to: listener, at: place, secrets, load, now: now)
        guard let result = await send([call]).first else { throw HubError("nothing was sent") }
        let verdict = NoticeVerdict(result.outcome, now: now)
        let (organization, now) = (organization, now)
        notice.state = verdict == .delivered ? .delivered : .failed
        (notice.attempts, notice.settledAt) = (1, now)
        let attempt = call.attempt(id: try block.next(), number: 1, result, error: verdict.error, secrets)
        let kept = notice
        try await store.write { session in
            guard try ListenerTable(session, organization: organization).listener(listener.id) != nil else { return }
            let table = NoticeTable(session, organization: organization)
            try table.add([kept])
            try table.add([attempt])
            let note = AuditNote(
                .webhookTested, "webhook", publicID, after: ["status": attempt.status.map { .integer($0) } ?? .null])
            try self.note(note, by: actor, at: now, in: session)
        }
        return NoticeReport(notice: kept, attempts: [attempt])
    }

    /// Switches a webhook off; what waits for it is missed, until somebody has it told again. False when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func disable(listener publicID: String, reason: String, by actor: AuditActor) async throws -> Bool {
        let block = try await ids.draw(ListenerTable.limit * 2)
        let (organization, now) = (organization, now)
        return try await store.write { session in
            var ids = block
            guard let listener = try ListenerTable(session, organization: organization).listener(publicID: publicID)
            else { return false }
            guard listener.state == .active else { return true }
            try self.disable(listener, reason: reason, by: actor, session, ids: &ids, now: now)
            return true
        }
    }

    /// Switches a webhook on. `replays`: what it missed is told now, in its order; otherwise it hears of what happens
    /// from now on. Nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func enable(listener publicID: String, replays: Bool, by actor: AuditActor) async throws -> NoticeReplay? {
        let block = try await ids.draw(NoticeTable.waitingLimit)
        let (organization, now) = (organization, now)
        let replay = try await store.write { session -> NoticeReplay? in
            var ids = block
            let table = ListenerTable(session, organization: organization)
            guard var listener = try table.listener(publicID: publicID) else { return nil }
            let before = listener.state
            (listener.state, listener.reason, listener.failingSince) = (.active, nil, nil)
            if !replays, before == .disabled {
                listener.toldNumber = try LedgerTable(session, organization: organization).changeNumber()
            }
            try table.save(listener)
            try JobTable(session, organization: organization).save(Gate(), of: listener.id)
            let note = AuditNote(
                .webhookStateSet, "webhook", publicID, before: ["state": .string(before.rawValue)],
                after: ["state": "active", "replays": .bool(replays)])
            try self.note(note, by: actor, at: now, in: session)
            guard replays else { return NoticeReplay(notices: 0, hasMore: false) }
            return try Self.again(
                [.missed, .failed], since: Moment(milliseconds: .min), limit: NoticeTable.waitingLimit, listener,
                session, organization, ids: &ids, now: now)
        }
        bell.ring()
        return replay
    }

    /// Has notices told again that failed or were missed since that time, the oldest first; those that got through,
    /// too, where `all` is wanted. Nil when there is no such webhook.
    ///
    /// - Throws: `HubError` when it is disabled, `StoreFailure`.
    public func replay(
        listener publicID: String, since: Moment, all: Bool, by actor: AuditActor
    ) async throws -> NoticeReplay? {
        let block = try await ids.draw(NoticeTable.stepLimit)
        let (organization, now) = (organization, now)
        let replay = try await store.write { session -> NoticeReplay? in
            var ids = block
            let table = ListenerTable(session, organization: organization)
            guard let listener = try table.listener(publicID: publicID) else { return nil }
            guard listener.state == .active else {
                throw HubError("\(listener.name) is disabled: \(listener.reason ?? "by hand"); enable it first")
            }
            let states: [NoticeState] = all ? [.failed, .missed, .delivered] : [.failed, .missed]
            let replay = try Self.again(
                states, since: since, limit: NoticeTable.stepLimit, listener, session, organization, ids: &ids,
                now: now)
            let note = AuditNote(.webhookReplayed, "webhook", publicID, after: replay.json)
            try self.note(note, by: actor, at: now, in: session)
            return replay
        }
        bell.ring()
        return replay
    }

    private static func again(
        _ states: [NoticeState], since: Moment, limit: Int, _ listener: Listener, _ session: any StoreSession,
        _ organization: Int64, ids: inout IDBlock, now: Moment
    ) throws -> NoticeReplay {
        let table = NoticeTable(session, organization: organization)
        let found = try table.oldest(of: listener.id, in: states, since: since, limit: limit)
            .filter { $0.event != EventCatalogue.test }
        try table.set(found.map { .init($0.id, .waiting) })
        try queue(found, for: listener, session, organization, ids: &ids, now: now)
        return NoticeReplay(notices: found.count, hasMore: found.count == limit)
    }

    /// What a webhook was told, the latest first, with each call; those before a message id. Nil when there is no such
    /// webhook.
    ///
    /// - Throws: `StoreFailure`.
    public func noticeLog(
        listener publicID: String, in states: [NoticeState], before: Int64? = nil, limit: Int
    ) async throws -> [NoticeReport]? {
        let organization = organization
        return try await store.read { session in
            guard let listener = try ListenerTable(session, organization: organization).listener(publicID: publicID)
            else { return nil }
            let table = NoticeTable(session, organization: organization)
            let notices = try table.notices(of: listener.id, in: states, before: before ?? .max, limit: limit)
            let attempts = Dictionary(grouping: try table.attempts(of: notices.map(\.id)), by: \.notice)
            return notices.map { NoticeReport(notice: $0, attempts: attempts[$0.id] ?? []) }
        }
    }

    /// Forgets notices that are settled, and their calls, in steps between which others write.
    func forgetNotices() async throws {
        let (organization, now) = (organization, now)
        var next: Int64? = 0
        while let after = next {
            next = try await store.write(.bulk) {
                try NoticeTable($0, organization: organization).forget(after: after, now: now)
            }
        }
    }

    /// Seals with the current key whatever another one has sealed of webhooks.
    func resealListeners() async throws {
        let organization = organization
        let all = try await store.read { try ListenerTable($0, organization: organization).all() }
        for listener in all where Vault.key(of: listener.settings) != vault.currentKey {
            let bytes = try vault.open(listener.settings, context: listener.sealContext)
            let sealed = try vault.seal(bytes, context: listener.sealContext)
            try await store.write { session in
                let table = ListenerTable(session, organization: organization)
                guard var current = try table.listener(listener.id), current.settings == listener.settings else {
                    return
                }
                current.settings = sealed
                try table.save(current)
            }
        }
    }
}

extension NoticeVerdict {
    /// Why the call did not get through; nil when it did.
    var error: String? {
        switch self {
        case .delivered: nil
        case .failed(let why, _, _): why
        case .gone: "status 410"
        case .stopped: "the hub stops"
        }
    }
}
