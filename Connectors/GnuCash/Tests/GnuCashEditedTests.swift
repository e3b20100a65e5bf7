import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

/// The digest of what was booked stands in the document. What an order shows otherwise since is not booked over it.
@Suite("GnuCash orders that were edited after they were booked")
struct GnuCashEditedTests {
    /// Each thing that the books depend on, changed alone.
    enum Edit: String, CaseIterable {
        case number, total, taxTotal, day, lineQuantity, lineSubtotal, lineTotal, lineTax, lineKey, shipping, lineGone

        func change(_ order: inout TestOrder) {
            switch self {
            case .number: order.content.number = "1002-B"
            case .total: order.content.total = cents(6546)
            case .taxTotal: order.content.taxTotal = cents(1046)
            case .day: order.content.placedAt = order.content.placedAt.adding(seconds: 86_400)
            case .lineQuantity: order.content.lines[0].quantity = ExactDecimal(3)
            case .lineSubtotal: order.content.lines[0].subtotal = cents(4001)
            case .lineTotal: order.content.lines[0].total = cents(3999)
            case .lineTax: order.content.lines[0].tax = cents(1)
            case .lineKey: order.content.lines[0].key = "12"
            case .shipping: order.content.shipping[0].total = cents(501)
            case .lineGone: order.content.lines.removeLast()
            }
        }
    }

    private func booked(_ order: TestOrder) throws -> BookedOrder { try BookedOrder(order.request()) }

    @Test(arguments: Edit.allCases)
    func everythingTheBooksDependOnIsNoticed(edit: Edit) throws {
        var order = TestOrder()
        let before = try booked(order).digest
        edit.change(&order)

        #expect(try booked(order).digest != before)
    }

    @Test func whatTheBooksDoNotDependOnIsNot() throws {
        var order = TestOrder()
        let before = try booked(order).digest
        order.content.billing.line1 = "13 Lake Road"
        order.content.lines[0].name = "Blouse"
        order.content.placedAt = order.content.placedAt.adding(seconds: -60)
        order.state = .completed
        order.pay()

        #expect(try booked(order).digest == before)
    }

    @Test(arguments: ["invoices", "transactions"])
    func anEditedOrderIsHeldWhateverItIsBookedAsAndTheBookStays(form: String) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector(["orders_as": .string(form)])
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        let before = try Data(contentsOf: URL(filePath: shop.path))
        order.content.lines[0].quantity = ExactDecimal(3)

        for id in [first.externalID, nil] {
            guard case .held(let reason) = try await shop.result(connector, .order, order.request(id: id)) else {
                throw CornerShop.Unexpected(what: "an edited order was booked over the first")
            }
            #expect(reason.contains("was edited after it was booked"))
        }
        #expect(try Data(contentsOf: URL(filePath: shop.path)) == before)
    }

    /// Where another hub booked the order, its document is taken for ours only if it says the same.
    @Test func aTransactionOfAnotherHubIsAdoptedOnlyWithTheSameAmounts() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector(["orders_as": "transactions"])
        var order = TestOrder()
        let first = try await shop.written(connector, .order, order.request())
        var request = order.request()
        request.reference = "other hub/order/88"
        #expect(try await shop.written(connector, .order, request).externalID == first.externalID)

        order.content.lines[0].quantity = ExactDecimal(3)
        (request.changes, request.record) = (order.parts, order.parts)
        guard case .held(let reason) = try await shop.result(connector, .order, request) else {
            throw CornerShop.Unexpected(what: "a transaction with other amounts was adopted")
        }
        #expect(reason.contains("that another hub wrote, with other amounts"))
    }
}
