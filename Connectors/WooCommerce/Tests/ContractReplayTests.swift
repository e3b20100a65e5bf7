import ConnectorKit
import Foundation
import TestKit
import Testing

@testable import WooCommerce

/// Everything the real program was recorded to send and answer, through this connector. The recordings lie beside the
/// project; where they are missing there is nothing to replay, and these tests say so.
@Suite("WooCommerce, as recorded", .enabled(if: Bench.contracts != nil, "../shared/contracts is not here"))
struct ContractReplayTests {
    private func recordings(_ part: String) throws -> [Recording] {
        let folder = try #require(Bench.contracts)
        return try Recording.all(in: folder.appending(path: part))
    }

    private func recording(_ name: String) throws -> Recording { try Recording(name, in: #require(Bench.contracts)) }

    private func body(_ name: String) throws -> JSON {
        try JSON(parsing: #require(try recording(name).exchanges.first).answer)
    }

    private func verdict(_ exchange: Recording.Exchange) throws -> String {
        let reading = AnswerReading(
            shop: try Bench.shop("http://127.0.0.1:18080"), path: exchange.path, writes: exchange.method != "GET",
            now: Bench.now)
        do {
            _ = try reading.answer(exchange.response)
            return "answer"
        } catch {
            return ConnectorConformance.Verdict(error).rawValue
        }
    }

    /// What is not a plain success, by recording: every other one is an answer.
    static let failures: [String: String] = [
        "auth/oauth1-chars-array-empty-index-401": "unauthorized", "batch/products-over-100-413": "refused",
        "categories/create-duplicate-400": "refused", "customers/create-duplicate-email-400": "refused",
        "customers/delete-without-force-501": "refused", "customers/get-404": "gone",
        "errors/400-broken-json": "refused", "errors/400-duplicate-gtin": "refused",
        "errors/400-duplicate-sku": "refused", "errors/400-duplicate-sku-put": "refused",
        "errors/400-invalid-param-per-page": "refused", "errors/400-invalid-param-several": "refused",
        "errors/400-missing-required-webhook": "refused", "errors/400-put-unknown-product": "gone",
        "errors/400-webhook-bad-url": "refused", "errors/400-wrong-type-price-number": "refused",
        "errors/400-wrong-type-stock": "refused", "errors/401-basic-over-plain-http": "unauthorized",
        "errors/401-basic-unknown-key": "unauthorized", "errors/401-basic-wrong-secret": "unauthorized",
        "errors/401-no-auth": "unauthorized", "errors/401-querystring-keys-over-plain-http": "unauthorized",
        "errors/401-read-only-key-writes": "unauthorized", "errors/401-write-only-key-reads": "unauthorized",
        "errors/404-bad-id": "refused", "errors/404-delete-unknown": "gone", "errors/404-method-not-routed": "refused",
        "errors/404-unknown-order": "gone", "errors/404-unknown-product": "gone",
        "errors/404-unknown-route": "refused", "errors/oauth1-401-bad-signature": "unauthorized",
        "errors/oauth1-401-missing-parameter": "unauthorized", "errors/oauth1-401-nonce-reused": "unavailable",
        "errors/oauth1-401-stale-timestamp": "unavailable", "errors/oauth1-401-tampered-query": "unauthorized",
        "errors/oauth1-401-unknown-key": "unauthorized", "filters/modified-after-date-only": "refused",
        "filters/modified-after-not-a-date": "refused", "orders/invalid-status-400": "refused",
        "products/create-image-unreachable-400": "refused", "products/put-stock-fraction": "refused",
        "refunds/create-too-much": "unavailable", "variations/get-wrong-parent-404": "gone",
    ]

    @Test func everyRecordedAnswerBecomesWhatTheHubShouldDo() throws {
        var wrong: [String] = []
        var seen = 0
        for recording in try recordings("") where !recording.name.hasPrefix("webhooks/deliveries") {
            // The shopper's side (Store API) is not this connector's.
            for exchange in recording.exchanges where exchange.path.contains("/wc/v3/") {
                seen += 1
                let expected = Self.failures[recording.name] ?? "answer"
                let found = try verdict(exchange)
                if found != expected { wrong.append("\(recording.name): \(found), expected \(expected)") }
            }
        }

        #expect(wrong == [])
        #expect(seen > 150, "only \(seen) recordings were replayed")
    }

    @Test func everyRecordedProductAndVariationTranslates() throws {
        let translator = try Bench.translator()
        var seen = 0
        for recording in try recordings("") {
            for exchange in recording.exchanges where exchange.path.hasPrefix("/wp-json/wc/v3/products") {
                for json in whole(try? JSON(parsing: exchange.answer), ["regular_price", "status", "attributes"]) {
                    seen += 1
                    if json["type"] == "variation" {
                        let draft = try translator.variant(json, parent: "40", .lkr)
                        #expect(VariantID(draft.externalID) != nil && draft.parts[VariantPart.price] != nil)
                    } else {
                        let draft = try translator.product(json, .lkr)
                        #expect(draft.parts[ProductPart.status] != nil)
                        // The recorded shop's sample goods have an external and a grouped product.
                        let isOwn = ["simple", "variable"].contains(json["type"]?.string)
                        #expect(draft.remarks.isEmpty == isOwn, "\(recording.name): \(draft.remarks)")
                    }
                }
            }
        }

        #expect(seen > 40, "only \(seen) products were translated")
    }

    @Test func everyRecordedOrderCustomerAndCategoryTranslates() throws {
        let translator = try Bench.translator()
        var seen: [String: Int] = [:]
        for recording in try recordings("") {
            for exchange in recording.exchanges {
                let json = try? JSON(parsing: exchange.answer)
                if exchange.path.contains("/wc/v3/orders"), !exchange.path.contains("refunds") {
                    for order in whole(json, ["line_items", "total_tax"]) {
                        let draft = try translator.order(order, refunds: [])
                        #expect(try #require(draft.parts[OrderPart.content]).difference().minorUnits == 0)
                        #expect((draft.hold == nil) == !recording.name.contains("unknown-product"), "\(recording.name)")
                        seen["orders", default: 0] += 1
                    }
                }
                for customer in whole(json, ["is_paying_customer", "billing"]) {
                    #expect(try translator.customer(customer).parts[CustomerPart.email] != nil)
                    seen["customers", default: 0] += 1
                }
                if exchange.path.hasSuffix("/categories") {
                    for category in whole(json, ["slug", "parent"]) {
                        #expect(try translator.category(category).title != "")
                        seen["categories", default: 0] += 1
                    }
                }
            }
        }

        #expect(seen["orders"] ?? 0 >= 12 && seen["customers"] ?? 0 >= 7 && seen["categories"] ?? 0 >= 5, "\(seen)")
    }

    /// The records of an answer, of a list or of a batch that have all these members (a `_fields` answer has not).
    private func whole(_ json: JSON?, _ members: [String]) -> [JSON] {
        guard let json else { return [] }
        let all = json.array ?? (json["create"]?.array ?? []) + (json["update"]?.array ?? []) + [json]
        return all.filter { record in members.allSatisfy { record[$0] != nil } }
    }

    private func amount(_ json: JSON?) -> Money? { json?.scalarText.flatMap(Bench.lkr) }

    @Test func theRecordedProductSaysWhatItCosts() throws {
        let json = try body("products/simple-get")
        let draft = try Bench.translator().product(json, .lkr)
        let price = try #require(draft.parts[ProductPart.price])
        let categories = (json["categories"]?.array ?? []).compactMap { $0["id"]?.scalarText }.sorted()

        #expect(draft.naturalKey == json["sku"]?.string && draft.naturalKey != nil)
        #expect(price.regular == amount(json["regular_price"]) && price.sale == amount(json["sale_price"]))
        #expect(price.regular != nil && price.sale != nil && price.regular != price.sale)
        #expect(draft.parts[ProductPart.stock]?.quantity?.whole == json["stock_quantity"]?.integer)
        #expect(draft.parts[ProductPart.categories] == categories.map { .external(.category, $0) })
        #expect(draft.parts[ProductPart.barcode] == json["global_unique_id"]?.string)
        #expect(draft.revision == json["date_modified_gmt"]?.string)
    }

    @Test func readingAndEditingShowTheSameRecord() throws {
        let translator = try Bench.translator()
        let edited = try translator.product(body("products/simple-get-context-edit"), .lkr)
        let shown = try translator.product(body("products/simple-get"), .lkr, isRendered: true)
        let answered = try translator.product(body("products/simple-create"), .lkr)

        #expect(shown.parts == edited.parts)
        #expect(answered.parts == edited.parts)
    }

    @Test func theRecordedVariableProductHasNoPriceOfItsOwn() throws {
        let json = try body("products/variable-get")
        let draft = try Bench.translator().product(json, .lkr)
        let options = try #require(draft.parts[ProductPart.options])

        #expect(json["price"]?.string?.isEmpty == false)
        #expect(draft.parts[ProductPart.price.shape.name] == nil && draft.parts[ProductPart.stock.shape.name] == nil)
        #expect(options.map(\.name) == json["attributes"]?.array?.compactMap { $0["name"]?.string })
        #expect(options.map(\.isForVariants) == [true, false] && options.first?.values.count == 2)
    }

    @Test func theRecordedOrderAddsUpAndItsRefundIsPositive() throws {
        let json = try body("orders/get-after-refund")
        let list = try #require(try body("refunds/list").array)
        let draft = try Bench.translator().order(json, refunds: list)
        let content = try #require(draft.parts[OrderPart.content])
        let refund = try #require(draft.parts[OrderPart.refunds]?.first)
        let items = (json["line_items"]?.array ?? []).map { line in
            let product = line["product_id"]?.scalarText ?? ""
            return line["variation_id"]?.integer == 0
                ? product : product + "/" + (line["variation_id"]?.scalarText ?? "")
        }

        #expect(draft.hold == nil && content.total == amount(json["total"]))
        #expect(content.lines.compactMap(\.item) == items && items.count == 2)
        #expect(content.discounts.first?.amount == amount(json["discount_total"]))
        #expect(draft.parts[OrderPart.payment] == .partiallyRefunded)
        #expect(draft.parts[OrderPart.payments]?.first?.amount == content.total)
        #expect(refund.amount == amount(list.first?["amount"]) && refund.amount.minorUnits > 0)
        #expect(refund.lines.first?.key == content.lines.first?.key && refund.lines.first?.quantity == ExactDecimal(1))
        let back = try refund.lines.reduce(Money.zero(.lkr)) { try $0.adding($1.total).adding($1.tax) }
        #expect(back == refund.amount)
    }

    @Test func theRecordedVectorReproduces() throws {
        let vector = try recording("auth/oauth1-vector").json
        let signing = OAuthSigning(
            key: Secret("unused"), secret: Secret(try #require(vector["consumer_secret"]?.string)))
        var address = try #require(vector["url"]?.string.flatMap(HTTPAddress.init))
        address.query = (vector["params_without_signature"]?.array ?? []).map {
            HTTPAddress.QueryItem($0[0]?.string ?? "", $0[1]?.string ?? "")
        }
        let base = signing.baseString("GET", address)
        let code = Signature.hmacSHA256(Array(base.utf8), key: Array((signing.secret.reveal + "&").utf8))

        #expect(base == vector["signature_base_string"]?.string)
        #expect(Signature.base64(code) == vector["oauth_signature"]?.string)
    }

    @Test func whatTheShopAcceptedIsWhatWeWouldHaveSigned() throws {
        let secret = try #require(try recording("auth/oauth1-vector").json["consumer_secret"]?.string)
        let signing = OAuthSigning(key: Secret("x"), secret: Secret(secret))
        var seen = 0
        for recording in try recordings("auth") where recording.name.contains("oauth1") {
            guard let request = recording.json["request"], recording.json["response"]?["status"]?.integer == 200,
                let pairs = request["query"]?.array, !recording.name.contains("sha1"),
                let signature = pairs.first(where: { $0[0] == "oauth_signature" })?[1]?.string
            else { continue }
            var address = try #require(HTTPAddress("http://127.0.0.1:18080" + (request["path"]?.string ?? "")))
            address.query = pairs.filter { $0[0] != "oauth_signature" }.map {
                HTTPAddress.QueryItem($0[0]?.string ?? "", $0[1]?.string ?? "")
            }
            let base = signing.baseString(request["method"]?.string ?? "", address)
            let code = Signature.hmacSHA256(Array(base.utf8), key: Array((secret + "&").utf8))
            #expect(Signature.base64(code) == signature, "\(recording.name)")
            seen += 1
        }

        #expect(seen >= 7)
    }
}
