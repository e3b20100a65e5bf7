import Commerce
import Foundation
import Testing
import Wire

/// A hub that runs, as somebody sees it who means it ill.
@Suite("crossdock serve: bad input")
struct BadInputTests {
    private static let key = "a secret for tokens that is long enough"

    private static func part(_ text: String) -> String {
        Signature.base64(Array(text.utf8)).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// A token with these claims, as another program that has a key would make it.
    private static func token(
        _ changes: [String: JSON?] = [:], head: String = #"{"alg":"HS256","typ":"JWT"}"#, key: String = key
    ) -> String {
        let now = Int(Date().timeIntervalSince1970)
        var claims: [String: JSON] = [
            "iss": "crossdock", "sub": "admin", "role": "admin", "org": "default", "iat": .integer(now - 10),
            "exp": .integer(now + 3600),
        ]
        for (name, value) in changes { claims[name] = value }
        let signed = part(head) + "." + part(JSON.object(claims).text)
        let signature = Signature.base64(Signature.hmacSHA256(Array(signed.utf8), key: Array(key.utf8)))
        return signed + "."
            + signature.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func bearer(_ token: String) -> HTTPHeaders { ["Authorization": "Bearer \(token)"] }

    @Test func aTokenThatIsNotOursOpensNothingAndTheHubGoesOn() async throws {
        let program = try Program()
        defer { program.close() }
        let hub = try program.start(["serve", "--port", "0"], environment: ["JWT_SECRET": Self.key])
        defer { hub.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await hub.port())"
        let now = Int(Date().timeIntervalSince1970)
        let none = Self.token(head: #"{"alg":"none","typ":"JWT"}"#)
        let bad: [(String, String, Int)] = [
            ("alg none, signed", none, 401),
            ("alg none", none.split(separator: ".").prefix(2).joined(separator: ".") + ".", 401),
            ("alg of another case", Self.token(head: #"{"alg":"hs256","typ":"JWT"}"#), 401),
            ("alg RS256 with the secret as its key", Self.token(head: #"{"alg":"RS256","typ":"JWT"}"#), 401),
            ("a key of its own", Self.token(head: #"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#, key: "x"), 401),
            ("a path as key id", Self.token(head: #"{"alg":"HS256","kid":"../../dev/null"}"#, key: ""), 401),
            ("another key", Self.token(key: "another secret that is long enough, too"), 401),
            ("expired", Self.token(["exp": .integer(now - 1)]), 401),
            ("expired long ago", Self.token(["exp": .integer(Int.min)]), 401),
            ("from the future", Self.token(["iat": .integer(now + 3600), "exp": .integer(now + 7200)]), 401),
            ("without an end", Self.token(["exp": nil]), 401),
            ("an end in words", Self.token(["exp": "never"]), 401),
            ("an end beyond all time", Self.token(["exp": .number("1e400")]), 401),
            ("another organization", Self.token(["org": "kandy"]), 403),
            ("no organization", Self.token(["org": ""]), 403),
            ("another issuer", Self.token(["iss": "somebody"]), 401),
            ("a role there is not", Self.token(["role": "god"]), 401),
            ("no role", Self.token(["role": nil]), 401),
            ("a sign-in there is not", Self.token(["role": nil, "sid": "none"]), 401),
        ]

        for (name, token, status) in bad {
            for path in ["/api/integrations", "/metrics", "/api/auth/me"] {
                #expect(try await Web.get(url + path, Self.bearer(token)).status == status, "\(name) at \(path)")
            }
        }
        #expect(try await Web.get(url + "/api/integrations", Self.bearer(Self.token())).status == 200)
        #expect(hub.isRunning, "\(hub.errors)")
    }

    /// No address leads out of its folder, however it is written.
    @Test func noPathLeadsOutOfItsFolder() async throws {
        let program = try Program()
        defer { program.close() }
        let hub = try program.start(["serve", "--port", "0"], environment: ["JWT_SECRET": Self.key])
        defer { hub.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await hub.port())"
        let ways = [
            "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "..%252f..%252fetc%252fpasswd",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "..%5c..%5cetc%5cpasswd", "%2fetc%2fpasswd", "console.css%00.js", "..%2f%2e%2e",
            "....%2f%2fetc",
            "..%2FTemplates%2Fpage.mustache", "%2e%2e",
        ]

        for way in ways {
            for place in [
                "/assets/", "/api/jobs/", "/api/integrations/", "/webhooks/", "/api/auth/keys/", "/deliveries/",
            ] {
                let answer = try await Web.get(url + place + way, Self.bearer(Self.token()))
                #expect((400..<500).contains(answer.status), "\(place)\(way): \(answer.status)")
                let text = String(decoding: answer.body, as: UTF8.self)
                #expect(!text.contains("root:") && !text.contains("doctype"), "\(place)\(way)")
            }
        }
    }

    /// A packed body is refused before it is looked at, and a vendor's call is stored as it came: nothing is unpacked.
    @Test func aBodyThatGrowsWhenItIsUnpackedIsNotUnpacked() async throws {
        let program = try Program()
        defer { program.close() }
        let settings = try program.write(ConnectTests.shop.text, to: "shop.json")
        let id = try #require(try await program.run(["connect", "woocommerce", "--config", settings]).lines.last)
        let hub = try program.start(["serve", "--port", "0"], environment: ["JWT_SECRET": Self.key])
        defer { hub.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await hub.port())"
        // The head of a gzip stream; what follows would be thousands of times its size.
        let bomb =
            String(decoding: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0], as: UTF8.self) + String(repeating: "\u{0}", count: 1000)
        let packed: HTTPHeaders = ["Content-Encoding": "gzip"]

        var headers = Self.bearer(Self.token())
        headers["Content-Encoding"] = "gzip"
        #expect(try await Web.post(url + "/api/integrations", .string(bomb), headers).status == 415)
        #expect(try await Web.post(url + "/api/auth/token", .string(bomb), packed).status == 415)
        #expect(try await Web.post(url + "/webhooks/\(id)", .string(bomb), packed).status == 401)
        #expect(try await Web.get(url + "/health").status == 200)
    }

    /// A vendor that proves who it is may still say what means nothing: it is stored and put aside, and does no harm.
    @Test func whatASignedCallSaysDoesNoHarm() async throws {
        let program = try Program()
        defer { program.close() }
        let secret = "webhook-secret-for-tests"
        var members = try #require(ConnectTests.shop.object)
        members["webhookSecret"] = .string(secret)
        let settings = try program.write(JSON.object(members).text, to: "shop.json")
        let id = try #require(try await program.run(["connect", "woocommerce", "--config", settings]).lines.last)
        let hub = try program.start(["serve", "--port", "0"], environment: ["JWT_SECRET": Self.key])
        defer { hub.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await hub.port())"
        let bodies: [[UInt8]] = [
            Array(String(repeating: "[", count: 10_000).utf8), Array(String(repeating: "{\"id\":", count: 10_000).utf8),
            Array(#"{"id":1,"id":2,"status":"completed","status":"refunded"}"#.utf8),
            Array("{\"id\":\"".utf8) + [0xFF, 0xC0, 0xAF, 0] + Array("\"}".utf8),
            Array(#"{"id":9007199254740993,"total":"1e400","quantity":1e400}"#.utf8),
            Array("{\"id\":1\(String(repeating: "0", count: 400))}".utf8),
            Array(#"{"id":"'; DROP TABLE delivery; --","sku":"<script>alert(1)</script>"}"#.utf8),
            Array(#"{"id":"../../etc/passwd"}"#.utf8), [0x1F, 0x8B, 8, 0], [],
        ]

        for (number, body) in bodies.enumerated() {
            let signature = Signature.base64(Signature.hmacSHA256(body, key: Array(secret.utf8)))
            let answer = try await Web.send(
                "POST", "\(url)/webhooks/\(id)",
                [
                    "X-WC-Webhook-ID": "7", "X-WC-Webhook-Delivery-ID": "bad-\(number)",
                    "X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": signature,
                    "Content-Type": "application/json",
                ], body)
            #expect(answer.status < 500, "\(number): \(String(decoding: answer.body, as: UTF8.self))")
        }

        let headers = Self.bearer(Self.token())
        let settled = try await eventually(withinSeconds: 30) { () -> Bool? in
            let waiting = try await Web.get(url + "/api/webhooks/incoming?state=received", headers)
            return try JSON(parsing: waiting.body)["data"]?.array?.isEmpty == true ? true : nil
        }
        #expect(settled == true, "\(hub.errors)")
        #expect(try await Web.get(url + "/", headers).status == 200)
        #expect(try await Web.get(url + "/deliveries", headers).status == 200)
        #expect(hub.isRunning, "\(hub.errors)")
    }
}
