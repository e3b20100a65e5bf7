import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

/// A price in another currency than the shop's: nothing is converted without a rule, and nothing else is kept back.
@Suite("WooCommerce prices of another currency")
struct WooCommerceForeignPriceTests {
    private static let euros = Price(regular: Money(minorUnits: 1999, currency: .eur), currency: .eur)
    private static let priceMembers = [
        "regular_price", "sale_price", "date_on_sale_from_gmt", "date_on_sale_to_gmt",
    ]
    private static let remark =
        "price: it is in EUR, the shop sells in LKR; nothing is converted without a rule, so the price was left as it "
        + "is there"

    private func request(_ kind: RecordKind, id: String? = nil, _ change: (inout Parts) -> Void) -> WriteRequest {
        var changes = Parts()
        change(&changes)
        return WriteRequest(
            kind: kind, reference: "o1/r5", externalID: id, changes: changes, record: changes, title: "Cinnamon")
    }

    private func written(_ result: WriteResult?) throws -> Written {
        guard case .written(let written)? = result else { throw Recording.Unusable(description: "\(result as Any)") }
        return written
    }

    private func bodies(_ shop: TinyShop) async -> [JSON] {
        await shop.asked.filter { $0.method == "POST" }.compactMap { try? JSON(parsing: $0.body) }
    }

    @Test func aForeignPriceIsLeftOutWithARemarkAndTheRestIsWritten() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let update = request(.product, id: "7") {
            $0[ProductPart.name] = "Cassia"
            $0[ProductPart.price] = Self.euros
        }
        let result = try written(try await Bench.target(.product, shop).write([update]).first)

        #expect(await bodies(shop) == [["update": [["id": 7, "name": "Cassia"]]]])
        #expect(result.remarks == [Self.remark])
        #expect(result.answer?.parts[ProductPart.price]?.regular == Bench.lkr("120"))
    }

    @Test func aForeignPriceAloneIsNotSentAtAll() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let update = request(.product, id: "7") { $0[ProductPart.price] = Self.euros }
        let result = try written(try await Bench.target(.product, shop).write([update]).first)

        #expect(await shop.asked.isEmpty)
        #expect(result.externalID == "7" && result.remarks == [Self.remark])
    }

    @Test func aNewProductWithAForeignPriceIsMadeWithoutOne() async throws {
        let shop = TinyShop([:])
        let create = request(.product) {
            $0[ProductPart.name] = "Cassia"
            $0[ProductPart.price] = Self.euros
        }
        let result = try written(try await Bench.target(.product, shop).write([create]).first)
        let entry = await bodies(shop).first?["create"]?[0]

        #expect(entry?["name"] == "Cassia")
        #expect(Self.priceMembers.allSatisfy { entry?[$0] == nil })
        #expect(result.remarks == [Self.remark])
    }

    @Test func aVariantsForeignPriceIsLeftOutWithARemark() async throws {
        let shop = TinyShop(["products/40/variations": [Sample.variation(41, of: 40)]])
        let update = request(.variant, id: "40/41") {
            $0[VariantPart.sku] = "TEA-50"
            $0[VariantPart.price] = Self.euros
        }
        let result = try written(try await Bench.target(.variant, shop).write([update]).first)

        #expect(await bodies(shop) == [["update": [["id": 41, "sku": "TEA-50"]]]])
        #expect(result.externalID == "40/41" && result.remarks == [Self.remark])
    }

    @Test func aForeignPriceOfOneDoesNotTouchThePriceOfAnother() async throws {
        let shop = TinyShop(["products": [Sample.product(7), Sample.product(8)]])
        let own = request(.product, id: "8") {
            $0[ProductPart.price] = Price(regular: Bench.lkr("130"), currency: .lkr)
        }
        let foreign = request(.product, id: "7") { $0[ProductPart.price] = Self.euros }
        let results = try await Bench.target(.product, shop).write([foreign, own])

        #expect(try written(results[0]).remarks == [Self.remark] && written(results[1]).remarks == [])
        #expect(await bodies(shop).first?["update"]?.array?.map { $0["id"] } == [8])
        #expect(try written(results[1]).answer?.parts[ProductPart.price]?.regular == Bench.lkr("130"))
    }
}
