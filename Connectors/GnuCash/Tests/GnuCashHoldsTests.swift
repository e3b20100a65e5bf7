import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash orders that are not booked")
struct GnuCashHoldsTests {
    private func held(_ result: WriteResult) throws -> String {
        guard case .held(let reason) = result else { throw CornerShop.Unexpected(what: "\(result)") }
        return reason
    }

    @Test(arguments: [OrderState.draft, .pending, .onHold, .cancelled, .failed])
    func anOrderThatIsNotYetOrNoMoreToBeBookedIsSkipped(state: OrderState) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder()
        order.state = state

        let result = try await shop.result(shop.connector(), .order, order.request())

        guard case .skipped(let reason) = result else { throw CornerShop.Unexpected(what: "\(result)") }
        #expect(reason.contains("order 1002") && reason.contains(state.rawValue))
        #expect(try shop.book.invoices.isEmpty)
    }

    @Test func theStatesInWhichAnOrderIsBookedAreASetting() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder()
        order.state = .onHold

        _ = try await shop.written(shop.connector(["book_when": ["onHold"]]), .order, order.request())

        #expect(try shop.book.invoices.count == 1)
    }

    @Test func anOrderEditedAfterItWasBookedIsHeldAndTheBookStays() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        let before = try Data(contentsOf: URL(filePath: shop.path))
        order.content.lines[0].total = cents(3000)
        order.content.lines[0].tax = cents(570)
        order.content.total = cents(5355)

        for id in [first.externalID, nil] {
            let reason = try held(await shop.result(connector, .order, order.request(id: id)))
            #expect(reason.contains("edited") && reason.contains("65.45 EUR") && reason.contains("53.55 EUR"))
        }
        #expect(try Data(contentsOf: URL(filePath: shop.path)) == before)
    }

    @Test func anAddressCorrectedAfterBookingIsNoReasonToHold() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        order.content.billing.line1 = "13 Lake Road"

        _ = try await shop.written(connector, .order, order.request(id: first.externalID))
    }

    @Test func anOrderInAnotherCurrencyIsHeldNamingBoth() async throws {
        let shop = try CornerShop()
        defer { shop.close() }

        let reason = try held(
            await shop.result(shop.connector(), .order, TestOrder("1002", currency: .usd).request()))

        #expect(reason.contains("USD") && reason.contains("EUR") && reason.contains("Assets:Accounts Receivable"))
    }

    @Test func anOrderForAnUnknownProductIsHeldUnlessTheSettingSaysOtherwise() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder()
        order.content.lines[1].item = nil

        let reason = try held(await shop.result(shop.connector(), .order, order.request()))
        _ = try await shop.written(shop.connector(["unknown_products": "book"]), .order, order.request())

        #expect(reason.contains("Mug") && reason.contains("unknown_products"))
        #expect(try shop.book.invoices.count == 1)
    }

    @Test func anOrderOfACustomerThatIsGoneIsHeld() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let order = TestOrder(customer: "0123456789abcdef0123456789abcdef")

        #expect(try held(await shop.result(shop.connector(), .order, order.request())).contains("0123456789abcdef"))
    }

    @Test func withoutAutoCreateAGuestsOrderIsHeld() async throws {
        let shop = try CornerShop()
        defer { shop.close() }

        let reason = try held(
            await shop.result(shop.connector(["auto_create_customers": false]), .order, TestOrder().request()))

        #expect(reason.contains("auto_create_customers"))
    }

    @Test func anInvoiceUnpostedInGnuCashIsNotWrittenTo() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        try unpost(shop)
        order.pay()

        let result = try await shop.result(connector, .order, order.request(id: first.externalID))

        #expect(try held(result).contains("unposted"))
        #expect(try shop.balance("Assets:Bank") == "0.00")
    }

    /// Takes the posting of the one invoice out of the text of the book, as GnuCash does.
    private func unpost(_ shop: CornerShop) throws {
        var text = try String(contentsOfFile: shop.path, encoding: .utf8)
        for part in ["invoice:posted", "invoice:posttxn", "invoice:postlot", "invoice:postacc"] {
            let start = try #require(text.range(of: "<\(part)")).lowerBound
            let end = try #require(text.range(of: "</\(part)>")).upperBound
            text.removeSubrange(start..<end)
        }
        try text.write(toFile: shop.path, atomically: true, encoding: .utf8)
    }

    @Test(arguments: ["invoices", "transactions"])
    func aBookingDeletedInGnuCashIsNotMadeAgainByItself(form: String) async throws {
        let shop = try CornerShop()
        defer { shop.close() }

        let result = try await shop.result(
            shop.connector(["orders_as": .string(form)]), .order,
            TestOrder().request(id: "0123456789abcdef0123456789abcdef"))

        #expect(try held(result).contains("deleted in GnuCash"))
        #expect(try shop.book.transactionCount == 0)
    }

    @Test func aPaymentTakenOutByHandIsNotBookedAgain() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        var paid = order
        paid.pay()

        let second = try await shop.written(
            connector, .order, paid.request(id: first.externalID, roles: ["payment/7": "0123456789abcdef"]))

        #expect(second.remarks.contains { $0.contains("by hand") })
        #expect(try shop.balance("Assets:Bank") == "0.00")
    }

    @Test(arguments: [
        ("sales_account", "Income:Sale", "Income:Sales"),
        ("receivables_account", "Assets:Debtors", "Assets:Accounts Receivable"),
        ("tax_account", "Liabilities", "Liabilities:Tax Payable"),
        ("receivables_account", "Assets:Bank", "RECEIVABLE"),
    ])
    func anAccountThatIsMissingIsNamedWithThoseNearIt(role: String, path: String, word: String) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var mapping = CornerShop.mapping.object ?? [:]
        mapping[role] = .string(path)

        let result = try await shop.result(
            shop.connector(mapping: .object(mapping)), .order, TestOrder().request())

        guard case .failed(.refused(let code, let detail)) = result else {
            throw CornerShop.Unexpected(what: "\(result)")
        }
        #expect(code == "account")
        #expect(detail.contains(path) && detail.contains(role) && detail.contains(word), "\(detail)")
        #expect(try shop.book.invoices.isEmpty)
    }

    @Test(arguments: CornerShop.forms)
    func anAccountRenamedAfterItWasBookedToIsStillFound(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector()
        _ = try await shop.written(connector, .order, TestOrder("1").request())
        let guid = try #require(try shop.book.accounts.first { $0.name == "Sales" }?.guid)
        try shop.rename("Sales", "Turnover")

        _ = try await shop.written(connector, .order, TestOrder("2").request())

        #expect(try shop.book.path(of: guid) == "Income:Turnover")
        #expect(try shop.balance("Income:Turnover") == "-100.00")
    }

    @Test func anOrderWithTaxNeedsAnAccountForIt() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var mapping = CornerShop.mapping.object ?? [:]
        mapping["tax_account"] = nil

        let result = try await shop.result(
            shop.connector(mapping: .object(mapping)), .order, TestOrder().request())

        guard case .failed(.refused("account", let detail)) = result else {
            throw CornerShop.Unexpected(what: "\(result)")
        }
        #expect(detail.contains("tax_account"))
    }

    @Test func oneOrderThatIsHeldDoesNotStopTheBatch() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var bad = TestOrder("2")
        bad.content.total = cents(1)
        var broken = TestOrder("3").request()
        broken.record = Parts()
        broken.changes = Parts()

        let results =
            try await shop.connector().targets[.order]?
            .write([TestOrder("1").request(), bad.request(), broken, TestOrder("4").request()]) ?? []

        #expect(try shop.book.invoices.map(\.id).sorted() == ["1", "4"])
        guard results.count == 4, case .written = results[0], case .held = results[1],
            case .failed(.refused("content", _)) = results[2], case .written = results[3]
        else { throw CornerShop.Unexpected(what: "\(results)") }
    }

    @Test func anOrderThatTheBookRefusesIsFoundByHalvingTheBatch() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        // Two requests under one reference come to the same GUIDs, which the book refuses as duplicates.
        let twin = TestOrder("2").request()

        let results =
            try await shop.connector().targets[.order]?
            .write([TestOrder("1").request(), twin, twin, TestOrder("4").request()]) ?? []

        let ids = results.compactMap { if case .written(let written) = $0 { written.externalID } else { nil } }
        #expect(ids.count == 4 && Set(ids).count == 3)
        #expect(try shop.book.invoices.map(\.id).sorted() == ["1", "2", "4"])
    }
}
