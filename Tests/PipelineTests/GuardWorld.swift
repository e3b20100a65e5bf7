import ConnectorKit
import Ledger
import Pipeline
import Reconcile
import Sandbox
import Testing

/// Two shops of the same goods, five pieces of each at 100.00, in step; and a hub between them.
struct GuardWorld {
    let world: World
    let hub: Hub
    let north: Integration
    let south: Integration
    let skus: [String]

    init(goods: Int = 24, terms: [String] = []) async throws {
        world = try World()
        world.openShop("north", products: 0, customers: 0)
        world.openShop("south", products: 0, customers: 0, seed: 5)
        skus = (1...goods).map { "G-\($0)" }
        let skus = skus
        _ = world.inShop("north") { shop, now in
            for sku in skus {
                _ = shop.createProduct(
                    [
                        "name": .string("Good \(sku)"), "sku": .string(sku), "type": "simple", "status": "publish",
                        "regular_price": "100.00", "manage_stock": true, "stock_quantity": 5,
                    ], at: now)
            }
        }
        hub = try world.hub()
        var options = IntegrationOptions()
        for term in terms {
            let halves = term.split(separator: "=").map(String.init)
            try options.guardTerms.set(halves[0], to: halves[1])
        }
        north = try await hub.connect(
            "woocommerce", name: "north", config: World.shopSettings("north"), options: options)
        south = try await hub.connect("woocommerce", name: "south", config: World.shopSettings("south"))
        for shop in [north, south, north] {
            _ = try await hub.pull(shop)
            try await world.settle(hub, rounds: 6)
        }
        world.pass(seconds: 3_700)
    }

    /// Each good as a shop itself shows it: `G-1 5 100.00`.
    func shown(_ shop: String, _ member: String) -> [String?] {
        let all = (1...3).flatMap { page in
            world.ask(shop, "/products", [.init("per_page", "100"), .init("page", "\(page)")]).array ?? []
        }
        let bySKU = Dictionary(
            all.map { ($0["sku"]?.string ?? "", $0[member]?.scalarText) }, uniquingKeysWith: { first, _ in first })
        return skus.map { bySKU[$0] ?? nil }
    }

    /// How many goods a shop shows with that value.
    func count(_ shop: String, _ member: String, _ value: String) -> Int {
        shown(shop, member).filter { $0 == value }.count
    }

    /// The staff of a shop, or its ERP, sets the same for goods.
    func set(_ members: JSON, of goods: some Sequence<String>, in shop: String = "north") {
        let goods = Array(goods)
        _ = world.inShop(shop) { shop, now in
            for sku in goods { _ = shop.editProduct(sku: sku, members, at: now) }
        }
    }

    /// A shop is read, and all that comes of it is done.
    func read(_ shop: Integration, by hub: Hub? = nil, isFull: Bool = false) async throws {
        let hub = hub ?? self.hub
        world.pass(seconds: 61)
        _ = try await hub.pull(shop, isFull: isFull)
        try await settle(hub)
    }

    func settle(_ hub: Hub, rounds: Int = 8) async throws {
        for _ in 0..<rounds {
            try await world.settle(hub, rounds: 1)
            try await hub.tick()
        }
    }

    /// The one hold that waits for a person.
    func hold(_ hub: Hub? = nil) async throws -> GuardReport {
        let reports = try await (hub ?? self.hub).guardReports()
        #expect(reports.count == 1, "\(reports.map(\.sentence))")
        return try #require(reports.first)
    }
}
