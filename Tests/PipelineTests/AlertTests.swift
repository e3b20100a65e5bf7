import Alerts
import Audit
import ConnectorKit
import Ledger
import Queue
import Store
import Telemetry
import Testing

@testable import Pipeline

@Suite("Alerts of a hub")
struct AlertTests {
    private static let mara = AuditActor(.person, "mara", origin: "198.51.100.7")

    /// A hub with one shop, which has counted so much within the last minutes.
    private func hub(counting numbers: VitalNumbers = [:]) async throws -> (World, Hub, Integration) {
        let world = try World()
        world.openShop("north", products: 2, customers: 0)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        try await count(numbers, hub)
        return (world, hub, shop)
    }

    private func count(_ numbers: VitalNumbers, _ hub: Hub, process: String = "a") async throws {
        let (organization, minute) = (hub.organization, AlertTable.minute(of: hub.now))
        try await hub.store.write {
            try AlertTable($0, organization: organization).save(numbers, of: process, minute: minute)
        }
    }

    /// Two looks, so far apart that what stays too much is told.
    private func look(_ world: World, _ hub: Hub, _ settings: AlertSettings = AlertSettings()) async throws {
        try await hub.lookAtAlerts(settings)
        world.pass(seconds: 30)
        try await hub.lookAtAlerts(settings)
    }

    @Test func aShareOfFailuresIsRaisedFromItsThresholdAndItsLeastCountOn() async throws {
        let (world, hub, _) = try await hub(counting: ["runs": 10, "failedRuns": 10])
        try await look(world, hub)
        #expect(try await hub.alerts().isEmpty)

        try await count(["runs": 10], hub, process: "b")
        try await look(world, hub)
        let alert = try #require(try await hub.alerts().first)
        #expect(alert.kind == .errorRate && alert.state == .raised && alert.reading == AlertReading(0.5, of: 20))
        #expect(try await hub.overview().alerts == [alert])
        #expect(alert.json["message"] == "of 20 runs of tasks 50 % failed (limit 5 %)")
    }

    @Test func itEndsWhenTheMinutesAreOver() async throws {
        let (world, hub, _) = try await hub(counting: ["runs": 30, "failedRuns": 3])
        try await look(world, hub)
        world.pass(seconds: 16 * 60)
        try await look(world, hub)

        #expect(try await hub.alerts().map(\.state) == [.resolved])
        #expect(try await hub.overview().alerts.isEmpty)
    }

    @Test(arguments: [
        (
            ["answers": 30, "answerMilliseconds": 30_000], ["answers": 30, "answerMilliseconds": 29_900], "responseTime"
        ),
        (
            ["farAnswers": 30, "farMilliseconds": 150_000], ["farAnswers": 19, "farMilliseconds": 150_000],
            "farResponseTime"
        ),
        (["readings": 10, "failedReadings": 1], ["readings": 11, "failedReadings": 1], "failureRate"),
        (["merged": 100, "conflicts": 5], ["merged": 4, "conflicts": 4], "conflictRate"),
        (["denials": 50], ["denials": 49], "securityEvents"),
        (["memoryThousandths": 850], ["memoryThousandths": 849], "memoryUsage"),
    ])
    func eachThresholdIsReachedAndNotBefore(much: VitalNumbers, less: VitalNumbers, kind: String) async throws {
        let (calm, quiet, _) = try await hub(counting: less)
        try await look(calm, quiet)
        #expect(try await quiet.alerts().isEmpty)

        let (world, hub, _) = try await hub(counting: much)
        try await look(world, hub)
        #expect(try await hub.alerts().map(\.kind.rawValue) == [kind])
    }

    @Test func callsThatFailInARowAreRaisedWithTheSideAndTheReason() async throws {
        let (world, hub, shop) = try await hub()
        let organization = hub.organization
        for failures in [2, 3] {
            try await hub.store.write { session in
                try JobTable(session, organization: organization).save(
                    Breaker(failures: failures, reason: "no answer"), of: FarOperation(shop.id, "fetch product"))
            }
            try await look(world, hub)
            #expect(try await hub.alerts().count == (failures == 3 ? 1 : 0))
        }
        let alert = try #require(try await hub.alerts().first)
        #expect(alert.kind == .connectionFailures && alert.reading.detail == "north: fetch product - no answer")
    }

    @Test func whatRestsIsRaisedAlsoWhileItIsTried() async throws {
        let (world, hub, shop) = try await hub()
        let organization = hub.organization
        let breaker = Breaker(failures: 2, openUntil: hub.now.adding(seconds: 10), reason: "no answer")
        try await hub.store.write { session in
            try JobTable(session, organization: organization).save(
                breaker, of: FarOperation(shop.id, "fetch product"))
        }
        try await look(world, hub)
        let alert = try #require(try await hub.alerts().first)
        #expect(alert.kind == .breakerOpen && alert.reading.detail == "north: fetch product")
    }

