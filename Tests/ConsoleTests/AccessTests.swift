import Commerce
import Ledger
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// Every route asked by everybody: who is let in, and with which status.
@Suite("Console: access")
struct AccessTests {
    enum Caller: String, CaseIterable, Sendable {
        case nobody, viewer, `operator`, admin, integration, expired, forged, otherOrganization
    }

    func header(_ caller: Caller, _ asking: Asking) async throws -> String? {
        switch caller {
        case .nobody: return nil
        case .viewer: return try await asking.token(.viewer)
        case .operator: return try await asking.token(.operator)
        case .admin: return try await asking.token(.admin)
        case .integration: return try await asking.token(.integration)
        case .expired:
            return try await asking.tokens.make(
                role: .admin, organization: "default", days: 1, now: Overview.sampleTime.adding(seconds: -90_000))
        case .forged: return try await asking.token(.admin).replacing("e", with: "f")
        case .otherOrganization: return try await asking.token(.admin, organization: "other")
        }
    }

    /// For each route the status for: nobody, viewer, operator, admin, integration, expired, forged, another's.
    static let table: [(method: String, path: String, statuses: [Int])] = [
        ("GET", "/", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("HEAD", "/", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("GET", "/events", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("GET", "/health", [200, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/assets/console.css", [200, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/assets/nothing.css", [404, 404, 404, 404, 404, 404, 404, 404]),
        ("GET", "/assets/../Templates/page.mustache", [401, 404, 404, 404, 404, 401, 401, 403]),
        ("POST", "/webhooks/nowhere", [404, 404, 404, 404, 404, 404, 404, 404]),
        ("POST", "/webhooks/pub-shop", [401, 401, 401, 401, 401, 401, 401, 401]),
        ("POST", "/api/webhooks/woocommerce/default", [401, 401, 401, 401, 401, 401, 401, 401]),
        ("POST", "/api/webhooks/woocommerce/other", [404, 404, 404, 404, 404, 404, 404, 404]),
        ("GET", "/webhooks/pub-shop", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("DELETE", "/", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("POST", "/health", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("GET", "/sign-in", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("GET", "/api/jobs", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("HEAD", "/api/jobs", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("GET", "/api/jobs/7", [401, 404, 404, 404, 403, 401, 401, 403]),
        ("POST", "/api/jobs", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("DELETE", "/api/jobs/7", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("GET", "/api/integrations", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("HEAD", "/api/integrations", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("POST", "/api/integrations", [401, 403, 403, 415, 403, 401, 401, 403]),
        ("DELETE", "/api/integrations", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("GET", "/api/integrations/none", [401, 404, 404, 404, 403, 401, 401, 403]),
        ("PUT", "/api/integrations/none", [401, 403, 403, 415, 403, 401, 401, 403]),
        ("PATCH", "/api/integrations/none", [401, 403, 403, 415, 403, 401, 401, 403]),
        ("DELETE", "/api/integrations/none", [401, 403, 403, 404, 403, 401, 401, 403]),
        ("POST", "/api/integrations/none", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("POST", "/api/integrations/none/sync", [401, 403, 404, 404, 403, 401, 401, 403]),
        ("GET", "/api/integrations/none/sync", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("POST", "/api/integrations/none/test-connection", [401, 403, 404, 404, 403, 401, 401, 403]),
        ("GET", "/api/integrations/none/metrics", [401, 404, 404, 404, 403, 401, 401, 403]),
        ("GET", "/api/integrations/system/metrics", [401, 503, 503, 503, 403, 401, 401, 403]),
        ("GET", "/api/integrations/system/health", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("GET", "/api/integrations/system", [401, 404, 404, 404, 404, 401, 401, 403]),
        ("DELETE", "/api/integrations/system", [401, 404, 404, 404, 404, 401, 401, 403]),
        ("POST", "/api/integrations/system/sync", [401, 404, 404, 404, 404, 401, 401, 403]),
        ("GET", "/metrics", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("POST", "/metrics", [405, 405, 405, 405, 405, 405, 405, 405]),
        ("GET", "/api/health", [200, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/api/health?detailed=true", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("GET", "/api/alerts", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("POST", "/api/alerts/queueSize/acknowledge", [401, 403, 404, 404, 403, 401, 401, 403]),
        ("GET", "/api/log-level", [401, 200, 200, 200, 403, 401, 401, 403]),
        ("PUT", "/api/log-level", [401, 403, 403, 415, 403, 401, 401, 403]),
        ("GET", "//", [401, 404, 404, 404, 404, 401, 401, 403]),
        ("POST", "/webhooks/", [401, 404, 404, 404, 404, 401, 401, 403]),
    ]

    @Test(arguments: Caller.allCases)
    func everyRouteLetsInWhomItShould(caller: Caller) async throws {
        let asking = try await Asking()
        asking.hub.set { $0.integrations = [.sample(1, "shop", "woocommerce")] }
        let token = try await header(caller, asking)
        let column = try #require(Caller.allCases.firstIndex(of: caller))

        for (method, path, statuses) in Self.table {
            let answer = await asking.ask(method, path, token: token)
            #expect(answer.status == statuses[column], "\(method) \(path) asked by \(caller)")
        }
    }

    @Test func theCookieCountsLikeTheHeaderAndTheHeaderCountsFirst() async throws {
        let asking = try await Asking()
        let good = try await asking.token(.viewer)
        let cookie: HTTPHeaders = ["Cookie": "other=1; crossdock_token=\(good) ; x=y"]

        #expect(await asking.ask("GET", "/", headers: cookie).status == 200)
        #expect(await asking.ask("GET", "/", token: "bad", headers: cookie).status == 401)
    }

    @Test(arguments: ["Basic abc", "Bearer", "Bearer ", "bearer x y", ""])
    func anOtherAuthorizationIsNoToken(value: String) async throws {
        let asking = try await Asking(openOnLoopback: true)

        let answer = await asking.ask(
            "GET", "/", headers: ["Authorization": value], host: "localhost", peer: "127.0.0.1")

        #expect(answer.status == 401)
    }

    @Test(arguments: [
        ("127.0.0.1", "localhost", "", 200), ("::1", "[::1]", "", 200), ("127.0.0.1", "127.0.0.1", "", 200),
        ("198.51.100.7", "localhost", "", 401),  // from elsewhere under this machine's name
        ("127.0.0.1", "rebound.example", "", 401),  // a page elsewhere makes a browser ask this machine
        ("127.0.0.1", "localhost", "X-Forwarded-For", 401),  // a proxy on this machine speaks for others
    ])
    func theOpenPageIsForThisMachineAlone(peer: String, host: String, proxyHeader: String, status: Int) async throws {
        let asking = try await Asking(openOnLoopback: true)
        var headers = HTTPHeaders()
        if !proxyHeader.isEmpty { headers[proxyHeader] = "203.0.113.9" }

        #expect(await asking.ask("GET", "/", headers: headers, host: host, peer: peer).status == status)
        #expect(await asking.ask("GET", "/events", headers: headers, host: host, peer: peer).status == status)
    }

    @Test func withoutThatSettingThisMachineNeedsATokenToo() async throws {
        let asking = try await Asking()

        #expect(await asking.ask("GET", "/", host: "localhost", peer: "127.0.0.1").status == 401)
    }

    @Test func signingInSetsACookieThatNoScriptAndNoOtherSiteCanUse() async throws {
        let asking = try await Asking(isBehindTLS: true)
        let token = try await asking.token(.viewer)

        let answer = await asking.ask("POST", "/sign-in", body: "token=%20\(token)%0A")

        let cookie = try #require(answer.headers["Set-Cookie"])
        #expect(answer.status == 303)
        #expect(answer.headers["Location"] == "/")
        #expect(cookie == "crossdock_token=\(token); Max-Age=86400; Path=/; HttpOnly; SameSite=Strict; Secure")
    }

    @Test func aBadTokenInTheFormIsToldAndSetsNothing() async throws {
        let asking = try await Asking()

        let answer = await asking.ask("POST", "/sign-in", body: "token=abc")

        #expect(answer.status == 401)
        #expect(answer.headers["Set-Cookie"] == nil)
        #expect(answer.text.contains("this is no token of this hub"))
    }

    @Test(
        arguments: [
            (["Origin": "https://evil.example"], 403), (["Sec-Fetch-Site": "cross-site"], 403),
            (["Origin": "null"], 403),
            (["Sec-Fetch-Site": "same-origin", "Origin": "http://hub.example"], 303),
            (["Origin": "http://hub.example"], 303),
        ] as [([String: String], Int)])
    func aFormOfAnotherSiteIsRefused(sent: [String: String], status: Int) async throws {
        let asking = try await Asking()
        var headers = HTTPHeaders()
        for (name, value) in sent { headers[name] = value }
        let token = try await asking.token(.viewer)

        #expect(await asking.ask("POST", "/sign-in", headers: headers, body: "token=\(token)").status == status)
        #expect(await asking.ask("POST", "/sign-out", headers: headers).status == status)
    }

    @Test func signingOutForgetsTheCookie() async throws {
        let answer = try await Asking().ask("POST", "/sign-out")

        #expect(answer.headers["Set-Cookie"] == "crossdock_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict")
    }
}
