import Commerce
import Ledger
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: answers")
struct AnswerTests {
    @Test func anErrorHasTheFormOfTheContract() async throws {
        let answer = try await Asking().ask("GET", "/api/integrations")

        #expect(answer.status == 401)
        #expect(
            answer.json == [
                "success": false, "error": "this needs a token; make one with `crossdock token --role viewer`",
                "code": "UNAUTHORIZED", "timestamp": "2027-01-15T08:00:00Z",
                "requestId": "req_abababababababababababab",
            ])
        #expect(answer.headers["WWW-Authenticate"] == "Bearer realm=\"crossdock\"")
    }

    @Test func everyErrorWordHasItsStatus() {
        let statuses = Dictionary(grouping: ErrorCode.allCases, by: \.status).mapValues { Set($0.map(\.rawValue)) }

        #expect(
            statuses == [
                400: ["BAD_REQUEST"], 401: ["UNAUTHORIZED"], 403: ["FORBIDDEN"], 404: ["NOT_FOUND"],
                405: ["METHOD_NOT_ALLOWED"],
                409: [
                    "AMBIGUOUS", "CONFLICT", "NAME_TAKEN", "CONFIRMATION_REQUIRED", "INTEGRATION_INACTIVE",
                    "REQUEST_IN_FLIGHT",
                ], 413: ["PAYLOAD_TOO_LARGE"], 415: ["UNSUPPORTED_MEDIA_TYPE"],
                422: ["VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED"], 429: ["RATE_LIMITED"], 503: ["UNAVAILABLE"],
            ])
    }

    @Test func aWrongMethodIsToldTheRightOne() async throws {
        let answer = try await Asking().ask("PUT", "/health")

        #expect(answer.headers["Allow"] == "GET, HEAD")
        #expect(answer.json["code"] == "METHOD_NOT_ALLOWED")
    }

    /// `replay` is an address, and no id of a call.
    @Test func anAddressThatIsNamedIsMeantBeforeOneThatLeavesAPartOpen() async throws {
        let asking = try await Asking()
        let path = "/api/webhooks/incoming/replay"

        let answer = await asking.ask("GET", path, token: try await asking.token(.admin))

        #expect(answer.status == 405 && answer.headers["Allow"] == "POST")
    }

    @Test(arguments: ["/", "/health", "/assets/console.js", "/nothing", "/webhooks/x"])
    func everyAnswerCarriesItsIdAndTheHeadersThatKeepABrowserFromHarm(path: String) async throws {
        let headers = try await Asking().ask("GET", path).headers

        #expect(headers["X-Request-Id"] == "req_abababababababababababab")
        #expect(headers["X-Content-Type-Options"] == "nosniff")
        #expect(headers["X-Frame-Options"] == "DENY")
        let policy = try #require(headers["Content-Security-Policy"])
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        #expect(headers["Cache-Control"] == (path.hasPrefix("/assets") ? "no-cache" : "no-store"))
    }

    @Test func aFileThatTheBrowserHasIsNotSentAgain() async throws {
        let asking = try await Asking()
        let first = await asking.ask("GET", "/assets/console.css")
        let tag = try #require(first.headers["ETag"])

        let second = await asking.ask("GET", "/assets/console.css", headers: ["If-None-Match": tag])

        #expect(first.headers["Content-Type"] == "text/css; charset=utf-8")
        #expect(second.status == 304)
        #expect(second.body.isEmpty)
    }

    @Test func aStoreThatCannotBeReadIsSaidOnThePage() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.isBroken = true }

        let answer = await asking.ask("GET", "/", token: try await asking.token(.viewer))

        #expect(answer.status == 503)
        #expect(answer.headers["Retry-After"] == "10")
        #expect(answer.text.contains("The store cannot be read"))
    }

    @Test(arguments: [true, false], ["/", "/deliveries"])
    func everyPageWarnsOfCallsThatNeedNoSignature(areTaken: Bool, path: String) async throws {
        let asking = try await Asking()
        let fine = await asking.ask("GET", path, token: try await asking.token(.admin))
        let other = try await Asking()
        let check = HealthReport.Check(
            name: HealthReport.Check.proof, state: .degraded,
            seen: ["withoutProof": ["north <b>"], "areTaken": .bool(areTaken)])
        other.hub.set { $0.health = HealthReport([check]) }
        let page = await other.ask("GET", path, token: try await other.token(.admin))

        #expect(fine.status == 200 && !fine.text.contains("class=\"warning\""))
        #expect(page.status == 200 && page.text.contains("class=\"warning\"") && page.text.contains("north &lt;b&gt;"))
        #expect(page.text.contains("They are refused") == !areTaken)
    }
}

@Suite("Console: webhook doors")
struct WebhookDoorTests {
    func asking(_ receptions: [String: Hub.Reception]) async throws -> Asking {
        let asking = try await Asking()
        asking.hub.set { state in
            state.integrations = [
                .sample(1, "own", "custom"), .sample(2, "lakeside", "woocommerce"),
                .sample(3, "hill", "woocommerce"),
            ]
            state.receptions = receptions
        }
        return asking
    }

