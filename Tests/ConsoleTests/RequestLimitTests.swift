import Commerce
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Console: how much one caller may ask for")
struct RequestLimitTests {
    private static let quota = RequestQuota(name: "key", requests: 3, windowSeconds: 60)
    private let start = Moment(seconds: 1_790_000_000)

    @Test func aQuotaIsUsedUpAndRefillsEvenly() {
        let limits = RequestLimits()
        let take = { (seconds: Double) in limits.take(Self.quota, of: "a", now: start.adding(seconds: seconds)) }

        #expect(take(0) == .granted(left: 2, fullInSeconds: 20))
        #expect(take(0) == .granted(left: 1, fullInSeconds: 40))
        #expect(take(0) == .granted(left: 0, fullInSeconds: 60))
        #expect(take(0) == .refused(retryInSeconds: 20))
        #expect(take(19) == .refused(retryInSeconds: 1))
        #expect(take(20) == .granted(left: 0, fullInSeconds: 60))
        #expect(take(600) == .granted(left: 2, fullInSeconds: 20))
        #expect(limits.take(Self.quota, of: "b", now: start) == .granted(left: 2, fullInSeconds: 20))
    }

    @Test func aClockThatIsSetBackGivesNothingAndTakesNothing() {
        let limits = RequestLimits()
        for _ in 0..<3 { _ = limits.take(Self.quota, of: "a", now: start) }

        #expect(limits.take(Self.quota, of: "a", now: start.adding(seconds: -3600)) == .refused(retryInSeconds: 20))
    }

    /// Whoever invents a new name for each request must not fill the memory, nor free himself of his quota at once.
    @Test func ofVeryManyCallersThoseWhoWereAwayLongestAreForgotten() {
        let limits = RequestLimits()
        for number in 0..<RequestLimits.callerLimit {
            _ = limits.take(Self.quota, of: "c\(number)", now: start.adding(seconds: Double(number) / 1e3))
        }
        let later = start.adding(seconds: Double(RequestLimits.callerLimit) / 1e3)
        for _ in 0..<3 { _ = limits.take(Self.quota, of: "last", now: later) }

        #expect(limits.take(Self.quota, of: "last", now: later) == .refused(retryInSeconds: 20))
    }

    @Test func whoAsksTooOftenIsToldWhenToGoOn() async throws {
        let asking = try await Asking()
        let token = try await asking.token(.viewer)
        let first = await asking.ask("GET", "/api/jobs", token: token)
        for _ in 1..<RequestLimits.known.requests { _ = await asking.ask("GET", "/api/jobs", token: token) }

        let refused = await asking.ask("GET", "/api/jobs", token: token)

        #expect(first.headers["RateLimit-Policy"] == "\"key\";q=600;w=60")
        #expect(first.headers["RateLimit"] == "\"key\";r=599;t=1")
        #expect(refused.status == 429 && refused.json["code"] == "RATE_LIMITED")
        #expect(refused.headers["Retry-After"] == "1" && refused.headers["RateLimit"] == "\"key\";r=0;t=1")
        // Another token has a quota of its own, and pages and vendors have none.
        #expect(await asking.ask("GET", "/api/jobs", token: try asking.token(.admin)).status == 200)
        #expect(await asking.ask("GET", "/", token: token).status == 200)
        #expect(await asking.ask("POST", "/webhooks/nowhere").status == 404)
    }

    @Test func whoIsNobodySharesTheQuotaOfHisAddress() async throws {
        let asking = try await Asking()
        for number in 0..<RequestLimits.strange.requests {
            #expect(await asking.ask("GET", "/api/jobs", token: "made up \(number)").status == 401)
        }

        #expect(await asking.ask("GET", "/api/other").status == 429)
        #expect(await asking.ask("GET", "/api/jobs", peer: "203.0.113.9").status == 401)
        #expect(await asking.ask("GET", "/api/jobs", token: try asking.token(.viewer)).status == 200)
    }

    @Test func signingInIsTriedTenTimesAMinuteFromOneAddress() async throws {
        let asking = try await Asking()
        for _ in 0..<RequestLimits.signIn.requests {
            #expect(await asking.ask("POST", "/sign-in", body: "token=x").status == 401)
        }

        #expect(await asking.ask("POST", "/sign-in", body: "token=x").status == 429)
        #expect(await asking.ask("POST", "/sign-in", body: "token=x", peer: "203.0.113.9").status == 401)
    }
}
