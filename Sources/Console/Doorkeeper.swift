import Commerce
import Identity
import Pipeline
import Wire

/// Finds out who asks. Denies by default: without a valid token, key or sign-in nobody is let in, except from the same
/// machine where the server was started to allow it.
struct Doorkeeper: Sendable {
    /// The cookie of a signed-in browser.
    static let cookie = "crossdock_token"

    enum Verdict: Sendable {
        case welcome(Access)
        /// 401, with the reason.
        case unknown(String)
        /// 403, with the reason.
        case notYours(String)
        /// 503: it cannot be found out now.
        case unavailable
    }

    let tokens: Tokens
    let identity: any IdentityPort
    let organization: String
    let openOnLoopback: Bool

    private let recent = RecentCallers()

    init(tokens: Tokens, identity: any IdentityPort, organization: String, openOnLoopback: Bool) {
        self.tokens = tokens
        self.identity = identity
        self.organization = organization
        self.openOnLoopback = openOnLoopback
    }

    func look(at request: HTTPRequest, now: Moment) async -> Verdict {
        guard let (text, isCookie) = credential(of: request) else {
            if openOnLoopback, request.isFromThisMachine {
                return .welcome(Access(role: .admin, organization: organization, expires: nil))
            }
            return .unknown("this needs a token; make one with `crossdock token --role viewer`")
        }
        do {
            var verdict = try await look(at: text, isCookie, now: now)
            if case .welcome(var access) = verdict {
                access.isCookie = isCookie
                verdict = .welcome(access)
            }
            return verdict
        } catch let failure as TokenFailure {
            return .unknown(failure.description)
        } catch {
            return .unavailable
        }
    }

    /// What was found out about callers is looked at anew.
    func forget() { recent.forget() }

    private func look(at text: String, _ isCookie: Bool, now: Moment) async throws -> Verdict {
        if let secret = IssuedSecret(text) {
            guard secret.purpose == (isCookie ? .browser : .apiKey) else {
                return .unknown("this is neither a token nor a key for programs")
            }
            let found = try await recent.caller(Signature.hex(secret.digest) + secret.id, now: now) {
                try await identity.caller(bearing: secret)
            }
            guard let found else { return .unknown("this key or sign-in is not known here, or not good any more") }
            return .welcome(access(found, key: secret.id))
        }
        let access = try await tokens.check(text, now: now)
        guard access.organization == organization else { return .notYours("this token is for another organization") }
        guard let session = access.session else {
            let stands = try await recent.caller(access.key, now: now) {
                try await identity.isRevoked(token: access.key)
                    ? nil : Caller(name: access.name, isPerson: access.isPerson, permissions: access.permissions)
            }
            return stands == nil ? .unknown("this token was taken back") : .welcome(access)
        }
        let found = try await recent.caller(session, now: now) { try await identity.caller(ofSession: session) }
        guard let found else { return .unknown("this sign-in has ended; sign in again") }
        return .welcome(self.access(found, key: session, expires: access.expires))
    }

    private func access(_ caller: Caller, key: String, expires: Moment? = nil) -> Access {
        Access(
            name: caller.name, isPerson: caller.isPerson, permissions: caller.permissions, organization: organization,
            expires: expires ?? caller.expires, key: key, session: caller.session)
    }

    /// What a request carries to prove who it is from, and whether a browser sends it by itself.
    private func credential(of request: HTTPRequest) -> (text: String, isCookie: Bool)? {
        if let header = request.headers["Authorization"] {
            // Byte by byte: a token is long, and comes with every request.
            let words = header.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1)
            let isBearer = words.count == 2 && String(Substring(words[0])).lowercased() == "bearer"
            return (isBearer ? String(Substring(words[1])) : "", false)
        }
        if let key = request.headers["X-API-Key"] { return (key, false) }
        return Self.cookies(of: request)[Self.cookie].map { ($0, true) }
    }

    static func cookies(of request: HTTPRequest) -> [String: String] {
        var found: [String: String] = [:]
        for field in request.headers.list where field.name.lowercased() == "cookie" {
            for pair in field.value.split(separator: ";") {
                let name = pair.prefix { $0 != "=" }
                guard name.endIndex != pair.endIndex else { continue }
                let value = pair[pair.index(after: name.endIndex)...]
                found[name.trimmed, default: value.trimmed] = value.trimmed
            }
        }
        return found
    }
}

extension HTTPRequest {
    /// Whether a program on this machine asks under this machine's own name.
    ///
    /// The name is looked at because a page from anywhere can make a browser ask 127.0.0.1 under a name that its owner
    /// points there; the forwarding headers, because a proxy on this machine speaks for others.
    var isFromThisMachine: Bool {
        let isNear = peer.map { $0 == "::1" || $0 == "::ffff:127.0.0.1" || $0.hasPrefix("127.") } ?? false
        let isNamed = ["localhost", "127.0.0.1", "[::1]"].contains(address.host)
        let isForwarded = ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP"]
            .contains { headers[$0] != nil }
        return isNear && isNamed && !isForwarded
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
