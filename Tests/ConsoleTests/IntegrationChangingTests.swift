import Commerce
import ConnectorKit
import Ledger
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// Integrations that are changed and taken away over HTTP.
@Suite("Integrations: changing")
struct IntegrationChangingTests {
    private func settings(_ stage: IntegrationStage, _ id: String) async throws -> JSON {
        let known = try #require(try await stage.hub.known(id))
        return try JSON(parsing: stage.hub.vault.open(known.settings, context: id))
    }

    @Test func aPatchChangesWhatItNamesAndLeavesSecretsAlone() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        let answer = try await stage.ask(
            "PATCH", "/api/integrations/\(id)",
            ["name": "Renamed", "settings": ["warehouseCode": "B", "syncInterval": .null, "url": "https://b.example"]])

        #expect(answer.status == 200 && answer.json["data"]?["name"] == "Renamed", "\(answer.text)")
        #expect(
            try await settings(stage, id)
                == ["endpoint": "https://b.example", "username": "u", "password": "s3cret-word", "warehouseCode": "B"])
        #expect(try await stage.hub.known(id)?.options.intervals == [:])
        let line = try #require(try await stage.hub.audit().first)
        #expect(line.action == "integration.changed" && line.after?["newSecrets"] == [])
        await stage.close()
    }

    @Test func aPatchOfASecretIsKeptAndNamedInTheAudit() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let known = try #require(try await stage.hub.known(id))
        try await stage.hub.set(.refused, reason: "401", of: known)

        let answer = try await stage.ask(
            "PATCH", "/api/integrations/\(id)",
            ["credentials": ["password": "an0ther"], "settings": ["webhook": ["secret": "w0rd"]]])

        #expect(answer.json["data"]?["status"] == "active" && answer.json["data"]?["reason"] == .null)
        #expect(answer.json["data"]?["credentials"]?["webhook.secret"] == true)
        #expect(try await settings(stage, id)["password"] == "an0ther")
        let line = try #require(try await stage.hub.audit().first)
        #expect(line.after?["newSecrets"] == ["password", "webhook.secret"])
        #expect(!line.json.text.contains("an0ther") && !answer.text.contains("an0ther"))
        let second = try await stage.ask(
            "PATCH", "/api/integrations/\(id)", ["settings": ["webhook": ["retries": 3]]])
        #expect(second.status == 200)
        #expect(try await settings(stage, id)["webhook"] == ["secret": "w0rd", "retries": 3])
        await stage.close()
    }

    @Test func aPutTakesAwayWhatItDoesNotNameButNoSecret() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        let answer = try await stage.ask(
            "PUT", "/api/integrations/\(id)",
            ["connector": "till", "status": "paused", "settings": ["endpoint": "https://c.example", "username": "v"]])

        #expect(answer.status == 200 && answer.json["data"]?["status"] == "paused")
        #expect(
            try await settings(stage, id)
                == ["endpoint": "https://c.example", "username": "v", "password": "s3cret-word"])
        let short = try await stage.ask("PUT", "/api/integrations/\(id)", ["name": "x"])
        #expect(short.status == 422 && short.fields == ["settings.endpoint", "settings.username"], "\(short.text)")
        await stage.close()
    }

    @Test func whatIsRefusedChangesNothing() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        _ = try await stage.till("other")
        let before = try await stage.hub.known(id)
        let lines = try await stage.count("SELECT count(*) FROM audit")

        let refused: [(JSON, Int, String)] = [
            (["name": "other"], 409, "NAME_TAKEN"), (["connector": "shop"], 422, "VALIDATION_FAILED"),
            (["credentials": ["password": .null]], 422, "VALIDATION_FAILED"),
            (["settings": ["webhook": "x"]], 422, "VALIDATION_FAILED"),
            (["settings": ["syncInterval": 5]], 422, "VALIDATION_FAILED"), (["merchantId": "b"], 403, "FORBIDDEN"),
            (["credentials": ["password": true]], 422, "VALIDATION_FAILED"),
            (["reason": "x"], 422, "VALIDATION_FAILED"),
        ]
        for (body, status, code) in refused {
            let answer = try await stage.ask("PATCH", "/api/integrations/\(id)", body)
            #expect(answer.status == status && answer.code == code, "\(body.text): \(answer.text)")
        }

        #expect(try await stage.hub.known(id) == before)
        #expect(try await stage.count("SELECT count(*) FROM audit") == lines)
        await stage.close()
    }

    @Test func whatChangesNothingIsNotWrittenDown() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let lines = try await stage.count("SELECT count(*) FROM audit")

        let answer = try await stage.ask("PATCH", "/api/integrations/\(id)", IntegrationStage.good)

        #expect(answer.status == 200, "\(answer.text)")
        #expect(try await stage.count("SELECT count(*) FROM audit") == lines)
        await stage.close()
    }

    @Test func ofTwoWhoChangeOneAtATimeOneIsTold() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for code in ["A", "B", "C", "D"] {
                group.addTask {
                    try await stage.ask(
                        "PATCH", "/api/integrations/\(id)", ["settings": ["warehouseCode": .string(code)]])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(answers.allSatisfy { $0.status == 200 || $0.code == "CONFLICT" })
        let done = answers.filter { $0.status == 200 }.compactMap { $0.json["data"]?["settings"]?["warehouseCode"] }
        #expect(!done.isEmpty)
        #expect(done.contains(try await settings(stage, id)["warehouseCode"] ?? .null))
        await stage.close()
    }

    // MARK: Taking away

    @Test func oneThatHasNothingGoesWithoutAWord() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()

        let answer = try await stage.ask("DELETE", "/api/integrations/\(id)")

        #expect(answer.status == 200 && answer.json["data"]?["removed"]?["name"] == "Main Store", "\(answer.text)")
        #expect(try await stage.ask("GET", "/api/integrations/\(id)").status == 404)
        #expect(try await stage.ask("DELETE", "/api/integrations/\(id)").status == 404)
        #expect(try await stage.count("SELECT count(*) FROM address") == 0)
        #expect(try await stage.till() != id)
        await stage.close()
    }

    @Test func oneThatWouldLoseSomethingNeedsItsName() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        try await stage.fill(id)

        for word in ["", "?confirm=yes", "?confirm="] {
            let answer = try await stage.ask("DELETE", "/api/integrations/\(id)\(word)")
            #expect(answer.status == 409 && answer.code == "CONFIRMATION_REQUIRED", "\(word): \(answer.text)")
            #expect(answer.json["error"]?.string?.contains("1 link to its records") ?? false)
        }
        #expect(try await stage.ask("DELETE", "/api/integrations/\(id)?really=1").status == 400)
        #expect(try await stage.ask("GET", "/api/integrations/\(id)").status == 200)

        let answer = try await stage.ask("DELETE", "/api/integrations/\(id)?confirm=Main%20Store")

        #expect(
            answer.json["data"]?["removed"] == [
                "id": .string(id), "name": "Main Store", "links": ["product": 1], "tasks": 1, "deadLetters": 1,
                "conflicts": 1, "rejections": 1,
            ], "\(answer.text)")
        #expect(try await stage.count("SELECT count(*) FROM job WHERE queue = 'fetch' AND is_open = 1") == 0)
        let line = try #require(try await stage.hub.audit().first { $0.action == "integration.removed" })
        #expect(line.subjectID == id && !line.json.text.contains("s3cret-word"))
        await stage.close()
    }

    @Test func itsLinksAreForgottenOnceNothingIsUnderWayAndRecordsStay() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        try await stage.fill(id)
        let other = try await stage.till("other")
        try await stage.fill(other)
        _ = try await stage.ask("DELETE", "/api/integrations/\(id)?confirm=Main%20Store")
        #expect(try await stage.count("SELECT count(*) FROM link") == 2)

        stage.pass(seconds: 121)
        try await stage.hub.drain()

        #expect(try await stage.count("SELECT count(*) FROM link") == 1)
        #expect(try await stage.count("SELECT count(*) FROM rejection") == 1)
        #expect(try await stage.count("SELECT count(*) FROM conflict WHERE resolved_at IS NULL") == 1)
        #expect(try await stage.count("SELECT count(*) FROM record") == 2)
        #expect(try await stage.ask("GET", "/api/integrations/\(other)").status == 200)
        await stage.close()
    }
}
