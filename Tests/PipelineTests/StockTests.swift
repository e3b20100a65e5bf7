import ConnectorKit
import Ledger
import Pipeline
import Queue
import Reconcile
import Sandbox
import Store
import Testing

@Suite("Stock through one hub")
struct StockTests {
    /// A way in which the hub hears of a sale.
    private enum Report: CaseIterable {
        case ordersRead, productsRead, orderEvent, productEvent
    }

    private func hear(_ report: Report, _ place: StockWorld, _ events: [OutgoingWebhook]) async throws {
        switch report {
        case .ordersRead: _ = try await place.hub.pull(place.north, .order)
        case .productsRead: _ = try await place.hub.pull(place.north, .product, isFull: true)
        case .orderEvent, .productEvent:
            let word = report == .orderEvent ? "order." : "product."
            for event in events where event.headers["x-wc-webhook-topic"]?.hasPrefix(word) ?? false {
                let call = WebhookCall(headers: event.headers, body: event.body)
                _ = await place.hub.receive(call, at: place.north.publicID)
            }
        }
        try await place.hub.drain()
        place.world.pass(seconds: 2)
    }

    private static func permutations<Element>(_ reports: [Element]) -> [[Element]] {
        guard let first = reports.first else { return [[]] }
        return permutations(Array(reports.dropFirst())).flatMap { rest in
            (0...rest.count).map { place in
                var all = rest
                all.insert(first, at: place)
                return all
            }
        }
    }

    @Test func everyReportOfASaleInAnyOrderLowersStockExactlyOnce() async throws {
        // All orders of all reports, each once; and each way of hearing of it by one report alone, twice.
        let orders = Self.permutations(Report.allCases) + Report.allCases.map { [$0, $0] }
        let place = try await StockWorld(stock: 500)
        try await place.hub.ensureWebhooks(place.north)
        for (sales, reports) in orders.enumerated() {
            place.sell(3, in: "north")
            place.world.pass(seconds: 3)
            let events = place.world.inShop("north") { shop, now in shop.runQueue(at: now) } ?? []

            for report in reports { try await hear(report, place, events) }
            try await place.catchUp(rounds: 1)

            let left = 500 - 3 * (sales + 1)
            let stock = try await place.stock()
            #expect(stock.sellable == ExactDecimal(left), "\(reports)")
            #expect(stock.moved == stock.sellable, "\(reports)")
            #expect(stock.movements.filter { $0.kind == "sale" }.count == sales + 1, "\(reports)")
            #expect(place.shown("north") == left && place.shown("south") == left, "\(reports)")
            #expect(stock.channels.allSatisfy { $0.pending == .zero && $0.waits == nil }, "\(reports)")
        }
    }

    @Test(arguments: [true, false])
    func everyReportOfASaleAndOfItsReturnInAnyOrderCountsBothOnce(isRefund: Bool) async throws {
        let place = try await StockWorld(stock: 500)
        try await place.hub.ensureWebhooks(place.north)
        func sent() -> [OutgoingWebhook] {
            place.world.pass(seconds: 3)
            return place.world.inShop("north") { shop, now in shop.runQueue(at: now) } ?? []
        }
        // What is heard of the sale, and what of its return, by the order and by the product.
        for order in Self.permutations([0, 1, 2, 3]) {
            let id = place.sell(3, in: "north")
            let sale = sent()
            _ = place.world.inShop("north") { shop, now in
                isRefund ? shop.refund(order: id, at: now) != nil : shop.cancel(order: id, at: now)
            }
            let back = sent()
            #expect(!sale.isEmpty && !back.isEmpty)

            for report in order + order.prefix(1) {
                try await hear(
                    report.isMultiple(of: 2) ? .orderEvent : .productEvent, place, report < 2 ? sale : back)
            }
            try await place.catchUp(rounds: 1)

            let stock = try await place.stock()
            #expect(stock.sellable == ExactDecimal(500) && stock.moved == ExactDecimal(500), "\(order)")
            #expect(place.shown("north") == 500 && place.shown("south") == 500, "\(order)")
            #expect(stock.channels.allSatisfy { $0.pending == .zero && $0.waits == nil }, "\(order)")
            #expect(stock.movements.allSatisfy { $0.kind != "count" }, "\(order)")
        }
    }

