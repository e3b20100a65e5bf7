import ArgumentParser
import Commerce
import ConnectorKit
import Foundation
import GnuCashBook
import Pipeline
import Wire
import WireHTTP

/// The first pull of a large shop, from a stand-in in a process of its own; then its products once more.
struct BenchPull {
    let folder: String
    let records: Int

    func run() throws -> [BenchFigure] {
        let shop = try BenchProcess(
            arguments: [
                "sandbox", "woocommerce", "--port", "0", "--products", String(records), "--orders", String(records),
                "--customers", String(records / 5),
            ], readsErrors: true)
        let line = try shop.line(with: "http://127.0.0.1:")
        guard let word = line.split(separator: " ").first(where: { $0.hasPrefix("http://") }) else {
            throw BenchError("the stand-in shop did not say where it listens")
        }
        let told = try BenchProcess.answer(arguments: [
            "bench", "pull", "--folder", folder + "/pull", "--url", String(word),
        ])
        _ = shop.stop()
        let number = { (name: String) in told[name]?.string.flatMap { Double($0) } ?? .infinity }
        let counts = "\(told["products"]?.string ?? "?") products, \(told["orders"]?.string ?? "?") orders"
        return [
            BenchFigure("pull: peak memory of the first pull (\(counts))", number("peak"), " MB", .atMost(150)),
            BenchFigure("pull: products read again, changes at the shop", number("shopChanges"), "", .atMost(0)),
            BenchFigure("pull: products read again, change rows", number("changes"), "", .atMost(0)),
            BenchFigure("pull: CPU of the first pull", number("cpu"), " s"),
            BenchFigure("pull: duration of the first pull", number("seconds"), " s"),
        ]
    }
}

/// `crossdock bench pull`: the work of `BenchPull`, in a process of its own.
struct BenchPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Pull a shop for the first time.", shouldDisplay: false)

    @Option(help: "The folder of its store and book.")
    var folder: String
    @Option(help: "Where the shop is.")
    var url: String

    func run() async throws {
        try await Terminal.run {
            let transport = HTTPTransport(version: Version.text, allowedPrivateHosts: ["127.0.0.1"])
            let hub = try BenchHub.make(folder, transport)
            let shop = try await hub.connect("woocommerce", name: "shop", config: BenchHub.shopSettings(url))
            // The book makes every record an errand, as in a real first sync; it is not written here.
            let book = folder + "/book.gnucash"
            try BookMeasure.makeBook(book, form: .sqlite, transactions: 0)
            _ = try await hub.connect("gnucash", name: "books", config: BenchHub.bookSettings(book))
            let start = (hub.now, BenchUsage.cpuSeconds)
            var orders = 0
            var products = 0
            _ = try await hub.pull(shop, kinds: [.category])
            products = try await hub.pull(shop, .product).read
            _ = try await hub.pull(shop, kinds: [.variant, .customer])
            orders = try await hub.pull(shop, .order).read
            let cpu = BenchUsage.cpuSeconds - start.1
            let seconds = hub.now.seconds(since: start.0)
            let peak = try BenchUsage.peakMegabytes()
            let before = (try await digest(transport), try await hub.changeCount())
            _ = try await hub.pull(shop, .product, isFull: true)
            let after = (try await digest(transport), try await hub.changeCount())
            BenchAnswer.write([
                "products": .string(String(products)), "orders": .string(String(orders)),
                "peak": .string(String(peak)), "cpu": .string(String(cpu)), "seconds": .string(String(seconds)),
                "shopChanges": .string(before.0 == after.0 ? "0" : "1"),
                "changes": .string(String(after.1 - before.1)),
            ])
            await hub.store.close()
            await transport.shutdown()
        }
    }

    /// A digest of all the shop holds.
    private func digest(_ transport: any Transport) async throws -> String {
        guard let address = HTTPAddress(url + "/_sandbox/digest") else { throw BenchError("\(url) is no address") }
        let answer = try await transport.send(HTTPRequest("GET", address))
        guard let digest = try JSON(parsing: answer.body)["digest"]?.string else {
            throw BenchError("the stand-in shop gave no digest")
        }
        return digest
    }
}
