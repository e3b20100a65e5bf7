import ConnectorKit
import Pipeline
import Synchronization

/// A stand-in of a far side that lets programs in by OAuth 2, as RFC 6749 and 7636 have it: codes good once and for the
/// verifier they were asked with, tokens that end, and a new token to renew with each time.
final class LettingInServer: Transport {
    struct State {
        var codes: [String: (challenge: String, redirect: String)] = [:]
        var access: Set<String> = []
        var refresh: Set<String> = []
        var issued = 0
        /// What is answered at the token address instead; nil: as it should be.
        var trouble: HTTPResponse?
        var isSilent = false
        var renewals = 0
        var forms: [[String: String]] = []
        /// Whether tokens to renew with are given, and are good once.
        var givesRefresh = true
    }

    static let origin = "https://erp.example"
    static let client = "hub-client"
    static let secret = "hub client secret"
    let state = Mutex(State())
    private let way: any Transport

    init(_ way: any Transport) { self.way = way }

    /// A person there says yes to what the hub's address asks: the code, with the state it asked with.
    func approve(_ text: String) -> (code: String, state: String)? {
        guard let address = HTTPAddress(text), address.path == "/authorize" else { return nil }
        let query = Dictionary(address.query.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        guard query["client_id"] == Self.client, query["response_type"] == "code",
            query["code_challenge_method"] == "S256", let challenge = query["code_challenge"],
            let redirect = query["redirect_uri"], let given = query["state"]
        else { return nil }
        let code = state.withLock { state in
            state.issued += 1
            let code = "code-\(state.issued)"
            state.codes[code] = (challenge, redirect)
            return code
        }
        return (code, given)
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard request.address.origin == Self.origin else { return try await way.send(request) }
        if request.address.path == "/token" {
            if state.withLock({ $0.isSilent }) { throw .noAnswer("silence") }
            return state.withLock { $0.token(request) }
        }
        let bearer = request.headers["Authorization"]?.replacing("Bearer ", with: "") ?? ""
        let isGood = state.withLock { $0.access.contains(bearer) }
        return HTTPResponse(status: isGood ? 200 : 401, body: Array("{}".utf8))
    }
}

extension LettingInServer.State {
    fileprivate mutating func token(_ request: HTTPRequest) -> HTTPResponse {
        let text = String(decoding: request.body, as: UTF8.self)
        let form = Dictionary(
            HTTPAddress.query(text).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        forms.append(form)
        if let trouble { return trouble }
        let proof = Percent.encoded(LettingInServer.client) + ":" + Percent.encoded(LettingInServer.secret)
        guard request.headers["Authorization"] == "Basic " + Signature.base64(Array(proof.utf8)) else {
            return refuse("invalid_client", 401)
        }
        switch form["grant_type"] {
        case "authorization_code":
            guard let code = form["code"], let asked = codes.removeValue(forKey: code),
                asked.redirect == form["redirect_uri"], let verifier = form["code_verifier"],
                OAuthTestWords.urlSafe(Signature.sha256(Array(verifier.utf8))) == asked.challenge
            else { return refuse("invalid_grant") }
        case "refresh_token":
            // One that comes twice is in two hands: nothing that followed it is good any more.
            guard let old = form["refresh_token"], refresh.remove(old) != nil else {
                refresh = []
                return refuse("invalid_grant")
            }
            renewals += 1
        default: return refuse("unsupported_grant_type")
        }
        return issue()
    }

    private mutating func issue() -> HTTPResponse {
        issued += 1
        access.insert("access-\(issued)")
        var answer: [String: JSON] = [
            "access_token": .string("access-\(issued)"), "token_type": "Bearer", "expires_in": 3600, "scope": "all",
        ]
        if givesRefresh {
            refresh.insert("refresh-\(issued)")
            answer["refresh_token"] = .string("refresh-\(issued)")
        }
        return HTTPResponse(status: 200, body: JSON.object(answer).bytes)
    }

    private func refuse(_ word: String, _ status: Int = 400) -> HTTPResponse {
        HTTPResponse(
            status: status, body: JSON.object(["error": .string(word), "error_description": "no good"]).bytes)
    }
}

enum OAuthTestWords {
    static func urlSafe(_ bytes: [UInt8]) -> String {
        Signature.base64(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// A connector that is let in by OAuth 2 and asks one thing.
enum Letting: ConnectorType {
    static let card = Card(
        name: "letting", title: "Letting",
        settings: [
            SettingShape("clientId", .text, isRequired: true, "as whom the hub is known there"),
            SettingShape("clientSecret", .text, isSecret: true, "the secret of that"),
        ], kinds: [])

    static func authorization(_ settings: Settings) -> OAuthTerms? {
        guard let authorize = HTTPAddress(LettingInServer.origin + "/authorize"),
            let token = HTTPAddress(LettingInServer.origin + "/token")
        else { return nil }
        return OAuthTerms(
            authorizeAt: authorize, tokenAt: token, clientID: settings.text("clientId") ?? "",
            clientSecret: settings.secret("clientSecret"), scopes: ["all", "openid"])
    }

    static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        Connector(check: Check(transport: surroundings.transport))
    }

    private struct Check: ConnectionCheck {
        let transport: any Transport

        func check() async throws(ConnectorFailure) -> String {
            guard let address = HTTPAddress(LettingInServer.origin + "/api/me") else { return "" }
            let response: HTTPResponse
            do {
                response = try await transport.send(HTTPRequest("GET", address))
            } catch {
                throw ConnectorFailure(error, writes: false)
            }
            guard response.status == 200 else { throw .unauthorized(detail: "status \(response.status)") }
            return "let in"
        }
    }
}
