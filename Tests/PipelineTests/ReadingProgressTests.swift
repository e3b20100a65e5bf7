import Commerce
import Ledger
import Pipeline
import Sandbox
import Synchronization
import Testing

/// What somebody who watches a reading is told of how far it has come.
@Suite("How far a reading has come")
struct ReadingProgressTests {
    /// Customers stand in the orders of guests, and a shop counts those who keep it among its customers.
    @Test func aReadingCountsTheRecordsOfItsKindAndEndsWithAllOfThem() async throws {
        let world = try World()
        world.openShop("north", products: 3, customers: 2)
        let sku = try #require(world.firstSimpleSKU("north"))
        for guest in ["ann", "ben", "cleo"] {
            _ = world.inShop("north") { shop, now in
                shop.placeOrder(
                    [.init(sku: sku, quantity: 1)],
                    .init(email: "\(guest)@person.example", name: "\(guest) guest", paymentMethod: "card"), at: now)
            }
        }
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let seen = Mutex<[PullProgress]>([])

        _ = try await hub.pull(shop) { progress in seen.withLock { $0.append(progress) } }

        let told = seen.withLock { $0 }
        for progress in told { #expect(progress.total.map { progress.done <= $0 } ?? true, "\(progress.kind)") }
        let ends = told.filter(\.isFinished)
        #expect(ends.allSatisfy { $0.done == $0.total })
        let orders = try #require(ends.first { $0.kind == .order })
        #expect(orders.done == 3 && orders.counts.read == 6)
    }
}
