import Commerce
import Identity
import Pipeline
import Telemetry
import Wire

/// Signing in and out of programs, and their keys.
extension Console {
    /// The longest body that is read here, in bytes.
    private static let bodyLimit = 16 << 10
    /// The longest a key may last where its end is told, in days.
    private static let longestKeyDays = 3650

    /// `{username, password}` for `{token, tokenType, expiresIn, refreshToken, refreshExpiresIn}`.
    func token(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        switch members(visit) {
        case .failure(let refusal): return refusal.response
        case .success(let body):
            guard let name = body["username"]?.string ?? body["name"]?.string, let password = body["password"]?.string
            else { return envelope.failure(.badRequest, "this needs \"username\" and \"password\", as texts") }
            let outcome = try? await hub.identity.signIn(
                name, password: password, isBrowser: false, from: visit.request.peer)
            guard case .welcome(let secret, let caller)? = outcome else { return refusal(outcome, envelope) }
            return await tokens(secret, caller, envelope)
        }
    }

    /// `{refreshToken}` for the same as `token`.
    func refresh(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        switch members(visit) {
        case .failure(let refusal): return refusal.response
        case .success(let body):
            guard let text = body["refreshToken"]?.string else {
                return envelope.failure(.badRequest, "this needs \"refreshToken\", as a text")
            }
            guard let secret = IssuedSecret(text) else { return envelope.failure(.unauthorized, Self.ended) }
            do {
                guard let (next, caller) = try await hub.identity.renew(secret, from: visit.request.peer) else {
                    doorkeeper.forget()
                    return envelope.failure(.unauthorized, Self.ended)
                }
                return await tokens(next, caller, envelope)
            } catch {
                return envelope.failure(.unavailable, "the store cannot be written now; try again soon")
            }
        }
    }

    private static let ended = "this sign-in has ended, or was renewed with this before; sign in again"

    private func tokens(_ secret: IssuedSecret, _ caller: Caller, _ envelope: Envelope) async -> HTTPResponse {
        // Looking at a password takes time.
        let now = hub.now
        guard let session = caller.session,
            let token = try? await doorkeeper.tokens.make(
                session: session, of: caller.name, organization: options.organization, now: now)
        else { return envelope.failure(.unavailable, "no token can be made now; try again soon") }
        return envelope.success([
            "token": .string(token), "tokenType": "Bearer", "expiresIn": .integer(Int(Tokens.sessionSeconds)),
            "refreshToken": .string(secret.text),
            "refreshExpiresIn": .integer(caller.expires.map { Int($0.seconds(since: now)) } ?? 0),
            "permissions": Self.words(caller.permissions),
        ])
    }

    /// Ends the sign-in of the token it is asked with.
    func revoke(_ visit: Visit) async -> HTTPResponse {
        guard let session = visit.access?.session else {
            return visit.envelope.failure(
                .badRequest,
                "this token or key belongs to no sign-in; take a token back with `crossdock token "
                    + "--revoke`, a key with DELETE /api/auth/keys/{id}")
        }
        do {
            let hasEnded = try await hub.identity.end(session: session, by: visit.actor)
            doorkeeper.forget()
            return visit.envelope.success(["ended": .bool(hasEnded)])
        } catch {
            return visit.envelope.failure(.unavailable, "the store cannot be written now; try again soon")
        }
    }

    /// Who asks.
    func me(_ visit: Visit) -> HTTPResponse {
        guard let access = visit.access else { return visit.envelope.failure(.unauthorized, "nobody is known here") }
        return visit.envelope.success([
            "name": .string(access.name), "kind": access.isPerson ? "person" : "key",
            "organization": .string(access.organization), "permissions": Self.words(access.permissions),
            "expiresAt": access.expires.map { .string($0.description) } ?? .null,
        ])
    }

    /// The keys.
    func keys(_ visit: Visit) async -> HTTPResponse {
        guard let keys = try? await hub.identity.apiKeys() else {
            return visit.envelope.failure(.unavailable, "the store cannot be read now; try again soon")
        }
        return visit.envelope.success(.array(keys.map { $0.json(at: visit.envelope.now) }))
    }

    /// `{name, permissions: [...], expiresInDays}` for the key and what is told of it.
    func makeKey(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        switch members(visit) {
        case .failure(let refusal): return refusal.response
        case .success(let body):
            guard let name = body["name"]?.string, let words = body["permissions"]?.array else {
                return envelope.failure(
                    .badRequest, "this needs \"name\", a text, and \"permissions\", a list of texts")
            }
            let permissions = words.map { $0.string.flatMap(Permission.init) }
            let known = Permission.allCases.map(\.rawValue).joined(separator: ", ")
            guard permissions.allSatisfy({ $0 != nil }) else {
                return envelope.failure(.badRequest, "\"permissions\" may hold: \(known)")
            }
            let wanted = Set(permissions.compactMap(\.self))
            guard let access = visit.access, wanted.isSubset(of: access.permissions) else {
                return envelope.failure(.forbidden, "nobody gives away what he may not do himself")
            }
            var expires: Moment?
            if let days = body["expiresInDays"], days != .null {
                guard let days = days.integer, (1...Self.longestKeyDays).contains(days) else {
                    return envelope.failure(
                        .badRequest, "\"expiresInDays\" is a whole number from 1 to \(Self.longestKeyDays)")
                }
                expires = envelope.now.adding(seconds: Double(days) * 86_400)
            }
            return await made(name, wanted, expires, visit)
        }
    }