    @Test func aQueueThatGrowsAndWebhooksThatWaitAreRaised() async throws {
        let (world, hub, shop) = try await hub()
        let (organization, now) = (hub.organization, hub.now)
        let block = try await hub.ids.draw(10)
        try await hub.store.write { session in
            var ids = block
            let jobs = (1...5).map {
                NewJob(.receive, integration: shop.id, kind: .order, key: "\($0)", runAt: now)
            }
            try JobTable(session, organization: organization).add(jobs, ids: &ids, now: now)
        }
        var settings = AlertSettings()
        settings.rules[.queueSize] = AlertRule(threshold: 5, minimum: 1)
        try await look(world, hub, settings)
        #expect(try await hub.alerts().map(\.kind) == [.queueSize])
        world.pass(seconds: 300)
        try await look(world, hub, settings)
        #expect(try await hub.alerts().map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.queueSize, .webhookDelay])
    }

    @Test func aConnectionThatIsTestedInVainTwiceIsRaised() async throws {
        let (world, hub, _) = try await hub()
        try await hub.testConnections(everySeconds: 3600)
        world.shops.withLock { $0["north"] = nil }
        for round in 1...2 {
            world.pass(seconds: round == 1 ? 3600 : 300)
            try await hub.testConnections(everySeconds: 3600)
            try await hub.testConnections(everySeconds: 3600)
            try await look(world, hub)
            #expect(try await hub.alerts().count == round - 1)
        }
        let alert = try #require(try await hub.alerts().first)
        #expect(alert.kind == .connectionTest && alert.reading.detail?.hasPrefix("north - ") ?? false)
    }

    @Test func whoLooksAfterItIsWrittenDownAndAudited() async throws {
        let (world, hub, _) = try await hub(counting: ["runs": 30, "failedRuns": 30])
        #expect(try await hub.acknowledge(.errorRate, by: Self.mara) == nil)
        try await look(world, hub)

        #expect(try await hub.acknowledge(.errorRate, by: Self.mara)?.acknowledgedBy == "mara")
        let other = AuditActor(.person, "other")
        #expect(try await hub.acknowledge(.errorRate, by: other)?.acknowledgedBy == "mara")
        #expect(try await hub.acknowledge(.queueSize, by: Self.mara) == nil)
        let lines = try await hub.audit(AuditFilter(), limit: 5).filter { $0.action == "alert.acknowledged" }
        #expect(lines.map(\.actor.name) == ["mara"] && lines.map(\.subjectID) == ["errorRate"])
    }

    @Test func anotherLevelOfTheLogEndsByItselfAndIsAudited() async throws {
        let (world, hub, _) = try await hub()
        let desk = LogDesk(level: .info)
        #expect(try await hub.log(from: .debug, minutes: 10, by: Self.mara, desk).level == .debug)
        #expect(desk.level == .debug)
        let other = LogDesk(level: .warning)
        try await hub.followLogWish(other)
        #expect(other.level == .debug && other.usualLevel == .warning)
        world.pass(seconds: 601)
        try await hub.followLogWish(other)
        #expect(other.level == .warning)

        _ = try await hub.log(from: .trace, minutes: 10, by: Self.mara, desk)
        #expect(try await hub.log(from: nil, minutes: 1, by: Self.mara, desk).until == nil)
        #expect(desk.level == .info)
        await #expect(throws: HubError.self) { try await hub.log(from: .debug, minutes: 0, by: Self.mara, desk) }
        #expect(try await hub.audit(AuditFilter(), limit: 9).count { $0.action == "log.level-set" } == 3)
    }

    @Test func onlyWhatIsNewWithinAMinuteIsWrittenDown() {
        let book = VitalBook(["runs": 10])

        #expect(book.page(["runs": 10], memoryShare: 0.2, minute: 1) == nil)
        #expect(book.page(["runs": 13], memoryShare: nil, minute: 1) == ["runs": 3])
        #expect(
            book.page(["runs": 14, "answers": 2], memoryShare: 0.9, minute: 1)
                == ["runs": 4, "answers": 2, AlertReadings.memory: 900])
        #expect(
            book.page(["runs": 15, "answers": 2], memoryShare: 0.6, minute: 2)
                == ["runs": 1, AlertReadings.memory: 600])
    }

    @Test func howItIsIsToldInNumbers() async throws {
        let (_, hub, shop) = try await hub()
        _ = try await hub.pull(shop)
        let gauges = try await hub.gauges()
        let text = Gauge.text(of: gauges)

        for name in [
            "crossdock_queue_jobs{queue=\"deliver\",state=\"available\"} 0.0",
            "crossdock_queue_oldest_age_seconds{queue=\"receive\"} 0.0", "crossdock_conflicts_open 0.0",
            "crossdock_drift_ratio{integration=\"north\"} 0.0",
            "crossdock_sync_lag_seconds{integration=\"north\",kind=\"product\"} 0.0",
            "crossdock_integration_up{connector=\"woocommerce\",integration=\"north\"} 1.0",
            "crossdock_alert_open{kind=\"errorRate\"} 0.0", "crossdock_store_up 1.0",
        ] {
            #expect(text.contains("\n\(name)\n"), "\(name): \(text)")
        }
    }
}
