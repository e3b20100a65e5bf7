import Commerce
import Testing
import Wire

@testable import Console

/// Bodies that are no bodies: each is refused with its own status, and nothing is changed.
@Suite("Console: bodies")
struct RequestBodyTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let bad: [(name: String, bytes: [UInt8], status: Int, code: String)] = [
        ("nothing", [], 415, "UNSUPPORTED_MEDIA_TYPE"), ("half", bytes("{\"name\": \"a"), 400, "BAD_REQUEST"),
        ("a list", bytes("[1]"), 400, "BAD_REQUEST"), ("a text", bytes("\"a\""), 400, "BAD_REQUEST"),
        ("null", bytes("null"), 400, "BAD_REQUEST"), ("two values", bytes("{} {}"), 400, "BAD_REQUEST"),
        ("no UTF-8", bytes("{\"name\": \"") + [0xFF, 0xC0, 0xAF] + bytes("\"}"), 400, "BAD_REQUEST"),
        ("a lone byte of a letter", bytes("{\"name\": \"") + [0xE2, 0x82] + bytes("\"}"), 400, "BAD_REQUEST"),
        ("deep", bytes(String(repeating: "{\"a\":", count: 10_000)), 400, "BAD_REQUEST"),
        ("deep lists", bytes("{\"a\":" + String(repeating: "[", count: 10_000)), 400, "BAD_REQUEST"),
        ("a name twice", bytes("{\"name\": \"a\", \"name\": \"b\"}"), 400, "BAD_REQUEST"),
        ("a name twice, once escaped", bytes("{\"name\": \"a\", \"\\u006eame\": \"b\"}"), 400, "BAD_REQUEST"),
        ("a name twice within", bytes("{\"settings\": {\"a\": 1, \"a\": 1}}"), 400, "BAD_REQUEST"),
        ("too large", bytes("{\"name\": \"" + String(repeating: "a", count: 65_536) + "\"}"), 413, "PAYLOAD_TOO_LARGE"),
        ("a number that is none", bytes("{\"name\": 01}"), 400, "BAD_REQUEST"),
        ("an unknown word", bytes("{\"name\": NaN}"), 400, "BAD_REQUEST"),
        ("a zero byte", bytes("{\"name\": \"a") + [0] + bytes("\"}"), 400, "BAD_REQUEST"),
        ("a mark before it", [0xEF, 0xBB, 0xBF] + bytes("{}"), 400, "BAD_REQUEST"),
        ("an unknown field", bytes("{\"admin\": true}"), 422, "VALIDATION_FAILED"),
    ]

    @Test func eachIsRefusedAndChangesNothing() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let before = try await stage.hub.known(id)
        for (name, bytes, status, code) in Self.bad {
            for (method, path) in [
                ("POST", "/api/integrations"), ("PUT", "/api/integrations/\(id)"),
                ("PATCH", "/api/integrations/\(id)"),
            ] {
                let answer = try await stage.ask(
                    method, path, bytes: bytes,
                    headers: name == "nothing" ? ["Content-Type": "text/plain"] : ["Idempotency-Key": "k"])
                #expect(answer.status == status && answer.code == code, "\(name), \(method): \(answer.text)")
            }
        }
        #expect(try await stage.hub.known(id) == before)
        #expect(try await stage.count("SELECT count(*) FROM integration") == 1)
        #expect(try await stage.count("SELECT count(*) FROM keyed_request") == 0)
        await stage.close()
    }

    @Test(arguments: [
        ("application/json", "", 201), ("Application/JSON; charset=UTF-8", "", 201),
        ("application/json;charset=\"utf-8\"", "identity", 201), ("application/json; charset=latin1", "", 415),
        ("text/plain", "", 415), ("application/x-www-form-urlencoded", "", 415), ("", "", 415),
        ("multipart/form-data", "", 415), ("application/json", "gzip", 415), ("application/jsonx", "", 415),
    ])
    func onlyPlainJSONInUTF8IsRead(kind: String, packing: String, status: Int) async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        var headers: HTTPHeaders = ["Content-Type": kind]
        if !packing.isEmpty { headers["Content-Encoding"] = packing }

        let answer = try await stage.ask("POST", "/api/integrations", IntegrationStage.good, headers: headers)

        #expect(answer.status == status, "\(answer.text)")
        await stage.close()
    }

    /// A browser on this machine that shows a page of somebody else's has the rights of this machine, too.
    @Test(
        arguments: [
            (["Origin": "https://evil.example"], 403), (["Sec-Fetch-Site": "cross-site"], 403),
            (["Sec-Fetch-Site": "same-origin"], 404), ([:], 404),
        ] as [([String: String], Int)])
    func aPageOfAnotherSiteChangesNothing(sent: [String: String], status: Int) async throws {
        let asking = try await Asking(openOnLoopback: true)
        var headers = HTTPHeaders()
        for (name, value) in sent { headers[name] = value }

        let answer = await asking.ask(
            "POST", "/api/integrations/none/sync", headers: headers, host: "localhost", peer: "127.0.0.1")

        #expect(answer.status == status, "\(answer.text)")
    }
}
