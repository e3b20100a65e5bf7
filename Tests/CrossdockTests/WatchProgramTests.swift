import Commerce
import Foundation
import TestPrograms
import Testing

@testable import crossdock

/// What an operator sees of a hub that runs: its series, its log, its alerts.
@Suite("Watching the program", .serialized)
struct WatchProgramTests {
    private func connected(_ program: Program) async throws {
        let settings = try program.write(ConnectTests.shop.text, to: "shop.json")
        #expect(try await program.run(["connect", "woocommerce", "--config", settings]).status == 0)
    }

    private func counts(_ port: Int, _ program: Program) async throws -> String {
        let token = try #require(try await program.run(["token", "--role", "viewer"]).lines.last)
        let answer = try await Web.get("http://127.0.0.1:\(port)/metrics", ["Authorization": "Bearer \(token)"])
        #expect(answer.status == 200)
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// The series that a text names: those of the hub, without what Prometheus adds to a histogram's name.
    private func series(in text: some StringProtocol) -> Set<String> {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.filter { $0.hasPrefix("crossdock_") }
        return Set(
            words.map { word in
                for end in ["_bucket", "_sum", "_count"] where word.hasSuffix(end) {
                    return String(word.dropLast(end.count))
                }
                return String(word)
            })
    }

    @Test func everySeriesThatARuleOrThePageNamesIsServed() async throws {
        let program = try Program()
        defer { program.close() }
        try await connected(program)
        let hub = try program.start(["serve", "--port", "0"])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port()
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let rules = try String(contentsOf: root.appending(path: "contrib/prometheus/rules.yml"), encoding: .utf8)
        let expressions = rules.split(separator: "\n").filter { !$0.contains("#") && !$0.contains("summary:") }
            .joined(separator: "\n")
        let page = try String(contentsOf: root.appending(path: "docs/operations/README.md"), encoding: .utf8)
        let table = page.split(separator: "\n").filter { $0.hasPrefix("| `crossdock_") }.map {
            $0.split(separator: "|")[0]
        }.joined()
        // These stand there once there is something to tell.
        let later: Set<String> = [
            "crossdock_last_success_timestamp_seconds", "crossdock_breaker_state",
            "crossdock_rate_limit_remaining_ratio", "crossdock_store_connections",
        ]

        let text = try await counts(port, program)
        let served = series(in: text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n"))
        let named = series(in: expressions)
        #expect(named.count >= 12)
        #expect(named.subtracting(served).isEmpty, "\(named.subtracting(served).sorted())")
        let told = series(in: table)
        #expect(told.subtracting(served).subtracting(later).isEmpty, "\(told.subtracting(served).sorted())")
        let untold = served.subtracting(told).filter { !$0.hasPrefix("crossdock_process_") }
        #expect(untold.isEmpty, "\(untold.sorted())")

        let unexplained = served.filter { !text.contains("# HELP \($0) ") }
        #expect(unexplained.isEmpty, "\(unexplained.sorted())")

        // What promtool finds wrong with the names, where it is on this machine.
        let promtool = ProcessInfo.processInfo.environment["PROMTOOL"] ?? "promtool"
        let file = try program.write(text, to: "metrics.txt")
        let check = try ProgramRun(
            "sh", ["-c", "command -v \(promtool) >/dev/null || exit 0; \(promtool) check metrics <\(file) 2>&1"])
        #expect(check.status == 0, "\(check.text.output)")
    }

    @Test func aLogFileThatIsMovedAwayIsMadeAnewAtAHangUp() async throws {
        let program = try Program()
        defer { program.close() }
        try await connected(program)
        let file = program.path("hub.log")
        let hub = try program.start(
            ["serve", "--port", "0", "--log-file", file], environment: ["CROSSDOCK_LOG_FORMAT": "json"])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port()
        func call() async throws {
            let call = try await Web.post(
                "http://127.0.0.1:\(port)/api/webhooks/woocommerce/default", ["id": 1],
                ["X-WC-Webhook-Topic": "order.created", "traceparent": "00-\(Self.trace)-00f067aa0ba902b7-01"])
            #expect(call.status == 401)
        }
        func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        // A shop that cannot be reached is warned of; so there is something to log.
        let first = try await eventually(withinSeconds: 30) { text(file).isEmpty ? nil : text(file) }
        let line = try #require(first?.split(separator: "\n").first)
        #expect(try JSON(parsing: String(line))["level"] != nil)
        #expect(!hub.errors.contains("\"level\""))

        try FileManager.default.moveItem(atPath: file, toPath: file + ".1")
        hub.send(SIGHUP)
        let again = try await eventually(withinSeconds: 30) { text(file).isEmpty ? nil : text(file) }
        #expect(again != nil)
        try await call()

        hub.send(SIGTERM)
        #expect(try await hub.ended(withinSeconds: 10) == 0, "\(hub.errors)")
    }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test func anotherLevelIsFollowedByAHubThatRuns() async throws {
        let program = try Program()
        defer { program.close() }
        let file = program.path("hub.log")
        let hub = try program.start(["serve", "--port", "0", "--log-file", file])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port()
        let token = try #require(try await program.run(["token", "--role", "admin"]).lines.last)
        #expect(try await program.run(["log-level", "debug", "--minutes", "5"]).status == 0)
        let answer = try await Web.get("http://127.0.0.1:\(port)/api/log-level", ["Authorization": "Bearer \(token)"])
        #expect(try JSON(parsing: answer.body)["data"]?["level"] == "debug")
        #expect(try await program.run(["log-level"]).output.contains("from debug on"))
        #expect(try await program.run(["log-level", "loud"]).status == 2)
        #expect(try await program.run(["log-level", "usual"]).output.contains("as each hub was started"))
        let lines = try await program.run(["audit", "list", "--action", "log.level-set", "--json"]).lines
        #expect(lines.count == 2)
    }

    @Test(arguments: [["serve", "--log-file", "/no/such/folder/hub.log"], ["alerts", "acknowledge", "nothing"]])
    func whatCannotBeIsRefusedWith2(words: [String]) async throws {
        let program = try Program()
        defer { program.close() }

        #expect(try await program.run(words, timeoutSeconds: 30).status == 2)
    }
}
