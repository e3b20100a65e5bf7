import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash orders as invoices")
struct GnuCashOrdersTests {
    @Test(arguments: CornerShop.forms)
    func anOrderBecomesAPostedInvoiceThatIsPaid(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        var order = try await TestOrder(customer: shop.customer())
        order.pay()

        let written = try await shop.written(shop.connector(), .order, order.request())

        let (invoice, owed) = try #require(try shop.invoice("1002"))
        #expect(invoice.guid.description == written.externalID)
        #expect(owed.isZero)
        #expect(invoice.opened.description == "2026-03-05")
        #expect(try shop.balance("Income:Sales") == "-50.00")
        #expect(try shop.balance("Income:Shipping") == "-5.00")
        #expect(try shop.balance("Liabilities:Tax Payable") == "-10.45")
        #expect(try shop.balance("Assets:Accounts Receivable") == "0.00")
        #expect(try shop.balance("Assets:Bank") == "65.45")
        #expect(written.roles["payment/7"] != nil)
        #expect(written.remarks == [])
        let lines = try shop.book.entries(of: invoice.guid)
        #expect(lines.map(\.text) == ["Shirt", "Mug", "Courier"])
        #expect(lines.map(\.quantity) == [Fraction(whole: 2), Fraction(whole: 1), Fraction(whole: 1)])
        #expect(lines.map(\.price) == [Fraction(whole: 20), Fraction(whole: 10), Fraction(whole: 5)])
        #expect(invoice.slots.own[OwnSlot.order]?.text == "shop/1002")
        #expect(invoice.slots.own[OwnSlot.orderNumber]?.text == "1002")
    }

    @Test func aPostedLinePointsToTheInvisibleChildOfOneTaxTable() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let customer = try await shop.customer()
        _ = try await shop.written(connector, .order, TestOrder("1", customer: customer).request())
        _ = try await shop.written(connector, .order, TestOrder("2", customer: customer).request())

