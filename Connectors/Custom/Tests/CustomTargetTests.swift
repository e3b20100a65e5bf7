import ConnectorKit
import TestKit
import Testing

@testable import Custom

@Suite("Custom writing")
struct CustomTargetTests {
    private func request(_ changes: Parts, _ kind: RecordKind = .product, id: String? = "17") -> WriteRequest {
        WriteRequest(kind: kind, reference: "o1/r9", externalID: id, changes: changes, record: changes, title: "Tea")
    }

    private var price: Parts {
        var parts = Parts()
        parts[ProductPart.price] = Price(regular: Money(minorUnits: 125_000, currency: .lkr), currency: .lkr)
        parts[ProductPart.stock] = StockLevel(isTracked: true, quantity: ExactDecimal(40))
        return parts
    }

    private func write(_ request: WriteRequest, _ shop: ToldShop) async throws -> WriteResult? {
        try await Bench.writing(shop).targets[request.kind]?.write([request]).first
    }

    @Test func whatDiffersIsToldInTheWordsOfItsOwnCalls() async throws {
        let shop = ToldShop()

        let result = try await write(request(price), shop)

        #expect(result == .written(Written(externalID: "17")))
        let told = try #require(shop.told.first)
        #expect(told["eventType"] == "product.updated")
        #expect(told["data"]?["productId"] == "17" && told["data"]?["price"] == "1250.00")
        #expect(told["data"]?["stock"] == 40 && told["data"]?["currency"] == "LKR")
        #expect(told["data"]?["name"] == nil)
    }

    @Test func aCallIsSignedAndProvedByWhoeverKnowsTheSecret() async throws {
        let shop = ToldShop()
        _ = try await write(request(price), shop)
        let call = try #require(shop.calls.withLock { $0.first })

        let time = try #require(call.headers[OwnScheme.timeHeader].flatMap(OwnScheme.moment))

        let scheme = OwnScheme(secret: Secret(Bench.secret))
        #expect(scheme.problem(with: WebhookCall(headers: call.headers, body: call.body), now: time) == nil)
        #expect(call.address.text == "https://shop.example/hub" && call.method == "POST")
    }

    /// The hub's own call, sent back to it, says nothing.
    @Test func aCallOfTheHubsOwnIsNotTakenForOneOfTheShop() async throws {
        let shop = ToldShop()
        _ = try await write(request(price), shop)

        guard case .rejected = try Bench.read(try #require(shop.told.first)) else {
            Issue.record("it was taken")
            return
        }
    }

    @Test func theSameThingToldTwiceIsOneEvent() async throws {
        let shop = ToldShop(["productId": "17"])
        for _ in 0..<2 { _ = try await write(request(price, id: nil), shop) }

        #expect(shop.told.count == 2 && Set(shop.told.map { $0["eventId"]?.text }).count == 1)
        #expect(shop.told[0]["eventType"] == "product.created" && shop.told[0]["data"]?["reference"] == "o1/r9")
    }

    @Test func whatTheShopMakesOfItIsSeen() async throws {
        let shop = ToldShop(["data": ["productId": "18", "price": "1249.00", "currency": "LKR"]])

        guard case .written(let written)? = try await write(request(price, id: nil), shop) else {
            Issue.record("not written")
            return
        }
        #expect(written.externalID == "18")
        #expect(written.answer?.parts[ProductPart.price]?.regular?.amount == "1249.00")
    }

    @Test func aShopThatDoesNotSayWhatItMadeMayHaveMadeIt() async throws {
        let results = await #expect(throws: ConnectorFailure.self) {
            _ = try await write(request(price, id: nil), ToldShop(["ok": true]))
        }

        #expect(results?.mayHaveHappened == true)
    }

    @Test func nothingToAddIsAnAnswer() async throws {
        #expect(try await write(request(price), ToldShop(status: 204)) == .written(Written(externalID: "17")))
    }

    @Test(arguments: [RecordKind.product, .category, .customer, .order])
    func troubleWhileWritingBecomesTheRightFailure(kind: RecordKind) async {
        let suite = ConnectorConformance { try Bench.writing($0) }
        var changes = Parts()
        switch kind {
        case .category: changes[CategoryPart.name] = "Teas"
        case .customer: changes[CustomerPart.email] = "ann@example.com"
        case .order: changes[OrderPart.state] = .completed
        default: changes = price
        }

        #expect(await suite.troubleWhileWritingBecomesTheRightFailure(request(changes, kind)) == [])
    }

    @Test(arguments: [
        (400, ConnectorFailure.refused(code: "400", detail: "status 400: no such field")),
        (410, .gone(detail: "status 410: no such field")),
        (302, .refused(code: "moved", detail: "\"url\" leads elsewhere (status 302); nothing was followed")),
    ])
    func anAnswerBecomesAFailureTheHubUnderstands(status: Int, expected: ConnectorFailure) async throws {
        let failure = await #expect(throws: ConnectorFailure.self) {
            _ = try await write(request(price), ToldShop(status: status, ["error": "no such field"]))
        }

        #expect(failure == expected)
    }

    @Test func theSecretIsInNoFailure() async throws {
        let failure = await #expect(throws: ConnectorFailure.self) {
            _ = try await write(request(price), ToldShop(status: 400, ["error": .string("bad \(Bench.secret)")]))
        }

        #expect(failure?.sentence.contains(Bench.secret) == false)
    }

    @Test func anOrderIsMovedAlongAndNeverMade() async throws {
        var changes = Parts()
        changes[OrderPart.state] = .completed
        let shop = ToldShop()

        #expect(try await write(request(changes, .order, id: "901"), shop) == .written(Written(externalID: "901")))
        #expect(shop.told[0]["data"]?["status"] == "completed" && shop.told[0]["data"]?["orderId"] == "901")
        guard case .held? = try await write(request(changes, .order, id: nil), shop) else {
            Issue.record("an order was made")
            return
        }
    }

    @Test func theCheckTriesTheWayWhereThereIsOne() async throws {
        let shop = ToldShop()

        #expect(try await Bench.writing(shop).check.check() == "shop.example takes the hub's calls")
        #expect(shop.told[0]["eventType"] == "test")
        #expect(try await Bench.connector(shop).check.check().contains("nothing to reach"))
    }

    /// Every part that is given comes back as it was sent.
    @Test func aRecordComesBackAsItWasSent() async throws {
        let shop = ToldShop()
        let given = try #require(try Bench.drafts(Bench.fixture("product-created-whole")).first).parts
        _ = try await write(request(given), shop)
        var data = try #require(shop.told[0]["data"]?.object)
        data["sentBy"] = nil

        let back = try #require(try Bench.drafts(Bench.event("product.updated", .object(data))).first).parts

        #expect(back == given)
    }
}
