import ConnectorKit
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash refunds and cancelled orders")
struct GnuCashRefundsTests {
    @Test(arguments: CornerShop.forms)
    func aRefundOfAPaidOrderIsACreditNotePaidBack(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        order.pay()
        let first = try await shop.written(connector, .order, order.request())
        order.returnShirt()

        let second = try await shop.written(connector, .order, order.request(id: first.externalID, roles: first.roles))

        let (note, owed) = try #require(try shop.invoice("1002-R5"))
        #expect(note.isCreditNote)
        #expect(note.guid.description == second.roles["credit/5"])
        #expect(owed.isZero)
        #expect(try shop.balance("Income:Sales") == "-30.00")
        #expect(try shop.balance("Liabilities:Tax Payable") == "-6.65")
        #expect(try shop.balance("Assets:Bank") == "41.65")
        #expect(try shop.balance("Assets:Accounts Receivable") == "0.00")
        let line = try #require(try shop.book.entries(of: note.guid).first)
        #expect(line.quantity == Fraction(whole: -1) && line.price == Fraction(whole: 20))
    }

    @Test func aRefundOfAnUnpaidOrderIsSetOffAgainstTheInvoice() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = try await TestOrder(customer: shop.customer())
        order.returnShirt()

        _ = try await shop.written(shop.connector(), .order, order.request())

        #expect(try shop.invoice("1002-R5")?.owed.isZero == true)
        #expect(try shop.invoice("1002")?.owed == Fraction(4165, 100))
        #expect(try shop.balance("Assets:Bank") == "0.00")
    }

    @Test func twoRefundsOfAPartlyPaidOrderGiveBackOnlyWhatCameIn() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        order.pay("7", 3000)
        order.returnShirt("5")
        let first = try await shop.written(connector, .order, order.request())
        order.returnShirt("6")

        _ = try await shop.written(connector, .order, order.request(id: first.externalID, roles: first.roles))

        #expect(try shop.balance("Assets:Bank") == "0.00", "30.00 came in: 23.80 and then 6.20 went back")
        #expect(try shop.balance("Assets:Accounts Receivable") == "17.85")
        #expect(try shop.invoice("1002-R6")?.owed.isZero == true)
        #expect(try shop.invoice("1002")?.owed == Fraction(1785, 100))
    }

    @Test func aRefundThatNamesNoGoodsIsBookedAgainstSalesAndSaidSo() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = try await TestOrder(customer: shop.customer())
        order.pay()
        order.refunds = [Refund(key: "5", amount: cents(500), at: CornerShop.now, reason: "goodwill")]

        let written = try await shop.written(shop.connector(), .order, order.request())

        #expect(written.remarks.contains { $0.contains("5.00 EUR") && $0.contains("without tax") })
        #expect(try shop.balance("Income:Sales") == "-45.00")
        #expect(try shop.balance("Assets:Bank") == "60.45")
    }

    @Test func refundsOfMoreThanTheOrderAreHeld() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder()
        order.pay()
        order.refunds = [Refund(key: "5", amount: cents(9000), at: CornerShop.now)]

        let result = try await shop.result(shop.connector(), .order, order.request())

        guard case .held(let reason) = result else { throw CornerShop.Unexpected(what: "\(result)") }
        #expect(reason.contains("90.00 EUR") && reason.contains("65.45 EUR"))
        #expect(try shop.book.invoices.isEmpty)
    }

    @Test(arguments: [false, true])
    func anOrderCancelledAfterItWasBookedIsTakenBackByCreditNote(isPaid: Bool) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        if isPaid { order.pay() }
        let first = try await shop.written(connector, .order, order.request())
        order.state = .cancelled

        let second = try await shop.written(connector, .order, order.request(id: first.externalID, roles: first.roles))
        let third = try await shop.written(connector, .order, order.request(id: first.externalID, roles: second.roles))

        #expect(second.roles["credit/cancelled"] != nil && third.roles == second.roles)
        #expect(try shop.balance("Income:Sales") == "0.00")
        #expect(try shop.balance("Income:Shipping") == "0.00")
        #expect(try shop.balance("Liabilities:Tax Payable") == "0.00")
        #expect(try shop.invoice("1002")?.owed.isZero == true)
        // What was paid stays a credit of the customer: nobody said that it was given back.
        #expect(try shop.balance("Assets:Accounts Receivable") == (isPaid ? "-65.45" : "0.00"))
        #expect(try shop.invoice("1002-C")?.owed == (isPaid ? Fraction(-6545, 100) : .zero))
    }

    @Test func anOrderRefundedInPartAndThenCancelledIsTakenBackToNothing() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        order.returnShirt()
        order.state = .processing
        let first = try await shop.written(connector, .order, order.request())
        order.state = .cancelled

        _ = try await shop.written(connector, .order, order.request(id: first.externalID, roles: first.roles))

        for account in ["Income:Sales", "Income:Shipping", "Liabilities:Tax Payable", "Assets:Accounts Receivable"] {
            #expect(try shop.balance(account) == "0.00", "\(account)")
        }
        #expect(try shop.invoice("1002")?.owed.isZero == true)
    }
}
