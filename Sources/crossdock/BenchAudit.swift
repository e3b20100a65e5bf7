import ArgumentParser
import Audit
import Commerce
import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Store

/// What writing down who changed what adds to the change itself; and what the hub holds while nothing happens.
struct BenchAudit {
    let folder: String

    /// How long a hub is left alone before it is looked at, in seconds.
    private static let idleSeconds: UInt32 = 15

    func audit() throws -> [BenchFigure] {
        let told = try BenchProcess.answer(arguments: ["bench", "audit", "--folder", folder + "/audit"])
        let number = { (name: String) in told[name]?.string.flatMap { Double($0) } ?? .infinity }
        let (whole, part) = (number("change"), number("audit"))
        return [
            BenchFigure("audit: processor time of a change of an integration, with it", whole, " us"),
            BenchFigure("audit: its part, of the change without it", 100 * part / (whole - part), " %", .atMost(10)),
        ]
    }

    func idle() throws -> [BenchFigure] {
        let place = try BenchFolder.fresh(folder + "/idle")
        let hub = try BenchProcess(
            arguments: ["serve", "--data", place, "--port", "0"], readsErrors: true)
        _ = try hub.line(with: "listens on")
        sleep(Self.idleSeconds)
        let resident = try BenchUsage.megabytes("VmRSS:", of: String(hub.id))
        _ = hub.stop()
        return [BenchFigure("idle: resident memory of a hub that nobody asks", resident, " MB", .atMost(80))]
    }
}

/// `crossdock bench audit`: changes an integration again and again, in a process of its own.
struct BenchAuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Time changes and their audit.", shouldDisplay: false)

    @Option(help: "The folder of its store.")
    var folder: String
    @Option(help: "How many changes each round makes.")
    var changes = 50
    @Option(help: "How many rounds there are; the middle one counts, for the machine may have other work.")
    var rounds = 81

    func run() async throws {
        try await Terminal.run {
            let hub = try BenchHub.make(folder, BenchShops(shops: [:]))
            let shop = try await hub.connect(
                "woocommerce", name: "shop", config: BenchHub.shopSettings("https://shop.example"))
            let notes = BenchNotes(hub: hub, shop: shop)
            var (change, audit): ([Double], [Double]) = ([], [])
            for round in 0..<rounds + 1 {
                let whole = try await timed { try await notes.change($0) }
                let plain = try await timed { try await notes.step($0, isAudited: false) }
                let audited = try await timed { try await notes.step($0, isAudited: true) }
                // The first round warms the caches.
                guard round > 0 else { continue }
                change.append(whole)
                audit.append(audited - plain)
            }
            await hub.store.close()
            BenchAnswer.write(["change": .string(String(middle(change))), "audit": .string(String(middle(audit)))])
        }
    }

    private func middle(_ rounds: [Double]) -> Double { rounds.sorted()[rounds.count / 2] }

    /// The processor time of one, in microseconds.
    private func timed(_ work: (Int) async throws -> Void) async throws -> Double {
        let before = BenchUsage.cpuSeconds
        for number in 0..<changes { try await work(number) }
        return (BenchUsage.cpuSeconds - before) / Double(changes) * 1e6
    }
}

/// A change that is noted, and a step that does nothing but note as much.
private struct BenchNotes: Sendable {
    let hub: Hub
    let shop: Integration
    private let vault = Vault(bytes: BenchHub.key)

    init(hub: Hub, shop: Integration) { (self.hub, self.shop) = (hub, shop) }

    private static let actor = AuditActor(
        .person, "bench", origin: "127.0.0.1", request: "req_0123456789abcdef01234567")

    func change(_ number: Int) async throws {
        let wish = try IntegrationWish(["name": .string("shop \(number % 2)")])
        _ = try await hub.change(shop.publicID, wish, isWhole: false, by: Self.actor)
    }

    /// One row is made another in any case, so that the step has a commit: SQLite writes no page that stays as it was.
    func step(_ number: Int, isAudited: Bool) async throws {
        let now = hub.now
        try await hub.store.write { session in
            try session.run(
                "UPDATE integration SET name = ?1 WHERE organization_id = 1", [.text("shop \(number % 2)")])
            guard isAudited else { return }
            let told = { (name: String) -> JSON in
                ["name": .string(name), "connector": "woocommerce", "state": "active", "options": .object([:])]
            }
            let note = AuditNote(
                .integrationChanged, "integration", shop.publicID, before: told("shop 0"), after: told("shop 1"))
            try AuditTable(session, organization: 1, vault: vault).append(
                [note], by: Self.actor, at: now)
        }
    }
}
