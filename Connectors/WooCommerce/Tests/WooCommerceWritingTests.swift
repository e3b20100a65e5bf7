import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce writing")
struct WooCommerceWritingTests {
    private func request(
        _ kind: RecordKind, id: String? = nil, key: String? = nil, _ changes: Parts, record: Parts? = nil
    ) -> WriteRequest {
        WriteRequest(
            kind: kind, reference: "o1/r5", externalID: id, naturalKey: key, changes: changes,
            record: record ?? changes, title: "Cinnamon")
    }

    private func parts(_ change: (inout Parts) -> Void) -> Parts {
        var parts = Parts()
        change(&parts)
        return parts
    }

    private func bodies(_ shop: TinyShop) async -> [JSON] {
        await shop.asked.filter { $0.method == "POST" }.compactMap { try? JSON(parsing: $0.body) }
    }

    private func failure(_ result: WriteResult?) -> ConnectorFailure? {
        if case .failed(let failure)? = result { failure } else { nil }
    }

    private func written(_ result: WriteResult?) -> Written? {
        if case .written(let written)? = result { written } else { nil }
    }

    @Test func onlyWhatChangedIsSent() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let changes = parts { $0[ProductPart.name] = "Cassia" }
        let record = parts {
            $0[ProductPart.name] = "Cassia"
            $0[ProductPart.stock] = StockLevel(isTracked: true, quantity: ExactDecimal(3))
        }
        _ = try await Bench.target(.product, shop).write([request(.product, id: "7", changes, record: record)])

