import Audit
import ConnectorKit
import Ledger
import Notices
import Queue
import Store

/// Webhooks of the hub's own: who is told what.
extension Hub {
    /// How long a secret that was replaced signs beside the new one at most, in seconds.
    static let longestRotationSeconds = 30 * 86_400.0
    /// How many random bytes a secret has that the hub makes.
    private static let secretBytes = 32

    /// Registers a webhook: of one integration, or (nil) of all. Nil when there is no such integration.
    ///
    /// - Throws: `IntegrationRefusal`, `HubError`, `StoreFailure`; then nothing was changed.
    public func register(
        _ wish: ListenerWish, at publicID: String?, by actor: AuditActor, answering: Answering<ListenerView>? = nil
    ) async throws -> ListenerView? {
        var integration: Integration?
        if let publicID {
            integration = try await known(publicID)
            guard integration != nil else { return nil }
        }
        var problems: [SettingProblem] = []
        if wish.url == nil { problems.append(SettingProblem("url", "\"url\" is needed")) }
        if wish.events == nil { problems.append(SettingProblem("events", "\"events\" is needed")) }
        if let url = wish.url, let problem = ListenerWish.problem(of: url, on: noticeWay, events: wish.events ?? []) {
            problems.append(SettingProblem("url", problem))
        }
        guard problems.isEmpty, let url = wish.url, let events = wish.events else {
            throw IntegrationRefusal.fields(problems)
        }
        try await refreshKeys()
        let form = wish.signing ?? .shared
        let made = wish.secret == nil ? form.secret(of: surroundings.random(Self.secretBytes)) : nil
        let secrets = ListenerSecrets(headers: wish.headers ?? [:], secret: wish.secret ?? made ?? "")
        var block = try await ids.draw(1)
        let id = "whk_" + Signature.hex(surroundings.random(8))
        var listener = Listener(
            id: try block.next(), publicID: id, integration: integration?.id ?? 0,
            name: wish.name ?? HTTPAddress(url)?.host ?? url, url: url, events: events, settings: [], toldNumber: 0,
            createdAt: now)
        listener.settings = try vault.seal(secrets.json.bytes, context: listener.sealContext)
        wish.apply(to: &listener)
        let (new, organization, now, place) = (listener, organization, now, integration?.publicID)
        return try await store.write { session in
            var listener = new
            let table = ListenerTable(session, organization: organization)
            guard try table.count() < ListenerTable.limit else {
                throw HubError("there are \(ListenerTable.limit) webhooks already; take one away first")
            }
            // It hears of what happens from now on.
            listener.toldNumber = try LedgerTable(session, organization: organization).changeNumber()
            try table.save(listener)
            let note = AuditNote(.webhookRegistered, "webhook", listener.publicID, after: listener.told)
            try self.note(note, by: actor, at: now, in: session)
            let view = ListenerView(listener: listener, integration: place, counts: [:]).showing(secrets, at: now)
            try self.keep(answering, for: view, in: session)
            return view.telling(made)
        }
    }

    /// Changes a webhook; what is not said stays. A secret that is named here replaces the old one at once. Nil when
    /// there is none.
    ///
    /// - Throws: as `register`.
    public func change(
        listener publicID: String, _ wish: ListenerWish, by actor: AuditActor
    ) async throws -> ListenerView? {
        guard let known = try await listener(publicID) else { return nil }
        let (url, events) = (wish.url ?? known.url, wish.events ?? known.events)
        if let problem = ListenerWish.problem(of: url, on: noticeWay, events: events),
            wish.url != nil || wish.events != nil
        {
            throw IntegrationRefusal.fields([SettingProblem("url", problem)])
        }
        if wish.signing != nil, wish.secret == nil {
            let sentence = "\"signing\" is changed with the secret: rotate it, or name the new one"
            throw IntegrationRefusal.fields([SettingProblem("signing", sentence)])
        }
        return try await alter(publicID, .webhookChanged, by: actor) { listener, secrets in
            if let headers = wish.headers { secrets.headers = headers }
            if let secret = wish.secret { (secrets.secret, secrets.previous) = (secret, nil) }
            wish.apply(to: &listener)
        }
    }

    /// Gives a webhook another secret, made by the hub unless it is given: of that form, or of the one it has. For so
    /// many seconds calls are signed with the old one, too. Nil when there is none.
    ///
    /// - Throws: as `register`.
    public func rotateSecret(
        ofListener publicID: String, to given: String?, signing: NoticeSigning? = nil,
        keepingOldSeconds seconds: Double, by actor: AuditActor
    ) async throws -> ListenerView? {
        guard (0...Self.longestRotationSeconds).contains(seconds) else {
            throw IntegrationRefusal.fields([
                SettingProblem("keep_old_hours", "\"keep_old_hours\" must be a whole number from 0 to 720")
            ])
        }
        let (random, until) = (surroundings.random(Self.secretBytes), now.adding(seconds: seconds))
        var made: String?
        let view = try await alter(publicID, .webhookSecretRotated, by: actor) { _, secrets in
            secrets.previous = seconds > 0 ? .init(secret: secrets.secret, until: until) : nil
            if given == nil { made = (signing ?? NoticeSigning(secret: secrets.secret)).secret(of: random) }
            secrets.secret = given ?? made ?? secrets.secret
        }
        return view?.telling(made)
    }

