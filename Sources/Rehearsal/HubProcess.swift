import ConnectorKit
import Pipeline
import Store
import Telemetry
import WooCommerce

/// A living process of the hub: production code, with the world for its surroundings.
struct HubProcess: Sendable {
    let hub: Hub

    init(_ stage: Stage, life: Int) {
        let surroundings = ConnectorSurroundings(
            transport: RehearsedTransport(stage: stage, life: life),
            now: { stage.world.withLock { $0.hubNow } },
            random: { count in stage.world.withLock { $0.hubChance.bytes(count) } }, blocking: InlineWork())
        hub = Hub(
            store: RehearsedStore(stage: stage, life: life), connectors: [WooCommerce.self, StallConnector.self],
            surroundings: surroundings, vault: Seals.vault,
            publicURL: "https://hub.example",
            logger: Logger(label: "rehearsal", factory: { _ in StageLog(stage: stage, life: life) }),
            clock: VirtualClock(stage: stage, life: life))
    }

    /// Runs the hub's own loops until the process dies.
    func run(_ stage: Stage) -> Task<Void, Never> {
        let engine = Engine(
            hub, on: stage.executor, relays: stage.world.withLock { $0.knobs.listeners > 0 || $0.audience != nil })
        return Task(executorPreference: stage.executor) { await engine.run() }
    }
}

/// The way from the hub to its vendors.
struct RehearsedTransport: Transport {
    let stage: Stage
    let life: Int

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        try await stage.send(request, of: life).get()
    }
}

/// The hub's warnings, told with the story.
struct StageLog: LogHandler {
    let stage: Stage
    let life: Int
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let words = "hub says: \(event.message)"
        stage.world.withLock { world in
            world.story.note(world.now, words)
            if words.contains(StallVendor.key) || words.contains("rotated-secret") || words.contains(StallVendor.secret)
                || words.contains(ShopVendor.secret)
            {
                world.oracle.breach("I10", "a secret stands in the log: \(words)", world.now)
            }
        }
    }
}
