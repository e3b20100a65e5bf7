import Commerce
import Testing
import Wire

@testable import Console
@testable import Pipeline
@testable import Queue

/// Jobs over HTTP.
@Suite("Console: jobs")
struct JobAnswerTests {
    static func report(_ id: Int64, _ state: JobState) -> JobReport {
        JobReport(
            id: id, queue: .deliver, integration: "shop", kind: .product, title: "Tea", state: state, attempt: 1,
            runAt: Overview.sampleTime, reason: nil)
    }

    private func asking() async throws -> (Asking, String) {
        let asking = try await Asking()
        asking.hub.set { $0.jobs = [Self.report(7, .available), Self.report(8, .dead), Self.report(9, .retryable)] }
        return (asking, try await asking.token(.viewer))
    }

    private func data(_ answer: HTTPResponse) throws -> JSON { try #require(JSON(parsing: answer.body)["data"]) }

    @Test func theOpenJobsAreListedAndThoseOfOneStateWhenAsked() async throws {
        let (asking, token) = try await asking()
        let open = try data(await asking.ask("GET", "/api/jobs", token: token))
        #expect(open.array?.compactMap { $0["id"]?.integer } == [7, 9])
        let dead = try data(await asking.ask("GET", "/api/jobs?state=dead", token: token))
        #expect(dead.array?.compactMap { $0["id"]?.integer } == [8])
        let one = try data(await asking.ask("GET", "/api/jobs?limit=1", token: token))
        #expect(one.array?.count == 1)
    }

    @Test func howFarTheWorkHasComeThatASyncWasAnsweredWithIsTold() async throws {
        let (asking, token) = try await asking()
        let counts: [JobState: Int] = [.completed: 3, .dead: 1, .available: 2]
        asking.hub.set {
            $0.batches = [
                BatchProgress(id: 12, name: "sync shop", isSealed: true, endedAt: nil, counts: counts),
                BatchProgress(id: 5, name: "sync shop", isSealed: true, endedAt: $0.now, counts: [:]),
            ]
        }

        let one = try data(await asking.ask("GET", "/api/batches/12", token: token))
        #expect(one["state"] == "under way" && one["total"] == 6 && one["done"] == 3 && one["failed"] == 1)
        #expect(one["left"] == 2 && one["endedAt"] == .null)
        let all = try data(await asking.ask("GET", "/api/batches?limit=1", token: token))
        #expect(all.array?.compactMap { $0["id"]?.integer } == [12])
        for (path, status) in [("/7", 404), ("/seven", 404), ("?limit=0", 400), ("?state=ended", 400)] {
            #expect(await asking.ask("GET", "/api/batches" + path, token: token).status == status, "\(path)")
        }
    }

    @Test func aJobSaysWhyItWaits() async throws {
        let (asking, token) = try await asking()
        let job = try data(await asking.ask("GET", "/api/jobs/9", token: token))
        #expect(job["why"] == "limit of shop: 12 s")
        #expect(job["state"] == "retryable")
    }

    @Test(arguments: [
        "/api/jobs?state=asleep", "/api/jobs?limit=0", "/api/jobs?limit=501", "/api/jobs?limit=x", "/api/jobs?page=2",
    ])
    func aQuestionThatMeansNothingIsRefused(path: String) async throws {
        let (asking, token) = try await asking()
        let answer = await asking.ask("GET", path, token: token)
        #expect(answer.status == 400)
        #expect(try JSON(parsing: answer.body)["code"] == "BAD_REQUEST")
    }

    @Test(arguments: ["/api/jobs/10", "/api/jobs/x", "/api/jobs/", "/api/jobs/-1", "/api/jobs/99999999999999999999"])
    func aJobThatIsNotThereIsNotFound(path: String) async throws {
        let (asking, token) = try await asking()
        #expect(await asking.ask("GET", path, token: token).status == 404)
    }

    @Test func aStoreThatCannotBeReadIsToldAsSuch() async throws {
        let (asking, token) = try await asking()
        asking.hub.set { $0.isBroken = true }
        let answer = await asking.ask("GET", "/api/jobs", token: token)
        #expect(answer.status == 503)
        #expect(answer.headers["Retry-After"] == "10")
    }
}
