import Commerce
import Identity
import Store
import Testing
import Wire

@testable import Console
@testable import Pipeline

@Suite("Health")
struct HealthTests {
    private static let late = HealthReport([
        HealthReport.Check(name: "store", state: .ok, seen: ["latencyMilliseconds": 3]),
        HealthReport.Check(name: "queue", state: .degraded, seen: ["oldestDueSeconds": 900]),
    ])

    @Test func aStrangerIsToldAWordAndTheVersionAndNothingElse() async throws {
        let asking = try await Asking()
        #expect(await asking.ask("GET", "/health").json == ["status": "ok", "version": "1.2.3"])

        asking.hub.set {
            $0.health = Self.late
            $0.now = $0.now.adding(seconds: 2)
        }
        let late = await asking.ask("GET", "/health")
        #expect(late.status == 200)
        #expect(late.json == ["status": "degraded", "version": "1.2.3"])

        asking.hub.set {
            $0.isBroken = true
            $0.now = $0.now.adding(seconds: 2)
        }
        let down = await asking.ask("GET", "/health")
        #expect(down.status == 503)
        #expect(down.json == ["status": "down", "version": "1.2.3"])
    }

    @Test func whoMaySeeThePagesIsToldWhatWasLookedAt() async throws {
        let asking = try await Asking()
        asking.hub.set { $0.health = Self.late }
        for role in [Role.viewer, .operator, .admin] {
            let answer = await asking.ask("GET", "/health", token: try await asking.token(role))
            #expect(
                answer.json["checks"] == [
                    "store": ["status": "ok", "latencyMilliseconds": 3],
                    "queue": ["status": "degraded", "oldestDueSeconds": 900],
                ])
        }
        for token in [try await asking.token(.integration), try await asking.token(.admin, organization: "other"), "x"]
        {
            let answer = await asking.ask("GET", "/health", token: token)
            #expect(answer.status == 200)
            #expect(answer.json == ["status": "degraded", "version": "1.2.3"])
        }
    }

    @Test func oneLookServesAllWhoAskWithinASecond() async throws {
        let hub = SampleHub()
        let desk = HealthDesk(hub: hub, patience: .seconds(60))
        #expect(await desk.report().state == .ok)
        hub.set { $0.health = Self.late }
        #expect(await desk.report().state == .ok)
        hub.set { $0.now = $0.now.adding(seconds: 1) }
        #expect(await desk.report().state == .degraded)
    }

    @Test func aStoreThatDoesNotAnswerIsDownUntilItDoes() async throws {
        let hub = SampleHub()
        let (delay, end) = AsyncStream<Void>.makeStream()
        hub.set { $0.delay = delay }
        let desk = HealthDesk(hub: hub, patience: .milliseconds(10))
        #expect(await desk.report().state == .down)
        hub.set { $0.delay = nil }
        end.finish()
        let patient = HealthDesk(hub: hub, patience: .seconds(60))
        #expect(await patient.report().state == .ok)
    }

    @Test(arguments: [
        (StoreVitals(latencyMilliseconds: 900), HealthState.ok), (StoreVitals(latencyMilliseconds: 1_100), .degraded),
        (Self.vitals(skew: -1_900), .ok), (Self.vitals(skew: -2_100), .degraded), (Self.vitals(skew: 2_100), .degraded),
        (Self.vitals(lag: 29), .ok), (Self.vitals(lag: 31), .degraded), (Self.vitals(lag: nil), .ok),
    ])
    func eachLimitMakesTheDifference(vitals: StoreVitals, state: HealthState) {
        #expect(HealthReport(Hub.checks(vitals, .postgres)).state == state)
    }

    @Test func theAgeOfTheQueueIsThatOfTheOldestDueJob() {
        let now = Moment(milliseconds: 1_000_000)
        #expect(Hub.queue(nil, now).state == .ok)
        #expect(Hub.queue(now.adding(seconds: -299), now).state == .ok)
        #expect(Hub.queue(now.adding(seconds: -301), now).state == .degraded)
        #expect(Hub.queue(now.adding(seconds: -301), now).seen == ["oldestDueSeconds": 301])
    }

    @Test func whatIsNotThereIsNotTold() {
        let sqlite = HealthReport(Hub.checks(StoreVitals(latencyMilliseconds: 1), .sqlite))
        #expect(sqlite.checks.map(\.name) == ["store"])
        let hidden = HealthReport(Hub.checks(Self.vitals(lag: nil), .postgres)).json["replication"]
        #expect(hidden == ["status": "ok", "standbys": 1, "lagSeconds": .null])
    }

    private static func vitals(skew: Double) -> StoreVitals {
        var vitals = StoreVitals(latencyMilliseconds: 1)
        vitals.clockSkewMilliseconds = skew
        return vitals
    }

    private static func vitals(lag: Double?) -> StoreVitals {
        var vitals = StoreVitals(latencyMilliseconds: 1)
        vitals.standbys = 1
        vitals.replicationLagSeconds = lag
        return vitals
    }
}
