import ConnectorKit
import Custom
import Identity
import Intake
import Ledger
import Pipeline
import Testing

@Suite("A shop that only tells")
struct OwnShopTests {
    private func linked(_ own: OwnWorld, stock: Int? = nil) async throws {
        var data: [String: JSON] = ["productId": "P-1", "sku": .string(own.sku)]
        data["stock"] = stock.map { .integer($0) }
        await own.tell("product.updated", .object(data))
        try await own.catchUp()
    }

    private func delivery(_ own: OwnWorld) async throws -> String? {
        try await own.hub.deliveries().first?.report.detail
    }

    @Test func aSyncOfWhatIsNeitherReadNorWrittenToIsRefusedAndLeavesNothing() async throws {
        let silent = try await OwnWorld(writes: false)
        let told = try await OwnWorld()

        let refusal = await #expect(throws: IntegrationRefusal.self) {
            try await silent.hub.sync(silent.own.publicID, SyncWish([:]), by: .hub)
        }

        #expect("\(String(describing: refusal))".contains("it tells the hub itself"))
        #expect(try await silent.hub.batches().isEmpty)
        #expect(try await silent.hub.overview().integrations.filter(\.onlyTells).map(\.name) == ["own"])
        // What waits to be told to it is brought there.
        #expect(try await told.hub.sync(told.own.publicID, SyncWish([:]), by: .hub) != nil)
    }

    @Test func whatItTellsReachesTheOtherShopFieldByField() async throws {
        let own = try await OwnWorld()
        let name = own.inNorth["name"]
        try await linked(own)
        own.world.pass(seconds: 5)

        await own.tell("product.updated", ["productId": "P-1", "price": "777.00"])
        try await own.catchUp()

        #expect(own.inNorth["regular_price"] == "777.00")
        #expect(own.inNorth["name"] == name)
    }

    @Test func whatChangesElsewhereIsToldItBySignedCalls() async throws {
        let own = try await OwnWorld()
        try await linked(own)

        _ = own.world.inShop("north") { shop, now in shop.editPrice(sku: own.sku, to: "888.00", at: now) }
        try await own.catchUp()

        #expect(own.shop.shown("P-1")["price"] == "888.00")
        #expect(own.shop.calls.allSatisfy { $0["eventType"] == "product.updated" })
    }

    /// Nothing is made in a shop of which nobody knows what it has already.
    @Test func nothingIsMadeThereUnlessItIsSaid() async throws {
        let own = try await OwnWorld()
        try await own.catchUp()
        #expect(own.shop.calls.isEmpty)

        let making = try await OwnWorld(["creates": "byReference"])
        try await making.catchUp()
        #expect(making.shop.state.withLock { $0.goods.count } == 3)
    }

    @Test func aLostAnswerToACreateMakesNoSecondThing() async throws {
        let own = try await OwnWorld(["creates": "byReference"])
        own.shop.state.withLock { $0.lost = 2 }
        for _ in 0..<3 {
            try await own.catchUp()
            own.world.pass(seconds: 600)
        }

        #expect(own.shop.state.withLock { $0.goods.count } == 3)
        #expect(try await own.world.count(own.hub, "SELECT count(*) FROM record WHERE kind = 'product'") == 3)
    }

    @Test func aCallThatWasLateBringsBackNothingThatWasToldSince() async throws {
        let own = try await OwnWorld()
        try await linked(own)
        let first = own.world.now
        own.world.pass(seconds: 5)
        let second = own.world.now

        await own.tell("product.updated", ["productId": "P-1", "price": "500.00"], at: second)
        try await own.catchUp()
        // Late: its price is older than what is known, its description is news.
        await own.tell(
            "product.updated", ["productId": "P-1", "price": "400.00", "description": "Grown high."], at: first)
        try await own.catchUp()

        #expect(own.inNorth["regular_price"] == "500.00")
        #expect(own.inNorth["description"]?.string?.contains("Grown high.") == true)
    }

    @Test func aCallThatMeetsAWriteOnItsWayIsNotLost() async throws {
        let own = try await OwnWorld()
        try await linked(own)
        own.shop.state.withLock { $0.lost = 1 }
        _ = own.world.inShop("north") { shop, now in shop.editPrice(sku: own.sku, to: "888.00", at: now) }
        _ = try await own.hub.pull(own.north)
        try await own.hub.drain()

        // The answer to our write was lost: nobody knows yet what the shop shows.
        await own.tell("product.updated", ["productId": "P-1", "name": "Tea of the house"])
        for _ in 0..<3 {
            try await own.catchUp()
            own.world.pass(seconds: 120)
        }

        #expect(own.inNorth["name"] == "Tea of the house")
        #expect(own.shop.shown("P-1")["price"] == "888.00")
    }

    @Test func aRepeatIsDroppedAndARestartLosesNothing() async throws {
        let own = try await OwnWorld()
        try await linked(own)
        let call = own.call("product.updated", ["productId": "P-1", "price": "600.00"])
        guard case .stored(let id) = await own.hub.receive(call, for: own.own) else {
            Issue.record("not stored")
            return
        }
        #expect(await own.hub.receive(call, for: own.own) == .repeated(id))

        let again = try own.world.hub(connectors: [Custom.self])
        try await own.world.settle(again, rounds: 6)

        #expect(own.inNorth["regular_price"] == "600.00")
    }

    @Test func whatCanNeverBeUsedIsToldAtOnceAndNotStored() async throws {
        let own = try await OwnWorld()
        let before = try await own.hub.deliveries().count

        for (type, data) in [
            ("product.exploded", ["productId": "1"]), ("product.updated", ["productId": "1", "price": "x"]),
        ]
            as [(String, JSON)]
        {
            guard case .unusable(let reason) = await own.tell(type, data) else {
                Issue.record("\(type) was taken")
                continue
            }
            #expect(!reason.isEmpty)
        }
        let broken = OwnScheme(secret: Secret(OwnWorld.secret)).sign(Array("{".utf8), at: own.world.now)
        guard case .unusable = await own.hub.receive(broken, for: own.own) else {
            Issue.record("broken JSON was taken")
            return
        }
        #expect(try await own.hub.deliveries().count == before)
    }

    @Test func aProductMetByAFieldAloneWaitsUntilItIsToldWhole() async throws {
        let own = try await OwnWorld()
        guard case .stored(let id) = await own.tell("inventory.changed", ["productId": "P-9", "stock": 4]) else {
            Issue.record("not stored")
            return
        }
        try await own.catchUp()
        #expect(try await own.hub.overview().rejections.map(\.externalID) == ["P-9"])
        let refused = try #require(try await own.hub.deliveries().first?.report)
        #expect(refused.state == .rejected && refused.detail?.contains("does not say its name") ?? false)

        await own.tell("product.created", ["productId": "P-9", "sku": "NEW-9", "name": "New tea", "price": "9.00"])
        try await own.catchUp()
        _ = try await own.hub.replay(deliveries: [id], by: .hub)
        try await own.catchUp()

        let made = own.world.ask("north", "/products", [.init("sku", "NEW-9")])[0]
        #expect(made?["name"] == "New tea" && made?["stock_quantity"] == 4)
        #expect(try await own.hub.deliveries().allSatisfy { $0.report.state == .understood })
        #expect(try await own.hub.overview().rejections.isEmpty)
    }

    @Test func whatItSaysIsGoneIsUnlinkedThereAndStaysElsewhere() async throws {
        let own = try await OwnWorld()
        try await linked(own)

        await own.tell("product.deleted", ["productId": "P-1"])
        try await own.catchUp()

        let active = "SELECT count(*) FROM link WHERE external_id = 'P-1' AND is_active = 1"
        #expect(try await own.world.count(own.hub, active) == 0)
        #expect(own.inNorth["sku"] == .string(own.sku))
    }

    // MARK: Stock

    @Test func aSaleThatItTellsOfByItsStockLowersTheOthersStockOnce() async throws {
        let own = try await OwnWorld()
        let before = try #require(own.inNorth["stock_quantity"]?.integer)
        try await linked(own, stock: before)

        await own.tell("inventory.changed", ["productId": "P-1", "stock": .integer(before - 3)])
        try await own.catchUp()
        await own.tell("inventory.changed", ["productId": "P-1", "stock": .integer(before - 3)])
        try await own.catchUp()

        #expect(own.inNorth["stock_quantity"]?.integer == before - 3)
    }

    @Test func aSaleElsewhereIsToldIt() async throws {
        let own = try await OwnWorld()
        let before = try #require(own.inNorth["stock_quantity"]?.integer)
        try await linked(own, stock: before)

        _ = own.world.inShop("north") { shop, now in
            shop.placeOrder([.init(sku: own.sku, quantity: 2)], .init(email: "ann@example.com"), at: now)
        }
        try await own.catchUp()
        try await own.catchUp()

        #expect(own.shop.shown("P-1")["stock"]?.integer == before - 2)
    }

    private func order(_ id: String, _ quantity: Int) -> JSON {
        [
            "orderId": .string(id), "placedAt": "2026-03-02T09:00:00Z", "status": "processing",
            "lines": [
                ["lineId": "1", "productId": "P-1", "quantity": .integer(quantity), "price": "10.00", "total": "20.00"]
            ], "total": "20.00",
        ]
    }

    @Test func whereOrdersCountTheyMoveStockOnceHoweverOftenTheyAreTold() async throws {
        let own = try await OwnWorld(["stockFrom": "orders"])
        let before = try #require(own.inNorth["stock_quantity"]?.integer)
        try await linked(own)

        for _ in 0..<2 {
            await own.tell("order.created", order("901", 2))
            try await own.catchUp()
        }
        #expect(own.inNorth["stock_quantity"]?.integer == before - 2)

        await own.tell("order.cancelled", ["orderId": "901"])
        try await own.catchUp()
        #expect(own.inNorth["stock_quantity"]?.integer == before)
    }

    @Test func whereCallsCountItsOrdersMoveNothing() async throws {
        let own = try await OwnWorld()
        let before = try #require(own.inNorth["stock_quantity"]?.integer)
        try await linked(own, stock: before)

        await own.tell("order.created", order("901", 2))
        try await own.catchUp()

        #expect(own.inNorth["stock_quantity"]?.integer == before)
        #expect(try await own.world.count(own.hub, "SELECT count(*) FROM record WHERE kind = 'order'") == 1)
    }

    // MARK: A key in place of a signature

    private func bearing(_ key: String?, _ own: OwnWorld, header: String = "X-API-Key") async -> Hub.Reception {
        var call = own.call("product.updated", ["productId": "P-1", "sku": .string(own.sku), "price": "650.00"])
        call.headers[OwnScheme.signatureHeader] = nil
        call.headers[header] = key
        return await own.hub.receive(call, for: own.own)
    }

    @Test func aKeyThatMayHandInCallsStandsInForASignatureWhereTheSettingSaysSo() async throws {
        let own = try await OwnWorld(["acceptAPIKey": true])
        try await linked(own)
        let key = try await own.hub.makeAPIKey("shop", permissions: [.tell], by: .hub).secret

        guard case .stored(let id) = await bearing(key, own) else {
            Issue.record("not taken")
            return
        }
        guard case .repeated = await bearing("Bearer \(key)", own, header: "Authorization") else {
            Issue.record("the same call with the key elsewhere is no repeat")
            return
        }
        try await own.catchUp()
        #expect(own.inNorth["regular_price"] == "650.00")
        #expect(try await own.hub.delivery(id)?.json.text.contains(key) == false)
    }

    /// A price that goes up and down again is told by the same body twice.
    @Test func withoutAnIdAndATimeNoCallIsTakenForARepeat() async throws {
        let own = try await OwnWorld(["acceptAPIKey": true])
        try await linked(own)
        let key = try await own.hub.makeAPIKey("shop", permissions: [.tell], by: .hub).secret

        for price in ["5.00", "6.00", "5.00"] {
            let body: JSON = ["eventType": "price.changed", "data": ["productId": "P-1", "price": .string(price)]]
            let call = WebhookCall(headers: ["X-API-Key": key], body: body.bytes)
            guard case .stored = await own.hub.receive(call, for: own.own) else {
                Issue.record("\(price) was not stored")
                return
            }
            try await own.catchUp()
            #expect(own.inNorth["regular_price"] == .string(price))
        }
    }

    @Test func noOtherKeyStandsInForASignature() async throws {
        let own = try await OwnWorld(["acceptAPIKey": true])
        let seeing = try await own.hub.makeAPIKey("eyes", permissions: [.see, .configure], by: .hub).secret
        let brief = try await own.hub.makeAPIKey(
            "brief", permissions: [.tell], expires: own.world.now.adding(seconds: 60), by: .hub
        ).secret
        let taken = try await own.hub.makeAPIKey("taken", permissions: [.tell], by: .hub)
        try await own.hub.revokeAPIKey(taken.key.id, by: .hub)
        own.world.pass(seconds: 61)

        for key in [seeing, brief, taken.secret, String(seeing.dropLast()) + "A", "", nil] {
            #expect(await bearing(key, own) == .forged)
        }
        // The hub's own mark, given from outside, proves nothing.
        #expect(await bearing(OwnCalls.keyMark, own, header: OwnCalls.markHeader) == .forged)
        let shut = try await OwnWorld()
        let good = try await shut.hub.makeAPIKey("shop", permissions: [.tell], by: .hub).secret
        #expect(await bearing(good, shut) == .forged)
    }
}
