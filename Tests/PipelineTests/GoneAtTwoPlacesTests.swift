import ConnectorKit
import Ledger
import Pipeline
import Sandbox
import Synchronization
import Testing
import Wire

/// A way to the shops that counts what is asked, and ends at so many calls.
private final class CountingWay: Transport {
    private let way: any Transport
    private let calls = Mutex<[String: Int]>([:])
    private static let limit = 200

    init(_ way: any Transport) { self.way = way }

    /// The calls of one sort that came most often.
    var most: (sort: String, count: Int) {
        calls.withLock { calls in
            calls.max { $0.value < $1.value }.map { ($0.key, $0.value) } ?? ("", 0)
        }
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let total = calls.withLock { calls in
            if request.address.path.contains("/products") {
                calls["\(request.method) \(request.address.host)\(request.address.path)", default: 0] += 1
            }
            return calls.values.reduce(0, +)
        }
        guard total < Self.limit else { throw .notSent("this is a hot loop") }
        return try await way.send(request)
    }
}

@Suite("A product that is gone at two places")
struct GoneAtTwoPlacesTests {
    /// Seen by rehearsal 160: each of the two, told that the product is gone, woke the other's task at once.
    @Test func whatIsGoneAtTwoPlacesIsNotAskedForWithoutEnd() async throws {
        let world = try World()
        world.openShop("north", products: 6, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        world.openShop("east", products: 0, customers: 0, seed: 7)
        var way: CountingWay?
        let hub = try world.hub {
            let counting = CountingWay($0)
            way = counting
            return counting
        }
        let counting = try #require(way)
        let setUp = try world.hub()
        var shops: [Integration] = []
        for name in ["north", "south", "east"] {
            shops.append(try await setUp.connect("woocommerce", name: name, config: World.shopSettings(name)))
        }
        for shop in shops {
            _ = try await setUp.pull(shop)
            try await world.settle(setUp)
        }
        let sku = try #require(world.firstSimpleSKU("north"))
        world.pass(seconds: 300)
        for name in ["south", "east"] {
            #expect(world.inShop(name) { shop, now in shop.deleteProduct(sku: sku, forEver: true, at: now) } == true)
        }
        _ = world.inShop("north") { shop, now in shop.setStock(sku: sku, to: 7, at: now) }
        world.pass(seconds: 60)

        _ = try await hub.pull(shops[0])
        try await world.settle(hub, rounds: 4)

        #expect(counting.most.count > 0 && counting.most.count < 12, "\(counting.most)")
    }
}
