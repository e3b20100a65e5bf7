import Alerts
import Commerce
import ConnectorKit
import Store
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// Requests with a key of their own: done once, answered as often as they are asked.
@Suite("Integrations: requests sent again")
struct RepeatAnswerTests {
    private static let key: HTTPHeaders = ["Idempotency-Key": "4f1c-7"]

    @Test func theSameRequestGetsTheSameAnswerWithoutASecondEffect() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let first = try await stage.ask("POST", "/api/integrations", IntegrationStage.good, headers: Self.key)
        stage.pass(seconds: 3600)
        // The order of members says nothing.
        let turned =
            "{\"settings\":" + (IntegrationStage.good["settings"]?.text ?? "") + ", "
            + IntegrationStage.good.text.dropFirst()
            .replacing(",\"settings\":\(IntegrationStage.good["settings"]?.text ?? "")", with: "")

        for again in [
            try await stage.ask("POST", "/api/integrations", IntegrationStage.good, headers: Self.key),
            try await stage.ask("POST", "/api/integrations", bytes: Array(turned.utf8), headers: Self.key),
        ] {
            #expect(again.status == 201 && again.body == first.body, "\(again.text)")
            #expect(again.headers["Idempotency-Replayed"] == "true")
            #expect(again.headers["Location"] != nil && again.headers["Location"] == first.headers["Location"])
            #expect(again.headers["X-Request-Id"] != first.headers["X-Request-Id"])
        }

