import Commerce
import Testing
import Wire

@testable import Console

/// What means something to a database, a page, a shell or a file system means nothing to the API. The fields are those
/// of the OpenAPI document, so that one that comes later is tried, too.
@Suite("Console: hostile texts and numbers")
struct HostileTextTests {
    private static let texts = [
        "'; DROP TABLE integration; --\" OR 1=1 --", "\"><script>alert(1)</script><img src=x onerror=alert(1)>",
        "../../../../etc/passwd\0%00", "{{7*7}}${jndi:ldap://x}\u{202E}\u{FFFF}'\u{301}", "a\r\nSet-Cookie: x=1",
        String(repeating: "a", count: 5000), "",
    ]

    private static let numbers: [JSON] = [
        .number("9007199254740993"), .number("1e400"), .number("-1" + String(repeating: "0", count: 400)),
        .number("9223372036854775808"), .number("0.1"),
    ]

    private static let bodies = Console.routes.filter { $0.contract.body?.type == Contract.json }

    /// The members that a body may have.
    private static func members(_ route: Route) -> [String] {
        let schema = route.contract.body.map { body in
            let name = body.shape.json["$ref"]?.string?.split(separator: "/").last.map(String.init)
            return name.flatMap { body.shape.parts[$0] } ?? body.shape.json
        }
        return (schema?["properties"]?.object ?? [:]).keys.sorted()
    }

    @Test func everyFieldOfEveryBodyTakesThemOrRefusesThem() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let id = try await stage.till()
        let all = Self.texts.map(JSON.string) + Self.numbers
        var tried = 0
        for route in Self.bodies where !route.pattern.hasPrefix("/api/auth") {
            let path = route.pattern.replacing("{id}", with: id).replacing(/\{\w+\}/, with: "queueSize")
            for member in Self.members(route) {
                for value in all + [.array(all), .object(["a": .array(all)])] {
                    stage.pass(seconds: 1)
                    let answer = try await stage.ask(route.method, path, [member: value])
                    #expect(
                        answer.status < 500,
                        "\(route.method) \(path) \(member) \(value.text.prefix(60)): \(answer.text)")
                    tried += 1
                }
            }
        }
        #expect(tried > 500)
        #expect(try await stage.count("SELECT count(*) FROM integration") >= 1)
        let page = try await stage.ask("GET", "/")
        #expect(page.status == 200 && !page.text.contains("<script>alert") && !page.text.contains("<img src=x"))
        await stage.close()
    }

    @Test func everyWordOfEveryQueryAndEveryNameInAPathTakesThemOrRefusesThem() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        for route in Console.routes where route.method == "GET" && route.pattern != "/events" {
            for text in Self.texts {
                stage.pass(seconds: 1)
                let said = Percent.encoded(text)
                let path = route.pattern.replacing(/\{\w+\}/, with: said)
                var answers = [try await stage.ask("GET", path)]
                for word in route.contract.query {
                    answers.append(try await stage.ask("GET", "\(path)?\(word.name)=\(said)"))
                }
                for answer in answers {
                    #expect(answer.status < 500, "\(path): \(answer.text)")
                    #expect(!answer.text.contains("<script>alert(1)") || answer.headers["Content-Type"] != "text/html")
                    #expect(!answer.headers.list.contains { $0.value.contains("\n") })
                }
            }
        }
        await stage.close()
    }

    /// A name that is taken is shown as what it is, on every page and in every answer.
    @Test func whatIsTakenIsShownAsItWasSaid() async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        let name = "<script>alert(1)</script>'; DROP TABLE job; --"

        let id = try await stage.till(name)

        #expect(try await stage.ask("GET", "/api/integrations/\(id)").json["data"]?["name"] == .string(name))
        for path in ["/", "/deliveries", "/docs"] {
            let page = try await stage.ask("GET", path)
            #expect(page.status == 200 && !page.text.contains("<script>alert"), "\(path)")
        }
        #expect(try await stage.ask("GET", "/").text.contains("&lt;script&gt;alert(1)"))
        #expect(try await stage.count("SELECT count(*) FROM job") >= 0)
        await stage.close()
    }
}
