import ConnectorKit
import GnuCashBook
import Ledger
import Pipeline
import Testing

@Suite("A shop's orders arrive in the books")
struct BooksTests {
    @Test(arguments: BookForm.allCases)
    func everyPaidOrderIsBookedOnce(form: BookForm) async throws {
        let world = try World()
        world.openShop("north", products: 15, customers: 5, orders: 20)
        let path = try world.makeBook(form)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let books = try await hub.connect("gnucash", name: "books", config: World.bookSettings(path))
        _ = try await hub.pull(books)
        _ = try await hub.pull(shop)
        try await world.settle(hub)

        let wanted = world.bookable("north")
        #expect(!wanted.isEmpty)
        #expect(try world.bookedOrders(path) == wanted)

        // Reading everything again, on both sides, books nothing more and writes nothing back.
        let writes = world.writes.withLock { $0.count }
        _ = try await hub.pull(shop, isFull: true)
        _ = try await hub.pull(books, isFull: true)
        try await world.settle(hub)
        #expect(try world.bookedOrders(path) == wanted)
        #expect(world.writes.withLock { $0.count } == writes)
        #expect(try await hub.jobs(in: [.dead, .held]).map(\.reason) == [])
    }

    @Test func aProcessKilledBetweenAnyTwoStepsBooksEveryOrderOnce() async throws {
        let world = try World()
        world.openShop("north", products: 6, customers: 2, orders: 6)
        let path = try world.makeBook()
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let books = try await hub.connect("gnucash", name: "books", config: World.bookSettings(path))

        for steps in 1...60 {
            let reborn = try world.hub()
            world.live(for: steps)
            do {
                _ = try await reborn.pull(books)
                _ = try await reborn.pull(shop)
                try await reborn.drain()
            } catch {}
            world.live(for: nil)
            await reborn.store.close()
            // Its leases and the calls it may have made run out before another takes over.
            world.pass(seconds: 100)
            try await hub.rescue()
        }
        try await world.settle(hub)

        #expect(try world.bookedOrders(path) == world.bookable("north"))
    }

    @Test func anOrderWaitsUntilItsShopWasAskedForTheCustomerItNames() async throws {
        let world = try World()
        world.openShop("north", products: 15, customers: 5, orders: 20)
        let path = try world.makeBook()
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let books = try await hub.connect("gnucash", name: "books", config: World.bookSettings(path))
        _ = try await hub.pull(books)
        // Orders arrive before the customers they name.
        _ = try await hub.pull(shop, .order)
        try await hub.drain(for: [books.id])

        let registered = Set(
            (world.ask("north", "/orders", [.init("per_page", "100")]).array ?? [])
                .filter { ($0["customer_id"]?.integer ?? 0) > 0 }.compactMap { $0["number"]?.scalarText })
        #expect(!registered.isEmpty)
        #expect(try registered.isDisjoint(with: world.bookedOrders(path)))
        let waiting = try await hub.jobs(in: [.scheduled]).compactMap(\.reason)
        #expect(waiting.contains { $0.contains("until north was asked for what") }, "\(waiting)")

        try await world.settle(hub)
        #expect(try world.bookedOrders(path) == world.bookable("north"))
        let customers = try BookFile.open(path).book.customers
        for email in (world.ask("north", "/customers").array ?? []).compactMap({ $0["email"]?.string }) {
            #expect(customers.count { $0.address.email == email } <= 1, "\(email)")
        }
    }
}

extension World {
    /// The numbers of the orders that belong in the books.
    func bookable(_ name: String) -> [String] {
        (ask(name, "/orders", [.init("per_page", "100"), .init("status", "processing,completed,refunded")]).array ?? [])
            .compactMap { $0["number"]?.scalarText }.sorted()
    }

    /// The order numbers of the posted invoices, one entry for each invoice.
    func bookedOrders(_ path: String) throws -> [String] {
        try BookFile.open(path).book.invoices.filter { !$0.isCreditNote && $0.posting != nil }.map(\.id).sorted()
    }
}
