import Commerce
import Pipeline
import Testing
import Wire

@testable import Console

/// Integrations that are made over HTTP.
@Suite("Integrations: making")
struct IntegrationMakingTests {
    @Test func whatSeed002SendsMakesAnIntegrationThatShowsNoSecret() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let answer = try await stage.ask("POST", "/api/integrations", IntegrationStage.good)

        #expect(answer.status == 201)
        let data = try #require(answer.json["data"])
        let id = try #require(data["id"]?.string)
        #expect(answer.headers["Location"] == "/api/integrations/\(id)")
        #expect(data["merchantId"] == "default" && data["name"] == "Main Store" && data["connector"] == "till")
        #expect(data["type"] == "hybrid" && data["status"] == "active")
        #expect(
            data["settings"] == [
                "endpoint": "https://till.example/api", "username": "u", "syncInterval": 300_000,
                "warehouseCode": "MAIN",
            ])
        #expect(
            data["credentials"] == ["password": true, "apiKey": false, "webhook.secret": false, "eventSecret": false])
        #expect(data["webhookAddress"] == .string("https://hub.example/webhooks/\(id)"))
        #expect(answer.json["success"] == true && answer.json["requestId"] != nil)
        #expect(!answer.text.contains("s3cret-word"))
        let shown = try await stage.ask("GET", "/api/integrations/\(id)", role: .viewer)
        #expect(shown.status == 200 && shown.json["data"] == data)
        let known = try #require(try await stage.hub.known(id))
        #expect(known.options.intervals == ["*": 300])
        await stage.close()
    }

    @Test func theAuditNamesTheTokenItsAddressAndTheRequest() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let answer = try await stage.ask("POST", "/api/integrations", IntegrationStage.good)

        let line = try #require(try await stage.hub.audit().first)
        #expect(line.action == "integration.connected")
        #expect(line.actor.kind == .person && line.actor.name == "admin")
        #expect(line.actor.origin == "198.51.100.7")
        #expect(line.actor.request.map(JSON.string) == answer.json["requestId"])
        #expect(!line.json.text.contains("s3cret-word"))
        await stage.close()
    }

    @Test func seed000sShapeIsTakenToo() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let answer = try await stage.ask(
            "POST", "/api/integrations",
            [
                "name": "ERP", "type": "Sync", "status": "Inactive", "connector": "till",
                "configuration": ["url": "https://till.example", "username": "u", "password": "p"],
            ])

        #expect(answer.status == 201)
        #expect(answer.json["data"]?["type"] == "hybrid" && answer.json["data"]?["status"] == "paused")
        await stage.close()
    }

    @Test func whatIsWrongIsNamedByItsFieldAndNothingIsStored() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let answer = try await stage.ask(
            "POST", "/api/integrations",
            [
                "connector": "till", "credentials": ["endpoint": "no address", "apiKey": 5, "more": "x"],
                "settings": ["syncInterval": 1, "webhook": ["secret": "s", "retries": 99]],
            ])

        #expect(answer.status == 422 && answer.code == "VALIDATION_FAILED")
        #expect(
            Set(answer.fields) == [
                "name", "credentials.endpoint", "credentials.apiKey", "credentials.more", "settings.username",
                "credentials.password", "settings.syncInterval", "settings.webhook.retries",
            ])
        #expect(try await stage.count("SELECT count(*) FROM integration") == 0)
        #expect(try await stage.count("SELECT count(*) FROM audit") == 0)
        await stage.close()
    }

    static let refused: [(changes: JSON, status: Int, code: String, fields: [String])] = [
        (["connector": "none"], 422, "VALIDATION_FAILED", ["connector"]),
        (["connector": .null], 422, "VALIDATION_FAILED", ["connector"]),
        (["type": "push"], 422, "VALIDATION_FAILED", ["type"]),
        (["type": "webhook"], 422, "VALIDATION_FAILED", ["type"]),
        (["type": 5], 422, "VALIDATION_FAILED", ["type"]),
        (["status": "refused"], 422, "VALIDATION_FAILED", ["status"]),
        (["name": ""], 422, "VALIDATION_FAILED", ["name"]),
        (["name": "a\nb"], 422, "VALIDATION_FAILED", ["name"]),
        (["name": .string(String(repeating: "a", count: 81))], 422, "VALIDATION_FAILED", ["name"]),
        (["id": "me"], 422, "VALIDATION_FAILED", ["id"]),
        (["settings": []], 422, "VALIDATION_FAILED", ["settings"]),
        (["settings": ["username": "other"]], 422, "VALIDATION_FAILED", ["settings.username"]),
        (["settings": ["url": "https://other.example"]], 422, "VALIDATION_FAILED", ["settings.url"]),
        (
            ["credentials": ["endpoint": "https://wrong.example", "username": "u", "password": "p"]], 422,
            "VALIDATION_FAILED", ["settings"]
        ),
        (["merchantId": "other"], 403, "FORBIDDEN", []),
    ]

    @Test func whoNamesAnotherMerchantIsToldWhoseTokenItIs() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        var body = IntegrationStage.good.object ?? [:]
        body["merchantId"] = "merchant-123"

        let answer = try await stage.ask("POST", "/api/integrations", .object(body))

        #expect(answer.status == 403)
        #expect(
            answer.text.contains(#"this token is for \"default\", and \"merchantId\" names another"#), "\(answer.text)")
    }

    @Test func everyBadFieldIsRefusedByName() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        for (changes, status, code, fields) in Self.refused {
            let body = (IntegrationStage.good.object ?? [:]).merging(changes.object ?? [:]) { $1 }
            let answer = try await stage.ask(
                "POST", "/api/integrations", .object(body), headers: ["Idempotency-Key": "one-key"])

            #expect(answer.status == status && answer.code == code, "\(changes.text): \(answer.text)")
            #expect(answer.fields == fields, "\(changes.text): \(answer.text)")
        }
        #expect(try await stage.count("SELECT count(*) FROM integration") == 0)
        #expect(try await stage.count("SELECT count(*) FROM keyed_request") == 0)
        await stage.close()
    }

    @Test func wordsOfSQLAndHTMLAreWords() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        for name in ["'; DROP TABLE integration; --", "<script>alert(1)</script>", "../../etc/passwd", "a\u{301}😀"] {
            let id = try await stage.till(name)
            let shown = try await stage.ask("GET", "/api/integrations/\(id)")
            #expect(shown.json["data"]?["name"] == .string(name))
            #expect(shown.headers["Content-Type"] == "application/json; charset=utf-8")
        }
        await stage.close()
    }

    @Test func aNameIsTakenOnce() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        _ = try await stage.till()

        let answer = try await stage.ask("POST", "/api/integrations", IntegrationStage.good)

        #expect(answer.status == 409 && answer.code == "NAME_TAKEN" && answer.fields == ["name"])
        await stage.close()
    }

    @Test func aTillThatCallsIsReadOnceADay() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let settings: JSON = ["webhook": ["secret": "w0rd"]]

        let id = try await stage.till("calls", ["type": "webhook", "settings": settings])

        let known = try #require(try await stage.hub.known(id))
        #expect(known.options.type == .webhook && known.options.intervalSeconds(.product) == 86_400)
        let polled = try #require(try await stage.hub.known(try await stage.till("polled", ["type": "polling"])))
        #expect(polled.options.type == .polling && polled.options.intervalSeconds(.product) == 300)
        await stage.close()
    }

    @Test func aStoreThatCannotBeUsedIsToldAsSuch() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        await stage.close()

        for (method, path) in [("GET", "/api/integrations"), ("POST", "/api/integrations")] {
            let answer = try await stage.ask(method, path, method == "POST" ? IntegrationStage.good : nil)
            #expect(answer.status == 503 && answer.code == "UNAVAILABLE", "\(method) \(path)")
            #expect(answer.headers["Retry-After"] == "10")
        }
    }
}
