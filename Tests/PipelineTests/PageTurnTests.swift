import Audit
import ConnectorKit
import Ledger
import Queue
import Sandbox
import Synchronization
import Testing

@testable import Pipeline

/// The ways to a shop, with the moment of every call that really was made.
private final class WatchedWay: Transport {
    private let way: any Transport
    private let world: World
    let calls = Mutex<[(path: String, at: Moment)]>([])
    /// What happens once so many calls of a path were made.
    let after = Mutex<(count: Int, path: String, action: @Sendable () async throws -> Void)?>(nil)

    init(_ way: any Transport, _ world: World) { (self.way, self.world) = (way, world) }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        calls.withLock { $0.append((request.address.path, world.now)) }
        let answer = try await way.send(request)
        if let after = after.withLock({ $0 }), moments(after.path).count == after.count {
            do { try await after.action() } catch { throw .notSent("\(error)") }
        }
        return answer
    }

    func moments(_ path: String) -> [Moment] {
        calls.withLock { $0.filter { $0.path.hasSuffix(path) }.map(\.at) }
    }
}

/// Every page of a long reading is a call like any other.
@Suite struct PageTurnTests {
    private struct Scene {
        let world: World
        let hub: Hub
        let way: WatchedWay
        let north: Integration
    }

    /// A shop with seven customers, which gives two of them at a time.
    private func scene() async throws -> Scene {
        let world = try World()
        world.openShop("north", products: 0, customers: 7)
        let way = Mutex<WatchedWay?>(nil)
        let hub = try world.hub(through: { transport in
            let watched = WatchedWay(transport, world)
            way.withLock { $0 = watched }
            return watched
        })
        let settings = (World.shopSettings("north").object ?? [:]).merging(["batchSize": 2]) { $1 }
        let north = try await hub.connect("woocommerce", name: "north", config: .object(settings))
        return Scene(world: world, hub: hub, way: try #require(way.withLock { $0 }), north: north)
    }

    private func refuse(_ scene: Scene, _ rule: FaultRule) {
        _ = scene.world.inShop("north") { shop, _ in shop.faults = FaultPlan(rules: [rule]) }
    }

    @Test func aPageTheShopIsNotReadyForIsAskedForAgainInItsTimeAndTheReadingGoesOn() async throws {
        let undisturbed = try await scene()
        _ = try await undisturbed.hub.pull(undisturbed.north, .customer)
        let calls = undisturbed.way.moments("/customers").count
        #expect(calls >= 4)

        let scene = try await scene()
        refuse(
            scene, FaultRule(.status(429, retryAfterSeconds: 40), prefix: "/wp-json/wc/v3/customers", skip: 2, times: 1)
        )
        let began = scene.world.now
        let counts = try await scene.hub.pull(scene.north, .customer)
        #expect(counts.read == 7 && counts.created == 7)
        // One call more than without it: that page once more, in its time.
        let moments = scene.way.moments("/customers").map { $0.seconds(since: began) }
        #expect(moments.count == calls + 1)
        #expect(moments.prefix(3).allSatisfy { $0 < 40 } && moments.dropFirst(3).allSatisfy { $0 >= 40 })
    }

    @Test func aShopThatIsNeverReadyIsLeftAloneAfterSomeTrials() async throws {
        let scene = try await scene()
        refuse(scene, FaultRule(.status(429, retryAfterSeconds: 40), prefix: "/wp-json/wc/v3/customers", skip: 1))
        await #expect(throws: PullFailure.self) { try await scene.hub.pull(scene.north, .customer) }
        #expect(scene.way.moments("/customers").count == 1 + Hub.pageAttempts)
    }

    @Test func aPauseThatIsTooLongEndsTheReading() async throws {
        let scene = try await scene()
        refuse(scene, FaultRule(.status(429, retryAfterSeconds: 7200), prefix: "/wp-json/wc/v3/customers", skip: 1))
        let began = scene.world.now
        let failure = await #expect(throws: PullFailure.self) {
            try await scene.hub.pull(scene.north, .customer)
        }
        #expect(failure?.description.contains("7200 s") == true, "\(failure?.description ?? "")")
        #expect(scene.world.now == began && scene.way.moments("/customers").count == 2)
    }

    @Test func pagesKeepToTheLimitsThatAllWorkersShare() async throws {
        let scene = try await scene()
        try await scene.hub.limit(scene.north, .rate(perSecond: 0.5, burst: 1, now: scene.world.now))
        let began = scene.world.now
        #expect(try await scene.hub.pull(scene.north, .customer).read == 7)
        // The first page was decided on before; the second takes what there is, and two more wait for two seconds each.
        #expect(scene.world.now.seconds(since: began) >= 4)
        let census = scene.world.now
        #expect(try await scene.hub.census(scene.north, .customer) != nil)
        let pages = scene.way.moments("/customers").filter { $0 >= census }.count
        #expect(pages < 2 || scene.world.now.seconds(since: census) >= 2)
    }

