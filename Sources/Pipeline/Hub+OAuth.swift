import Audit
import ConnectorKit
import Grants
import Ledger
import Store

/// Letting the hub in at a far side by OAuth 2: a person goes there, says yes, and comes back.
extension Hub {
    /// How long somebody may be on his way, in seconds.
    static let requestSeconds = 600.0
    /// The longest text of the far side that is looked at when somebody comes back, in bytes.
    static let returnLength = 4096

    /// Where somebody is sent who wants to let the hub in, and what his browser is to keep until he is back.
    public struct Departure: Sendable {
        public var address: String
        public var browserSecret: String
        public var expiresAt: Moment
    }

    /// Sends somebody on his way. Nil where there is no such integration.
    ///
    /// - Throws: `HubError` where its connector does not go by OAuth 2, or nobody could come back; `StoreFailure`.
    public func beginGrant(_ publicID: String, by actor: AuditActor) async throws -> Departure? {
        guard let integration = try await known(publicID) else { return nil }
        guard let terms = terms(of: integration) else {
            throw HubError("\(integration.name): \(integration.connector) does not let the hub in by OAuth 2")
        }
        guard let publicURL else {
            throw HubError("the hub has no public address to come back to; start it with --public-url")
        }
        let base = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
        let redirect = base + "/admin/integration/\(integration.connector)/callback"
        let state = OAuthCalls.urlSafe(surroundings.random(32))
        let verifier = OAuthCalls.urlSafe(surroundings.random(32))
        let browser = OAuthCalls.urlSafe(surroundings.random(32))
        try await refreshKeys()
        let (organization, now) = (organization, now)
        let request = GrantRequest(
            state: Signature.sha256(Array(state.utf8)), integration: integration.id,
            browser: Signature.sha256(Array(browser.utf8)),
            sealed: try vault.seal(Array(verifier.utf8), context: Self.context(request: integration)),
            redirect: redirect, actor: actor.name, expiresAt: now.adding(seconds: Self.requestSeconds))
        try await store.write { try GrantTable($0, organization: organization).begin(request, now: now) }
        let address = OAuthCalls.address(terms, redirect: redirect, state: state, verifier: verifier)
        return Departure(address: address.text, browserSecret: browser, expiresAt: request.expiresAt)
    }

    /// What somebody brings back.
    public struct Return: Sendable {
        public var connector: String
        public var state: String?
        public var code: String?
        /// What the far side says is wrong.
        public var error: String?
        /// What his browser has kept.
        public var browserSecret: String?

        /// What was brought back.
        public init(connector: String, state: String?, code: String?, error: String?, browserSecret: String?) {
            self.connector = connector
            self.state = state
            self.code = code
            self.error = error
            self.browserSecret = browserSecret
        }
    }

    /// Takes somebody back, and his code for tokens. Answers the integration that is let in. A state is good once,
    /// whatever comes of it, and for the browser alone that set out with it.
    ///
    /// - Throws: `HubError` with a sentence for him, `StoreFailure`.
    public func endGrant(_ back: Return, from origin: String?) async throws -> Integration {
        let (request, integration) = try await expected(back)
        let actor = AuditActor(.person, request.actor, origin: origin)
        if let error = back.error {
            let words = error == "access_denied" ? "access was denied there" : "the far side says \(Self.word(error))"
            throw HubError("\(integration.name) does not let the hub in: \(words)")
        }
        guard let code = back.code, !code.isEmpty, code.utf8.count <= Self.returnLength else {
            throw HubError("\(integration.name): the far side gave no code")
        }
        guard let terms = terms(of: integration),
            let verifier = try? vault.open(request.sealed, context: Self.context(request: integration))
        else { throw HubError("\(integration.name) was given other settings meanwhile; begin again") }
        let calls = OAuthCalls(terms: terms, transport: surroundings.transport)
        let answer: OAuthCalls.Answer
        do {
            answer = try await calls.exchange(
                code: code, verifier: String(decoding: verifier, as: UTF8.self), redirect: request.redirect)
        } catch {
            throw HubError("\(integration.name) gave no tokens for the code (\(error.words)); begin again")
        }
        try await keep(answer, of: integration, by: actor)
        return integration
    }

