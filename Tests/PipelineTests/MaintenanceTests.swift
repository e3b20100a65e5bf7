import ConnectorKit
import Ledger
import Queue
import Store
import Testing

@testable import Pipeline

/// The tasks of upkeep by their names: when they are done, and that they can be asked for.
@Suite("Upkeep by name")
struct MaintenanceTests {
    private let world: World
    private let hub: Hub
    private let shop: Integration

    init() async throws {
        world = try World()
        world.openShop("north", products: 3, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        hub = try world.hub(clock: ContinuousClock())
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        for side in [south, shop] { _ = try await hub.pull(side) }
        try await world.settle(hub)
    }

    private func next(_ task: Hub.OwnTask) async throws -> String? {
        try await hub.schedules().first { $0.subject == .task(task.rawValue) }?.nextAt?.description
    }

    /// The world begins on a Monday at nine.
    @Test func theTasksOfTheContractAreDoneAtTheirTimes() async throws {
        try await hub.tick()

        #expect(try await next(.cleanupOldLogs) == "2026-03-03T02:00:00Z")
        #expect(try await next(.cleanupWebhookDeliveries) == "2026-03-08T02:00:00Z")
        #expect(try await next(.prune) != nil)
        #expect(try await next(.verify) == nil)
    }

    @Test func aPersonSetsOtherTimesAndGoesBackToTheUsual() async throws {
        try await hub.tick()
        _ = try await hub.schedule(.cleanupOldLogs, Cadence(cron: "30 4 * * *"), afterDowntime: .skip)
        _ = try await hub.schedule(.verify, Cadence(word: "weekly"), afterDowntime: .skip)
        try await hub.tick()
        #expect(try await next(.cleanupOldLogs) == "2026-03-03T04:30:00Z")
        #expect(try await next(.verify) != nil)

        #expect(try await hub.scheduleAsUsual(.cleanupOldLogs)?.nextAt?.description == "2026-03-03T02:00:00Z")
        #expect(try await hub.scheduleAsUsual(.verify) == nil)
        #expect(try await next(.verify) == nil)
        await #expect(throws: HubError.self) { try await hub.scheduleAsUsual(.report) }
        #expect(try await hub.audit().contains { $0.action == "schedule.set" && $0.subjectID == "cleanup-old-logs" })
    }

    @Test func eachForgetsItsOwnAndNothingElse() async throws {
        let ended = "SELECT count(*) FROM job WHERE is_open = 0"
        let before = try await world.count(hub, ended)
        #expect(before > 0)
        world.pass(seconds: 8 * 86_400)
        _ = try await hub.maintain(.cleanupWebhookDeliveries)
        #expect(try await world.count(hub, ended) == before)

        let said = try await hub.maintain(.cleanupOldLogs)
        #expect(said == ["\(before) old tasks were forgotten"])
        #expect(try await world.count(hub, ended) == 0)
    }

    @Test func whatIsDueByItsScheduleIsDone() async throws {
        try await hub.tick()
        world.pass(seconds: 17 * 3600 + 5)
        try await hub.tick()
        try await hub.drain()

        let ended = "SELECT count(*) FROM job WHERE key = 'cleanup-old-logs' AND state = 'completed'"
        #expect(try await world.count(hub, ended) == 1)
        #expect(try await next(.cleanupOldLogs) == "2026-03-04T02:00:00Z")
    }

    /// By the machine's clock: the world's stands meanwhile.
    @Test func workingOnceDoesWhatIsDueAndReturns() async throws {
        let sku = try #require(world.firstSimpleSKU("north"))
        world.pass(seconds: 900)
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "12.00", at: now) }
        world.pass(seconds: 900)
        let report = try await Engine(hub).runOnce(atMostSeconds: 3600)

        #expect(report.isDone, "\(report.sentence)")
        let south = world.ask("south", "/products", [.init("sku", sku)])
        #expect(south[0]?["regular_price"] == "12.00", "\(south.text)")
    }
}
