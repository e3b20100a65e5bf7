import Commerce
import Identity
import Testing
import Wire

@testable import Console

@Suite("Letting the hub in, over HTTP")
struct AuthorizationAnswerTests {
    @Test func whatGoesBySettingsHasNoSuchWay() async throws {
        let stage = try await IntegrationStage()
        let id = try await stage.till()

        let start = try await stage.ask("GET", "/admin/integration/\(id)/authorize")
        #expect(start.status == 409 && start.text.contains("does not let the hub in by OAuth 2"))
        #expect(try await stage.ask("GET", "/admin/integration/nobody/authorize").status == 404)
        #expect(try await stage.ask("GET", "/api/integrations/\(id)/authorization").status == 404)
        #expect(try await stage.ask("GET", "/admin/integration/\(id)/authorize", role: .operator).status == 403)
    }

    @Test func whoComesBackUnexpectedIsToldSoAndKeepsNothing() async throws {
        let stage = try await IntegrationStage()

        let answer = try await stage.ask(
            "GET", "/admin/integration/till/callback?state=%3Cscript%3E&code=x&error=%3Cb%3E",
            headers: ["Cookie": "\(Console.departureCookie)=made-up"])

        #expect(answer.status == 400 && answer.text.contains("nobody is expected"))
        #expect(!answer.text.contains("<script>"))
        #expect(answer.headers["Set-Cookie"]?.contains("Max-Age=0") == true)
    }
}