    @Test func aReadingThatIsPausedEndsWithItsPageAndBeginsAnewLater() async throws {
        let scene = try await scene()
        let (hub, north) = (scene.hub, scene.north)
        scene.way.after.withLock {
            $0 = (
                2, "/customers",
                { _ = try await hub.pause(north, .pull, by: AuditActor(.person, "ann"), reason: "stocktaking") }
            )
        }
        let failure = await #expect(throws: PullFailure.self) { try await hub.pull(north, .customer) }
        #expect(failure?.description.hasPrefix("ann paused it (stocktaking)") == true, "\(failure?.description ?? "")")
        #expect(scene.way.moments("/customers").count == 2)
        #expect(
            (1..<7).contains(try await scene.world.count(hub, "SELECT count(*) FROM record WHERE kind = 'customer'")))
        _ = try await hub.resume(north, .pull)
        #expect(try await hub.pull(north, .customer).read == 7)
    }

    @Test func aShopThatAsksForAPauseWhileWebhooksAreRegisteredGetsIt() async throws {
        let scene = try await scene()
        refuse(scene, FaultRule(.status(429, retryAfterSeconds: 60), prefix: "/wp-json/wc/v3/webhooks", times: 1))
        await Engine(scene.hub).round(scene.north)
        #expect(scene.way.calls.withLock { $0.count } == 1)
        scene.world.pass(seconds: 59)
        await Engine(scene.hub).round(scene.north)
        #expect(scene.way.calls.withLock { $0.count } == 1)
        scene.world.pass(seconds: 2)
        await Engine(scene.hub).round(scene.north)
        #expect(scene.way.moments("/customers").count >= 4)
    }

    // MARK: What the way itself keeps to

    @Test func noRequestPassesBeforeThePauseIsOver() async throws {
        let far = FarSide()
        let ear = LimitEar(far, clock: { far.now })
        let request = HTTPRequest("GET", try #require(HTTPAddress("https://shop.example/a")))
        far.answer(429, ["Retry-After": "30"])
        #expect(try await ear.send(request).status == 429)
        far.answer(200)
        far.pass(10.2)
        let held = try await ear.send(request)
        #expect(held.status == 429 && held.headers["Retry-After"] == "20" && far.calls == 1)
        far.pass(19.8)
        #expect(try await ear.send(request).status == 200 && far.calls == 2)
    }

    /// Seen by rehearsal 1016: what was read before a process stood still was written back after it.
    @Test func aWriteWhoseTimeIsOverIsNotSentAnyMore() async throws {
        let far = FarSide()
        let ear = LimitEar(far, clock: { far.now })
        let request = HTTPRequest("PUT", try #require(HTTPAddress("https://shop.example/a")))
        far.answer(200)
        let until = far.now.adding(seconds: 75)
        let write: () async -> Result<HTTPResponse, TransportFailure> = {
            await CallWindow.$until.withValue(until) {
                do throws(TransportFailure) { return .success(try await ear.send(request)) } catch {
                    return .failure(error)
                }
            }
        }
        far.pass(74)
        _ = try await write().get()
        far.pass(1)
        guard case .failure(.notSent(let words)) = await write() else {
            Issue.record("it was sent")
            return
        }
        #expect(words.contains("stood still") && far.calls == 1)
        #expect(try await ear.send(request).status == 200)
    }

    @Test func aPauseEndsWithAClockThatIsSetBackAndMayBeGivenAsADate() async throws {
        let far = FarSide()
        let ear = LimitEar(far, clock: { far.now })
        let request = HTTPRequest("GET", try #require(HTTPAddress("https://shop.example/a")))
        far.answer(429, ["Retry-After": "Mon, 02 Mar 2026 09:01:00 GMT"])
        _ = try await ear.send(request)
        far.pass(59)
        _ = try await ear.send(request)
        #expect(far.calls == 1)
        far.pass(-3600)
        far.answer(429)
        _ = try await ear.send(request)
        #expect(far.calls == 2)
        // Nothing was said of how long.
        far.pass(Double(Gate.unsaidSeconds) - 1)
        _ = try await ear.send(request)
        #expect(far.calls == 2)
        far.pass(1)
        _ = try await ear.send(request)
        #expect(far.calls == 3)
    }
}

/// A far side with one answer, and a clock.
private final class FarSide: Transport {
    private struct State {
        var now = World.start
        var answer = HTTPResponse(status: 200, headers: [:], body: [])
        var calls = 0
    }

    private let state = Mutex(State())
    var now: Moment { state.withLock { $0.now } }
    var calls: Int { state.withLock { $0.calls } }

    func answer(_ status: Int, _ headers: HTTPHeaders = [:]) {
        state.withLock { $0.answer = HTTPResponse(status: status, headers: headers, body: []) }
    }

    func pass(_ seconds: Double) { state.withLock { $0.now = $0.now.adding(seconds: seconds) } }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        state.withLock { state in
            state.calls += 1
            return state.answer
        }
    }
}
