import Audit
import ConnectorKit
import Ledger
import Reconcile
import Sandbox
import Testing

@testable import Pipeline

@Suite("More than a share at once waits for a person")
struct GuardTests {
    /// An export that is empty, or a field of it that was renamed: every good has nothing left.
    @Test func aShopThatShowsNoStockOfAnythingZeroesNothingElsewhereBeforeAPersonSaysSo() async throws {
        let all = try await GuardWorld()
        all.set(["stock_quantity": 0], of: all.skus)

        try await all.read(all.north)

        #expect(all.count("south", "stock_quantity", "5") == 24)
        #expect(all.count("north", "stock_quantity", "0") == 24, "it is not overwritten either")
        let hold = try await all.hold()
        #expect(hold.state == .open)
        #expect(hold.sentence.hasPrefix("north: 24 of 24 products would fall to no stock at once"))
        #expect(hold.items.count == 3 && hold.items.allSatisfy { $0.title.hasPrefix("Good G-") })

        #expect(try await all.hub.releaseHold(hold.id, by: AuditActor(.person, "ann")))
        try await all.settle(all.hub)

        #expect(all.count("south", "stock_quantity", "0") == 24)
        #expect(try await all.hub.guardReports().isEmpty)
        #expect(try await all.world.count(all.hub, "SELECT count(*) FROM guard_item WHERE decision <> 'passed'") == 0)
        #expect(try await !all.hub.releaseHold(hold.id), "once")
    }

    @Test func pricesTenTimesAsHighAreHeldAndDiscardedTheyAreGivenBack() async throws {
        let all = try await GuardWorld()
        all.set(["regular_price": "1000.00"], of: all.skus)

        try await all.read(all.north)
        let hold = try await all.hold()
        #expect(hold.sort == .repriced && hold.count == 24)
        #expect(all.count("south", "regular_price", "100.00") == 24)

        #expect(try await all.hub.discardHold(hold.id, by: AuditActor(.person, "ann")))
        try await all.settle(all.hub)

        #expect(all.count("south", "regular_price", "100.00") == 24)
        #expect(all.count("north", "regular_price", "100.00") == 24)
        #expect(try await all.hub.guardReports().isEmpty)
        let told = try await all.hub.explain(.product, "G-1", part: "price")
        #expect(told.parts.first?.history.contains { $0.rule == RuleName.discarded } ?? false)
        #expect(try await all.world.count(all.hub, "SELECT count(*) FROM guard_item WHERE decision <> 'passed'") == 0)
    }

    @Test func discardedStockIsGivenBack() async throws {
        let all = try await GuardWorld()
        all.set(["stock_quantity": 0], of: all.skus)
        try await all.read(all.north)

        #expect(try await all.hub.discardHold(all.hold().id))
        try await all.settle(all.hub)

        #expect(all.count("south", "stock_quantity", "5") == 24)
        #expect(all.count("north", "stock_quantity", "5") == 24)
    }

    @Test func whatElseChangedInTheSameReadingGoesOn() async throws {
        let all = try await GuardWorld()
        all.set(["stock_quantity": 0, "regular_price": "0", "name": "Renamed"], of: all.skus)

        try await all.read(all.north)

        #expect(all.count("south", "name", "Renamed") == 24)
        #expect(all.count("south", "stock_quantity", "5") == 24)
        #expect(all.count("south", "regular_price", "100.00") == 24)
        #expect(Set(try await all.hub.guardReports().map(\.sort)) == [.zeroed, .repriced])
    }

    @Test func aFewOfFewAreNoAlarm() async throws {
        let all = try await GuardWorld(goods: 10)
        all.set(["stock_quantity": 0, "regular_price": "10.00"], of: all.skus)

        try await all.read(all.north)

        #expect(all.count("south", "stock_quantity", "0") == 10)
        #expect(all.count("south", "regular_price", "10.00") == 10)
        #expect(try await all.hub.guardReports().isEmpty)
    }

