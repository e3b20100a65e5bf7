import Commerce
import Testing
import Wire

@testable import Console

/// A word of a query that is named and left empty is no word left out: whoever writes `state=` has lost what he meant.
@Suite("Console: empty words")
struct EmptyWordTests {
    @Test func aWordThatIsLeftEmptyIsRefusedByEveryList() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.integrations = [.sample(1, "none", "custom")] }
        var tried = 0
        for route in Console.routes where route.method == "GET" && route.pattern.hasPrefix("/api/") {
            let words = route.contract.query
            let needed = words.filter(\.isNeeded).map { "\($0.name)=\(Self.good($0))" }
            let path = route.pattern.replacing(/\{\w+\}/, with: "none")
            for word in words {
                let query = needed.filter { !$0.hasPrefix("\(word.name)=") } + ["\(word.name)="]
                let answer = await asking.ask(
                    "GET", "\(path)?\(query.joined(separator: "&"))", token: try await asking.token(.admin))
                // An organization without a name is another than the token's.
                let status = word.name == "organizationId" ? 403 : 400
                #expect(answer.status == status, "\(path) \(word.name): \(answer.text)")
                tried += 1
            }
        }
        #expect(tried > 25)
    }

    private static func good(_ word: Contract.Parameter) -> String {
        word.shape.json["enum"]?.array?.first?.string ?? "1"
    }
}
