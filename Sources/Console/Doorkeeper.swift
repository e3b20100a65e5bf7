import Commerce
import Wire

/// Finds out who asks. Denies by default: without a valid token nobody is let in, except from the same machine where
/// the server was started to allow it.
struct Doorkeeper: Sendable {
    /// The cookie of a signed-in browser.
    static let cookie = "crossdock_token"

    enum Verdict: Sendable {
        case welcome(Access)
        /// 401, with the reason.
        case unknown(String)
        /// 403, with the reason.
        case notYours(String)
    }

    let tokens: Tokens
    let organization: String
    let openOnLoopback: Bool

    func look(at request: HTTPRequest, now: Moment) async -> Verdict {
        guard let text = token(of: request) else {
            if openOnLoopback, isFromThisMachine(request) {
                return .welcome(Access(role: .admin, organization: organization, expires: nil))
            }
            return .unknown("this needs a token; make one with `crossdock token --role viewer`")
        }
        do {
            let access = try await tokens.check(text, now: now)
            guard access.organization == organization else {
                return .notYours("this token is for another organization")
            }
            return .welcome(access)
        } catch {
            return .unknown(error.description)
        }
    }

    private func token(of request: HTTPRequest) -> String? {
        if let header = request.headers["Authorization"] {
            let words = header.split(separator: " ", maxSplits: 1)
            return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : ""
        }
        return Self.cookies(of: request)[Self.cookie]
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

    /// Whether a program on this machine asks under this machine's own name.
    ///
    /// The name is looked at because a page from anywhere can make a browser ask 127.0.0.1 under a name that its owner
    /// points there; the forwarding headers, because a proxy on this machine speaks for others.
    private func isFromThisMachine(_ request: HTTPRequest) -> Bool {
        let isNear = request.peer.map { $0 == "::1" || $0 == "::ffff:127.0.0.1" || $0.hasPrefix("127.") } ?? false
        let isNamed = ["localhost", "127.0.0.1", "[::1]"].contains(request.address.host)
        let isForwarded = ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP"]
            .contains { request.headers[$0] != nil }
        return isNear && isNamed && !isForwarded
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