        #expect(await bodies(shop) == [["update": [["id": 7, "name": "Cassia"]]]])
    }

    @Test func pricesTravelAsTextWithAllTheirDecimals() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let price = Price(regular: Bench.lkr("1250.5"), sale: nil, currency: .lkr, saleFrom: Moment(seconds: 0))
        _ = try await Bench.target(.product, shop).write([
            request(.product, id: "7", parts { $0[ProductPart.price] = price })
        ])
        let entry = await bodies(shop).first?["update"]?[0]

        #expect(entry?["regular_price"] == "1250.50" && entry?["sale_price"] == "")
        #expect(entry?["date_on_sale_from_gmt"] == "1970-01-01T00:00:00" && entry?["date_on_sale_to_gmt"] == .null)
    }

    @Test func stockIsCountedWholeAndSwitchedOnWithItsQuantity() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let level = StockLevel(isTracked: true, quantity: ExactDecimal(-2))
        _ = try await Bench.target(.product, shop).write([
            request(.product, id: "7", parts { $0[ProductPart.stock] = level })
        ])

        #expect(await bodies(shop) == [["update": [["id": 7, "manage_stock": true, "stock_quantity": -2]]]])
    }

    /// A batch skips the shop's checks, so what the shop would mangle is not sent at all.
    @Test func whatTheShopWouldMangleIsNotSent() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let below = Price(regular: Bench.lkr("-1"), currency: .lkr)
        let bad: [(String, Parts)] = [
            ("price", parts { $0[ProductPart.price] = below }),
            (
                "stock",
                parts {
                    $0[ProductPart.stock] = StockLevel(isTracked: true, quantity: ExactDecimal(mantissa: 76, scale: 1))
                }
            ),
            ("weight", parts { $0[ProductPart.weight] = Measure(value: ExactDecimal(1), unit: "lbs") }),
            ("weight", Parts(["weight": "1,5"])), ("type", parts { $0[ProductPart.type] = "nonsense" }),
            ("status", parts { $0[ProductPart.status] = "maybe" }), ("name", parts { $0[ProductPart.name] = "" }),
            ("price", Parts(["price": "12,50"])),
        ]
        let results = try await Bench.target(.product, shop).write(bad.map { request(.product, id: "7", $0.1) })

        #expect(results.map { failure($0)?.errorClass } == bad.map { "refused:crossdock_invalid_\($0.0)" })
        #expect(await shop.asked.isEmpty)
    }

    @Test func oneBadRecordDoesNotStopTheOthers() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let good = request(.product, id: "7", parts { $0[ProductPart.name] = "Cassia" })
        let bad = request(.product, id: "7", Parts(["price": "12,50"]))
        let unknown = request(.product, id: "999", parts { $0[ProductPart.name] = "Ghost" })
        let results = try await Bench.target(.product, shop).write([bad, good, unknown])

        #expect(failure(results[0])?.errorClass == "refused:crossdock_invalid_price")
        #expect(written(results[1])?.answer?.title == "Cassia")
        #expect(failure(results[2])?.errorClass == "gone")
    }

    @Test func aBatchAboveAHundredGoesInPieces() async throws {
        let shop = TinyShop(["products": (1...150).map { Sample.product($0) }])
        let requests = (1...150).map { request(.product, id: "\($0)", parts { $0[ProductPart.name] = "Cassia" }) }
        let results = try await Bench.target(.product, shop).write(requests)

        #expect(results.compactMap { written($0)?.externalID } == (1...150).map(String.init))
        #expect(await bodies(shop).map { $0["update"]?.array?.count } == [100, 50])
    }

    @Test func aBatchTheShopFindsTooLargeIsHalved() async throws {
        let world = AnsweringTransport { request async throws(TransportFailure) in
            let entries = (try? JSON(parsing: request.body))?["update"]?.array ?? []
            guard entries.count <= 2 else {
                return .json(
                    JSON.object(["code": "woocommerce_rest_request_entity_too_large", "message": "no"]), status: 413)
            }
            let answers = entries.map { Sample.product($0["id"]?.integer ?? 0) }
            return .json(JSON.object(["update": .array(answers)]))
        }
        let requests = (1...5).map { request(.product, id: "\($0)", parts { $0[ProductPart.name] = "Cassia" }) }

        let results = try await Bench.target(.product, world).write(requests)
        #expect(results.compactMap { written($0)?.externalID } == ["1", "2", "3", "4", "5"])
    }

    @Test func anEntryTheAnswerLacksMayHaveHappened() async throws {
        let world = AnsweringTransport(status: 200, body: JSON.object(["update": [Sample.product(1)]]).text)
        let requests = (1...2).map { request(.product, id: "\($0)", parts { $0[ProductPart.name] = "Cassia" }) }
        let results = try await Bench.target(.product, world).write(requests)

        #expect(written(results[0])?.externalID == "1" && failure(results[1])?.mayHaveHappened == true)
    }

    @Test func whatTheShopMadeOfItIsHandedBack() async throws {
        // Recorded: a sale price above the regular one is emptied without a word.
        let emptied = Sample.product(7, ["regular_price": "1250.00", "sale_price": ""])
        let world = AnsweringTransport(status: 200, body: JSON.object(["update": [emptied]]).text)
        let price = Price(regular: Bench.lkr("1250"), sale: Bench.lkr("2000"), currency: .lkr)
        let result = try await Bench.target(.product, world).write([
            request(.product, id: "7", parts { $0[ProductPart.price] = price })
        ])

        #expect(written(result.first)?.answer?.parts[ProductPart.price]?.sale == nil)
    }

    @Test func textTheShopRewritesCountsAsTheSame() async throws {
        let target = try Bench.target(.product, TinyShop([:]))

        #expect(target.normalForm(of: "name", "A & B") == target.normalForm(of: "name", "A &amp; B "))
        #expect(target.normalForm(of: "description", "High") == target.normalForm(of: "description", "<p>High</p>\n"))
        #expect(target.normalForm(of: "name", "100% \\ back") != target.normalForm(of: "name", "100%  back"))
        #expect(target.normalForm(of: "categories", [1, 2]) == target.normalForm(of: "categories", [2, 1]))
    }

    @Test func aTakenSKUIsAdopted() async throws {
        let shop = TinyShop(["products": [Sample.product(39, ["sku": "TEA-1"])]])
        let changes = parts {
            $0[ProductPart.name] = "Tea"
            $0[ProductPart.sku] = "TEA-1"
        }
        let result = try await Bench.target(.product, shop).write([request(.product, key: "tea-1", changes)])

        #expect(written(result.first)?.externalID == "39" && written(result.first)?.isAdopted == true)
        #expect(written(result.first)?.answer?.title == "Cinnamon 39")
        #expect(await shop.count("products") == 1)
    }

    @Test func aTakenSKUOnAnUpdateIsKeptBackAlone() async throws {
        let error: JSON = ["code": "product_invalid_sku", "message": "taken", "data": ["resource_id": 39]]
        let world = AnsweringTransport(status: 200, body: JSON.object(["update": [["id": 40, "error": error]]]).text)
        let result = try await Bench.target(.product, world).write([
            request(.product, id: "40", parts { $0[ProductPart.sku] = "TEA-1" })
        ])

        guard case .taken("sku", by: "39", let detail) = result.first else {
            throw Recording.Unusable(description: "\(String(describing: result.first))")
        }
        #expect(detail.contains("\"TEA-1\" is the SKU of product 39 there"))
    }

    @Test func aTakenBarcodeIsForAPerson() async throws {
        let error: JSON = ["code": "product_invalid_global_unique_id", "message": "taken", "data": ["resource_id": 39]]
        let world = AnsweringTransport(status: 200, body: JSON.object(["create": [["id": 0, "error": error]]]).text)
        let result = try await Bench.target(.product, world).write([
            request(.product, parts { $0[ProductPart.name] = "Tea" })
        ])

        #expect(failure(result.first)?.errorClass == "refused:product_invalid_global_unique_id")
    }

    @Test func whoLosesARaceForASKUFindsTheWinner() async throws {
        let world = AnsweringTransport { request async throws(TransportFailure) in
            guard request.method == "POST" else {
                return .json(JSON.array([Sample.product(39, ["sku": "TEA-1"])]))
            }
            let error: JSON = ["code": "woocommerce_rest_product_not_created", "message": "SKU is being processed"]
            return .json(JSON.object(["create": [["id": 0, "error": error]]]))
        }
        let changes = parts {
            $0[ProductPart.name] = "Tea"
            $0[ProductPart.sku] = "TEA-1"
        }
        let result = try await Bench.target(.product, world).write([request(.product, key: "tea-1", changes)])

        #expect(written(result.first)?.externalID == "39" && written(result.first)?.isAdopted == true)
    }

    @Test func aProductWithoutSKUIsFoundByOurReference() async throws {
        let shop = TinyShop(["products": [Sample.product(39, ["sku": ""])]])
        let target = try Bench.target(.product, shop)
        let create = request(.product, parts { $0[ProductPart.name] = "Tea" })
        let made = try await target.write([create])

        #expect(try await target.find(create).map(\.externalID) == [written(made.first)?.externalID])
        #expect(try await target.find(create).first?.reference == "o1/r5")
    }

    @Test func archivingPutsIntoTheBinNotAway() async throws {
        let shop = TinyShop(["products": [Sample.product(7)]])
        let result = try await Bench.target(.product, shop).write([
            request(.product, id: "7", parts { $0[ProductPart.status] = "archived" })
        ])
        let deletion = await shop.asked.first { $0.method == "DELETE" }

        #expect(written(result.first)?.answer?.parts[ProductPart.status] == "archived")
        #expect(deletion?.address.query.contains { $0.name == "force" } == false)
    }

    @Test func aVariantsValuesNameTheShopsOwnAttribute() async throws {
        let attribute: JSON = ["id": 3, "name": "Pack", "options": ["50 g"], "variation": true]
        let shop = TinyShop(["products": [Sample.product(40, ["type": "variable", "attributes": [attribute]])]])
        let changes = parts {
            $0[VariantPart.product] = .external(.product, "40")
            $0[VariantPart.sku] = "TEA-ST-50"
            $0[VariantPart.options] = [
                OptionValue(name: "Pack", value: "50 g"), OptionValue(name: "Grind", value: "fine"),
            ]
        }
        let results = try await Bench.target(.variant, shop).write([request(.variant, changes)])
        let entry = await bodies(shop).first?["create"]?[0]

        #expect(entry?["attributes"] == [["id": 3, "option": "50 g"], ["name": "Grind", "option": "fine"]])
        #expect(written(results.first)?.externalID.hasPrefix("40/") == true)
    }

    @Test func aVariantWaitsForItsProduct() async throws {
        let shop = TinyShop([:])
        let results = try await Bench.target(.variant, shop).write([
            request(.variant, parts { $0[VariantPart.sku] = "A" })
        ])

        guard case .held? = results.first else { throw Recording.Unusable(description: "\(results)") }
        #expect(await shop.asked.isEmpty)
    }

    @Test func variantsOfTwoProductsGoInTwoBatches() async throws {
        let shop = TinyShop([
            "products/40/variations": [Sample.variation(41, of: 40)],
            "products/50/variations": [Sample.variation(51, of: 50)],
        ])
        let level = StockLevel(isTracked: true, quantity: ExactDecimal(5))
        let change = parts { $0[VariantPart.stock] = level }
        let results = try await Bench.target(.variant, shop).write([
            request(.variant, id: "50/51", change), request(.variant, id: "40/41", change),
        ])

        #expect(results.compactMap { written($0)?.externalID } == ["50/51", "40/41"])
        #expect(await shop.asked.filter { $0.address.path.hasSuffix("variations/batch") }.count == 2)
    }
}