    @Test func theShareAndTheMinimumAreTheIntegrationsOwn() async throws {
        let all = try await GuardWorld(goods: 4, terms: ["minimum=1", "share=50"])
        all.set(["stock_quantity": 0], of: all.skus.prefix(3))
        try await all.read(all.north)
        #expect(all.count("south", "stock_quantity", "5") == 4)

        var terms = GuardTerms()
        terms.sharePercent = 100
        try await all.hub.set(terms, of: all.north, by: AuditActor(.person, "ann"))
        all.set(["stock_quantity": 0], of: all.skus.suffix(1))
        try await all.read(all.north)
        #expect(all.count("south", "stock_quantity", "0") == 1, "what is held stays held")
    }

    @Test func goodsThatAreSoldOutOneByOneAreNothingToTheGuard() async throws {
        let all = try await GuardWorld()
        for sku in all.skus {
            _ = all.world.inShop("north") { shop, now in
                shop.placeOrder([.init(sku: sku, quantity: 5)], .init(email: "ann@example.com"), at: now)
            }
        }

        try await all.read(all.north)

        #expect(all.count("south", "stock_quantity", "0") == 24)
        #expect(try await all.hub.guardReports().isEmpty)
        #expect(try await all.world.count(all.hub, "SELECT count(*) FROM guard_item") == 0)
    }

    /// Fifteen of sixty: more than the minimum, less than the share. They wait until no more of it comes.
    @Test func aShareThatIsAllowedGoesThroughOnceItIsKnown() async throws {
        let all = try await GuardWorld(goods: 60)
        all.set(["regular_price": "10.00"], of: all.skus.prefix(15))
        all.world.pass(seconds: 61)
        _ = try await all.hub.pull(all.north)
        try await all.hub.drain()
        #expect(all.count("south", "regular_price", "100.00") == 60)
        #expect(try await all.hold().state == .gathering)

        try await all.settle(all.hub)

        #expect(all.count("south", "regular_price", "10.00") == 15)
        #expect(try await all.hub.guardReports().isEmpty)

        // They count: so soon after, four more are more than the share.
        all.set(["regular_price": "10.00"], of: all.skus.suffix(4))
        try await all.read(all.north)
        #expect(all.count("south", "regular_price", "10.00") == 15)
        #expect(try await all.hold().state == .open)

        // Hours later they would not be.
        #expect(try await all.hub.discardHold(all.hold().id))
        try await all.settle(all.hub)
        all.world.pass(seconds: 7_200)
        all.set(["regular_price": "10.00"], of: all.skus.suffix(4))
        try await all.read(all.north)
        #expect(all.count("south", "regular_price", "10.00") == 19)
    }

    @Test func whatShowsItsUsualValuesAgainIsHeldNoMore() async throws {
        let all = try await GuardWorld()
        all.set(["regular_price": "0.01", "stock_quantity": 0], of: all.skus)
        try await all.read(all.north)
        #expect(try await all.hub.guardReports().count == 2)

        all.set(["regular_price": "100.00", "stock_quantity": 4], of: all.skus)
        try await all.read(all.north)

        #expect(try await all.hub.guardReports().isEmpty)
        #expect(all.count("south", "stock_quantity", "4") == 24)
        #expect(all.count("south", "regular_price", "100.00") == 24)
        #expect(try await all.world.count(all.hub, "SELECT count(*) FROM guard_hold WHERE state = 'healed'") == 2)
    }

    @Test func aHubThatStartsAgainHoldsWhatWasHeld() async throws {
        let all = try await GuardWorld()
        all.set(["stock_quantity": 0], of: all.skus)
        try await all.read(all.north)
        let hold = try await all.hold()

        let again = try all.world.hub()
        try await all.read(all.north, by: again, isFull: true)
        #expect(all.count("south", "stock_quantity", "5") == 24)
        #expect(try await all.hold(again).id == hold.id)

        #expect(try await again.releaseHold(hold.id))
        let last = try all.world.hub()
        try await all.settle(last)
        #expect(all.count("south", "stock_quantity", "0") == 24)
    }

