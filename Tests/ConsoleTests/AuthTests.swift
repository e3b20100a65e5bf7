import Audit
import Commerce
import ConnectorKit
import Foundation
import Identity
import Store
import Synchronization
import Telemetry
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// The console before a hub that knows accounts and keys.
@Suite("Console: signing in")
struct AuthTests {
    /// A hub on a store of its own, whose clock is moved by hand; it reaches nobody.
    final class Stand: Sendable {
        let hub: Hub
        let asking: Asking
        let path = NSTemporaryDirectory() + "crossdock-auth-\(UUID().uuidString).sqlite"

        private struct Unreachable: Transport {
            func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
                throw .notSent("nobody is reached here")
            }
        }

        init() async throws {
            let time = Overview.sampleTime
            let surroundings = ConnectorSurroundings(
                transport: Unreachable(), now: { time },
                random: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }, blocking: InlineWork())
            hub = Hub(
                store: try SQLiteStore(path: path, migrations: Hub.migrations), connectors: [],
                surroundings: surroundings, vault: Vault(bytes: [UInt8](repeating: 3, count: 32)),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                passwordCost: PasswordCost(exponent: 10, block: 1, lanes: 1))
            asking = try await Asking(identity: hub)
            try await hub.addAccount("mara", password: AuthTests.password, role: .admin, by: AuthTests.admin)
        }

        deinit {
            let (hub, path) = (hub, path)
            Task {
                await hub.store.close()
                for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
            }
        }

        func post(_ path: String, _ body: JSON, token: String? = nil, headers: HTTPHeaders = [:]) async -> HTTPResponse
        {
            var headers = headers
            headers["Content-Type"] = "application/json"
            return await asking.ask("POST", path, token: token, headers: headers, body: body.text)
        }

        func form(_ fields: String, headers: HTTPHeaders = [:]) async -> HTTPResponse {
            await asking.ask("POST", "/sign-in", headers: headers, body: fields)
        }
    }

    static let admin = AuditActor(.person, "test")
    static let password = "correct horse battery"
    private let good: JSON = ["username": "Mara", "password": "correct horse battery"]

    @Test func aNameAndAPasswordGiveATokenThatIsShortAndIsRenewed() async throws {
        let stand = try await Stand()
        let first = await stand.post("/api/auth/token", good)
        let data = try #require(first.json["data"]?.object, "\(first.text)")
        let token = try #require(data["token"]?.string)

        #expect(first.status == 200 && data["tokenType"] == "Bearer" && data["expiresIn"]?.integer == 900)
        let me = await stand.asking.ask("GET", "/api/auth/me", token: token)
        #expect(me.json["data"]?["name"] == "mara" && me.json["data"]?["kind"] == "person")
        #expect(await stand.asking.ask("GET", "/api/jobs", token: token).status == 200)

        let refresh: JSON = ["refreshToken": data["refreshToken"] ?? .null]
        let second = await stand.post("/api/auth/refresh", refresh)
        #expect(second.status == 200 && second.json["data"]?["refreshToken"] != data["refreshToken"])
        // A second use of the first ends all of it, at once.
        #expect(await stand.post("/api/auth/refresh", refresh).status == 401)
        #expect(await stand.asking.ask("GET", "/api/jobs", token: token).status == 401)
    }

    @Test func howLongASignInCanBeRenewedIsCountedFromWhenThatIsSaid() async throws {
        let stand = try await Stand()
        stand.asking.hub.state.withLock { state in
            (state.now, state.secondsPerLook) = (Overview.sampleTime.adding(seconds: -3), 3)
        }

        let data = await stand.post("/api/auth/token", good).json["data"]

        #expect(data?["refreshExpiresIn"]?.integer.map { $0 <= Int(Session.idleSeconds) } == true, "\(data ?? .null)")
    }

    @Test func aSignInThatIsRevokedOpensNothingAnyMore() async throws {
        let stand = try await Stand()
        let data = await stand.post("/api/auth/token", good).json["data"]
        let token = try #require(data?["token"]?.string)
        #expect(await stand.asking.ask("GET", "/api/auth/me", token: token).status == 200)

        #expect(await stand.post("/api/auth/revoke", [:], token: token).json["data"]?["ended"] == true)
        #expect(await stand.asking.ask("GET", "/api/auth/me", token: token).status == 401)
        #expect(await stand.post("/api/auth/refresh", ["refreshToken": data?["refreshToken"] ?? .null]).status == 401)
        // A token that stands by itself has no sign-in to end.
        let plain = try await stand.asking.token(.viewer)
        #expect(await stand.post("/api/auth/revoke", [:], token: plain).status == 400)
    }

    @Test func aTokenThatWasTakenBackIsRefused() async throws {
        let stand = try await Stand()
        let token = try await stand.asking.token(.viewer)
        try await stand.hub.revokeToken(Tokens.id(of: token), by: Self.admin)
        #expect(await stand.asking.ask("GET", "/api/jobs", token: token).status == 401)
        #expect(await stand.asking.ask("GET", "/api/jobs", token: try stand.asking.token(.operator)).status == 200)
    }

    @Test func aKeyIsMadeShownOnceUsedAndTakenBack() async throws {
        let stand = try await Stand()
        let admin = try await stand.asking.token(.admin)
        let made = await stand.post("/api/auth/keys", ["name": "reports", "permissions": ["see"]], token: admin)
        let key = try #require(made.json["data"]?["key"]?.string, "\(made.text)")
        let id = try #require(made.json["data"]?["id"]?.string)

        #expect(made.status == 201)
        #expect(await stand.asking.ask("GET", "/api/jobs", token: key).status == 200)
        #expect(await stand.asking.ask("GET", "/api/jobs", headers: ["X-API-Key": key]).status == 200)
        #expect(await stand.asking.ask("GET", "/api/auth/keys", token: key).status == 403)
        let list = await stand.asking.ask("GET", "/api/auth/keys", token: admin)
        #expect(list.json["data"]?[0]?["id"]?.string == id && !list.text.contains(key))
        // A browser does not send keys.
        #expect(await stand.asking.ask("GET", "/api/jobs", headers: ["Cookie": "crossdock_token=\(key)"]).status == 401)

        #expect(await stand.asking.ask("DELETE", "/api/auth/keys/\(id)", token: admin).status == 200)
        #expect(await stand.asking.ask("GET", "/api/jobs", token: key).status == 401)
        #expect(await stand.asking.ask("DELETE", "/api/auth/keys/\(id)", token: admin).status == 404)
    }

    @Test func nobodyGivesAwayMoreThanHeMayHimself() async throws {
        let stand = try await Stand()
        try await stand.hub.setGroup(Group(name: "doors", permissions: [.see, .admit]), by: Self.admin)
        try await stand.hub.changeAccount("mara", by: Self.admin) {
            $0.role = nil
            $0.groups = ["doors"]
        }
        let token = try #require(await stand.post("/api/auth/token", good).json["data"]?["token"]?.string)
        let more = await stand.post("/api/auth/keys", ["name": "k", "permissions": ["configure"]], token: token)
        #expect(more.status == 403)
        #expect(await stand.post("/api/auth/keys", ["name": "k", "permissions": ["see"]], token: token).status == 201)
    }

    @Test func aBrowserSignsInWithAPasswordAndChangesThingsOnlyFromHere() async throws {
        let stand = try await Stand()
        let answer = await stand.form("name=mara&password=correct+horse+battery")
        let cookie = try #require(answer.headers["Set-Cookie"], "\(answer.text)")
        #expect(answer.status == 303 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
        let value = try #require(cookie.split(separator: ";").first.map(String.init))
        let headers: HTTPHeaders = ["Cookie": value]
        #expect(await stand.asking.ask("GET", "/", headers: headers).text.contains("mara"))
        // Not in the place of a token, where no browser sends it by itself.
        #expect(
            await stand.asking.ask("GET", "/api/jobs", token: String(value.dropFirst("crossdock_token=".count))).status
                == 401)

        let body: JSON = ["name": "k", "permissions": ["see"]]
        for (name, origin) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
            var foreign = headers
            foreign[name] = origin
            #expect(await stand.post("/api/auth/keys", body, headers: foreign).status == 403)
        }
        var own = headers
        own["Sec-Fetch-Site"] = "same-origin"
        #expect(await stand.post("/api/auth/keys", body, headers: own).status == 201)

        #expect(await stand.asking.ask("POST", "/sign-out", headers: headers).status == 303)
        #expect(await stand.asking.ask("GET", "/", headers: headers).status == 401)
    }

    @Test func tooManyTriesAreAnsweredWithTheTimeToWait() async throws {
        let stand = try await Stand()
        for _ in 0..<5 { _ = await stand.post("/api/auth/token", ["username": "mara", "password": "wrong"]) }
        let shut = await stand.post("/api/auth/token", good)
        #expect(shut.status == 429 && shut.headers["Retry-After"] == "60" && shut.json["code"] == "RATE_LIMITED")
        #expect(await stand.form("name=mara&password=correct+horse+battery").status == 429)
        for _ in 0..<4 { _ = await stand.post("/api/auth/token", ["username": "x", "password": "wrong"]) }
        // Ten from one address in a minute, whatever the name.
        #expect(await stand.post("/api/auth/token", ["username": "other", "password": "wrong"]).status == 429)
    }

    @Test(arguments: [
        ("", 400), ("{", 400), ("[]", 400), ("{\"username\":1,\"password\":\"x\"}", 400),
        ("{\"username\":\"mara\"}", 400),
        ("{\"username\":\"mara\",\"password\":\"x\",\"password\":\"y\"}", 400),
        (String(repeating: " ", count: 20_000), 413), ("{\"username\":\"\",\"password\":\"\"}", 401),
        ("{\"username\":\"mara' OR 1=1 --\",\"password\":\"x\"}", 401),
    ])
    func aBodyThatWillNotDoIsRefused(body: String, status: Int) async throws {
        let stand = try await Stand()
        let answer = await stand.asking.ask(
            "POST", "/api/auth/token", headers: ["Content-Type": "application/json"], body: body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(await stand.asking.ask("POST", "/api/auth/token", body: good.text).status == 415)
    }
}
