import ConnectorKit
import Grants

/// What is sent to a far side's token address, and what its answer means. Pure but for the call.
struct OAuthCalls {
    let terms: OAuthTerms
    let transport: any Transport

    /// The longest such a call may take, in seconds.
    static let timeoutSeconds = 20
    /// How much of the far side's own words is quoted.
    private static let quoteLength = 200

    /// What a token address answered.
    struct Answer {
        var access: Secret
        var refresh: Secret?
        var seconds: Int?
        var scope: String
    }

    /// Why no tokens came.
    enum Failure: Error {
        /// They never will by asking again: a person is to say yes once more.
        case refused(String)
        /// Later perhaps.
        case later(String)
    }

    /// Where a person is sent: with our state, and a challenge that only who has the verifier can answer (PKCE, S256).
    static func address(_ terms: OAuthTerms, redirect: String, state: String, verifier: String) -> HTTPAddress {
        var address = terms.authorizeAt
        address.query += [
            .init("response_type", "code"), .init("client_id", terms.clientID), .init("redirect_uri", redirect),
            .init("state", state), .init("code_challenge", challenge(verifier)),
            .init("code_challenge_method", "S256"),
        ]
        if !terms.scopes.isEmpty { address.query.append(.init("scope", terms.scopes.joined(separator: " "))) }
        return address
    }

    /// RFC 7636, section 4.2.
    static func challenge(_ verifier: String) -> String { urlSafe(Signature.sha256(Array(verifier.utf8))) }

    /// Base64 for addresses, without padding.
    static func urlSafe(_ bytes: some Sequence<UInt8>) -> String {
        String(
            Signature.base64(bytes).compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }

    func exchange(code: String, verifier: String, redirect: String) async throws(Failure) -> Answer {
        try await ask([
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ])
    }

    func renew(_ refresh: Secret) async throws(Failure) -> Answer {
        try await ask([("grant_type", "refresh_token"), ("refresh_token", refresh.reveal)])
    }

    private func ask(_ form: [(String, String)]) async throws(Failure) -> Answer {
        var form = form
        var headers: HTTPHeaders = [
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
        ]
        if terms.proof == .basic, let secret = terms.clientSecret {
            let pair = Percent.encoded(terms.clientID) + ":" + Percent.encoded(secret.reveal)
            headers["Authorization"] = "Basic " + Signature.base64(Array(pair.utf8))
        } else {
            form.append(("client_id", terms.clientID))
            if let secret = terms.clientSecret { form.append(("client_secret", secret.reveal)) }
        }
        let body = form.map { Percent.encoded($0.0) + "=" + Percent.encoded($0.1) }.joined(separator: "&")
        let response: HTTPResponse
        do {
            response = try await transport.send(
                HTTPRequest(
                    "POST", terms.tokenAt, headers: headers, body: Array(body.utf8),
                    timeoutSeconds: Self.timeoutSeconds))
        } catch {
            throw .later("\(terms.tokenAt.host) did not answer")
        }
        return try read(response)
    }

    private func read(_ response: HTTPResponse) throws(Failure) -> Answer {
        let json = try? JSON(parsing: response.body)
        guard (200..<300).contains(response.status) else {
            let words = json?["error_description"]?.string ?? json?["error"]?.string ?? ""
            let said = "status \(response.status)" + (words.isEmpty ? "" : ": " + clean(words))
            if response.status == 429 || response.status >= 500 { throw .later(said) }
            throw .refused(said)
        }
        guard let json, let access = json["access_token"]?.string, !access.isEmpty else {
            throw .later("the answer of \(terms.tokenAt.host) holds no token")
        }
        guard json["token_type"]?.string.map({ $0.lowercased() == "bearer" }) ?? true else {
            throw .refused("the tokens are of a sort the hub does not know")
        }
        let seconds = json["expires_in"]?.scalarText.flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil }
        return Answer(
            access: Secret(access), refresh: json["refresh_token"]?.string.map(Secret.init), seconds: seconds,
            scope: json["scope"]?.string ?? terms.scopes.joined(separator: " "))
    }

    /// The far side's words, without our secret should it quote that.
    private func clean(_ words: String) -> String {
        let secret = terms.clientSecret?.reveal ?? ""
        return String((secret.isEmpty ? words : words.replacing(secret, with: "•••")).prefix(Self.quoteLength))
    }
}
