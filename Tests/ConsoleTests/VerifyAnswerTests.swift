import Commerce
import Identity
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: verifying the store")
struct VerifyAnswerTests {
    private static let json: HTTPHeaders = ["Content-Type": "application/json"]

    @Test func whoMaySeeIsToldWhatTheLastOneCameTo() async throws {
        let asking = try await Asking()
        let token = try await asking.token(.viewer)
        let none = await asking.ask("GET", "/api/verify", token: token)
        #expect(none.json["data"] == ["state": "none", "report": .null])

        let time: JSON = "2026-03-02T09:00:00Z"
        let links: JSON = [
            "passed": true, "checked": 3, "purpose": "every link has its record", "errorCount": 0, "errors": [],
            "remarks": [],
        ]
        asking.hub.set {
            $0.verification = ["passed": true, "startedAt": time, "endedAt": time, "tests": ["links": links]]
        }
        let done = await asking.ask("GET", "/api/verify", token: token)
        #expect(done.json["data"]?["state"] == "done" && done.json["data"]?["report"]?["passed"] == true)
        #expect(await asking.ask("POST", "/api/verify", token: token).status == 403)
        #expect(await asking.ask("GET", "/api/verify").status == 401)
    }

    @Test func anOperatorAsksForOneWithSoManySamples() async throws {
        let asking = try await Asking()
        let token = try await asking.token(.operator)
        let answer = await asking.ask("POST", "/api/verify", token: token, headers: Self.json, body: #"{"samples": 7}"#)

        #expect(answer.status == 202 && answer.json["data"] == ["state": "running", "task": 1])
        #expect(asking.hub.state.withLock { $0.verifications.map(\.samples) } == [7])
        #expect(await asking.ask("GET", "/api/verify", token: token).json["data"]?["state"] == "running")
    }

    @Test(arguments: [#"{"samples": -1}"#, #"{"samples": 1001}"#, #"{"samples": "all"}"#, #"{"sample": 1}"#])
    func whatMeansNothingIsRefusedByItsField(body: String) async throws {
        let asking = try await Asking()
        let answer = await asking.ask(
            "POST", "/api/verify", token: try await asking.token(.operator), headers: Self.json, body: body)

        #expect(answer.status == 422 && answer.json["code"] == "VALIDATION_FAILED")
        #expect(asking.hub.state.withLock { $0.verifications.isEmpty })
    }
}
