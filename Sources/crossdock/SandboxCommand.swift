import ArgumentParser
import Commerce
import Sandbox
import Wire
import WireHTTP

/// `crossdock sandbox`
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Serve a stand-in vendor, with its real flaws.",
        discussion: """
            woocommerce: keys ck_sandbox / cs_sandbox, webhook secret sandbox-webhook-secret. GET /_sandbox/state \
            shows what is in it; POST /_sandbox/faults makes it fail on purpose.
            """)

    @Argument(help: "The vendor: woocommerce.")
    var vendor: String
    @Option(help: "The port; 0 takes a free one.")
    var port = 8080
    @Option(help: "How many products it starts with.")
    var products = 200
    @Option(help: "How many orders it starts with.")
    var orders = 150
    @Option(help: "How many customers it starts with.")
    var customers = 80
    @Option(help: "Where all chance comes from.")
    var seed: UInt64 = 1
    @Option(help: "The shop's currency.")
    var currency = "LKR"

    func run() async throws {
        try await Terminal.run {
            guard vendor == "woocommerce" else {
                throw Refusal("there is no stand-in for \"\(vendor)\"; there is: woocommerce")
            }
            let port = try PortNumber.checked(port, "--port \(port)")
            let options: SandboxOptions
            do {
                options = SandboxOptions(currency: try Currency(currency))
            } catch {
                throw Refusal("--currency: \(error)")
            }
            let transport = HTTPTransport(version: Version.text, allowedPrivateHosts: ["127.0.0.1", "localhost"])
            var shop = WooCommerceSandbox.filled(
                seed: seed, products: products, customers: customers, orders: orders, now: OpenHub.systemNow(),
                options: options)
            // The real shop sends its webhooks when somebody visits it; this one is always a little busy.
            shop.options.deliversWithoutTraffic = true
            shop.options.queuePaceSeconds = 1
            let stand = ShopStand(shop, transport: transport)
            let server = HTTPServer(
                host: "127.0.0.1", port: port,
                onBound: { port in
                    await stand.settle(at: "http://127.0.0.1:\(port)")
                    Terminal.note("stand-in WooCommerce on http://127.0.0.1:\(port) - stop with Ctrl-C")
                }, handler: { await stand.respond(to: $0) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask { await stand.pump() }
                group.addTask { await Interruption.wait() }
                _ = try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            await transport.shutdown()
        }
    }
}