    private func expected(_ back: Return) async throws -> (GrantRequest, Integration) {
        let strange = HubError("nobody is expected with this; begin again at the integration's page")
        guard let state = back.state, let secret = back.browserSecret, state.utf8.count <= Self.returnLength else {
            throw strange
        }
        let (organization, now) = (organization, now)
        let digest = Signature.sha256(Array(state.utf8))
        let found = try await store.write { session -> (GrantRequest, Integration)? in
            let ledger = LedgerTable(session, organization: organization)
            guard let request = try GrantTable(session, organization: organization).take(state: digest, now: now),
                let integration = try ledger.integrations().first(where: { $0.id == request.integration })
            else { return nil }
            return (request, integration)
        }
        guard let found, found.1.connector == back.connector,
            Signature.areEqual(found.0.browser, Signature.sha256(Array(secret.utf8)))
        else { throw strange }
        if !canOpen(found.1) { try await refreshKeys() }
        return found
    }

    private func keep(_ answer: OAuthCalls.Answer, of integration: Integration, by actor: AuditActor) async throws {
        let (organization, now) = (organization, now)
        let tokens = Tokens(access: answer.access, refresh: answer.refresh)
        let grant = Grant(
            integration: integration.id, sealed: try vault.seal(tokens.bytes, context: Self.context(integration)),
            scope: answer.scope, expiresAt: answer.seconds.map { now.adding(seconds: Double($0)) }, grantedAt: now)
        let note = AuditNote(
            .integrationAuthorized, "integration", integration.publicID, after: ["scope": .string(answer.scope)])
        try await store.write { session in
            try GrantTable(session, organization: organization).keep(grant)
            let ledger = LedgerTable(session, organization: organization)
            if integration.state == .refused { try ledger.set(.active, reason: nil, of: integration.id) }
            try self.note(note, by: actor, at: now, in: session)
        }
        addressBook.forget()
        bell.ring()
    }

    /// The terms of an integration's settings; nil where they name none.
    func terms(of integration: Integration) -> OAuthTerms? {
        guard let type = registry[integration.connector],
            let settings = settings(of: integration, type.card.settings)
        else { return nil }
        return type.authorization(settings)
    }

    static func context(_ integration: Integration) -> String { "grant \(integration.publicID)" }
    private static func context(request integration: Integration) -> String { "grant request \(integration.publicID)" }

    /// A word of the far side's, as it may be shown.
    private static func word(_ text: String) -> String {
        let known = text.prefix(60).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return known.isEmpty ? "something else" : known
    }

    /// How an integration is let in, for people to see. Nil where there is none, or it does not go by OAuth 2.
    ///
    /// - Throws: `StoreFailure`.
    public func grantStanding(_ publicID: String) async throws -> JSON? {
        guard let integration = try await known(publicID), terms(of: integration) != nil else { return nil }
        let organization = organization
        let grant = try await store.read { try GrantTable($0, organization: organization).grant(of: integration.id) }
        let state = grant.map { $0.problem == nil ? "granted" : "failed" } ?? "needed"
        return [
            "state": .string(state), "startAt": .string("/admin/integration/\(publicID)/authorize"),
            "scope": .text(grant?.scope), "expiresAt": .text(grant?.expiresAt?.description),
            "grantedAt": .text(grant?.grantedAt.description), "renewedAt": .text(grant?.renewedAt?.description),
            "problem": .text(grant?.problem),
        ]
    }
}

extension OAuthCalls.Failure {
    var words: String {
        switch self {
        case .refused(let words), .later(let words): words
        }
    }
}