    private func alter(
        _ publicID: String, _ action: AuditAction, by actor: AuditActor,
        _ change: (inout Listener, inout ListenerSecrets) -> Void
    ) async throws -> ListenerView? {
        let (organization, now) = (organization, now)
        guard let known = try await listener(publicID) else { return nil }
        var (listener, secrets) = (known, try await secrets(of: known))
        try await refreshKeys()
        change(&listener, &secrets)
        listener.settings = try vault.seal(secrets.json.bytes, context: listener.sealContext)
        let wanted = listener
        let isSaved = try await store.write { session in
            let table = ListenerTable(session, organization: organization)
            guard let current = try table.listener(known.id) else { return false }
            guard current.settings == known.settings, current.url == known.url, current.events == known.events else {
                throw IntegrationRefusal.changedMeanwhile
            }
            var changed = wanted
            // What the hub notes beside it goes on meanwhile.
            (changed.state, changed.reason) = (current.state, current.reason)
            (changed.toldNumber, changed.failingSince) = (current.toldNumber, current.failingSince)
            try table.save(changed)
            let note = AuditNote(action, "webhook", publicID, before: known.told, after: changed.told)
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
        return isSaved ? try await listenerView(publicID) : nil
    }

    /// Takes a webhook away with all that it was told. False when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(listener publicID: String, by actor: AuditActor) async throws -> Bool {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            let table = ListenerTable(session, organization: organization)
            guard let listener = try table.listener(publicID: publicID) else { return false }
            try Self.forget(listener, by: actor, session, organization, now: now)
            let note = AuditNote(.webhookRemoved, "webhook", publicID, before: listener.told)
            try self.note(note, by: actor, at: now, in: session)
            return true
        }
    }

    /// Takes a listener away, with its work.
    static func forget(
        _ listener: Listener, by actor: AuditActor, _ session: any StoreSession, _ organization: Int64, now: Moment
    ) throws {
        let jobs = JobTable(session, organization: organization)
        let filter = JobFilter(queue: .notify, integration: listener.id)
        var next: Int64? = 0
        while let after = next {
            next = try jobs.cancelAll(filter, by: actor.name, reason: "it was taken away", after: after, now: now).next
        }
        while try jobs.dropDead(filter, by: actor.name, now: now) > 0 {}
        try jobs.forgetHabits(of: listener.id)
        try ListenerTable(session, organization: organization).remove(listener.id)
    }

    /// A webhook by its public id, or by its name where that is one alone; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func listener(_ word: String) async throws -> Listener? {
        let organization = organization
        let all = try await store.read { try ListenerTable($0, organization: organization).all() }
        let named = all.filter { $0.name == word }
        return all.first { $0.publicID == word } ?? (named.count == 1 ? named[0] : nil)
    }

    /// All webhooks, the oldest first; of one integration where it is named. Nil when there is no such integration.
    ///
    /// - Throws: `StoreFailure`.
    public func listenerViews(at publicID: String? = nil) async throws -> [ListenerView]? {
        var integration: Int64?
        if let publicID {
            guard let known = try await known(publicID) else { return nil }
            integration = known.id
        }
        let place = integration
        return try await views { try $0.all(of: place) }
    }

    /// One webhook; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func listenerView(_ publicID: String) async throws -> ListenerView? {
        try await views { try $0.listener(publicID: publicID).map { [$0] } ?? [] }.first
    }

    private func views(
        _ choose: @escaping @Sendable (ListenerTable) throws -> [Listener]
    ) async throws -> [ListenerView] {
        let organization = organization
        let views = try await store.read { session in
            try Self.views(choose(ListenerTable(session, organization: organization)), session, organization)
        }
        let now = now
        return views.map { view in
            var view = view
            if view.restsUntil.map({ $0 <= now }) ?? true { (view.restsUntil, view.restReason) = (nil, nil) }
            return opened(view.listener).map { view.showing($0, at: now) } ?? view
        }
    }

    /// Listeners as they stand, without what is sealed.
    static func views(
        _ listeners: [Listener], _ session: any StoreSession, _ organization: Int64
    ) throws -> [ListenerView] {
        guard !listeners.isEmpty else { return [] }
        let places = try LedgerTable(session, organization: organization).integrations()
        let counts = try NoticeTable(session, organization: organization).counts()
        let gates = try JobTable(session, organization: organization).gates()
        return listeners.map { listener in
            ListenerView(
                listener: listener, integration: places.first { $0.id == listener.integration }?.publicID,
                counts: counts[listener.id] ?? [:], restsUntil: gates[listener.id]?.closedUntil,
                restReason: gates[listener.id]?.reason)
        }
    }
}

extension ListenerWish {
    /// Puts what is not secret of the wish into a listener.
    func apply(to listener: inout Listener) {
        if let name { listener.name = name }
        if let url { listener.url = url }
        if let method { listener.method = method }
        if let events { listener.events = events }
        if let retries { listener.options.retries = retries }
        if let timeoutSeconds { listener.options.timeoutSeconds = timeoutSeconds }
        if let keepsOrder { listener.options.keepsOrder = keepsOrder }
    }
}

extension Listener {
    /// As the audit tells it, without secrets.
    var told: JSON {
        [
            "name": .string(name), "url": .string(ListenerAddress.shown(url)), "method": .string(method),
            "events": .array(events.map(JSON.string)), "timeout": .integer(options.timeoutSeconds),
            "retries": options.retries.map { .integer($0) } ?? .null, "ordered": .bool(options.keepsOrder),
        ]
    }
}
