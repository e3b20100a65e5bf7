import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

/// The four cases: what we ask for, what we understand, what we hand back, what can go wrong. The recordings answer
/// only the exact request.
@Suite("WooCommerce products and orders, request for request")
struct WooCommerceRecordedTests {
    @Test func aPageIsTranslatedAndItsPositionPointsAtTheNext() async throws {
        let shop = try RecordedTransport("products-three-windows", in: Bench.recordings)
        let pages = try await ConnectorConformance { try Bench.connector($0) }.pull(.product, limit: 2, in: shop)

        #expect(pages.map { $0.drafts.map(\.externalID) } == [["11", "12"], [], []])
        #expect(pages.first?.drafts.first?.parts[ProductPart.price]?.regular == Bench.lkr("340"))
        #expect(pages.first?.drafts.first?.parts[ProductPart.description] == "Hand picked.")
        #expect(pages.last?.cursor == "2026-03-01T10:09:58")
        #expect(await shop.leftovers == [])
    }

    @Test func aProductThatCannotBeUsedIsRejectedOnceAndDoesNotStopThePage() async throws {
        let shop = try RecordedTransport("products-three-windows", in: Bench.recordings)
        let pages = try await ConnectorConformance { try Bench.connector($0) }.pull(.product, limit: 2, in: shop)

        #expect(pages.flatMap(\.rejections).map(\.externalID) == ["13"])
        #expect(pages.flatMap(\.rejections).first?.reason.contains("\"12,50\"") == true)
    }

    @Test(arguments: [
        ("products-401", ConnectorConformance.Verdict.unauthorized), ("products-429", .throttled),
        ("products-503", .unavailable), ("products-html", .unreadable),
    ])
    func aVendorErrorBecomesAFailureTheHubUnderstands(
        recording: String, expected: ConnectorConformance.Verdict
    ) async throws {
        let shop = try RecordedTransport(recording, in: Bench.recordings)
        do {
            _ = try await Bench.source(.product, shop).page(PageRequest())
            Issue.record("\(recording) was read")
        } catch let failure as ConnectorFailure {
            #expect(ConnectorConformance.Verdict(failure) == expected, "\(failure)")
        }
        #expect(await shop.leftovers == [])
    }

    @Test func everyEntryOfABatchHasItsOwnFate() async throws {
        let shop = try RecordedTransport("products-batch-mixed", "products-adopted", in: Bench.recordings)
        func request(_ number: Int, _ id: String?, _ name: String, sku: String? = nil) -> WriteRequest {
            var changes = Parts()
            changes[ProductPart.name] = name
            if let sku { changes[ProductPart.sku] = sku }
            return WriteRequest(
                kind: .product, reference: "o1/r\(number)", externalID: id, naturalKey: sku?.lowercased(),
                changes: changes, record: changes, title: name)
        }
        let results = try await Bench.target(.product, shop).write([
            request(21, nil, "Mace", sku: "MACE-1"), request(12, "12", "Clove & leaf"),
            request(22, nil, "Clove 11", sku: "CLV-11"), request(99, "99", "Ghost"),
        ])

        guard case .written(let made) = results[0], case .written(let changed) = results[1],
            case .written(let adopted) = results[2], case .failed(.gone) = results[3]
        else { throw Recording.Unusable(description: "\(results)") }
        #expect(made.externalID == "21" && made.answer?.reference == "o1/r21" && !made.isAdopted)
        #expect(changed.answer?.parts[ProductPart.name] == "Clove & leaf")
        #expect(adopted.externalID == "11" && adopted.isAdopted)
        #expect(await shop.leftovers == [])
    }

    @Test func aRefundedOrderOfAGuestIsReadWithAllThatBelongsToIt() async throws {
        let shop = try RecordedTransport("orders-refunded-guest", in: Bench.recordings)
        let page = try await Bench.source(.order, shop).page(PageRequest(since: "2026-03-03T06:59:58"))
        let order = try #require(page.drafts.last)

        #expect(page.drafts.map(\.externalID) == ["guest/71", "71"] && page.rejections == [])
        #expect(order.hold == nil && order.parts[OrderPart.payment] == .partiallyRefunded)
        #expect(order.parts[OrderPart.refunds]?.first?.amount == Bench.lkr("391"))
        #expect(order.parts[OrderPart.fulfilment] == .fulfilled)
        #expect(await shop.leftovers == [])
    }
}
