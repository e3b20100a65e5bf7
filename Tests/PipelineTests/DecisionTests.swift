import ConnectorKit
import Ledger
import Pipeline
import Sandbox
import Synchronization
import Testing

/// Something that is so from some time on.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isUp: Bool { value.withLock { $0 } }

    /// True for whoever raises it first.
    @discardableResult
    func raise() -> Bool {
        value.withLock { value in
            defer { value = true }
            return !value
        }
    }
}

/// A way to the shops on which something happens at the first call that fits, before it arrives.
private final class InterludeWay: Transport {
    private let way: any Transport
    private let fits: @Sendable (HTTPRequest) -> Bool
    private let interlude: @Sendable () async throws -> Void
    private let isOver = Flag()

    init(
        _ way: any Transport, at fits: @escaping @Sendable (HTTPRequest) -> Bool,
        _ interlude: @escaping @Sendable () async throws -> Void
    ) {
        self.way = way
        self.fits = fits
        self.interlude = interlude
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        if fits(request), isOver.raise() {
            do { try await interlude() } catch { throw .notSent("\(error)") }
        }
        return try await way.send(request)
    }
}

@Suite("A decision that falls between two steps")
struct DecisionTests {
    private struct Scene {
        let world: World
        let hub: Hub
        let north: Integration
        let sku: String
        let conflict: Int64
    }

    /// Two shops in step but for a name that both changed: a person is to decide.
    private func scene() async throws -> Scene {
        let world = try World()
        world.openShop("north", products: 6, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        let hub = try world.hub()
        let north = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        _ = try await hub.pull(north)
        try await world.settle(hub)
        _ = try await hub.pull(south)
        try await world.settle(hub)
        let sku = try #require(world.firstSimpleSKU("north"))
        world.pass(seconds: 300)
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: sku, to: "North Tea", at: now) }
        _ = world.inShop("south") { shop, now in shop.renameProduct(sku: sku, to: "South Tea", at: now) }
        world.pass(seconds: 60)
        _ = try await hub.pull(north)
        _ = try await hub.pull(south)
        try await world.settle(hub)
        let conflict = try #require(try await hub.conflicts().first { $0.part == "name" })
        // Another part of the same product is to be written to the shop the conflict is with.
        _ = world.inShop("north") { shop, now in shop.editPrice(sku: sku, to: "777.00", at: now) }
        world.pass(seconds: 60)
        return Scene(world: world, hub: hub, north: north, sku: sku, conflict: conflict.id)
    }

    private func south(_ scene: Scene, _ field: String) -> String? {
        scene.world.ask("south", "/products", [.init("sku", scene.sku)])[0]?[field]?.string
    }

    /// Seen by rehearsal 13: the link as it was when the write was planned brought back the pin of the conflict.
    @Test func aConflictDecidedWhileTheShopIsWrittenToStaysDecided() async throws {
        let scene = try await scene()
        let hub = try scene.world.hub {
            InterludeWay($0, at: { $0.method == "POST" && $0.address.host == "south.example" }) {
                _ = try await scene.hub.resolve(conflict: scene.conflict, .ours)
            }
        }

        _ = try await hub.pull(scene.north)
        try await scene.world.settle(hub)

        #expect(try await hub.conflicts().isEmpty)
        #expect(south(scene, "name") == "North Tea" && south(scene, "regular_price") == "777.00")
    }

    /// The same while the shop is read because what became of an earlier write is not known.
    @Test func aConflictDecidedWhileAnUnclearWriteIsLookedAtStaysDecided() async throws {
        let scene = try await scene()
        let (isLost, isAsked) = (Flag(), Flag())
        let hub = try scene.world.hub { way in
            let way = InterludeWay(
                way, at: { $0.method == "GET" && $0.address.path.contains("/products/") && isLost.isUp }
            ) {
                isAsked.raise()
                _ = try await scene.hub.resolve(conflict: scene.conflict, .ours)
            }
            return InterludeWay(way, at: { $0.method == "POST" && $0.address.host == "south.example" }) {
                isLost.raise()
                _ = scene.world.inShop("south") { shop, _ in
                    shop.faults = FaultPlan(rules: [FaultRule(.timeoutAfter(seconds: 40), method: "POST", times: 1)])
                }
            }
        }

        _ = try await hub.pull(scene.north)
        try await scene.world.settle(hub)

        #expect(isAsked.isUp)
        #expect(try await hub.conflicts().isEmpty)
        #expect(south(scene, "name") == "North Tea" && south(scene, "regular_price") == "777.00")
    }
}
