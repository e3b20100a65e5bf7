import ArgumentParser
import Commerce
import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Sandbox
import Synchronization

/// Comparing and recording what has not changed, and syncing two shops that are in step already.
struct BenchRecords {
    let folder: String
    let products: Int

    func run() throws -> [BenchFigure] {
        let told = try BenchProcess.answer(arguments: [
            "bench", "records", "--folder", folder + "/records", "--products", String(products),
        ])
        let number = { (name: String) in told[name]?.string.flatMap { Double($0) } ?? .infinity }
        let count = { (name: String) in "records: \(name) (\(told["products"]?.string ?? "?") products, both shops)" }
        return [
            BenchFigure(
                "records: CPU of an unchanged product, page of 100", number("microseconds"), " us", .atMost(60)),
            BenchFigure(count("writes to either shop"), number("writes"), "", .atMost(0)),
            BenchFigure(count("change rows"), number("changes"), "", .atMost(0)),
            BenchFigure(count("jobs made"), number("jobs"), "", .atMost(0)),
        ]
    }
}

/// `crossdock bench records`: the work of `BenchRecords`, in a process of its own.
struct BenchRecordsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records", abstract: "Compare what has not changed.", shouldDisplay: false)

    @Option(help: "The folder of its stores.")
    var folder: String
    @Option(help: "How many products.")
    var products = 10_000

    /// How often the unchanged products are gone through.
    static let repeats = 5

    func run() async throws {
        try await Terminal.run {
            let left = BenchShop(
                WooCommerceSandbox.filled(
                    seed: 11, products: products, customers: 0, orders: 0, now: OpenHub.systemNow()))
            let right = BenchShop(WooCommerceSandbox())
            let shops = BenchShops(shops: ["left.example": left, "right.example": right])
            let drafts = try await drafts(of: "https://left.example", shops)
            let microseconds = try await unchanged(drafts, shops)
            let again = try await resync(left, right, shops)
            BenchAnswer.write([
                "products": .string(String(drafts[.product]?.count ?? 0)),
                "microseconds": .string(String(microseconds)), "writes": .string(String(again.writes)),
                "changes": .string(String(again.changes)), "jobs": .string(String(again.jobs)),
            ])
        }
    }

    /// What the shop's connector makes of its catalogue.
    private func drafts(of url: String, _ shops: BenchShops) async throws -> [RecordKind: [Draft]] {
        guard let type = HeldVendor.original else { throw BenchError("there is no connector for a shop") }
        let settings = try Settings(BenchHub.shopSettings(url), by: type.card.settings, of: "left")
        let connector = try type.make(settings, BenchHub.surroundings(shops))
        var all: [RecordKind: [Draft]] = [:]
        for kind in HeldVendor.kinds {
            var position: String?
            repeat {
                guard let page = try await connector.sources[kind]?.page(PageRequest(position: position)) else { break }
                all[kind, default: []] += page.drafts
                position = page.next
            } while position != nil
        }
        return all
    }

    /// The processor time that one unchanged product costs, from the source's page to the committed cursor.
    private func unchanged(_ drafts: [RecordKind: [Draft]], _ shops: BenchShops) async throws -> Double {
        HeldVendor.shelf.withLock { $0 = drafts }
        let hub = try BenchHub.make(folder + "/unchanged", shops, connectors: [HeldVendor.self])
        let held = try await hub.connect(
            HeldVendor.card.name, name: "held", config: BenchHub.shopSettings("https://left.example"))
        for kind in HeldVendor.kinds { _ = try await hub.pull(held, kind, isFull: true) }
        let before = (try await hub.changeCount(), try await hub.linkStamp())
        let start = BenchUsage.cpuSeconds
        var read = 0
        for _ in 0..<Self.repeats {
            let counts = try await hub.pull(held, .product, isFull: true)
            guard counts.unchanged == counts.read, counts.read > 0 else {
                throw BenchError("of \(counts.read) unchanged products, \(counts.unchanged) were known as such")
            }
            read += counts.read
        }
        let microseconds = (BenchUsage.cpuSeconds - start) * 1e6 / Double(read)
        let after = (try await hub.changeCount(), try await hub.linkStamp())
        guard before == after else { throw BenchError("unchanged products were written to the store") }
        await hub.store.close()
        return microseconds
    }

    /// Two shops are brought in step, then read whole once more.
    private func resync(
        _ left: BenchShop, _ right: BenchShop, _ shops: BenchShops
    ) async throws -> (writes: Int, changes: Int64, jobs: Int64) {
        let hub = try BenchHub.make(folder + "/resync", shops)
        var both: [Integration] = []
        for name in ["left", "right"] {
            let url = "https://\(name).example"
            both.append(try await hub.connect("woocommerce", name: name, config: BenchHub.shopSettings(url)))
        }
        try await readWhole(both, hub)
        try await readWhole(both, hub)
        let before = (
            await left.writes + right.writes, try await hub.changeCount(),
            try await hub.number("SELECT coalesce(max(id), 0) FROM job")
        )
        guard before.0 > 0 else { throw BenchError("the first sync wrote nothing to the other shop") }
        try await readWhole(both, hub)
        let writes = await left.writes + right.writes - before.0
        let changes = try await hub.changeCount() - before.1
        let jobs = try await hub.number("SELECT count(*) FROM job WHERE id > \(before.2)")
        await hub.store.close()
        return (writes, changes, jobs)
    }

    private func readWhole(_ all: [Integration], _ hub: Hub) async throws {
        for integration in all {
            for kind in HeldVendor.kinds { _ = try await hub.pull(integration, kind, isFull: true) }
        }
        try await hub.drain()
    }
}

/// A vendor whose records are held in memory: WooCommerce's card, and drafts that are read already.
private enum HeldVendor: ConnectorType {
    static let kinds: [RecordKind] = [.category, .product, .variant]
    static let shelf = Mutex<[RecordKind: [Draft]]>([:])
    static var original: (any ConnectorType.Type)? { Registry.connectors.first { $0.card.name == "woocommerce" } }

    static var card: Card {
        var card = original?.card ?? Card(name: "", title: "", settings: [], kinds: [])
        card.name = "held"
        return card
    }

    static func make(
        _ settings: Settings, _ surroundings: ConnectorSurroundings
    ) throws(SettingsError) -> Connector {
        let drafts = shelf.withLock { $0 }
        return Connector(sources: drafts.mapValues { HeldSource(drafts: $0) }, check: HeldCheck())
    }
}

private struct HeldSource: RecordSource {
    let drafts: [Draft]

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let start = request.position.flatMap { Int($0) } ?? 0
        let end = min(drafts.count, start + request.limit)
        return Page(drafts: Array(drafts[start..<end]), next: end < drafts.count ? String(end) : nil)
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] { ids.map { .gone($0) } }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? { nil }
}

private struct HeldCheck: ConnectionCheck {
    func check() async throws(ConnectorFailure) -> String { "held in memory" }
}
