import ConnectorKit
import Grants
import Ledger
import Store

/// The way to a far side that lets the hub in by OAuth 2: every request there bears the token, which is renewed before
/// it ends, and once when the far side says that it is good no more.
struct GrantedWay: Transport {
    /// Its connectors are the hub's own, and none is used after it.
    unowned let hub: Hub
    let integration: Integration
    let terms: OAuthTerms
    let transport: any Transport

    private static let unauthorized = 401

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let homes = [terms.authorizeAt.origin, terms.tokenAt.origin]
        guard homes.contains(request.address.origin), request.headers["Authorization"] == nil else {
            return try await transport.send(request)
        }
        let held = try await hub.tokens(of: integration, terms)
        let response = try await transport.send(request.bearing(held.tokens.access))
        guard response.status == Self.unauthorized else { return response }
        // Nothing was done, so it may be asked again, with other tokens.
        let renewed = try await hub.tokens(of: integration, terms, insteadOf: held.generation)
        return try await transport.send(request.bearing(renewed.tokens.access))
    }
}

extension HTTPRequest {
    fileprivate func bearing(_ token: Secret) -> HTTPRequest {
        var request = self
        request.headers["Authorization"] = "Bearer \(token.reveal)"
        return request
    }
}

/// Tokens as they are used.
struct HeldTokens: Sendable {
    var tokens: Tokens
    var generation: Int64
}

extension Hub {
    /// How long before its end a token is renewed, in seconds.
    static let renewBeforeSeconds = 120.0

    /// The tokens of an integration: those it has, or new ones where these end soon or are the ones that were refused.
    ///
    /// - Throws: `TransportFailure.notSent` with the reason.
    func tokens(
        of integration: Integration, _ terms: OAuthTerms, insteadOf refused: Int64? = nil
    ) async throws(TransportFailure) -> HeldTokens {
        do {
            let grant = try await grant(of: integration)
            let held = HeldTokens(tokens: try opened(grant, integration), generation: grant.generation)
            let left = grant.expiresAt.map { $0.seconds(since: now) } ?? .infinity
            let isRefused = refused == grant.generation
            guard isRefused || left < Self.renewBeforeSeconds else { return held }
            if let renewed = try await renew(grant, held, integration, terms) { return renewed }
            // Another process is at it: what is good still is used meanwhile.
            guard !isRefused, left > 0 else { throw HubError("another process is renewing the tokens; try again") }
            return held
        } catch let failure as HubError {
            throw .notSent(failure.description)
        } catch {
            throw .notSent("the tokens cannot be read now")
        }
    }

    private func grant(of integration: Integration) async throws -> Grant {
        let organization = organization
        let found = try await store.read { try GrantTable($0, organization: organization).grant(of: integration.id) }
        guard let found else {
            let reason =
                "nobody has let the hub in yet; an admin does at /admin/integration/\(integration.publicID)/authorize"
            try await refuse(integration, reason)
            throw HubError(reason)
        }
        if let problem = found.problem {
            try await refuse(integration, problem)
            throw HubError(problem)
        }
        return found
    }

    private func opened(_ grant: Grant, _ integration: Integration) throws -> Tokens {
        guard let bytes = try? vault.open(grant.sealed, context: Self.context(integration)),
            let tokens = Tokens(bytes)
        else { throw HubError("the tokens cannot be opened with this hub's key") }
        return tokens
    }

    /// Renews tokens, as the only one of all processes. Nil where another is at it, or the tokens have changed since.
    private func renew(
        _ grant: Grant, _ held: HeldTokens, _ integration: Integration, _ terms: OAuthTerms
    ) async throws -> HeldTokens? {
        let (organization, began) = (organization, now)
        let renewer = owner + "/" + Signature.hex(surroundings.random(8))
        let isOurs = try await store.write(.urgent) { session in
            try GrantTable(session, organization: organization).claim(
                grant.integration, generation: grant.generation, by: renewer, now: began)
        }
        guard isOurs else { return try await newer(than: grant, integration) }
        guard let refresh = held.tokens.refresh else {
            return try await fail(grant, renewer, integration, "the far side gives no token to renew it with")
        }
        do throws(OAuthCalls.Failure) {
            let answer = try await OAuthCalls(terms: terms, transport: surroundings.transport).renew(refresh)
            return try await keep(answer, grant, refresh, renewer, integration)
        } catch {
            if case .refused(let words) = error { return try await fail(grant, renewer, integration, words) }
            _ = try await store.write { session in
                try GrantTable(session, organization: organization)
                    .release(grant.integration, by: renewer, problem: nil)
            }
            throw HubError("the tokens could not be renewed (\(error.words)); it is tried again")
        }
    }

    private func newer(than grant: Grant, _ integration: Integration) async throws -> HeldTokens? {
        let known = try await self.grant(of: integration)
        guard known.generation != grant.generation else { return nil }
        return HeldTokens(tokens: try opened(known, integration), generation: known.generation)
    }

    /// A far side that gives a new token to renew with takes the old one back; one that gives none goes by the old.
    private func keep(
        _ answer: OAuthCalls.Answer, _ grant: Grant, _ refresh: Secret, _ renewer: String, _ integration: Integration
    ) async throws(OAuthCalls.Failure) -> HeldTokens? {
        let (organization, now) = (organization, now)
        let tokens = Tokens(access: answer.access, refresh: answer.refresh ?? refresh)
        do {
            let sealed = try vault.seal(tokens.bytes, context: Self.context(integration))
            let expires = answer.seconds.map { now.adding(seconds: Double($0)) }
            let isKept = try await store.write(.urgent) { session in
                try GrantTable(session, organization: organization).renewed(
                    grant.integration, to: sealed, expiresAt: expires, by: renewer, now: now)
            }
            return isKept
                ? HeldTokens(tokens: tokens, generation: grant.generation + 1)
                : try await newer(than: grant, integration)
        } catch {
            throw .later("they could not be kept: \(error)")
        }
    }

    /// The tokens are good no more: nothing is sent there before a person has said yes once more.
    private func fail(
        _ grant: Grant, _ renewer: String, _ integration: Integration, _ words: String
    ) async throws -> HeldTokens? {
        let organization = organization
        let problem =
            "the far side does not renew the hub's tokens (\(words)); an admin lets it in once more at "
            + "/admin/integration/\(integration.publicID)/authorize"
        let isOurs = try await store.write(.urgent) { session in
            try GrantTable(session, organization: organization)
                .release(grant.integration, by: renewer, problem: problem)
        }
        // Held too long, and another has renewed them meanwhile: his are good.
        guard isOurs else { return try await newer(than: grant, integration) }
        try await refuse(integration, problem)
        throw HubError(problem)
    }

    private func refuse(_ integration: Integration, _ reason: String) async throws {
        guard try await known(integration.publicID)?.state == .active else { return }
        logger.warning("needs attention: \(reason)", metadata: ["integration": "\(integration.name)"])
        try await set(.refused, reason: reason, of: integration)
    }

    /// Seals tokens with the current key, wherever another one has.
    func resealGrants() async throws {
        let (vault, organization) = (vault, organization)
        let grants = try await store.read { try GrantTable($0, organization: organization).all() }
        let names = Dictionary(
            try await integrations().map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for grant in grants where Vault.key(of: grant.sealed) != vault.currentKey {
            guard let integration = names[grant.integration] else { continue }
            let context = Self.context(integration)
            let sealed = try vault.seal(vault.open(grant.sealed, context: context), context: context)
            try await store.write { session in
                try GrantTable(session, organization: organization)
                    .reseal(grant.integration, generation: grant.generation, as: sealed)
            }
        }
    }
}
