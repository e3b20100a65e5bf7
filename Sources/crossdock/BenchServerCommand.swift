import ArgumentParser
import Commerce
import ConnectorKit
import Console
import Intake
import Ledger
import Pipeline
import Queue
import Store
import Wire
import WireHTTP

/// `crossdock bench server`: the hub's HTTP side in a process of its own, for the intake's measurement.
struct BenchServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Serve the webhook door of one shop.", shouldDisplay: false)

    @Option(help: "The folder of its store.")
    var folder: String
    @Option(help: "The address of a PostgreSQL database for its store, instead of a file in its folder.")
    var store: String?
    @Flag(help: "Prove every call and answer it, and store nothing: what storing is compared with.")
    var forgets = false
    @Option(help: "How many products and stored calls there are.")
    var rows = 0

    func run() async throws {
        try await Terminal.run {
            let transport = HTTPTransport(version: Version.text)
            let hub = try BenchHub.make(folder, transport, store: store)
            let shop = try await hub.connect(
                "woocommerce", name: "shop", config: BenchHub.shopSettings("https://shop.example"))
            try await hub.fill(rows, of: shop)
            let tokens = try await Tokens(key: BenchHub.key)
            let callers = rows > 0 ? try await BenchCallers.admitted(hub, tokens) : [:]
            let console = try Console(
                hub: forgets ? try ForgetfulHub(hub: hub, shop: shop) : hub, tokens: tokens,
                options: Console.Options(version: Version.text), random: OpenHub.systemRandom)
            let server = HTTPServer(
                host: "127.0.0.1", port: 0,
                onBound: { port in
                    let place = "http://127.0.0.1:\(port)"
                    let told: [String: JSON] = [
                        "url": .string("\(place)/webhooks/\(shop.publicID)"), "place": .string(place),
                    ]
                    BenchAnswer.write(.object(told.merging(callers) { first, _ in first }))
                },
                handler: { await console.respond(to: $0) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask { await Interruption.wait() }
                _ = try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            BenchAnswer.write([
                "stored": .integer(try await hub.number("SELECT count(*) FROM delivery")),
                "jobs": .integer(try await hub.number("SELECT count(*) FROM job WHERE queue = 'receive'")),
            ])
            await hub.store.close()
            await transport.shutdown()
        }
    }
}

/// A hub that proves a call as the real one does, remembers nothing of it, and asks its store for nothing.
private struct ForgetfulHub: HubPort {
    let hub: Hub
    let shop: Integration
    let receiver: any WebhookReceiver

    init(hub: Hub, shop: Integration) throws {
        self.hub = hub
        self.shop = shop
        guard let type = Registry.connectors.first(where: { $0.card.name == shop.connector }) else {
            throw BenchError("there is no connector named \(shop.connector)")
        }
        let settings = try Settings(
            BenchHub.shopSettings("https://shop.example"), by: type.card.settings, of: shop.name)
        guard let receiver = try type.make(settings, BenchHub.surroundings(BenchShops(shops: [:]))).webhooks else {
            throw BenchError("\(shop.connector) receives no calls")
        }
        self.receiver = receiver
    }

    var now: Moment { hub.now }
    var desk: any IntegrationsPort { hub }
    var listeners: any ListenersPort { hub }

    var identity: any IdentityPort { hub }
    var persons: any PersonsPort { hub }
    var strangers: any SecurityPort { hub }
    var inbox: any InboxPort { hub }
    var catalogue: any CataloguePort { hub }
    var watch: any WatchPort { hub }

    func integrations() async throws -> [Integration] { [shop] }

    func health() async throws -> HealthReport { HealthReport([]) }

    func jobs(in states: [JobState], limit: Int) async throws -> [JobReport] { [] }

    func job(_ id: Int64) async throws -> JobReport? { nil }

    func batches(limit: Int) async throws -> [BatchProgress] { [] }
    func batch(_ id: Int64) async throws -> BatchProgress? { nil }
    func guardReports() async throws -> [GuardReport] { [] }

    func why(job id: Int64, to sight: Sight) async throws -> String? { nil }

    func integration(at publicID: String) async throws -> Integration? { publicID == shop.publicID ? shop : nil }

    func receive(_ call: WebhookCall, for integration: Integration) async -> Hub.Reception {
        guard case (nil, .genuine) = Intake.look(call, receiver) else { return .forged }
        return .stored(1)
    }

    func receive(_ call: WebhookCall, connector: String, source: String?) async -> Hub.Reception {
        await receive(call, for: shop)
    }

    func overview(changeLimit: Int, waitingLimit: Int) async throws -> Overview {
        try await hub.overview(changeLimit: changeLimit, waitingLimit: waitingLimit)
    }
}
