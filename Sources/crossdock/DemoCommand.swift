import ArgumentParser
import Commerce
import Foundation
import GnuCashBook
import Ledger
import Pipeline
import Sandbox
import Wire
import WireHTTP

/// `crossdock demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "A stand-in shop, a fresh book and the hub, told step by step.")

    @Flag(help: "Run unattended; exit 0 only if both sides agree at the end.")
    var once = false
    @Option(help: "The page's port; 0 takes a free one.")
    var port = 8008
    @Option(help: "Where the demo keeps its files; emptied first.")
    var folder = ".demo"
    @Option(help: "How many products the shop has.")
    var products = 240
    @Option(help: "How many orders it starts with.")
    var orders = 160

    func run() async throws {
        try await Terminal.run {
            let stage = try DemoStage(folder: folder)
            let verdict = try await stage.play(port: port, products: products, orders: orders, isUnattended: once)
            guard verdict else { throw ExitCode(1) }
        }
    }
}

/// The folder, the shop and the book of a demo.
struct DemoStage {
    let folder: String
    let book: String

    /// Empties the folder and makes a book in it.
    ///
    /// - Throws: `Refusal` when the folder holds anything a demo did not make.
    init(folder: String) throws {
        let files = FileManager.default
        let mark = folder + "/this-folder-is-a-demo"
        if files.fileExists(atPath: folder), !files.fileExists(atPath: mark) {
            throw Refusal("\(folder) was not made by a demo; name another with --folder")
        }
        try? files.removeItem(atPath: folder)
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = files.createFile(atPath: mark, contents: Data())
        self.folder = folder
        book = folder + "/books.gnucash"
        var chance = SystemRandomNumberGenerator()
        _ = try BookFile.create(book, form: .gzip, currency: "LKR", using: &chance)
    }

    /// Plays the demo. True when both sides agree at the end.
    func play(port: Int, products: Int, orders: Int, isUnattended: Bool) async throws -> Bool {
        Story.title("Crossdock \(Version.text): a shop and its books, kept in step")
        let options = SandboxOptions(currency: .lkr)
        var shop = WooCommerceSandbox.filled(
            seed: 42, products: products, customers: 60, orders: orders, now: OpenHub.systemNow(), options: options)
        shop.options.deliversWithoutTraffic = true
        shop.options.queuePaceSeconds = 1
        let outside = HTTPTransport(version: Version.text, allowedPrivateHosts: ["127.0.0.1"])
        let stand = ShopStand(shop, transport: outside)
        let (shopPort, shopBound) = AsyncStream<Int>.makeStream()
        let shopServer = HTTPServer(
            host: "127.0.0.1", port: 0, onBound: { shopBound.yield($0) }, handler: { await stand.respond(to: $0) })
        let verdict = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shopServer.run() }
            group.addTask { await stand.pump() }
            guard let bound = await shopPort.first(where: { _ in true }) else {
                throw Refusal("the stand-in shop cannot listen")
            }
            await stand.settle(at: "http://127.0.0.1:\(bound)")
            let result = try await withHub(stand, shopPort: bound, port: port, isUnattended: isUnattended)
            shopServer.shutdown()
            group.cancelAll()
            try await group.waitForAll()
            return result
        }
        await outside.shutdown()
        return verdict
    }

    private func withHub(_ stand: ShopStand, shopPort: Int, port: Int, isUnattended: Bool) async throws -> Bool {
        let free = try await FreePort.near(port)
        var options = HubOptions()
        options.data = folder + "/hub"
        options.store = nil
        options.json = false
        let url = "http://127.0.0.1:\(free)"
        let open = try OpenHub(options, publicURL: url, allowedHosts: ["127.0.0.1"], bookFolders: [folder])
        let service = try await HubService(open, door: .loopback, port: free, openOnLoopback: true)
        let play = DemoPlay(hub: open.hub, stand: stand, book: book, shopURL: "http://127.0.0.1:\(shopPort)", page: url)
        let verdict = try await withThrowingTaskGroup(of: Bool.self) { group in
            let (ready, isReady) = AsyncStream<Int>.makeStream()
            group.addTask {
                try await service.run { isReady.yield($0) }
                return false
            }
            group.addTask {
                _ = await ready.first { _ in true }
                let verdict = try await play.run()
                if !isUnattended { await play.linger() }
                return verdict
            }
            let first = try await group.next() ?? false
            group.cancelAll()
            try await group.waitForAll()
            return first
        }
        await open.close()
        return verdict
    }
}

/// A port nobody listens on.
enum FreePort {
    /// The port, or a free one when somebody has it.
    static func near(_ port: Int) async throws -> Int {
        for candidate in [port, 0] {
            let (stream, bound) = AsyncStream<Int>.makeStream()
            let server = HTTPServer(
                host: "127.0.0.1", port: candidate, onBound: { bound.yield($0) },
                handler: { _ in HTTPResponse(status: 503) })
            let running = Task {
                defer { bound.finish() }
                try await server.run()
            }
            let found = await stream.first { _ in true }
            server.shutdown()
            _ = await running.result
            if let found { return found }
        }
        throw Refusal("no port is free")
    }
}

/// The lines of a demo.
enum Story {
    static func title(_ text: String) { Terminal.note("\n\u{1B}[1m\(text)\u{1B}[0m\n") }
    static func scene(_ text: String) { Terminal.note("\n\u{1B}[1m▸ \(text)\u{1B}[0m") }
    static func say(_ text: String) { Terminal.note("  \(text)") }
}
