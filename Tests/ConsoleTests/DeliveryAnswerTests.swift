import Commerce
import ConnectorKit
import Identity
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// Vendors' calls over HTTP: how they are answered, looked at and understood once more.
@Suite("Console: vendors' calls")
struct DeliveryAnswerTests {
    @Test func whoIsNotOnTheListOrCallsTooOftenIsToldSo() async throws {
        let asking = try await Asking()
        asking.hub.set {
            $0.integrations = [.sample(1, "shut", "custom"), .sample(2, "busy", "custom")]
            $0.receptions = ["shut": .outside, "busy": .limited(seconds: 7)]
        }
        let shut = await asking.ask("POST", "/webhooks/pub-shut", body: "{}", peer: "203.0.113.9")
        #expect(shut.status == 403 && shut.json["code"] == "FORBIDDEN")
        let busy = await asking.ask("POST", "/webhooks/pub-busy", body: "{}")
        #expect(busy.status == 429 && busy.json["code"] == "RATE_LIMITED" && busy.headers["Retry-After"] == "7")
        // The hub is told from where.
        let received = asking.hub.state.withLock { $0.received }
        #expect(received.first?.call.peer == "203.0.113.9")
    }

    @Test func anIntegrationIsTestedItsCallsListedShownAndUnderstoodOnceMore() async throws {
        let stage = try await IntegrationStage()
        let id = try await stage.till(
            "Main Store",
            [
                "credentials": [
                    "endpoint": "https://till.example/api", "username": "u", "password": "w", "eventSecret": "s",
                ]
            ])
        let test = try await stage.ask("POST", "/api/integrations/\(id)/webhook/test", role: .operator)
        let delivery = try #require(test.json["data"]?["deliveryId"]?.string, "\(test.text)")
        #expect(test.status == 202)

        let list = try await stage.ask("GET", "/api/webhooks/incoming?state=received&integration=Main%20Store")
        #expect(list.json["data"]?.array?.map { $0["id"]?.string } == [delivery], "\(list.text)")
        let shown = try await stage.ask("GET", "/api/webhooks/incoming/\(delivery)", role: .operator)
        #expect(shown.json["data"]?["body"]?["eventType"] == "test", "\(shown.text)")
        #expect(try await stage.ask("GET", "/api/webhooks/incoming/\(delivery)", role: .viewer).status == 403)

        try await stage.hub.drain()
        let key: HTTPHeaders = ["Idempotency-Key": "again"]
        let path = "/api/webhooks/incoming/\(delivery)/replay"
        let replay = try await stage.ask("POST", path, role: .operator, headers: key)
        #expect(replay.status == 202 && replay.json["data"]?["count"] == 1, "\(replay.text)")
        let again = try await stage.ask("POST", path, role: .operator, headers: key)
        #expect(again.headers["Idempotency-Replayed"] == "true" && again.body == replay.body)
        try await stage.hub.drain()
        let many = try await stage.ask("POST", "/api/webhooks/incoming/replay", ["state": "ignored"])
        #expect(many.json["data"]?["replayed"] == [.string(delivery)], "\(many.text)")
        await stage.close()
    }

    private static let tries: [(String, String, JSON, Int)] = [
        ("GET", "/api/webhooks/incoming?state=lost", .null, 400),
        ("GET", "/api/webhooks/incoming?limit=0", .null, 400), ("GET", "/api/webhooks/incoming?x=1", .null, 400),
        ("GET", "/api/webhooks/incoming?limit=1&limit=2", .null, 400),
        ("GET", "/api/webhooks/incoming?integration=none", .null, 400),
        ("GET", "/api/webhooks/incoming?since=soon", .null, 400), ("GET", "/api/webhooks/incoming", .null, 200),
        ("GET", "/api/webhooks/incoming/none", .null, 404), ("GET", "/api/webhooks/incoming/77", .null, 404),
        ("POST", "/api/webhooks/incoming/77/replay", [:], 404), ("POST", "/api/webhooks/incoming/replay", [:], 400),
        ("POST", "/api/webhooks/incoming/replay", ["ids": []], 400),
        ("POST", "/api/webhooks/incoming/replay", ["ids": ["x"]], 400),
        ("POST", "/api/webhooks/incoming/replay", ["ids": ["7"], "state": "ignored"], 400),
        ("POST", "/api/webhooks/incoming/replay", ["ids": ["7"]], 202),
        ("POST", "/api/webhooks/incoming/replay", ["limit": "5"], 400),
        ("POST", "/api/integrations/none/webhook/test", [:], 404),
    ]

    @Test(arguments: tries)
    func whatMeansNothingIsRefused(method: String, path: String, body: JSON, status: Int) async throws {
        let stage = try await IntegrationStage()
        let answer = try await stage.ask(method, path, body.isNull ? nil : body)
        #expect(answer.status == status, "\(answer.text)")
        await stage.close()
    }

