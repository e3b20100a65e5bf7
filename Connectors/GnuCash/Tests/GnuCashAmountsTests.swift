import ConnectorKit
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash totals of orders")
struct GnuCashAmountsTests {
    @Test func aCentOfTaxRoundedLineByLineIsBookedAsARoundingDifference() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        // The shop: 3 x 0.02 tax; GnuCash: 15 % of 0.30 once, which is 0.05.
        var order = TestOrder.lines([(10, 2), (10, 2), (10, 2)], total: 36)
        order.content.taxes[0].percent = ExactDecimal(15)
        order.pay()

        let written = try await shop.written(shop.connector(), .order, order.request())

        #expect(
            written.remarks
                == ["order 1003: rounding difference of 0.01 EUR booked to Expenses:Rounding"])
        #expect(try shop.balance("Expenses:Rounding") == "-0.01")
        #expect(try shop.balance("Liabilities:Tax Payable") == "-0.05")
        #expect(try shop.balance("Assets:Bank") == "0.36")
        #expect(try shop.invoice("1003")?.owed.isZero == true)
    }

    @Test func withoutARoundingAccountTheTaxStandsAsTheShopStatesIt() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder.lines([(10, 2), (10, 2), (10, 2)], total: 36)
        order.content.taxes[0].percent = ExactDecimal(15)
        var mapping = CornerShop.mapping.object ?? [:]
        mapping["rounding_account"] = nil

        let written = try await shop.written(shop.connector(mapping: .object(mapping)), .order, order.request())

        #expect(written.remarks.first?.contains("as the shop states it") == true)
        #expect(try shop.balance("Liabilities:Tax Payable") == "-0.06")
        #expect(try shop.balance("Assets:Accounts Receivable") == "0.36")
    }

    @Test(arguments: [nil, ExactDecimal(7)])
    func aTaxTheRatesDoNotExplainStandsAsTheShopStatesIt(percent: ExactDecimal?) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder.lines([(10_000, 1900)], total: 11_900)
        order.content.taxes[0].percent = percent

        let written = try await shop.written(shop.connector(), .order, order.request())

        #expect(written.remarks.first?.contains("19.00 EUR") == true)
        #expect(try shop.balance("Liabilities:Tax Payable") == "-19.00")
        #expect(try shop.book.taxTables.isEmpty)
    }

    @Test func twoRatesOfOneLineAreOneTable() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder.lines([(10_000, 1475)], total: 11_475)
        order.content.taxes = [
            OrderTax(key: "1", label: "GST", percent: ExactDecimal(5), total: cents(500)),
            OrderTax(key: "2", label: "QST", percent: ExactDecimal(mantissa: 975, scale: 2), total: cents(975)),
        ]
        order.content.lines[0].taxes = [
            LineTax(rate: "1", amount: cents(500)), LineTax(rate: "2", amount: cents(975)),
        ]

        _ = try await shop.written(shop.connector(), .order, order.request())

        #expect(try shop.book.taxTables.filter { !$0.isInvisible }.map(\.name) == ["GST 5 % + QST 9.75 %"])
        #expect(try shop.balance("Assets:Accounts Receivable") == "114.75")
    }

    @Test func anOrderThatDoesNotAddUpIsHeldWithTheNumbers() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let order = TestOrder.lines([(1000, 190)], total: 1191)

        let result = try await shop.result(shop.connector(), .order, order.request())

        guard case .held(let reason) = result else { throw CornerShop.Unexpected(what: "\(result)") }
        #expect(reason.contains("11.90 EUR") && reason.contains("11.91 EUR") && reason.contains("0.01 EUR"))
        #expect(try shop.book.invoices.isEmpty && shop.book.customers.isEmpty)
    }

    @Test func aSmallDifferenceIsBookedWhereTheSettingSaysSoAndALargeOneNever() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector(["rounding": "book"])

        let small = try await shop.written(connector, .order, TestOrder.lines([(1000, 190)], total: 1191).request())
        let large = try await shop.result(
            connector, .order, TestOrder.lines([(1000, 190)], total: 1290, number: "1004").request())

        #expect(small.remarks == ["order 1003: rounding difference of 0.01 EUR booked to Expenses:Rounding"])
        #expect(try shop.balance("Expenses:Rounding") == "-0.01")
        #expect(try shop.balance("Assets:Accounts Receivable") == "11.91")
        guard case .held = large else { throw CornerShop.Unexpected(what: "\(large)") }
    }

    @Test func everyTotalIsMetExactly() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var sum: Int64 = 0
        var requests: [WriteRequest] = []
        // Shops round the tax of each line half up; a seeded run over awkward nets and rates.
        var dice = SeededGUIDs("awkward totals")
        for number in 1...60 {
            let rate = Int64([5, 7, 8, 15, 19, 20].randomElement(using: &dice) ?? 19)
            let nets = (0..<Int.random(in: 1...9, using: &dice)).map { _ in Int64.random(in: 1...9999, using: &dice) }
            let lines = nets.map { (net: $0, tax: ($0 * rate + 50) / 100) }
            let total = lines.reduce(0) { $0 + $1.net + $1.tax }
            var order = TestOrder.lines(lines, total: total, number: "\(number)")
            order.content.taxes[0].percent = ExactDecimal(Int(rate))
            order.pay()
            requests.append(order.request())
            sum += total
        }

        let results = try await connector.targets[.order]?.write(requests) ?? []

        for result in results {
            guard case .written = result else { throw CornerShop.Unexpected(what: "\(result)") }
        }
        #expect(try shop.balance("Assets:Bank") == cents(sum).amount)
        #expect(try shop.balance("Assets:Accounts Receivable") == "0.00")
    }

    @Test func aFreeOrderIsBookedAtNothing() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var order = TestOrder.lines([(0, 0)], total: 0)
        order.content.lines[0].subtotal = cents(1000)

        _ = try await shop.written(shop.connector(), .order, order.request())

        #expect(try shop.invoice("1003")?.owed.isZero == true)
    }
}
