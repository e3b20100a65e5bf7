import ConnectorKit
import Ledger
import Queue
import Synchronization
import Testing

@testable import Pipeline

/// A clock on which short rests take no time, and long ones none or for ever.
private struct HastyClock: Clock {
    /// Whether a wait of more than a few seconds ends at all.
    let endsLongWaits: Bool
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        let isLong = now.duration(to: deadline) > .seconds(Engine.leaseRenewalSeconds)
        guard isLong, !endsLongWaits else {
            await Task.yield()
            return try Task.checkCancellation()
        }
        // Ends with the task alone.
        for await _ in AsyncStream<Void>.makeStream().stream {}
        try Task.checkCancellation()
    }
}

/// A way to the shops on which a call that writes waits until it is let through, or its task is cancelled.
private final class SlowWay: Transport {
    private let way: any Transport
    private let arrivals = AsyncStream<Void>.makeStream()
    private let permits = AsyncStream<Void>.makeStream()

    init(_ way: any Transport) { self.way = way }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        if request.method != "GET" {
            arrivals.continuation.yield()
            for await _ in permits.stream { break }
            if Task.isCancelled { throw .cancelled }
        }
        return try await way.send(request)
    }

    func waitForACall() async { for await _ in arrivals.stream { break } }
    func letThrough() { permits.continuation.finish() }
}

@Suite("Stopping a hub")
struct DrainTests {
    private struct Scene {
        let world: World
        let hub: Hub
        let way: SlowWay
        let engine: Task<Void, Never>
    }

    /// A hub whose only write is under way.
    private func scene(endsLongWaits: Bool) async throws -> Scene {
        let world = try World()
        world.openShop("north", products: 0, customers: 1)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let way = Mutex<SlowWay?>(nil)
        let hub = try world.hub(
            through: { transport in
                let slow = SlowWay(transport)
                way.withLock { $0 = slow }
                return slow
            }, clock: HastyClock(endsLongWaits: endsLongWaits))
        // Read once, by hand: the engine has nothing else to do.
        var options = IntegrationOptions()
        options.byHand = Set(RecordKind.allCases.map(\.rawValue))
        let north = try await hub.connect(
            "woocommerce", name: "north", config: World.shopSettings("north"), options: options)
        _ = try await hub.connect(
            "woocommerce", name: "south", config: World.shopSettings("south"),
            options: IntegrationOptions(directions: ["*": "push"]))
        _ = try await hub.pull(north, kinds: [.customer])
        let now = hub.now
        try await hub.store.write { session in
            for integration in try LedgerTable(session, organization: 1).integrations() {
                // Its webhooks were looked at just now.
                try LedgerTable(session, organization: 1).setWebhooks("fine", of: integration.id, now: now)
            }
        }
        let slow = try #require(way.withLock { $0 })
        let engine = Task { await Engine(hub).run() }
        await slow.waitForACall()
        return Scene(world: world, hub: hub, way: slow, engine: engine)
    }

    @Test func whatIsUnderWayIsDoneToItsEndAndNothingMoreIsBegun() async throws {
        let scene = try await scene(endsLongWaits: false)
        scene.engine.cancel()
        scene.way.letThrough()
        await scene.engine.value
        let done = try await scene.hub.jobs(in: [.completed])
        #expect(done.map(\.queue) == [.deliver])
        #expect(scene.world.ask("south", "/customers").array?.count == 1)
        #expect(try await scene.hub.jobs(in: [.running]).isEmpty)
    }

    @Test func aCallThatTakesTooLongIsBrokenOffAndDoesNotCountAsAnAttempt() async throws {
        let scene = try await scene(endsLongWaits: true)
        scene.engine.cancel()
        await scene.engine.value
        #expect(try await scene.hub.jobs(in: [.running]).isEmpty)
        let waiting = try await scene.hub.jobs(in: [.available])
        #expect(waiting.map(\.attempt) == [0])
        #expect(scene.world.ask("south", "/customers").array?.isEmpty == true)

        // The next process looks first, and makes it once.
        let next = try scene.world.hub()
        try await scene.world.settle(next)
        #expect(scene.world.ask("south", "/customers").array?.count == 1)
    }
}