    @Test func thePageListsNarrowsShowsOneAndHasItUnderstoodOnceMore() async throws {
        let stage = try await IntegrationStage()
        let id = try await stage.till(
            "<Main>",
            [
                "credentials": [
                    "endpoint": "https://till.example/api", "username": "u", "password": "w", "eventSecret": "s",
                ]
            ])
        for _ in 0..<2 { _ = try await stage.ask("POST", "/api/integrations/\(id)/webhook/test") }
        try await stage.hub.drain()
        let ids = try await stage.hub.deliveries().map { String($0.report.id) }

        let list = try await stage.ask("GET", "/deliveries?state=&integration=\(id)&topic=")
        #expect(list.status == 200 && ids.allSatisfy { list.text.contains("/deliveries/\($0)\"") }, "\(list.text)")
        #expect(list.text.contains("&lt;Main&gt;") && !list.text.contains("<Main>"))
        #expect(try await stage.ask("GET", "/deliveries?state=rejected").text.contains("No stored call is like that"))
        #expect(try await stage.ask("GET", "/deliveries?state=lost").status == 400)
        let fresh = try await IntegrationStage()
        defer { fresh.place.remove() }
        #expect(try await fresh.ask("GET", "/deliveries").text.contains("No vendor has called yet."))
        // Who may not open them is shown no way to.
        let plain = try await stage.ask("GET", "/deliveries", role: .viewer)
        #expect(plain.status == 200 && !plain.text.contains("/deliveries/") && !plain.text.contains("<button>Und"))

        let one = try await stage.ask("GET", "/deliveries/\(ids[0])", role: .operator)
        #expect(
            one.text.contains("&quot;eventType&quot;: &quot;test&quot;") && one.text.contains("X-Webhook-Signature"))
        let form = Array("id=\(ids[0])&id=\(ids[1])".utf8)
        let type: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
        let done = try await stage.ask("POST", "/deliveries", bytes: form, role: .operator, headers: type)
        #expect(done.status == 303 && done.headers["Location"] == "/deliveries", "\(done.text)")
        #expect(try await stage.hub.deliveries().allSatisfy { $0.report.state == .received })
        #expect(try await stage.ask("POST", "/deliveries", bytes: [], headers: type).status == 400)
        #expect(try await stage.ask("GET", "/deliveries/77").status == 404)
        await stage.close()
    }

    @Test func anAddressThatIsNoneIsNamedByItsField() async throws {
        let stage = try await IntegrationStage()
        let answer = try await stage.ask(
            "POST", "/api/integrations",
            .object(
                (IntegrationStage.good.object ?? [:]).merging(["settings": ["allowedIPs": ["10.0.0.0/99"]]]) { $1 }))
        #expect(answer.status == 422 && answer.fields == ["settings.allowedIPs"], "\(answer.text)")
        await stage.close()
    }
}

@Suite("Console: what is tried by those who may not")
struct SecurityAnswerTests {
    @Test func aStrangeKeyADeniedCallAndTooManyAreCounted() async throws {
        let asking = try await Asking()
        _ = await asking.ask("GET", "/api/jobs", token: "no token")
        _ = await asking.ask("GET", "/api/jobs", headers: ["X-API-Key": "none"])
        _ = await asking.ask("GET", "/api/auth/keys", token: try await asking.token(.viewer))
        _ = await asking.ask("GET", "/api/jobs", token: try await asking.token(.admin, organization: "other"))
        // Who brings nothing, or yesterday's cookie, is nobody to fear.
        _ = await asking.ask("GET", "/api/jobs")
        _ = await asking.ask("GET", "/events", headers: ["Cookie": "crossdock_token=old"])
        _ = await asking.ask("GET", "/api/jobs", token: try await asking.token(.viewer))

        let seen = asking.hub.security.seen.withLock { $0 }
        #expect(seen.map(\.kind) == [.strangeKey, .strangeKey, .callDenied, .callDenied])
        #expect(seen.map(\.place) == ["GET /api/jobs", "GET /api/jobs", "GET /api/auth/keys", "GET /api/jobs"])
        #expect(seen.allSatisfy { $0.address == "198.51.100.7" })
        for _ in 0..<11 { _ = await asking.ask("POST", "/api/auth/token", peer: "203.0.113.7") }
        #expect(asking.hub.security.seen.withLock { $0.last?.kind } == .rateLimited)
    }

    @Test func whatWasTriedIsToldByTheMinuteToWhoMaySeeTheAudit() async throws {
        let stand = try await AuthTests.Stand()
        _ = await stand.post("/api/auth/token", ["username": "mara", "password": "wrong"])
        _ = await stand.post("/api/auth/token", ["username": "nobody", "password": "wrong"])
        _ = await stand.post("/api/auth/token", ["username": "nobody", "password": "wrong"])
        let answer = await stand.asking.ask(
            "GET", "/api/security/events", token: try await stand.asking.token(.operator))

        #expect(answer.status == 200, "\(answer.text)")
        #expect(try await stand.hub.securityCounts(seconds: 60) == [:])
        let events = try await stand.hub.securityEvents(seconds: 60)
        #expect(
            Dictionary(uniqueKeysWithValues: events.map { ($0.kind, $0.times) }) == [
                .signInRefused: 1, .strangeName: 2,
            ])
        #expect(events.allSatisfy { $0.source == "198.51.100.0/24" && $0.place == "sign-in" })
        // No name that was tried stands anywhere: it may be a password in the wrong field.
        #expect(!"\(events)".contains("nobody"))
        for query in ["minutes=0", "minutes=x", "kind=other", "limit=9999", "x=1"] {
            let refused = await stand.asking.ask(
                "GET", "/api/security/events?\(query)", token: try await stand.asking.token(.admin))
            #expect(refused.status == 400, "\(query)")
        }
    }
}
