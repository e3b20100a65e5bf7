import Commerce
import Identity
import Testing
import Wire

@testable import Console

@Suite("Console: the OpenAPI document")
struct OpenAPITests {
    let document = OpenAPI(version: "1.2.3").json

    @Test func everyAddressHasItsOperationAndThereIsNoOther() {
        let told = (document["paths"]?.object ?? [:]).flatMap { path, operations in
            (operations.object ?? [:]).keys.map { "\($0.uppercased()) \(path)" }
        }

        #expect(told.sorted() == Console.routes.map { "\($0.method) \($0.pattern)" }.sorted())
    }

    @Test func everyOperationHasANameOfItsOwnAndNamesItsPath() {
        var ids: Set<String> = []
        for route in Console.routes {
            let operation = document["paths"]?[route.pattern]?[route.method.lowercased()]
            let id = operation?["operationId"]?.string ?? ""
            #expect(!id.isEmpty && ids.insert(id).inserted, "\(route.pattern): \(id)")
            let names = (operation?["parameters"]?.array ?? []).filter { $0["in"] == "path" }
            #expect(names.compactMap { $0["name"]?.string } == route.names, "\(route.pattern)")
        }
    }

    /// The document's roles are those that the table of addresses lets in.
    @Test func everyOperationNamesTheRolesThatAreLetIn() {
        for route in Console.routes {
            let ways = document["paths"]?[route.pattern]?[route.method.lowercased()]?["security"]?.array ?? []
            let roles = ways.lazy.compactMap { $0["token"]?.array }.first.map { Set($0.compactMap(\.string)) }
            switch route.admission {
            case .everybody: #expect(ways.first == [:], "\(route.pattern)")
            case .vendors: #expect(ways == [["signature": []], ["shopSignature": []]], "\(route.pattern)")
            case .known: #expect(roles == Set(Role.allCases.map(\.rawValue)), "\(route.pattern)")
            case .those(let permission):
                let may = Role.allCases.filter { $0.permissions.contains(permission) }.map(\.rawValue)
                #expect(roles == Set(may), "\(route.pattern)")
            }
        }
    }

    @Test func everyReferenceLeadsSomewhere() {
        func references(_ json: JSON) -> [String] {
            switch json {
            case .object(let members):
                (members["$ref"]?.string).map { [$0] } ?? members.values.flatMap(references)
            case .array(let elements): elements.flatMap(references)
            default: []
            }
        }
        let all = Set(references(document))

        #expect(all.count > 20)
        for reference in all {
            let found = reference.split(separator: "/").dropFirst().reduce(JSON?.some(document)) { $0?[String($1)] }
            #expect(found != nil, "\(reference)")
        }
    }

    @Test func itIsServedToEverybodyForItHoldsNoData() async throws {
        let asking = try await Asking()

        let told = await asking.ask("GET", "/docs/openapi.json")

        #expect(told.json == document)
        #expect(await asking.ask("GET", "/docs").status == 200)
        #expect(await asking.ask("GET", "/docs/openapi.json", token: "nonsense").status == 200)
    }

    @Test func thePageNamesEveryAddressAndLoadsNothingFromElsewhere() async throws {
        let asking = try await Asking()

        let page = await asking.ask("GET", "/docs").text

        for route in Console.routes { #expect(page.contains("id=\"\(route.operationID)\""), "\(route.pattern)") }
        #expect(!page.contains("http://") && !page.contains("https://"))
        #expect(!page.contains("<script") && !page.contains("style="))
    }

    // MARK: The check itself

    @Test func anAnswerThatTheDocumentDoesNotSayIsNoticed() {
        func problems(_ status: Int, _ body: JSON, _ headers: HTTPHeaders = ["X-Request-Id": "req_1"]) -> Int {
            var response = HTTPResponse.json(body, status: status)
            for field in headers.list { response.headers[field.name] = field.value }
            let request = HTTPRequest("GET", HTTPAddress(scheme: "http", host: "hub.example", path: "/health"))
            return DocumentCheck.shared.problems(request, response).count
        }

        #expect(problems(200, ["status": "ok", "version": "1"]) == 0)
        #expect(problems(200, ["status": "ok", "version": "1"], [:]) == 1)
        #expect(problems(418, ["status": "ok", "version": "1"]) == 1)
        #expect(problems(200, ["status": "fine", "version": "1"]) == 1)
        #expect(problems(200, ["status": "ok"]) == 1)
        #expect(problems(200, ["status": "ok", "version": 1]) == 1)
        #expect(problems(200, ["status": "ok", "version": "1", "mood": "good"]) == 1)
        #expect(problems(200, ["status": "ok", "version": "1", "checks": ["store": [:]]]) == 1)
    }
}