    private func made(
        _ name: String, _ permissions: Set<Permission>, _ expires: Moment?, _ visit: Visit
    ) async -> HTTPResponse {
        do {
            let (key, secret) = try await hub.identity.makeAPIKey(
                name, permissions: permissions, expires: expires, by: visit.actor)
            var told = key.json(at: visit.envelope.now).object ?? [:]
            told["key"] = .string(secret)
            return visit.envelope.success(.object(told), status: 201)
        } catch let error as HubError {
            return visit.envelope.failure(.badRequest, error.description)
        } catch {
            return visit.envelope.failure(.unavailable, "the store cannot be written now; try again soon")
        }
    }

    /// `{keep_old_hours}` (24 unless said) for the key that follows, and what is told of it.
    func rotateKey(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        var hours = Self.usualOverlapHours
        if !visit.request.body.isEmpty {
            switch members(visit) {
            case .failure(let refusal): return refusal.response
            case .success(let body):
                if let given = body["keep_old_hours"] {
                    guard let number = given.integer, (0...Self.longestOverlapHours).contains(number) else {
                        return envelope.failure(
                            .badRequest, "\"keep_old_hours\" is a whole number from 0 to \(Self.longestOverlapHours)")
                    }
                    hours = number
                }
            }
        }
        do {
            let (key, secret) = try await hub.identity.rotateAPIKey(
                visit.names[0], keepingOldSeconds: Double(hours) * 3600, by: visit.actor,
                within: visit.access?.permissions ?? [])
            doorkeeper.forget()
            var told = key.json(at: envelope.now).object ?? [:]
            told["key"] = .string(secret)
            return envelope.success(.object(told), status: 201)
        } catch is RightsRefusal {
            return envelope.failure(.forbidden, "nobody gives away what he may not do himself")
        } catch let error as HubError {
            return envelope.failure(.notFound, error.description)
        } catch {
            return envelope.failure(.unavailable, "the store cannot be written now; try again soon")
        }
    }

    /// How long an old key goes on beside the one that follows it, in hours: unless said, and at most.
    private static let usualOverlapHours = 24
    private static let longestOverlapHours = Int(Hub.longestKeyOverlapSeconds / 3600)

    /// Takes a key back.
    func revokeKey(_ visit: Visit) async -> HTTPResponse {
        do {
            try await hub.identity.revokeAPIKey(visit.names[0], by: visit.actor)
            doorkeeper.forget()
            return visit.envelope.success(["id": .string(visit.names[0]), "revoked": true])
        } catch let error as HubError {
            return visit.envelope.failure(.notFound, error.description)
        } catch {
            return visit.envelope.failure(.unavailable, "the store cannot be written now; try again soon")
        }
    }

    private static func words(_ permissions: Set<Permission>) -> JSON {
        .array(permissions.map(\.rawValue).sorted().map(JSON.string))
    }

    // MARK: Refusals

    /// Why a sign-in came to nothing; nil stands for a store that does not answer.
    static func problem(_ outcome: SignIn?) -> (code: ErrorCode, text: String) {
        switch outcome {
        case .wrong?, .welcome?: (.unauthorized, "name or password are wrong, or the account is blocked")
        case .locked(let seconds)?:
            (.rateLimited, "too many wrong passwords; try again in \(seconds) s, or have the password set anew")
        case .busy?: (.unavailable, "too many are signing in; try again soon")
        case nil: (.unavailable, "the store cannot be read now; try again soon")
        }
    }

    private func refusal(_ outcome: SignIn?, _ envelope: Envelope) -> HTTPResponse {
        if outcome != nil { Tally.denials.add() }
        let problem = Self.problem(outcome)
        var response = envelope.failure(problem.code, problem.text)
        if case .locked(let seconds)? = outcome { response.headers["Retry-After"] = "\(seconds)" }
        return response
    }

    private struct Refused: Error { let response: HTTPResponse }

    /// The members of a body that is a JSON object.
    private func members(_ visit: Visit) -> Result<[String: JSON], Refused> {
        let (request, envelope) = (visit.request, visit.envelope)
        func refused(_ code: ErrorCode, _ text: String) -> Result<[String: JSON], Refused> {
            .failure(Refused(response: envelope.failure(code, text)))
        }
        guard request.body.count <= Self.bodyLimit else {
            return refused(.payloadTooLarge, "at most \(Self.bodyLimit) bytes are read here")
        }
        do throws(BodyRefusal) {
            return .success(try RequestBody.read(request, isNeeded: true).object ?? [:])
        } catch {
            return refused(error.code, error.sentence)
        }
    }
}