    @Test(arguments: [
        ("lakeside", Hub.Reception.stored(7), 200, "rcp_7", false),
        ("lakeside", .repeated(7), 200, "rcp_7", true),
        ("own", .stored(8), 202, "rcp_8", false),
        ("own", .repeated(8), 200, "rcp_8", true),
    ])
    func aCallIsAnsweredWithItsReceiptOnceItIsStored(
        name: String, reception: Hub.Reception, status: Int, receipt: String, isRepeat: Bool
    ) async throws {
        let answer = try await asking([name: reception]).ask("POST", "/webhooks/pub-\(name)", body: "{}")

        #expect(answer.status == status)
        #expect(answer.json["success"] == true)
        #expect(answer.json["data"] == ["receiptId": .string(receipt), "repeated": .bool(isRepeat)])
    }

    @Test(arguments: [
        (Hub.Reception.forged, 401, "UNAUTHORIZED"), (.tooLarge, 413, "PAYLOAD_TOO_LARGE"),
        (.unknown, 404, "NOT_FOUND"), (.unavailable("disk full at /secret/place"), 503, "UNAVAILABLE"),
    ])
    func aCallThatIsNotStoredIsNeverAnsweredAsIfItWere(
        reception: Hub.Reception, status: Int, code: String
    ) async throws {
        let answer = try await asking(["lakeside": reception]).ask("POST", "/webhooks/pub-lakeside", body: "{}")

        #expect(answer.status == status)
        #expect(answer.json["success"] == false)
        #expect(answer.json["code"] == .string(code))
        #expect(!answer.text.contains("secret"))
        #expect((answer.headers["Retry-After"] != nil) == (status == 503))
    }

    @Test func theRawBytesAndHeadersReachTheIntake() async throws {
        let asking = try await asking(["lakeside": .stored(1)])
        _ = await asking.ask(
            "POST", "/webhooks/pub-lakeside", headers: ["X-WC-Webhook-Signature": "abc="], body: #"{"a": 1 }"#)
        let received = asking.hub.state.withLock { $0.received }

        #expect(received.map(\.integration) == ["lakeside"])
        #expect(received.first?.call.body == Array(#"{"a": 1 }"#.utf8))
        #expect(received.first?.call.headers["x-wc-webhook-signature"] == "abc=")
    }

    @Test(arguments: [
        ("127.0.0.1", "localhost", "", true), ("::1", "[::1]", "", true), ("198.51.100.7", "localhost", "", false),
        ("127.0.0.1", "rebound.example", "", false), ("127.0.0.1", "hub.example", "", false),
        ("127.0.0.1", "127.0.0.1", "X-Forwarded-For", false), ("127.0.0.1", "127.0.0.1", "Forwarded", false),
        ("127.0.0.1", "127.0.0.1", "Origin", false),
    ])
    func theIntakeIsToldWhatThisMachineItselfSent(peer: String, host: String, header: String, isOwn: Bool) async throws
    {
        let asking = try await asking(["lakeside": .stored(1)])
        var headers = HTTPHeaders()
        if !header.isEmpty { headers[header] = "https://page.example" }
        _ = await asking.ask("POST", "/webhooks/pub-lakeside", headers: headers, body: "{}", host: host, peer: peer)

        #expect(asking.hub.state.withLock { $0.received.first?.call.isFromThisMachine } == isOwn)
    }

    @Test func aStoreThatCannotBeReadAsksTheVendorToComeAgain() async throws {
        let asking = try await asking([:])
        asking.hub.set { $0.isBroken = true }

        for path in ["/webhooks/pub-lakeside", "/api/webhooks/woocommerce/default"] {
            let answer = await asking.ask("POST", path, body: "{}")
            #expect(answer.status == 503)
            #expect(answer.headers["Retry-After"] == "30")
        }
    }

    @Test func atTheOrganizationsDoorTheSecretTellsWhichShopCalls() async throws {
        let asking = try await asking(["own": .stored(1), "hill": .stored(2)])

        let answer = await asking.ask("POST", "/api/webhooks/woocommerce/default", body: "{}")

        #expect(answer.status == 200)
        #expect(answer.json["data"]?["receiptId"] == "rcp_2")
        // The integration of another connector was never asked.
        #expect(asking.hub.state.withLock { $0.received.map(\.integration) } == ["lakeside", "hill"])
    }

    @Test func anUnsignedCallAtTheOrganizationsDoorIsRefusedInTheWordsOfEveryForgery() async throws {
        let asking = try await asking([:])
        let wrapped = #"{"topic":"product.updated","data":{"id":123,"name":"Tea","price":"29.99"}}"#

        let unsigned = await asking.ask("POST", "/api/webhooks/woocommerce/default", body: wrapped)
        let forged = await asking.ask(
            "POST", "/webhooks/pub-own", headers: ["X-Webhook-Signature": "sha256=00"], body: wrapped)

        #expect(unsigned.status == 401)
        #expect(unsigned.json["error"] == forged.json["error"])
    }

    @Test func thePingOfANewWebhookIsAnsweredOnEveryDoor() async throws {
        let asking = try await asking(["lakeside": .ping(200)])

        for path in ["/webhooks/pub-lakeside", "/api/webhooks/woocommerce/default"] {
            #expect(await asking.ask("POST", path, body: "webhook_id=4").status == 200)
        }
    }
}
