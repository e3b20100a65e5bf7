import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash orders as transactions")
struct GnuCashPlainTests {
    private let plain: [String: JSON] = ["orders_as": "transactions"]

    @Test(arguments: CornerShop.forms)
    func anOrderItsPaymentAndItsRefundAreTransactions(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector(plain)
        var order = TestOrder()
        order.pay()
        order.returnShirt()

        let first = try await shop.written(connector, .order, order.request())
        let before = try Data(contentsOf: URL(filePath: shop.path))
        let second = try await shop.written(connector, .order, order.request())

        #expect(second.externalID == first.externalID && second.roles == first.roles)
        #expect(Set(first.roles.keys) == ["payment/7", "credit/5", "payback/5"])
        #expect(try Data(contentsOf: URL(filePath: shop.path)) == before)
        let book = try shop.book
        #expect(book.transactionCount == 4 && book.invoices.isEmpty && book.customers.isEmpty)
        let booked = try #require(GUID(first.externalID).flatMap(book.transaction))
        #expect(booked.number == "1002" && booked.splits.count == 5)
        #expect(try shop.balance("Income:Sales") == "-30.00")
        #expect(try shop.balance("Income:Shipping") == "-5.00")
        #expect(try shop.balance("Liabilities:Tax Payable") == "-6.65")
        #expect(try shop.balance("Assets:Bank") == "41.65")
        #expect(try shop.balance("Assets:Accounts Receivable") == "0.00")
    }

    @Test func anOrderCancelledAfterItWasBookedIsTakenBack() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector(plain)
        var order = TestOrder()
        order.returnShirt()
        let first = try await shop.written(connector, .order, order.request())
        order.state = .cancelled

        let second = try await shop.written(connector, .order, order.request(id: first.externalID, roles: first.roles))
        _ = try await shop.written(connector, .order, order.request(id: first.externalID, roles: second.roles))

        #expect(try shop.book.transactionCount == 3)
        for account in ["Income:Sales", "Income:Shipping", "Liabilities:Tax Payable", "Assets:Accounts Receivable"] {
            #expect(try shop.balance(account) == "0.00", "\(account)")
        }
    }

    @Test func anOrderEditedAfterItWasBookedIsHeld() async throws {
        let shop = try CornerShop(.sqlite)
        defer { shop.close() }
        let connector = try shop.connector(plain)
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        order.content.total = cents(6600)

        guard case .held(let reason) = try await shop.result(connector, .order, order.request(id: first.externalID))
        else { throw CornerShop.Unexpected(what: "it was not held") }
        #expect(reason.contains("65.45 EUR") && reason.contains("66.00 EUR"))
    }

    @Test func aSmallDifferenceIsASplitOfItsOwnWhereTheSettingSaysSo() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let order = TestOrder.lines([(1000, 190)], total: 1191)

        let result = try await shop.result(shop.connector(plain), .order, order.request())
        guard case .held = result else { throw CornerShop.Unexpected(what: "\(result)") }
        _ = try await shop.written(
            shop.connector(["orders_as": "transactions", "rounding": "book"]), .order, order.request())

        #expect(try shop.balance("Expenses:Rounding") == "-0.01")
        #expect(try shop.balance("Assets:Accounts Receivable") == "11.91")
    }
}
