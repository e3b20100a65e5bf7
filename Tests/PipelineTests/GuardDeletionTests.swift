import Audit
import ConnectorKit
import Ledger
import Queue
import Reconcile
import Sandbox
import Testing

@testable import Pipeline

@Suite("Goods that are said to be gone, many at once")
struct GuardDeletionTests {
    private static let links = "SELECT count(*) FROM link WHERE kind = 'product' AND is_active = 1"

    private func delete(_ goods: some Sequence<String>, _ all: GuardWorld) {
        let goods = Array(goods)
        _ = all.world.inShop("north") { shop, now in
            for sku in goods { _ = shop.deleteProduct(sku: sku, forEver: true, at: now) }
        }
    }

    /// Two questions, apart in time; and what comes of them.
    private func ask(_ all: GuardWorld) async throws {
        _ = try await all.hub.census(all.north, .product)
        for _ in 0..<10 {
            try await all.settle(all.hub, rounds: 1)
            all.world.pass(seconds: 20)
        }
    }

    @Test func anEmptyListDeletesNothingBeforeAPersonSaysSo() async throws {
        let all = try await GuardWorld()
        delete(all.skus, all)

        try await ask(all)

        #expect(try await all.world.count(all.hub, Self.links) == 48)
        let hold = try await all.hold()
        #expect(hold.sentence == "north: 24 of 24 products are said to be gone")
        #expect(all.count("south", "stock_quantity", "5") == 24)

        #expect(try await all.hub.releaseHold(hold.id))
        for _ in 0..<10 { try await all.settle(all.hub, rounds: 1) }
        #expect(try await all.world.count(all.hub, Self.links) == 24)
        #expect(try await all.world.count(all.hub, "SELECT count(*) FROM guard_item WHERE decision <> 'passed'") == 0)
    }

    @Test func whatIsDiscardedKeepsItsLinksAndIsLookedAtAgain() async throws {
        let all = try await GuardWorld()
        delete(all.skus, all)
        try await ask(all)

        #expect(try await all.hub.discardHold(all.hold().id))
        try await all.settle(all.hub)
        #expect(try await all.world.count(all.hub, Self.links) == 48)
        #expect(try await all.hub.guardReports().isEmpty)

        try await ask(all)
        #expect(try await all.hold().count == 24)
        #expect(try await all.world.count(all.hub, Self.links) == 48)
    }

    /// Fifteen of sixty may go; each was asked for by itself, twice.
    @Test func aShareThatIsAllowedGoes() async throws {
        let all = try await GuardWorld(goods: 60)
        delete(all.skus.prefix(15), all)

        try await ask(all)

        #expect(try await all.world.count(all.hub, Self.links) == 105)
        #expect(try await all.hub.guardReports().isEmpty)
    }

    /// Without a list of ids: the shop calls for each.
    @Test func aStormOfCallsThatGoodsAreGoneIsHeldToo() async throws {
        let all = try await GuardWorld()
        delete(all.skus, all)
        let (hub, north) = (all.hub, all.north)
        let ids = try await hub.store.read { try LedgerTable($0, organization: 1).externalIDs(north.id, .product) }
        #expect(ids.count == 24)
        for external in ids.sorted() {
            let block = try await hub.ids.draw(1)
            let now = all.world.now
            try await hub.store.write { session in
                var ids = block
                let job = NewJob(.fetch, integration: north.id, kind: .product, key: external, runAt: now)
                try JobTable(session, organization: 1).add([job], ids: &ids, now: now)
            }
        }
        for _ in 0..<12 { try await all.settle(hub, rounds: 1) }

        #expect(try await all.world.count(hub, Self.links) == 48)
        #expect(try await all.hold().sort == .deleted)
    }

    @Test func whatIsListedAgainIsHeldNoMore() async throws {
        let all = try await GuardWorld()
        let ids = all.shown("north", "id").compactMap { $0.flatMap(Int.init) }
        _ = all.world.inShop("north") { shop, now in
            for sku in all.skus { _ = shop.deleteProduct(sku: sku, at: now) }
        }
        try await ask(all)
        #expect(try await all.hold().count == 24)

        _ = all.world.inShop("north") { shop, now in
            for id in ids { _ = shop.restoreProduct(id, at: now) }
        }
        try await ask(all)

        #expect(try await all.hub.guardReports().isEmpty)
        #expect(try await all.world.count(all.hub, Self.links) == 48)
    }
}
