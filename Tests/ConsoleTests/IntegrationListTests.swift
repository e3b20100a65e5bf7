import Commerce
import ConnectorKit
import Ledger
import Testing
import Wire

@testable import Console

/// Integrations page by page.
@Suite("Integrations: the list")
struct IntegrationListTests {
    private func stage(with count: Int) async throws -> IntegrationStage {
        let stage = try await IntegrationStage()
        for number in 0..<count {
            _ = try await stage.hub.connect(
                "till", name: String("till \(1000 + number)"),
                config: ["endpoint": "https://till.example", "username": "u", "password": "p"])
        }
        return stage
    }

    private func names(_ answer: HTTPResponse) -> [String] {
        answer.json["data"]?.array?.compactMap { $0["name"]?.string } ?? []
    }

    @Test func pagesAddUpToAllOfThem() async throws {
        let stage = try await stage(with: 121)
        defer { stage.place.remove() }

        let first = try await stage.ask("GET", "/api/integrations", role: .viewer)
        #expect(
            first.json["pagination"]?.object?.filter { $0.key != "next" }
                == ["page": 1, "limit": 50, "total": 121, "totalPages": 3])
        var all = names(first)
        for page in 2...3 { all += names(try await stage.ask("GET", "/api/integrations?page=\(page)", role: .viewer)) }
        #expect(all == (0..<121).map { "till \(1000 + $0)" })

        let beyond = try await stage.ask("GET", "/api/integrations?page=4&limit=50")
        #expect(beyond.status == 200 && beyond.json["data"] == [])
        #expect(beyond.json["pagination"]?["next"] == .null && beyond.json["pagination"]?["page"] == 4)
        let whole = try await stage.ask("GET", "/api/integrations?limit=500")
        #expect(names(whole) == all && whole.json["pagination"]?["totalPages"] == 1)
        await stage.close()
    }

    @Test func aWalkByNextMissesNothingWhileOthersGo() async throws {
        let stage = try await stage(with: 25)
        defer { stage.place.remove() }
        var (path, seen, pages) = ("/api/integrations?limit=10", [String](), [Int]())

        while true {
            let answer = try await stage.ask("GET", path)
            seen += names(answer)
            pages += [answer.json["pagination"]?["page"]?.integer ?? 0]
            guard let next = answer.json["pagination"]?["next"]?.string else { break }
            path = "/api/integrations?limit=10&next=\(next)"
            // One that was shown already goes: by numbers, the next page would leave one out.
            let gone = try #require(try await stage.hub.integrations().first)
            _ = try await stage.ask("DELETE", "/api/integrations/\(gone.publicID)")
        }

        #expect(seen == (0..<25).map { "till \(1000 + $0)" })
        #expect(pages == [1, 1, 2] || pages == [1, 2, 3], "\(pages)")
        await stage.close()
    }

    @Test func aListOfSomeShowsThem() async throws {
        let stage = try await stage(with: 5)
        defer { stage.place.remove() }
        let one = try #require(try await stage.hub.integrations().last)
        try await stage.hub.set(.paused, reason: nil, of: one)

        for word in ["paused", "inactive", "Inactive"] {
            let answer = try await stage.ask("GET", "/api/integrations?status=\(word)&connector=till")
            #expect(names(answer) == [one.name] && answer.json["pagination"]?["total"] == 1)
        }
        #expect(names(try await stage.ask("GET", "/api/integrations?connector=none")).isEmpty)
        #expect(names(try await stage.ask("GET", "/api/integrations?status=active&limit=2&page=2")).count == 2)
        await stage.close()
    }

    @Test(arguments: [
        "limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "page=0", "page=1.5", "page=99999999999999999999",
        "page=1000001", "status=asleep", "next=zz", "next=", "next=abc", "next=ff", "page=1&next=61", "page=1&page=2",
        "sort=name", "connector=", "connector=%00", "next=00", "next=\(String(repeating: "61", count: 200))",
    ])
    func aQuestionThatMeansNothingIsRefused(query: String) async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }

        let answer = try await stage.ask("GET", "/api/integrations?\(query)")

        #expect(answer.status == 400 && answer.code == "BAD_REQUEST", "\(answer.text)")
        await stage.close()
    }

    @Test(arguments: ["none", "..%2F..%2Fetc", "0", "%00", "%27%20OR%201%3D1"])
    func oneThatIsNotThereIsNotFound(id: String) async throws {
        let stage = try await IntegrationStage()
        defer { stage.place.remove() }
        _ = try await stage.till()

        for (method, path) in [("GET", ""), ("DELETE", ""), ("GET", "/metrics"), ("POST", "/sync")] {
            let answer = try await stage.ask(method, "/api/integrations/\(id)\(path)")
            #expect(answer.status == 404 && answer.code == "NOT_FOUND", "\(method) \(path): \(answer.text)")
        }
        let patch = try await stage.ask("PATCH", "/api/integrations/\(id)", ["name": "x"])
        #expect(patch.status == 404)
        #expect(try await stage.count("SELECT count(*) FROM integration") == 1)
        await stage.close()
    }
}
