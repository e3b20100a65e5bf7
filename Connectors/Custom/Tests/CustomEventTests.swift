import ConnectorKit
import TestKit
import Testing

@testable import Custom

@Suite("Custom events")
struct CustomEventTests {
    // 1. What is understood.
    @Test func theEventOfTheDocumentIsTakenFieldByField() throws {
        let draft = try #require(try Bench.drafts(Bench.fixture("product-updated"), ["currency": "USD"]).first)

        #expect(draft.kind == .product && draft.externalID == "PROD-123" && draft.naturalKey == "SKU-123")
        #expect(draft.parts[ProductPart.price]?.regular == Money(minorUnits: 2999, currency: try Currency("USD")))
        #expect(draft.parts[ProductPart.stock] == StockLevel(isTracked: true, quantity: ExactDecimal(100)))
        #expect(Set(draft.parts.values.keys) == ["sku", "price", "stock"])
    }

    @Test func aWholeProductIsUnderstood() throws {
        let draft = try #require(try Bench.drafts(Bench.fixture("product-created-whole")).first)

        #expect(draft.externalID == "17" && draft.title == "Ceylon tea, 250 g")
        #expect(draft.parts[ProductPart.price]?.sale == Money(minorUnits: 110_000, currency: .lkr))
        #expect(draft.parts[ProductPart.weight]?.unit == "kg")
        #expect(draft.parts[ProductPart.categories] == [.external(.category, "4"), .external(.category, "9")])
    }

    @Test func aVariantWithoutACountIsNotCounted() throws {
        let draft = try #require(try Bench.drafts(Bench.fixture("variant-updated")).first)

        #expect(draft.parts[VariantPart.stock] == StockLevel(isTracked: false, quantity: nil))
        #expect(draft.parts[VariantPart.options] == [OptionValue(name: "Size", value: "L")])
        #expect(draft.parts[VariantPart.product] == .external(.product, "17"))
    }

    @Test func anOrderBringsItsCustomerAndAddsUp() throws {
        let drafts = try Bench.drafts(Bench.fixture("order-created"))
        let order = try #require(drafts.last)

        #expect(drafts.map(\.kind) == [.customer, .order])
        #expect(drafts[0].externalID == "55" && drafts[0].naturalKey == "ann@example.com")
        #expect(order.hold == nil)
        #expect(order.parts[OrderPart.content]?.lines.first?.total == Money(minorUnits: 250_000, currency: .lkr))
        #expect(order.parts[OrderPart.state] == .processing && order.parts[OrderPart.payment] == .paid)
        #expect(order.parts[OrderPart.payments]?.map(\.key) == ["p1"])
    }

    @Test func anOrderThatDoesNotAddUpIsHeld() throws {
        var order = try Bench.fixture("order-created")["data"]?.object ?? [:]
        order["total"] = "2801.00"

        let draft = try #require(try Bench.drafts(Bench.event("order.created", .object(order))).last)

        #expect(draft.hold?.contains("1.00 LKR") == true)
    }

    @Test func whoBoughtWithoutAnAccountIsAGuestOfHisOrder() throws {
        var order = try Bench.fixture("order-created")["data"]?.object ?? [:]
        order["customer"] = nil

        let guest = try #require(try Bench.drafts(Bench.event("order.created", .object(order))).first)

        #expect(guest.externalID == "guest/901" && guest.naturalKey == nil)
        #expect(guest.parts[CustomerPart.isGuest] == true)
    }

    @Test(arguments: [("order.cancelled", OrderState.cancelled), ("order.completed", .completed)])
    func theNameOfAnEventMovesAnOrderAlong(type: String, state: OrderState) throws {
        let drafts = try Bench.drafts(Bench.event(type, ["orderId": "901"]))

        #expect(drafts.map(\.parts.values.keys.first) == ["state"] && drafts[0].parts[OrderPart.state] == state)
    }

    @Test func whatIsNullIsEmptyAndWhatIsAbsentIsNotSaid() throws {
        let data: JSON = ["productId": "7", "barcode": .null, "stock": .null]
        let draft = try #require(try Bench.drafts(Bench.event("product.updated", data)).first)

        #expect(draft.parts.values["barcode"] == .null)
        #expect(Set(draft.parts.values.keys) == ["barcode", "stock"])
    }

