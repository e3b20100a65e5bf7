import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

/// What the connector books, asked of the real GnuCash.
@Suite("GnuCash orders in the real GnuCash", .enabled(if: Engine.isThere, "python3-gnucash is not installed"))
struct GnuCashEngineTests {
    /// What the engine says of the book, which it must find nothing wrong with.
    private func verified(_ shop: CornerShop) throws -> JSON {
        let result = try Engine.run([Engine.tool, shop.path, "--scrub"])
        try #require(result.status == 0, Comment(rawValue: String(decoding: result.errors, as: UTF8.self)))
        let said = try JSON(parsing: result.output)
        #expect(said["engine_messages"]?.array == [])
        #expect(said["scrub"]?.array == [])
        return said
    }

    private func invoice(_ id: String, in said: JSON) throws -> JSON {
        try #require(said["invoices"]?.array?.first { $0["id"]?.string == id })
    }

    private func balance(_ account: String, in said: JSON) -> Fraction? {
        said["accounts"]?.array?.first { $0["full_name"]?.string == account }?["balance"]?.string.flatMap {
            Fraction($0)
        }
    }

    @Test(arguments: CornerShop.forms)
    func theEngineFindsEveryOrderPostedAndPaidAtItsTotal(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector(["rounding": "book"])
        let customer = try await shop.customer()
        var paid = TestOrder("1", customer: customer)
        paid.pay()
        var refunded = TestOrder("2", customer: customer)
        refunded.pay()
        refunded.returnShirt()
        var rounded = TestOrder.lines([(10, 2), (10, 2), (10, 2)], total: 36, number: "3")
        rounded.content.taxes[0].percent = ExactDecimal(15)
        rounded.pay()
        var stated = TestOrder.lines([(10_000, 1900)], total: 11_900, number: "4")
        stated.content.taxes[0].percent = nil
        var free = TestOrder.lines([(0, 0)], total: 0, number: "5")
        free.content.lines[0].subtotal = cents(1000)
        var offset = TestOrder("6", customer: customer)
        offset.returnShirt()
        let awkward = TestOrder.lines([(999, 77), (3333, 258), (1, 0)], total: 4668, number: "7")

        let results =
            try await connector.targets[.order]?
            .write([paid, refunded, rounded, stated, free, offset, awkward].map { $0.request() }) ?? []

        for result in results {
            guard case .written = result else { throw CornerShop.Unexpected(what: "\(result)") }
        }
        let said = try verified(shop)
        for (id, total, isPaid) in [
            ("1", "6545/100", true), ("2", "6545/100", true), ("2-R5", "2380/100", true), ("3", "36/100", true),
            ("4", "11900/100", false), ("6", "6545/100", false), ("6-R5", "2380/100", true), ("7", "4668/100", false),
        ] {
            let found = try invoice(id, in: said)
            #expect(found["total"]?.string.flatMap { Fraction($0) } == Fraction(total), "\(id)")
            #expect(found["posted"] == true && found["paid"]?.bool == isPaid, "\(id)")
            #expect(found["owner"]?.string == "Nimal Perera")
        }
        #expect(try invoice("5", in: said)["posted"] == true)
        #expect(balance("Assets:Bank", in: said) == Fraction(6545 + 4165 + 36, 100))
        #expect(balance("Assets:Accounts Receivable", in: said) == Fraction(11_900 + 4165 + 4668, 100))
    }

    @Test(arguments: CornerShop.forms)
    func theEngineFindsACancelledOrderTakenBack(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector()
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        order.state = .cancelled
        _ = try await shop.written(connector, .order, order.request(id: first.externalID, roles: first.roles))

        let said = try verified(shop)

        #expect(try invoice("1002", in: said)["paid"] == true)
        #expect(try invoice("1002-C", in: said)["total"]?.string.flatMap { Fraction($0) } == Fraction(6545, 100))
        #expect(balance("Assets:Accounts Receivable", in: said)?.isZero == true)
        #expect(balance("Income:Sales", in: said)?.isZero == true)
    }

    @Test(arguments: CornerShop.forms)
    func theEngineFindsPlainTransactionsBalanced(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        var order = TestOrder()
        order.pay()
        order.returnShirt()

        _ = try await shop.written(shop.connector(["orders_as": "transactions"]), .order, order.request())

        let said = try verified(shop)
        #expect(said["transactions"]?.array?.count == 4)
        #expect(balance("Assets:Bank", in: said) == Fraction(4165, 100))
        #expect(balance("Liabilities:Tax Payable", in: said) == Fraction(-665, 100))
    }

    @Test(arguments: CornerShop.forms)
    func aCustomerChangedTwiceIsWholeInTheEngine(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector()
        let id = try await shop.customer()
        var parts = Parts()
        parts[CustomerPart.company] = "Perera & Söhne <GmbH>"
        parts[CustomerPart.billing] = Address(line1: "12 Lake Road", city: "Kandy", postcode: "20000", country: "LK")
        let request = WriteRequest(
            kind: .customer, reference: "hub/customer/1", externalID: id, changes: parts, record: parts)

        _ = try await shop.written(connector, .customer, request)

        let customer = try #require(try verified(shop)["customers"]?.array?.first)
        #expect(customer["name"]?.string == "Perera & Söhne <GmbH>")
        #expect(customer["addr"]?["name"]?.string == "Nimal Perera")
        #expect(customer["addr"]?["lines"]?.array?.compactMap(\.string) == ["12 Lake Road", "", "Kandy, 20000", "LK"])
        #expect(customer["addr"]?["email"]?.string == "nimal@buyer.example")
    }
}
