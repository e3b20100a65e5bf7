import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce payloads and records")
struct WooCommerceTranslatorTests {
    private func product(_ more: [String: JSON]) throws -> Draft {
        try Bench.translator().product(Sample.product(7, more), .lkr)
    }

    private func reason(_ translate: () throws -> Draft) -> String {
        do {
            return "taken: \(try translate().externalID)"
        } catch {
            return (error as? PayloadError)?.reason ?? "\(error)"
        }
    }

    @Test(arguments: ["12,50", "1.2.3", "12abc", "NaN", "1e3", "12.345"])
    func aPriceThatIsNoAmountIsRefusedAndQuoted(text: String) {
        #expect(reason { try product(["regular_price": .string(text)]) }.contains("\"\(text)\""))
    }

    @Test func anEmptyPriceIsNoPrice() throws {
        #expect(try product(["regular_price": ""]).parts[ProductPart.price] == Price(regular: nil, currency: .lkr))
    }

    @Test func aPriceThatIsNullSaysNothing() throws {
        #expect(try product(["regular_price": .null]).parts[ProductPart.price.shape.name] == nil)
    }

    @Test func fewerDecimalsThanTheCurrencyHasAreTheSameAmount() throws {
        #expect(try product(["regular_price": "1.5"]).parts[ProductPart.price]?.regular == Bench.lkr("1.50"))
    }

    @Test func aNameIsDecodedAndKeptOtherwise() throws {
        let draft = try product(["name": "A &amp; B <i>x</i> \"q\" &#8211; &#x1F375; &unknown; &"])

        #expect(draft.parts[ProductPart.name] == "A & B <i>x</i> \"q\" – 🍵 &unknown; &")
        #expect(draft.title == draft.parts[ProductPart.name])
    }

    @Test(arguments: [
        ("<p>High grown.</p>\n", "High grown."), ("High grown.", "High grown."), ("", ""),
        ("<p>One</p>\n<p>Two</p>\n", "One\n\nTwo"), ("<p class=\"x\">a</p>", "<p class=\"x\">a</p>"),
        ("<p>a <b>b</b></p>", "<p>a <b>b</b></p>"), ("<p>a</p>tail", "<p>a</p>tail"),
    ])
    func theParagraphsTheShopWrapsTextInAreTakenOff(text: String, expected: String) {
        #expect(WooCommerceText.prose(text) == expected)
    }

    @Test func renderedTextThatCannotBeUndoneIsLeftOut() throws {
        let json = Sample.product(7, ["description": "<p>it&#8217;s</p>\n", "short_description": "<p>OP</p>\n"])
        let draft = try Bench.translator().product(json, .lkr, isRendered: true)

        #expect(draft.parts[ProductPart.description.shape.name] == nil)
        #expect(draft.parts[ProductPart.summary] == "OP")
    }

    @Test(arguments: [
        ("publish", "published"), ("draft", "draft"), ("pending", "draft"), ("future", "draft"),
        ("private", "hidden"), ("trash", "archived"),
    ])
    func everyStatusOfAProductIsKnown(status: String, expected: String) throws {
        #expect(try product(["status": .string(status)]).parts[ProductPart.status] == expected)
    }

    @Test func anUnknownStatusIsADraftWithARemark() throws {
        let draft = try product(["status": "wholesale"])

        #expect(draft.parts[ProductPart.status] == "draft" && draft.remarks.count == 1)
    }

    @Test func stockNotCountedIsNotZero() throws {
        let draft = try product(["manage_stock": false, "stock_quantity": .null])

        #expect(draft.parts[ProductPart.stock] == StockLevel(isTracked: false, quantity: nil))
    }

    @Test func soldBeforeDeliveredIsBelowZero() throws {
        #expect(try product(["stock_quantity": -2]).parts[ProductPart.stock]?.quantity == ExactDecimal(-2))
    }

    @Test func aVariantWhoseProductCountsHasNoStockOfItsOwn() throws {
        let json = Sample.variation(8, of: 7, ["manage_stock": "parent"])

        #expect(try Bench.translator().variant(json, .lkr).parts[VariantPart.stock.shape.name] == nil)
    }

    @Test func aWeightThatIsNoNumberIsLeftOutWithARemark() throws {
        let draft = try product(["weight": "1,5"])

        #expect(draft.parts[ProductPart.weight.shape.name] == nil && draft.remarks.first?.contains("1,5") == true)
    }

    @Test func aVariationListedWithoutItsProductIsReadUnderTheOneItWasAskedFrom() throws {
        let json = Sample.variation(8, of: 7, ["parent_id": .null])

        #expect(try Bench.translator().variant(json, parent: "7", .lkr).externalID == "7/8")
        #expect(reason { try Bench.translator().variant(json, .lkr) }.contains("names no product"))
    }

    @Test func numbersThatComeAsNowTextNowNumberAreReadAlike() throws {
        let loose: [String: JSON] = [
            "total_sales": "0", "id": "7", "regular_price": .number("120.00"), "stock_quantity": "9",
        ]

        #expect(try product(loose).parts == product(["total_sales": 3]).parts)
    }

    @Test func theStampsOfImagesAreShiftedTwiceAndNotRead() throws {
        let image: JSON = [
            "id": 5, "src": "https://shop.test/a.png", "alt": "a", "date_created": "2026-11-21T08:51:16",
        ]
        let later: JSON = [
            "id": 5, "src": "https://shop.test/a.png", "alt": "a", "date_created": "2026-11-22T08:51:16",
        ]

        #expect(try product(["images": [image]]).parts == product(["images": [later]]).parts)
    }

    @Test func membersOfSetsStandInOneOrder() throws {
        let one = try product(["categories": [["id": 31], ["id": 30]], "tags": [["name": "b"], ["name": "a"]]])
        let two = try product(["categories": [["id": 30], ["id": 31]], "tags": [["name": "a"], ["name": "b"]]])

        #expect(one.parts == two.parts)
    }

    @Test func ourOwnReferenceIsHandedBack() throws {
        let meta: JSON = [["key": "crossdock_ref", "value": "o1/r7"]]

        #expect(try product(["meta_data": meta]).reference == "o1/r7")
    }

    @Test func aRecordWithoutAnIdIsRefused() {
        #expect(reason { try product(["id": .null]) }.contains("no id"))
    }

    @Test func aCustomerNeedsNeitherNameNorEMail() throws {
        let blank = Sample.address(["first_name": "", "last_name": ""])
        let json = Sample.customer(3, ["email": "", "first_name": "", "last_name": "", "billing": blank])
        let draft = try Bench.translator().customer(json)

        #expect(draft.naturalKey == nil && draft.parts[CustomerPart.name.shape.name] == .null)
        #expect(draft.externalID == "3")
    }

    @Test func phoneAndCompanyAreHeldOnce() throws {
        let billing = Sample.address(["phone": "+94 1", "company": "Lake &amp; Co"])
        let draft = try Bench.translator().customer(Sample.customer(3, ["billing": billing]))

        #expect(draft.parts[CustomerPart.phone] == "+94 1" && draft.parts[CustomerPart.company] == "Lake & Co")
        #expect(draft.parts[CustomerPart.billing]?.phone == "" && draft.parts[CustomerPart.billing]?.company == "")
    }
}