    @Test(arguments: [
        #"{"eventType":"product.updated","data":{"productId":"7","stock":4}}"#,
        #"{"topic":"product.updated","data":{"id":"7","stock_quantity":4}}"#,
        #"{"webhook_event":"inventory.updated","storefront_code":"OWN","data":{"id":7,"quantity":4}}"#,
        #"{"id":"u1","type":"product","action":"update","data":{"productId":"7","stock":4},"source":"web"}"#,
    ])
    func anEventIsReadInEachOfTheFourForms(body: String) throws {
        let draft = try #require(try Bench.drafts(JSON(parsing: Array(body.utf8))).first)

        #expect(draft.kind == .product && draft.externalID == "7")
        #expect(draft.parts[ProductPart.stock] == StockLevel(isTracked: true, quantity: ExactDecimal(4)))
    }

    @Test func aDeletionIsSaid() throws {
        #expect(try Bench.read(Bench.event("product.deleted", ["productId": "7"])) == .gone(.product, "7"))
    }

    // 2. What cannot be used is refused with its name.
    @Test(
        arguments: [
            ("product.exploded", ["productId": "7"], "is no event"),
            ("warehouse.updated", ["productId": "7"], "is no event"),
            ("", ["productId": "7"], "names no event"),
            ("product.updated", ["sku": "A"], "data.productId"),
            ("product.updated", ["productId": "../admin"], "data.productId"),
            ("product.updated", "text", "\"data\" must be an object"),
            ("product.updated", ["productId": "7", "price": "12,50"], "data.price"),
            ("product.updated", ["productId": "7", "price": "12.505"], "data.price"),
            ("product.updated", ["productId": "7", "price": -1], "below zero"),
            ("product.updated", ["productId": "7", "price": 1, "currency": "XX"], "data.currency"),
            ("product.updated", ["productId": "7", "stock": "many"], "data.stock"),
            ("product.updated", ["productId": "7", "name": "  "], "data.name"),
            ("product.updated", ["productId": "7", "status": "gone"], "data.status"),
            ("product.updated", ["productId": "7", "categoryIds": "4"], "data.categoryIds"),
            ("variant.updated", ["variantId": "7", "options": ["S"]], "data.options"),
            ("customer.updated", ["customerId": "7", "email": "nobody"], "data.email"),
            ("order.created", ["orderId": "7"], "neither \"lines\" nor a state"),
            ("order.created", ["orderId": "7", "lines": [], "total": 1], "data.placedAt"),
            ("order.updated", ["orderId": "7", "status": "lost"], "data.status"),
            ("product.updated", ["productId": "7", "sentBy": "crossdock"], "hub's own"),
        ] as [(String, JSON, String)])
    func whatCannotBeUsedIsRefusedWithItsName(type: String, data: JSON, words: String) throws {
        guard case .rejected(let rejection) = try Bench.read(Bench.event(type, data)) else {
            Issue.record("\(type) \(data.text) was taken")
            return
        }

        #expect(rejection.reason.contains(words), "\(rejection.reason)")
    }

    @Test func aPriceWithoutACurrencyIsRefused() throws {
        let body = Bench.event("product.updated", ["productId": "7", "price": 5])

        guard case .rejected(let rejection) = try Bench.read(body, ["currency": .null]) else {
            Issue.record("taken")
            return
        }
        #expect(rejection.reason.contains("currency"))
    }

    // 3. Who may send them.
    @Test func onlyARightSignatureIsTaken() async throws {
        let scheme = OwnScheme(secret: Secret(Bench.secret))
        let suite = ConnectorConformance { transport in
            var connector = try Bench.connector(transport)
            connector.webhooks = OwnCalls(scheme, beside: connector, now: { Bench.now })
            return connector
        }
        let call = scheme.sign(try Bench.fixture("product-updated").bytes, at: Bench.now)

        #expect(await suite.onlyARightSignatureIsTaken(call, header: OwnScheme.signatureHeader) == [])
    }
}
