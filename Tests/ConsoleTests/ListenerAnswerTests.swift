import Commerce
import ConnectorKit
import Notices
import Testing
import Wire

@testable import Pipeline

@Suite("API: webhooks of the hub's own")
struct ListenerAnswerTests {
    /// What seed 002 sends.
    static let good: JSON = [
        "url": "https://your-platform.com/webhooks/integration",
        "events": ["product.updated", "inventory.changed", "order.created"], "secret": "webhook_secret_key",
    ]
    /// What seed 000 has in its settings.
    static let older: JSON = [
        "name": "ERPNext Customer Sync",
        "url": "https://your-erpnext.com/api/method/custom.hooks.customer_updated", "method": "POST",
        "events": ["customer.created", "customer.updated"],
        "headers": ["Authorization": "Bearer your_token_here", "Content-Type": "application/json"],
        "secret": "your_webhook_secret", "retry_attempts": 3, "timeout": 30,
    ]

    @Test func whatTheSeedsSendIsRegisteredAndListedWithoutSecrets() async throws {
        let stage = try await IntegrationStage()
        let till = try await stage.till()

        let made = try await stage.ask("POST", "/api/integrations/\(till)/webhook/register", Self.good)
        let older = try await stage.ask("POST", "/api/outgoing-webhooks", Self.older)

        #expect(made.status == 201 && older.status == 201, "\(made.text) \(older.text)")
        let id = try #require(made.json["data"]?["id"]?.string)
        #expect(made.headers["Location"] == "/api/outgoing-webhooks/\(id)")
        #expect(made.json["data"]?["integrationId"] == .string(till))
        #expect(older.json["data"]?["retry_attempts"] == 3 && older.json["data"]?["timeout"] == 30)
        #expect(older.json["data"]?["headers"] == ["Authorization": "•••", "Content-Type": "•••"])
        let ofTill = try await stage.ask("GET", "/api/integrations/\(till)/webhook", role: .viewer)
        let all = try await stage.ask("GET", "/api/outgoing-webhooks", role: .viewer)
        #expect(ofTill.json["data"]?.array?.compactMap { $0["id"]?.string } == [id])
        #expect(all.json["data"]?.array?.count == 2)
        for answer in [made, older, ofTill, all] {
            for word in ["webhook_secret", "your_token"] { #expect(!answer.text.contains(word), "\(word)") }
        }
        await stage.close()
    }

    @Test func aSecretThatTheHubMakesIsToldOnceAlsoUnderAKey() async throws {
        let stage = try await IntegrationStage()
        let wish: JSON = ["url": "https://a.example/", "events": ["*"]]

        let first = try await stage.ask("POST", "/api/outgoing-webhooks", wish, headers: ["Idempotency-Key": "k"])
        let again = try await stage.ask("POST", "/api/outgoing-webhooks", wish, headers: ["Idempotency-Key": "k"])

        #expect(first.json["data"]?["secret"]?.string?.hasPrefix("whsec_") == true, "\(first.text)")
        #expect(again.status == 201 && again.headers["Idempotency-Replayed"] == "true")
        #expect(again.json["data"]?["secret"] == nil)
        #expect(again.json["data"]?["id"] == first.json["data"]?["id"])
        #expect(try await stage.count("SELECT count(*) FROM listener") == 1)
        await stage.close()
    }

    @Test(
        arguments: [
            (["url": "http://a.example/"], "url"), (["url": "https://u:p@a.example/"], "url"),
            (["url": "https://a.example/\n"], "url"), (["url": 7], "url"), (["events": []], "events"),
            (["events": ["order.eaten"]], "events"), (["events": ["*", "*"]], "events"),
            (["secret": "short"], "secret"),
            (["method": "GET"], "method"), (["timeout": 0], "timeout"), (["timeout": 61], "timeout"),
            (["retry_attempts": 10], "retry_attempts"), (["ordered": "yes"], "ordered"), (["colour": "red"], "colour"),
            (["headers": ["webhook-id": "1"]], "headers.webhook-id"), (["headers": ["Host": "b"]], "headers.Host"),
            (["headers": ["X-A": "b\r\nX-C: d"]], "headers.X-A"), (["headers": ["X A": "b"]], "headers.X A"),
            (["headers": ["X-A": "1", "x-a": "2"]], "headers"),
        ] as [(JSON, String)])
    func whatIsWrongIsNamedByItsField(change: JSON, field: String) async throws {
        let stage = try await IntegrationStage()
        let wish = JSON.object((Self.good.object ?? [:]).merging(change.object ?? [:]) { $1 })

        let answer = try await stage.ask("POST", "/api/outgoing-webhooks", wish)

        #expect(answer.status == 422 && answer.fields == [field], "\(answer.text)")
        #expect(try await stage.count("SELECT count(*) FROM listener") == 0)
        await stage.close()
    }

    @Test func aWebhookIsChangedSwitchedOffAndOnAndTakenAway() async throws {
        let stage = try await IntegrationStage()
        let made = try await stage.ask("POST", "/api/outgoing-webhooks", Self.good)
        let path = "/api/outgoing-webhooks/\(made.json["data"]?["id"]?.string ?? "")"

        let changed = try await stage.ask("PATCH", path, ["events": ["order.*"], "ordered": true])
        #expect(changed.json["data"]?["events"] == ["order.*"] && changed.json["data"]?["ordered"] == true)
        #expect(changed.json["data"]?["url"] == Self.good["url"])

        let off = try await stage.ask("POST", path + "/disable", ["reason": "moving"], role: .operator)
        #expect(off.status == 200, "\(off.text)")
        #expect(try await stage.ask("GET", path).json["data"]?["reason"] == "moving")
        let refused = try await stage.ask("POST", path + "/deliveries/replay", [:], role: .operator)
        #expect(refused.status == 409)
        let on = try await stage.ask("POST", path + "/enable", [:], role: .operator)
        #expect(on.json["data"] == ["notices": 0, "hasMore": false])
        #expect(try await stage.ask("GET", path).json["data"]?["status"] == "active")

        let rotated = try await stage.ask("POST", path + "/rotate-secret", ["keep_old_hours": 2])
        #expect(rotated.json["data"]?["secret"]?.string?.hasPrefix("whsec_") == true)
        #expect(rotated.json["data"]?["previousSecretUntil"]?.string != nil)
        #expect(rotated.json["data"]?["signing"] == "v1" && rotated.json["data"]?["publicKeys"] == [])
        #expect(try await stage.ask("POST", path + "/rotate-secret", ["keep_old_hours": 999]).status == 422)
        #expect(try await stage.ask("POST", path + "/rotate-secret", ["signing": "v2"]).fields == ["signing"])
        #expect(try await stage.ask("PATCH", path, ["signing": "v1a"]).fields == ["signing"])

        let paired = try await stage.ask("POST", path + "/rotate-secret", ["signing": "v1a"])
        #expect(paired.json["data"]?["secret"] == nil && !paired.text.contains("whsk_"))
        #expect(paired.json["data"]?["signing"] == "v1a")
        #expect(paired.json["data"]?["publicKeys"]?.array?.count == 1)
        #expect(try await stage.ask("GET", path).json["data"]?["publicKeys"] == paired.json["data"]?["publicKeys"])
        #expect(try await stage.ask("POST", path + "/enable", ["replay": "yes"]).fields == ["replay"])

        #expect(try await stage.ask("DELETE", path).status == 200)
        #expect(try await stage.ask("GET", path).status == 404)
        await stage.close()
    }

    @Test(arguments: ["test", "enable", "deliveries/replay", "disable"])
    func whatIsAskedForUnderAKeyIsDoneOnce(verb: String) async throws {
        let stage = try await IntegrationStage()
        let made = try await stage.ask("POST", "/api/outgoing-webhooks", Self.good)
        let path = "/api/outgoing-webhooks/\(made.json["data"]?["id"]?.string ?? "")/\(verb)"

        let first = try await stage.ask("POST", path, [:], headers: ["Idempotency-Key": "k"])
        let again = try await stage.ask("POST", path, [:], headers: ["Idempotency-Key": "k"])

        #expect(first.status == 200 && first.headers["Idempotency-Replayed"] == nil, "\(first.text)")
        #expect(again.body == first.body && again.headers["Idempotency-Replayed"] == "true")
        #expect(try await stage.count("SELECT count(*) FROM notice") == (verb == "test" ? 1 : 0))
        await stage.close()
    }

    @Test func theLogIsNarrowedAndEveryWrongWordIsNamed() async throws {
        let stage = try await IntegrationStage()
        let made = try await stage.ask("POST", "/api/outgoing-webhooks", Self.good)
        let path = "/api/outgoing-webhooks/\(made.json["data"]?["id"]?.string ?? "")/deliveries"

        #expect(try await stage.ask("GET", path).json["data"] == [])
        #expect(try await stage.ask("GET", path + "?status=failed&limit=5&before=msg_7").status == 200)
        for query in ["status=lost", "limit=0", "before=7", "colour=red"] {
            #expect(try await stage.ask("GET", "\(path)?\(query)").status == 400, "\(query)")
        }
        #expect(try await stage.ask("GET", "/api/outgoing-webhooks/whk_none/deliveries").status == 404)
        #expect(try await stage.ask("POST", "/api/integrations/none/webhook/register", Self.good).status == 404)
        await stage.close()
    }

    @Test func theCatalogueIsTheOneThatIsTold() async throws {
        let stage = try await IntegrationStage()

        let answer = try await stage.ask("GET", "/api/event-types", role: .viewer)

        let names = answer.json["data"]?.array?.compactMap { $0["name"]?.string }
        #expect(names == EventCatalogue.all.map(\.name))
        await stage.close()
    }
}
