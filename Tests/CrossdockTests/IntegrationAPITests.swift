import Commerce
import Foundation
import Testing
import Wire

@testable import crossdock

/// Integrations over HTTP, asked of the built program.
@Suite("crossdock serve: the API of integrations", .serialized)
struct IntegrationAPITests {
    static let shop: JSON = [
        "name": "Main Store", "connector": "woocommerce",
        "credentials": ["siteUrl": "https://shop.example", "consumerKey": "ck_1", "consumerSecret": "cs_hidden"],
    ]

    private func examples() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
        return text.split(separator: "```sh\n").dropFirst().compactMap { $0.split(separator: "```").first }
            .joined(separator: "\n")
    }

    @Test func theExamplesOfThePageWork() async throws {
        let program = try Program()
        defer { program.close() }
        let hub = try program.start(["serve", "--port", "0"])
        defer { hub.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await hub.port())"
        let script = try examples().replacing("http://127.0.0.1:8008", with: url)
        try #require(script.contains("/test-connection") && script.contains(url))

        let folder = URL(filePath: Program.path).deletingLastPathComponent().path
        var environment = program.environment
        environment["PATH"] = "\(folder):/usr/bin:/bin"
        let shell = try RunningProgram(
            "/bin/sh", ["-eu", try program.write(script, to: "examples.sh")], environment: environment,
            folder: program.folder)
        let status = try await shell.ended(withinSeconds: 120)

        #expect(status == 0, "\(shell.output)\n\(shell.errors)")
        // Each answer is one line of JSON without an end of its own.
        let answers = shell.output.replacing("}{", with: "}\n{").split(separator: "\n")
            .compactMap { try? JSON(parsing: String($0)) }
        #expect(answers.count == 21, "\(shell.output)")
        // Those of /api/health are bare; all others are in their envelope.
        let bare = answers.filter { $0["services"] != nil || $0["success"] == nil }
        #expect(bare.count == 2 && bare.allSatisfy { $0["version"] != nil })
        #expect(answers.count { $0["success"] == true && $0["requestId"] != nil } == 19)
        #expect(answers[0]["pagination"]?["total"] == 1)
        #expect(!shell.output.contains("cs_1"))
    }

    @Test func anAnswerIsTheSameAfterTheHubWasKilledAndRunsAgain() async throws {
        let program = try Program()
        defer { program.close() }
        let token = try #require(try await program.run(["token", "--role", "admin"]).lines.last)
        let headers: HTTPHeaders = ["Authorization": "Bearer \(token)", "Idempotency-Key": "once"]
        let first = try program.start(["serve", "--port", "0"])
        defer { first.send(SIGKILL) }
        let made = try await Web.post("http://127.0.0.1:\(first.port())/api/integrations", Self.shop, headers)
        #expect(made.status == 201, "\(String(decoding: made.body, as: UTF8.self))")
        first.send(SIGKILL)
        _ = try await first.ended(withinSeconds: 10)

        let second = try program.start(["serve", "--port", "0"])
        defer { second.send(SIGKILL) }
        let url = "http://127.0.0.1:\(try await second.port())/api/integrations"
        let again = try await Web.post(url, Self.shop, headers)

        #expect(again.status == 201 && again.body == made.body)
        let list = try JSON(parsing: try await Web.get(url, headers).body)
        #expect(list["pagination"]?["total"] == 1)
        let integrations = try await program.run(["integrations", "--json"])
        #expect(integrations.lines.joined().contains("Main Store"))
        #expect(!integrations.said.contains("cs_hidden"))
    }
}