    @Test func aDyingHubNeverTellsMoreThanTheShareOn() async throws {
        for steps in stride(from: 1, through: 61, by: 6) {
            let all = try await GuardWorld()
            all.set(["stock_quantity": 0], of: all.skus)
            all.world.pass(seconds: 61)
            all.world.live(for: steps)
            _ = try? await all.hub.pull(all.north)
            try? await all.hub.drain()
            all.world.live(for: nil)

            let again = try all.world.hub()
            all.world.pass(seconds: 120)
            try await all.read(all.north, by: again)

            #expect(all.count("south", "stock_quantity", "5") == 24, "died after \(steps) steps")
            #expect(try await all.hold(again).count == 24)
        }
    }

    @Test func aPersonIsToldWhatHappenedAndWhatToDo() async throws {
        let all = try await GuardWorld()
        all.set(["regular_price": "0"], of: all.skus)
        try await all.read(all.north)

        let hold = try await all.hold()
        #expect(hold.sentence == "north: 24 of 24 products would change their price by 50% or more")
        #expect(hold.consequence.contains("none of it was taken or sent on"))
        #expect(hold.choices.contains { $0.hasPrefix("crossdock guard release \(hold.id)") })
        #expect(try await all.hub.guardReport(hold.id)?.items.count == 24)
        let health = try await all.hub.health()
        #expect(health.state == .degraded)
        #expect(health.json["guard"]?["holds"] == 1)
        #expect(try await all.hub.overview().guarded.count == 1)
        #expect(try await all.hub.explain(.product, "G-1").parts.contains { $0.sides.contains(where: \.isHeld) })
    }

    @Test func aPlanSaysWhatWouldBeHeld() async throws {
        let all = try await GuardWorld()
        all.set(["regular_price": "1000.00"], of: all.skus)
        all.world.pass(seconds: 61)

        let plan = try await all.hub.plan(all.north, kinds: [.product], direction: .take)

        #expect(plan.pulled.count == 24)
        #expect(plan.guarded.count == 1)
        #expect(plan.guarded.first?.hasPrefix("24 of 24 products (repriced) are more than the guard lets") ?? false)
        #expect(try await all.hub.guardReports().isEmpty, "nothing is done")
    }

    /// An ERP that is connected to a shop which is in step, and is to win: its first reading is looked at, too.
    @Test func aFirstReadingThatWouldRepriceEverythingIsHeld() async throws {
        let all = try await GuardWorld()
        all.world.openShop("east", products: 0, customers: 0, seed: 9)
        let skus = all.skus
        _ = all.world.inShop("east") { shop, now in
            for sku in skus {
                _ = shop.createProduct(
                    [
                        "name": .string("Good \(sku)"), "sku": .string(sku), "type": "simple", "status": "publish",
                        "regular_price": "0.10", "manage_stock": true, "stock_quantity": 5,
                    ], at: now)
            }
        }
        let east = try await all.hub.connect(
            "woocommerce", name: "east", config: World.shopSettings("east"),
            options: IntegrationOptions(policies: ["product.price": "remote"]))

        try await all.read(east)

        #expect(all.count("south", "regular_price", "100.00") == 24)
        #expect(all.count("east", "regular_price", "0.10") == 24)
        #expect(try await all.hold().sentence.hasPrefix("east: 24 of 24 products"))
    }

    @Test func whoDecidedIsInTheAudit() async throws {
        let all = try await GuardWorld()
        all.set(["regular_price": "0"], of: all.skus)
        try await all.read(all.north)
        let hold = try await all.hold()
        #expect(try await all.hub.releaseHold(hold.id, by: AuditActor(.person, "ann", origin: "command line")))
        var terms = GuardTerms()
        terms.minimum = 3
        try await all.hub.set(terms, of: all.north, by: AuditActor(.person, "bob"))

        let lines = try await all.hub.audit(AuditFilter(), limit: 20)
        let released = try #require(lines.first { $0.action == "guard.released" })
        #expect(released.actor.name == "ann" && released.subjectID == String(hold.id))
        #expect(released.after?["changes"] == 24)
        let set = try #require(lines.first { $0.action == "guard.set" })
        #expect(set.before?["minimum"] == 10 && set.after?["minimum"] == 3)
    }
}