    @Test func aCancelledAndARefundedOrderComeBackOnce() async throws {
        let place = try await StockWorld()
        let first = place.sell(3, in: "north")
        let second = place.sell(2, in: "south")
        try await place.catchUp(rounds: 1)
        #expect(try await place.stock().sellable == ExactDecimal(45))
        #expect(try await place.stock().reserved == ExactDecimal(5))

        _ = place.world.inShop("north") { shop, now in shop.cancel(order: first, at: now) }
        _ = place.world.inShop("south") { shop, now in shop.refund(order: second, at: now) }
        try await place.catchUp(rounds: 2)

        let stock = try await place.stock()
        #expect(stock.sellable == ExactDecimal(50) && stock.moved == ExactDecimal(50))
        #expect(place.shown("north") == 50 && place.shown("south") == 50)
        #expect(
            try await place.movements([]).filter { !$0.hasPrefix("first") && !$0.hasPrefix("before") }.count == 4)
    }

    @Test func aCountOfTheStaffIsAnAdjustmentBesideTheSales() async throws {
        let place = try await StockWorld()
        place.sell(3, in: "north")
        let sku = place.sku
        // The staff found ten more, right after the sale.
        _ = place.world.inShop("north") { shop, now in shop.setStock(sku: sku, to: 57, at: now) }
        place.sell(1, in: "south")
        try await place.catchUp()

        let stock = try await place.stock()
        #expect(stock.sellable == ExactDecimal(56) && stock.moved == ExactDecimal(56))
        #expect(try await place.movements(["sale", "count"]) == ["count 10", "sale -1", "sale -3"])
        #expect(place.shown("north") == 56 && place.shown("south") == 56)
    }

    @Test func aSaleThatFellBetweenOurReadAndOurWriteIsNotLost() async throws {
        let place = try await StockWorld()
        place.sell(3, in: "north")
        let sku = place.sku
        place.world.beforeWrite.withLock { interlude in
            interlude = { world, shop in
                _ = world.inShop(shop) { shop, now in
                    shop.placeOrder([.init(sku: sku, quantity: 4)], .init(email: "bob@example.com"), at: now)
                }
            }
        }
        try await place.catchUp()

        let stock = try await place.stock()
        #expect(place.world.beforeWrite.withLock { $0 == nil })
        #expect(stock.sellable == ExactDecimal(43) && stock.moved == ExactDecimal(43))
        #expect(try await place.movements(["sale", "count"]) == ["sale -3", "sale -4"])
        #expect(place.shown("north") == 43 && place.shown("south") == 43)
    }

    @Test(arguments: [true, false])
    func aWriteWhoseAnswerIsLostIsToldApartFromASaleAfterIt(hasHappened: Bool) async throws {
        let place = try await StockWorld()
        place.sell(3, in: "north")
        _ = try await place.hub.pull(place.north)
        _ = place.world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(rules: [
                FaultRule(
                    hasHappened ? .timeoutAfter(seconds: 40) : .timeoutBefore(seconds: 40), method: "POST", times: 1)
            ])
        }
        try await place.hub.drain()
        place.sell(2, in: "south")
        place.world.pass(seconds: 100)
        try await place.catchUp()

        let stock = try await place.stock()
        #expect(stock.sellable == ExactDecimal(45) && stock.moved == ExactDecimal(45))
        #expect(try await place.movements(["sale", "count"]) == ["sale -2", "sale -3"])
        #expect(place.shown("north") == 45 && place.shown("south") == 45)
    }

    @Test func aNumberThatNeverArrivedIsToldAgainThoughTheShopShowsWhatItAlwaysDid() async throws {
        let place = try await StockWorld()
        place.sell(3, in: "north")
        _ = try await place.hub.pull(place.north)
        _ = place.world.inShop("south") { shop, _ in
            shop.faults = FaultPlan(rules: [FaultRule(.timeoutBefore(seconds: 40), method: "POST", times: 1)])
        }
        try await place.hub.drain()
        place.world.pass(seconds: 100)

        // The whole shop is read before the task is tried again: nothing there looks changed.
        _ = try await place.hub.pull(place.south, .product, isFull: true)
        try await place.catchUp()

        #expect(place.shown("north") == 47 && place.shown("south") == 47)
        let stock = try await place.stock()
        #expect(stock.sellable == ExactDecimal(47) && stock.moved == ExactDecimal(47))
        #expect(stock.channels.allSatisfy { $0.pending == .zero && $0.waits == nil })
    }

    @Test func aBufferIsKeptBackAndAllottedStockIsNeverOfferedTwice() async throws {
        var buffered = OfferTerms()
        try buffered.set("buffer", to: "5")
        let shared = try await StockWorld(terms: ["*": buffered])
        #expect(shared.shown("north") == 45 && shared.shown("south") == 45)
        #expect(try await shared.stock().sellable == ExactDecimal(50))

        var allotted = OfferTerms()
        try allotted.set("mode", to: "allotted")
        let place = try await StockWorld(terms: ["*": allotted])
        try await place.catchUp(rounds: 1)
        #expect(place.shown("north") == 25 && place.shown("south") == 25)
        place.sell(25, in: "north")
        try await place.catchUp()
        let stock = try await place.stock()
        #expect(stock.sellable == ExactDecimal(25) && stock.exposure == .zero)
        #expect((place.shown("north") ?? 0) + (place.shown("south") ?? 0) == 25)
        #expect((place.shown("north") ?? 0) > 0)
    }

    @Test func whatAnOrderSoldBeforeItsProductWasKnownIsInItsFirstCount() async throws {
        let place = try await StockWorld()
        let id = place.world.inShop("north") { shop, now in
            shop.createProduct(
                ["sku": "NEW-1", "name": "New", "manage_stock": true, "stock_quantity": 9, "regular_price": "5"],
                at: now)
        }
        #expect(id != nil)
        _ = place.world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: "NEW-1", quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        place.world.pass(seconds: 5)
        _ = try await place.hub.pull(place.north, .order)
        #expect(try await place.world.count(place.hub, "SELECT count(*) FROM movement WHERE record_id = 0") == 1)
        try await place.catchUp()

        let stock = try await place.hub.explainStock("NEW-1")
        #expect(stock.sellable == ExactDecimal(7) && stock.moved == ExactDecimal(7))
        #expect(stock.movements.map(\.kind).sorted() == ["before first count", "first count", "sale"])
        #expect(try await place.world.count(place.hub, "SELECT count(*) FROM movement WHERE record_id = 0") == 0)
    }

    /// Of a good the hub does not know two pieces are sold, then come back: before its first count, or after it.
    @Test(arguments: [true, false], [true, false])
    func whatCameBackBeforeAFirstCountIsNotOfferedOnTop(isBefore: Bool, isRefund: Bool) async throws {
        let place = try await StockWorld()
        _ = place.world.inShop("north") { shop, now in
            shop.createProduct(
                ["sku": "NEW-1", "name": "New", "manage_stock": true, "stock_quantity": 9, "regular_price": "5"],
                at: now)
        }
        let order = place.world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: "NEW-1", quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        let id = try #require(order.flatMap { $0 })
        place.world.pass(seconds: 5)
        _ = try await place.hub.pull(place.north, .order)
        func comeBack() {
            place.world.pass(seconds: 5)
            _ = place.world.inShop("north") { shop, now in
                isRefund ? shop.refund(order: id, at: now) != nil : shop.cancel(order: id, at: now)
            }
            place.world.pass(seconds: 5)
        }
        if isBefore { comeBack() }
        _ = try await place.hub.pull(place.north, .product)
        if !isBefore { comeBack() }

        // The order is read before the good is looked at again.
        _ = try await place.hub.pull(place.north, .order)
        let known = try await place.hub.explainStock("NEW-1").sellable ?? .zero
        #expect(known <= ExactDecimal(9))
        try await place.catchUp()

        let stock = try await place.hub.explainStock("NEW-1")
        #expect(stock.sellable == ExactDecimal(9) && stock.moved == ExactDecimal(9))
        #expect(stock.channels.allSatisfy { $0.pending == .zero && $0.waits == nil })
        if isBefore { #expect(!stock.movements.contains { $0.kind == "count" }) }
    }

    @Test func whatLooksLeftPossibleIsKeptBetweenTwoSteps() async throws {
        let place = try await StockWorld()
        let (record, integration) = (try await place.stock().record, place.south.id)
        var side = StockSide()
        side.plan(StockWrite(quantity: ExactDecimal(7), from: ExactDecimal(9), number: 3))
        side.doubts = [ExactDecimal(-2), .zero, try ExactDecimal(parsing: "0.5")]
        side.closedAt = 4
        side.openedAt = 2
        side.doubtedSince = World.start
        side.waited = WaitingLook(quantity: ExactDecimal(8), askedAt: 5, number: 6)

        let saved = side
        let kept = try await place.hub.store.write { session in
            let ledger = LedgerTable(session, organization: 1)
            try ledger.save([record: saved], of: integration)
            return try ledger.sides(ofRecords: [record], in: integration)
        }

        #expect(kept == [record: [integration: saved]])
    }

    /// Seen by rehearsal 1160: a count that several looks could not explain was dated after the last of them, and news
    /// of it seemed to have taken seconds where it had taken half an hour.
    @Test func whatIsTakenAsACountMayHaveHappenedSinceTheLastLookThatShowedItNot() async throws {
        let place = try await StockWorld()
        try await place.catchUp()
        let before = place.world.now
        let rule = FaultRule(.status(503, retryAfterSeconds: nil), method: "GET", prefix: "/wp-json/wc/v3/orders")
        let sku = place.sku
        _ = place.world.inShop("north") { shop, now in
            shop.setStock(sku: sku, to: 30, at: now)
            shop.faults = FaultPlan(rules: [rule])
        }
        for _ in 0..<3 {
            place.world.pass(seconds: 61)
            _ = try await place.hub.pull(place.north, .product)
        }
        #expect(try await place.stock().sellable == ExactDecimal(50))
        _ = place.world.inShop("north") { shop, _ in shop.faults = FaultPlan(rules: []) }
        try await place.catchUp()

        #expect(try await place.stock().sellable == ExactDecimal(30))
        let happened = try await place.world.count(
            place.hub, "SELECT max(happened_at) FROM movement WHERE kind = 'count'")
        #expect(happened <= Int(before.milliseconds))
    }

    /// Seen by rehearsal 1173 with an audience: a look was asked for before the orders were read for the first time,
    /// and told nothing. The one that was to follow was taken for answered, and nobody looked again.
    @Test func aLookThatToldNothingIsFollowedByAnother() async throws {
        let place = try await StockWorld()
        try await place.catchUp()
        let (record, shop) = (try await place.stock().record, place.north.id)
        let product = place.world.ask("north", "/products", [.init("sku", place.sku)])[0]?["id"]?.integer
        let key = try #require(product)
        let (now, block) = (place.world.now, try await IDPool(place.hub.store).draw(1))
        try await place.hub.store.write { session in
            var ids = block
            let ledger = LedgerTable(session, organization: 1)
            var side = try ledger.sides(ofRecords: [record], in: shop)[record]?[shop] ?? StockSide()
            side.doubtedSince = World.start
            try ledger.save([record: side], of: shop)
            let look = NewJob(
                .fetch, integration: shop, kind: .product, key: String(key), runAt: now, payload: ["stock": true])
            try JobTable(session, organization: 1).add([look], ids: &ids, now: now)
        }
        try await place.world.damage(place.hub, "UPDATE link SET digest = NULL")
        let doubted = "SELECT count(*) FROM stock_side WHERE doubted_since IS NOT NULL"
        #expect(try await place.world.count(place.hub, doubted) == 1)

        try await place.world.settle(place.hub, rounds: 2)

        #expect(try await place.world.count(place.hub, doubted) == 0)
        #expect(try await place.stock().sellable == ExactDecimal(50))
    }
}