        let book = try shop.book
        #expect(book.taxTables.filter { !$0.isInvisible }.map(\.name) == ["VAT 19 %"])
        #expect(book.taxTables.filter(\.isInvisible).count == 1)
        let used = Set(book.entries.compactMap(\.taxTable))
        #expect(used == Set(book.taxTables.filter(\.isInvisible).map(\.guid)))
    }

    @Test(arguments: CornerShop.forms)
    func aRepeatedWriteBooksNothingTwice(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        var order = try await TestOrder(customer: shop.customer())
        order.pay()
        order.returnShirt()
        let first = try await shop.written(shop.connector(), .order, order.request())
        let before = try Data(contentsOf: URL(filePath: shop.path))

        let second = try await shop.written(shop.connector(), .order, order.request())
        let third = try await shop.written(
            shop.connector(), .order, order.request(id: first.externalID, roles: first.roles))

        #expect(second.externalID == first.externalID && second.roles == first.roles)
        #expect(third.externalID == first.externalID && third.roles == first.roles)
        #expect(try Data(contentsOf: URL(filePath: shop.path)) == before)
    }

    @Test func anotherHubThatLostItsStoreAdoptsWhatTheFirstBooked() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let order = try await TestOrder(customer: shop.customer())
        let first = try await shop.written(shop.connector(), .order, order.request())
        var request = order.request()
        request.reference = "other hub/order/88"

        let second = try await shop.written(shop.connector(), .order, request)

        #expect(second.externalID == first.externalID)
        #expect(second.isAdopted)
        #expect(try shop.book.invoices.count == 1)

        var edited = order
        edited.content.total = cents(9999)
        request.changes = edited.parts
        request.record = edited.parts
        guard case .held = try await shop.result(shop.connector(), .order, request) else {
            throw CornerShop.Unexpected(what: "an invoice with other amounts was adopted")
        }
    }

    @Test func aPaymentThatComesLaterIsAddedToTheSameInvoice() async throws {
        let shop = try CornerShop(.sqlite)
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        let written = try await shop.written(connector, .order, order.request())
        #expect(try shop.invoice("1002")?.owed == Fraction(6545, 100))
        order.state = .completed
        order.pay("7", 2000)
        order.pay("8", 4545)

        let later = try await shop.written(connector, .order, order.request(id: written.externalID))

        #expect(try shop.invoice("1002")?.owed.isZero == true)
        #expect(Set(later.roles.keys) == ["payment/7", "payment/8"])
        #expect(try shop.book.invoices.count == 1)
    }

    @Test func withoutABankAccountAPaymentIsNotBookedAndSaidSo() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = try await TestOrder(customer: shop.customer())
        order.pay()
        var mapping = CornerShop.mapping.object ?? [:]
        mapping["bank_account"] = nil

        let written = try await shop.written(shop.connector(mapping: .object(mapping)), .order, order.request())

        #expect(try shop.invoice("1002")?.owed == Fraction(6545, 100))
        #expect(written.remarks.contains { $0.contains("bank_account") })
    }

    @Test func aPaymentGoesToTheAccountOfItsMethod() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = try await TestOrder(customer: shop.customer())
        order.pay()

        _ = try await shop.written(
            shop.connector(["payment_accounts": ["card": "Assets:Cash"]]), .order, order.request())

        #expect(try shop.balance("Assets:Cash") == "65.45")
    }

    @Test func aPaymentEnteredByHandIsNotBookedTwice() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        let written = try await shop.written(connector, .order, order.request())
        try payByHand(6545, in: shop)
        order.pay()

        let result = try await shop.result(connector, .order, order.request(id: written.externalID))

        guard case .held(let reason) = result else { throw CornerShop.Unexpected(what: "\(result)") }
        #expect(reason.contains("65.45 EUR") && reason.contains("0.00 EUR is owed"))
        #expect(try shop.balance("Assets:Bank") == "65.45")
    }

    private func payByHand(_ minorUnits: Int64, in shop: CornerShop) throws {
        let file = try BookFile.open(shop.path)
        let invoice = try #require(file.book.invoices.first)
        guard case .found(let bank) = file.book.account(path: "Assets:Bank"), let posting = invoice.posting else {
            throw CornerShop.Unexpected(what: "no bank")
        }
        var guids = SeededGUIDs("by hand")
        var edit = BookEdit()
        try PaymentPosting(
            guid: guids.nextGUID(), of: posting, currency: invoice.currency, posted: invoice.opened,
            entered: BookTime(CornerShop.now), text: "by hand",
            parts: [.init(account: bank.guid, value: Fraction(cents(minorUnits)))]
        ).add(to: &edit, using: &guids)
        try file.apply(edit, now: BookTime(CornerShop.now), using: &guids)
    }

    @Test func theDayIsTheMerchantsDay() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let order = try await TestOrder(customer: shop.customer())

        _ = try await shop.written(shop.connector(["time_zone_offset": 330]), .order, order.request())

        #expect(try shop.invoice("1002")?.invoice.posting?.day.description == "2026-03-06")
    }

    @Test func anOrderOfAGuestMakesACustomerThatIsNotReadBack() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()

        _ = try await shop.written(connector, .order, TestOrder("1002").request())
        _ = try await shop.written(connector, .order, TestOrder("1002").request())

        #expect(try shop.book.customers.map(\.name) == ["Nimal Perera"])
        #expect(try await connector.sources[.customer]?.page(PageRequest()).drafts == [])
    }

    @Test func whatDoesNotDivideIsOneLineOfTheWhole() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder.lines([(1000, 190)], total: 1190)
        order.content.lines[0].quantity = ExactDecimal(3)

        _ = try await shop.written(shop.connector(), .order, order.request())

        let invoice = try #require(try shop.invoice("1003")?.invoice)
        let line = try #require(try shop.book.entries(of: invoice.guid).first)
        #expect(line.text == "3 x Thing 0")
        #expect(line.quantity == Fraction(whole: 1) && line.price == Fraction(whole: 10))
    }

    @Test func aDiscountStandsOnItsOwnAccountWhereOneIsNamed() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder.lines([(900, 171)], total: 1071)
        order.content.lines[0].subtotal = cents(1000)
        var mapping = CornerShop.mapping.object ?? [:]
        mapping["discounts_account"] = "Expenses:Discounts"

        _ = try await shop.written(shop.connector(mapping: .object(mapping)), .order, order.request())

        #expect(try shop.balance("Income:Sales") == "-10.00")
        #expect(try shop.balance("Expenses:Discounts") == "1.00")
        #expect(try shop.balance("Liabilities:Tax Payable") == "-1.71")
        #expect(try shop.balance("Assets:Accounts Receivable") == "10.71")
    }

    @Test func aYenOrderIsBookedInWholeYen() async throws {
        let shop = try CornerShop(.sqlite, currency: "JPY")
        defer { shop.close() }
        var order = TestOrder("1002", currency: .jpy)
        order.pay()

        _ = try await shop.written(shop.connector(), .order, order.request())

        #expect(try shop.balance("Assets:Bank") == "6545")
        #expect(try shop.invoice("1002")?.owed.isZero == true)
    }
}