        #expect(first.headers["Idempotency-Replayed"] == nil)
        #expect(try await stage.count("SELECT count(*) FROM integration") == 1)
        #expect(try await stage.count("SELECT count(*) FROM audit") == 1)
        await stage.close()
    }

    @Test func anAnswerOutlivesTheHub() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let first = try await stage.ask("POST", "/api/integrations", IntegrationStage.good, headers: Self.key)
        await stage.close()

        let after = try await IntegrationStage(stage.place, salt: 2)
        let again = try await after.ask("POST", "/api/integrations", IntegrationStage.good, headers: Self.key)

        #expect(again.body == first.body)
        #expect(try await after.count("SELECT count(*) FROM integration") == 1)
        await after.close()
    }

    @Test func anotherRequestUnderTheKeyIsRefused() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        _ = try await stage.ask("POST", "/api/integrations/\(id)/sync", ["type": "product"], headers: Self.key)

        for (path, body) in [("sync", ["type": "order"] as JSON), ("test-connection", [:])] {
            let answer = try await stage.ask("POST", "/api/integrations/\(id)/\(path)", body, headers: Self.key)
            #expect(answer.status == 422 && answer.code == "IDEMPOTENCY_KEY_REUSED", "\(answer.text)")
        }
        #expect(stage.far.calls == 0)
        await stage.close()
    }

    @Test func oneUnderWayIsNotBegunAgain() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let arrived = stage.far.hold()
        async let first = stage.ask("POST", "/api/integrations/\(id)/test-connection", headers: Self.key)
        for await _ in arrived {}

        let second = try await stage.ask("POST", "/api/integrations/\(id)/test-connection", headers: Self.key)
        stage.far.letGo()

        #expect(second.status == 409 && second.code == "REQUEST_IN_FLIGHT" && second.headers["Retry-After"] == "1")
        #expect(try await first.status == 200)
        let third = try await stage.ask("POST", "/api/integrations/\(id)/test-connection", headers: Self.key)
        #expect(try await third.body == first.body)
        #expect(stage.far.calls == 1)
        await stage.close()
    }

    @Test func ofManyAtOnceOneIsDone() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await stage.ask("POST", "/api/integrations/\(id)/sync", ["type": "full"], headers: Self.key)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(answers.allSatisfy { $0.status == 202 || $0.code == "REQUEST_IN_FLIGHT" })
        #expect(Set(answers.filter { $0.status == 202 }.map(\.body)).count == 1)
        #expect(try await stage.count("SELECT count(*) FROM batch") == 1)
        await stage.close()
    }

    /// The process that began it is gone: another may do it, and the first, should it come back, does not.
    @Test func oneWhoseProcessDiedIsDoneByTheNext() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let arrived = stage.far.hold()
        async let lost = stage.ask("POST", "/api/integrations/\(id)/test-connection", headers: Self.key)
        for await _ in arrived {}
        stage.pass(seconds: 121)
        let other = try await IntegrationStage(stage.place, salt: 2)
        other.pass(seconds: 121)

        let second = try await other.ask("POST", "/api/integrations/\(id)/test-connection", headers: Self.key)
        stage.far.letGo()
        _ = try await lost

        let third = try await other.ask("POST", "/api/integrations/\(id)/test-connection", headers: Self.key)
        #expect(third.body == second.body)
        await stage.close()
        await other.close()
    }

    @Test func whatWasRefusedMayBeMendedUnderTheSameKey() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let bad = try await stage.ask("POST", "/api/integrations", ["name": "x"], headers: Self.key)
        let missing = try await stage.ask("POST", "/api/integrations/none/sync", headers: Self.key)

        let good = try await stage.ask("POST", "/api/integrations", IntegrationStage.good, headers: Self.key)

        #expect(bad.status == 422 && missing.status == 404 && good.status == 201, "\(good.text)")
        await stage.close()
    }

    @Test func aKeyIsFreeAgainAfterADay() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        for day in 1...2 {
            let answer = try await stage.ask(
                "POST", "/api/integrations/\(id)/sync", ["type": "product"], headers: Self.key)
            #expect(answer.headers["Idempotency-Replayed"] == nil)
            #expect(try await stage.count("SELECT count(*) FROM batch") == day)
            stage.pass(seconds: 86_401)
        }
        _ = try await stage.hub.maintain()
        #expect(try await stage.count("SELECT count(*) FROM keyed_request") == 0)
        await stage.close()
    }

    @Test func anAlertIsAcknowledgedOnceForEachKeyAndAgainIsNoError() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        var alert = Alert(.queueSize, AlertReading(1200, of: 1200), threshold: 1000, at: IntegrationStage.start)
        (alert.state, alert.raisedAt) = (.raised, IntegrationStage.start)
        let (raised, organization) = (alert, stage.hub.organization)
        try await stage.hub.store.write { try AlertTable($0, organization: organization).save(raised) }
        let path = "/api/alerts/queueSize/acknowledge"

        let first = try await stage.ask("POST", path, headers: Self.key)
        let again = try await stage.ask("POST", path, headers: Self.key)
        #expect(first.status == 200 && again.status == 200 && again.body == first.body, "\(first.text)")
        #expect(again.headers["Idempotency-Replayed"] == "true")
        // Without a key it is asked anew, and finds that somebody looks after it already.
        let plain = try await stage.ask("POST", path)
        #expect(plain.status == 200 && plain.json["data"] == first.json["data"])
        #expect(try await stage.count("SELECT count(*) FROM audit") == 1)
        #expect(try await stage.ask("POST", "/api/alerts/errorRate/acknowledge", headers: Self.key).status == 422)
        await stage.close()
    }

    @Test(arguments: ["", " ", "a b", "ä", String(repeating: "k", count: 256)])
    func aKeyThatIsNoneIsRefused(key: String) async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let answer = try await stage.ask(
            "POST", "/api/integrations", IntegrationStage.good, headers: ["Idempotency-Key": key])

        #expect(answer.status == 400 && answer.code == "BAD_REQUEST", "\(answer.text)")
        #expect(try await stage.count("SELECT count(*) FROM integration") == 0)
        let twice: HTTPHeaders = ["Idempotency-Key": "a", "idempotency-key": "b"]
        #expect(try await stage.ask("POST", "/api/integrations", IntegrationStage.good, headers: twice).status == 400)
        await stage.close()
    }

    @Test func anErasureThatWasRefusedFreesItsKey() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        for _ in 0..<2 {
            let answer = try await stage.ask(
                "POST", "/api/customers/nobody/erase", [:], headers: ["Idempotency-Key": "one"])
            #expect(answer.status == 404 && answer.code == "NOT_FOUND", "\(answer.text)")
        }
        await stage.close()
    }

    @Test func aVerificationIsAskedForOnceUnderAKey() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let key: HTTPHeaders = ["Idempotency-Key": "one"]
        let first = try await stage.ask("POST", "/api/verify", ["samples": 3], headers: key)
        let again = try await stage.ask("POST", "/api/verify", ["samples": 3], headers: key)
        #expect(first.status == 202 && again.status == 202 && again.headers["Idempotency-Replayed"] == "true")
        #expect(again.json["data"] == first.json["data"])
        await stage.close()
    }

    @Test func everyPostUnderTheAPIThatChangesSomethingTakesAKey() {
        let posts = Console.routes.filter { $0.method == "POST" && $0.pattern.hasPrefix("/api/") }
        #expect(
            // Answers under /api/auth hold secrets, which are stored nowhere; so does that to a new secret.
            Set(posts.filter { $0.admission != .vendors && !$0.pattern.hasPrefix("/api/auth/") }.map(\.pattern)) == [
                "/api/integrations", "/api/integrations/{id}/sync", "/api/integrations/{id}/test-connection",
                "/api/customers/{key}/erase",
                // Tested in DeliveryAnswerTests.
                "/api/integrations/{id}/webhook/test", "/api/webhooks/incoming/{id}/replay",
                "/api/webhooks/incoming/replay",
                "/api/integrations/{id}/webhook/register", "/api/outgoing-webhooks",
                "/api/outgoing-webhooks/{id}/test", "/api/outgoing-webhooks/{id}/disable",
                "/api/outgoing-webhooks/{id}/enable", "/api/outgoing-webhooks/{id}/deliveries/replay",
                "/api/outgoing-webhooks/{id}/rotate-secret",
                "/api/verify", "/api/alerts/{kind}/acknowledge",
            ], "a new address: give it `once`, test it here, and name it")
    }
}
