import Commerce
import Ledger
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// What is asked of integrations over HTTP, and how they are seen.
@Suite("Integrations: work and numbers")
struct IntegrationWorkTests {
    @Test func aSyncIsPutOnTheQueueAsSeed002AsksForIt() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        let answer = try await stage.ask(
            "POST", "/api/integrations/\(id)/sync", ["type": "inventory", "priority": 1, "delay": 5000],
            role: .operator)

        #expect(answer.status == 202, "\(answer.text)")
        let data = try #require(answer.json["data"])
        #expect(data["status"] == "queued" && data["type"] == "inventory" && data["kinds"] == ["product"])
        #expect(data["priority"] == 1 && data["delay"] == 5000)
        #expect(data["runAt"] == .string(IntegrationStage.start.adding(seconds: 5).description))
        let batch = try #require(data["batchId"]?.integer)
        #expect(try await stage.hub.batch(Int64(batch))?.total == 1)
        #expect(
            try await stage.count(
                "SELECT count(*) FROM job WHERE queue = 'pull' AND priority = 1 AND state = 'scheduled'") == 1)
        let line = try #require(try await stage.hub.audit().first)
        #expect(line.action == "batch.asked" && line.actor.name == "operator")
        await stage.close()
    }

    @Test func aSyncWithoutABodyIsOneOfEverything() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        for body: JSON? in [nil, [:], ["type": "all"]] {
            let answer = try await stage.ask("POST", "/api/integrations/\(id)/sync", body)
            #expect(answer.json["data"]?["kinds"] == ["product", "order"], "\(answer.text)")
            #expect(answer.json["data"]?["priority"] == 100)
        }
        let full = try await stage.ask("POST", "/api/integrations/\(id)/sync", ["type": "full"])
        #expect(full.status == 202)
        #expect(try await stage.count("SELECT count(*) FROM job WHERE key = 'full'") == 2)
        await stage.close()
    }

    @Test func aSyncThatMeansNothingIsRefused() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let refused: [(JSON, String)] = [
            (["type": "weather"], "type"), (["type": 5], "type"), (["type": "customers"], "type"),
            (["priority": -1], "priority"), (["priority": 1001], "priority"),
            (["priority": .number("1.5")], "priority"),
            (["delay": -1], "delay"), (["delay": 2_592_000_001], "delay"), (["when": 1], "when"),
            (["delay": .number("1e400")], "delay"), (["priority": .number("9007199254740993")], "priority"),
        ]
        for (body, field) in refused {
            let answer = try await stage.ask("POST", "/api/integrations/\(id)/sync", body)
            #expect(answer.status == 422 && answer.fields == [field], "\(body.text): \(answer.text)")
        }
        #expect(try await stage.count("SELECT count(*) FROM job") == 0)
        await stage.close()
    }

    @Test func oneThatRestsIsNotBroughtInStep() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till("rests", ["status": "paused"])

        let answer = try await stage.ask("POST", "/api/integrations/\(id)/sync")

        #expect(answer.status == 409 && answer.code == "INTEGRATION_INACTIVE")
        await stage.close()
    }

    @Test(arguments: [(200, "connected"), (401, "unauthorized"), (503, "unavailable")])
    func aConnectionIsTestedAndWhatIsWrongIsSaid(status: Int, word: String) async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        stage.far.answers(status)

        let answer = try await stage.ask("POST", "/api/integrations/\(id)/test-connection", role: .operator)

        #expect(answer.status == 200 && answer.json["data"]?["connected"] == .bool(status == 200))
        if status == 200 {
            #expect(answer.json["data"]?["found"] == "a till with 3 drawers")
        } else {
            #expect(answer.json["data"]?["category"] == .string(word) && answer.json["data"]?["reason"] != nil)
        }
        let more = try await stage.ask("POST", "/api/integrations/\(id)/test-connection", ["a": 1])
        #expect(more.status == 400)
        await stage.close()
    }

    @Test func aRefusedOneThatAnswersWorksAgain() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        try await stage.hub.set(.refused, reason: "401", of: try #require(try await stage.hub.known(id)))

        _ = try await stage.ask("POST", "/api/integrations/\(id)/test-connection", role: .operator)

        #expect(try await stage.hub.known(id)?.state == .active)
        await stage.close()
    }

    // MARK: Numbers

    @Test func anIntegrationIsShownInNumbers() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        _ = try await stage.ask("POST", "/api/integrations/\(id)/sync", ["type": "product"])
        let shop = try #require(try await stage.hub.known(id))
        await Engine(stage.hub).round(shop)
        try await stage.hub.drain()
        try await stage.fill(id)

        let answer = try await stage.ask("GET", "/api/integrations/\(id)/metrics", role: .viewer)

        let data = try #require(answer.json["data"])
        #expect(data["id"] == .string(id) && data["status"] == "active" && data["connector"] == "till")
        #expect(data["sync"]?["completed"]?.integer ?? 0 > 0, "\(answer.text)")
        #expect(data["sync"]?["failed"] == 0 && data["sync"]?["successRate"] == .number("1.000"))
        #expect(data["errors"]?["byCategory"] == ["unavailable": 1, "refused:9": 1])
        #expect(data["queue"]?["retryable"] == 1 && data["queue"]?["dead"] == 1)
        #expect(data["records"] == ["product": 1] && data["conflicts"] == 1 && data["rejections"] == 1)
        #expect(data["lastReadAt"]?["product"] != nil)
        await stage.close()
    }

    @Test func theHubIsShownInNumbers() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        try await stage.fill(try await stage.till())
        _ = try await stage.till("second", ["status": "paused"])
        stage.pass(seconds: 90)

        let answer = try await stage.ask("GET", "/api/integrations/system/metrics", role: .viewer)

        let data = try #require(answer.json["data"])
        #expect(data["integrations"] == ["total": 2, "active": 1, "paused": 1, "refused": 0], "\(answer.text)")
        #expect(data["records"] == ["product": 1] && data["queue"]?["dead"] == 1)
        #expect(data["byConnector"]?["till"]?["errors"]?["byCategory"] == ["unavailable": 1, "refused:9": 1])
        #expect(data["resources"]?["memoryBytes"]?.integer ?? 0 > 1_000_000)
        #expect(data["uptimeSeconds"] == 90)
        await stage.close()
    }

    @Test func theHubSaysHowItIs() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        _ = try await stage.till()

        let answer = try await stage.ask("GET", "/api/integrations/system/health", role: .viewer)

        let data = try #require(answer.json["data"])
        #expect(data["version"] == "1.2.3" && data["checks"]?["store"]?["status"] != nil, "\(answer.text)")
        #expect(data["integrations"]?["total"] == 1)
        await stage.close()
        stage.pass(seconds: 2)
        let down = try await stage.ask("GET", "/api/integrations/system/health", role: .viewer)
        #expect(down.status == 503 && down.code == "UNAVAILABLE")
    }
}
