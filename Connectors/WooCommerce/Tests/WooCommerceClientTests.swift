import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce sign-in and answers")
struct WooCommerceClientTests {
    private let nothing = AnsweringTransport(status: 200, body: "[]")

    private func failure(
        _ status: Int, _ body: String, headers: HTTPHeaders = HTTPHeaders(), site: String = "https://shop.test",
        method: String = "GET"
    ) async throws -> ConnectorFailure {
        let client = try Bench.client(AnsweringTransport(status: status, headers: headers, body: body), site)
        do {
            _ = try await client.send(method, "products", body: method == "GET" ? nil : [:])
        } catch {
            return error
        }
        throw Recording.Unusable(description: "status \(status) was taken for a success")
    }

    @Test func overTLSTheKeyTravelsByBasic() throws {
        let request = try Bench.client(nothing).request("GET", "products", [("page", "2")], body: nil)

        #expect(request.headers["Authorization"] == "Basic " + Signature.base64(Array("ck_invented:cs_invented".utf8)))
        #expect(request.address.text == "https://shop.test/wp-json/wc/v3/products?page=2")
    }

    @Test func overPlainHTTPTheRequestIsSignedForTheShopIgnoresBasicThere() throws {
        let request = try Bench.client(nothing, "http://shop.test").request("GET", "products", [], body: nil)
        let names = request.address.query.map(\.name)

        #expect(request.headers["Authorization"] == nil)
        #expect(
            names == [
                "oauth_consumer_key", "oauth_nonce", "oauth_signature_method", "oauth_timestamp", "oauth_signature",
            ])
        #expect(!request.address.text.contains("cs_invented"))
    }

    @Test func aRetryIsSignedAnewBecauseANonceServesOnce() throws {
        let first = ConnectorSurroundings.still(nothing, now: Bench.now, byte: 1)
        let second = ConnectorSurroundings.still(nothing, now: Bench.now.adding(seconds: 5), byte: 2)
        let shop = try Bench.shop("http://shop.test")
        let requests = [first, second].map {
            WooCommerceClient(shop: shop, surroundings: $0).request("GET", "products", [], body: nil)
        }

        #expect(requests[0].address.query[1] != requests[1].address.query[1])
        #expect(requests[0].address.query[3] != requests[1].address.query[3])
        #expect(requests[0].address.query[4] != requests[1].address.query[4])
    }

    @Test func theSignatureIsTheOneTheStandardAsksFor() {
        let signing = OAuthSigning(key: Secret("ck_invented"), secret: Secret("cs_invented"))
        let address = HTTPAddress(
            scheme: "http", host: "shop.test", path: "/wp-json/wc/v3/products",
            query: [.init("search", "50% tea & salt+ශ්"), .init("include", "1,2")])
        let base = signing.baseString("GET", address)

        #expect(
            base == "GET&http%3A%2F%2Fshop.test%2Fwp-json%2Fwc%2Fv3%2Fproducts&include%3D1%252C2%26search%3D"
                + "50%2525%2520tea%2520%2526%2520salt%252B%25E0%25B7%2581%25E0%25B7%258A")
    }

    @Test func aShopInAFolderIsReachedThere() throws {
        let request = try Bench.client(nothing, "https://host.test/store/").request("GET", "orders", [], body: nil)

        #expect(request.address.text == "https://host.test/store/wp-json/wc/v3/orders")
    }

    @Test func listsOfIdsTravelAsCommaLists() async throws {
        let shop = TinyShop(["products": [Sample.product(1), Sample.product(2)]])
        _ = try await Bench.source(.product, shop).fetch(["1", "2"])
        let query = try #require(await shop.asked.last?.address.query)

        #expect(query.contains(.init("include", "1,2")) && !query.contains { $0.name.contains("[") })
    }

    @Test func aSkewedClockIsNamedWithItsDistanceAndTheShopIsTriedAgain() async throws {
        let body = #"{"code":"woocommerce_rest_authentication_error","message":"Invalid timestamp."}"#
        let far = ["Date": "Wed, 18 Nov 2026 11:46:40 GMT"] as HTTPHeaders
        let failure = try await failure(401, body, headers: far, site: "http://shop.test")

        guard case .unavailable(mayHaveHappened: false, let detail) = failure else { throw failure }
        #expect(
            detail.contains("clock")
                && detail.contains("s ahead of ours") == (Bench.now < moment("2026-11-18T11:46:40")))
    }

    private func moment(_ text: String) -> Moment { Moment(iso: text) ?? Bench.now }

    @Test func aNonceSeenTwiceIsTriedAgain() async throws {
        let body = #"{"code":"woocommerce_rest_authentication_error","message":"Invalid nonce - nonce has already..."}"#

        #expect(try await failure(401, body).isTransient)
        #expect(try await failure(401, body, method: "POST").mayHaveHappened)
    }

    @Test func aStrangerOverPlainHTTPIsToldAboutSigning() async throws {
        let body = #"{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources."}"#

        #expect("\(try await failure(401, body, site: "http://shop.test"))".contains("signed requests"))
        #expect("\(try await failure(401, body))".contains("proxy drops the Authorization header"))
    }

    @Test func aReadOnlyKeyThatWritesIsUnauthorizedThoughTheShopSays401Not403() async throws {
        let body =
            #"{"code":"woocommerce_rest_authentication_error","message":"The API key provided does not have write..."}"#

        guard case .unauthorized(let detail) = try await failure(401, body, method: "PUT") else {
            throw Recording.Unusable(description: "not unauthorized")
        }
        #expect(detail.contains("does not have write"))
    }

    @Test func anUnknownIdIsGoneWhetherItIsAnswered400Or404() async throws {
        let body = #"{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID."}"#

        for status in [400, 404] {
            guard case .gone = try await failure(status, body, method: "PUT") else {
                throw Recording.Unusable(description: "status \(status) is not gone")
            }
        }
    }

    @Test func aWrongAddressIsNotTakenForADeletedRecord() async throws {
        let route = #"{"code":"rest_no_route","message":"No route was found matching the URL and request method."}"#

        #expect(try await failure(404, route).errorClass == "refused:rest_no_route")
        #expect(try await failure(404, "<html>Not found</html>").errorClass == "refused:status_404")
    }

    @Test func aMovedShopIsNotFollowedAndNoSignatureIsPrinted() async throws {
        let far = ["Location": "https://www.shop.test/wp-json/wc/v3/products?oauth_consumer_key=ck_invented"]
        var headers = HTTPHeaders()
        for (name, value) in far { headers.add(name, value) }
        let failure = try await failure(301, "", headers: headers, site: "http://shop.test")

        #expect(failure.errorClass == "refused:moved")
        #expect(failure.sentence.contains("https://www.shop.test/wp-json/wc/v3/products"))
        #expect(!failure.sentence.contains("ck_invented"))
    }

    @Test func theShopsOwnRateLimitIsObeyed() async throws {
        #expect(try await failure(429, "{}", headers: ["Retry-After": "30"]) == .throttled(retryAfterSeconds: 30))
        #expect(try await failure(429, "{}") == .throttled(retryAfterSeconds: nil))
    }

    @Test func aRefundErrorWithABareNumberForDataIsRead() throws {
        let json: JSON = [
            "error": ["code": "woocommerce_rest_cannot_create_order_refund", "message": "No", "data": 500]
        ]
        let error = try #require(EntryError(json))

        #expect(error.status == 500 && error.failure.isTransient)
    }

    @Test func trashingACustomerIsRefusedThoughTheStatusIs501() async throws {
        let body = #"{"code":"woocommerce_rest_trash_not_supported","message":"Customers do not support trashing."}"#

        #expect(try await failure(501, body).errorClass == "refused:woocommerce_rest_trash_not_supported")
    }

    @Test func aByteOrderMarkBeforeTheJSONIsOverlooked() async throws {
        let client = try Bench.client(
            AnsweringTransport { _ async throws(TransportFailure) in
                HTTPResponse(status: 200, body: [0xEF, 0xBB, 0xBF] + Array("[]".utf8))
            })

        #expect(try await client.get("products").json == [])
    }

    @Test func theShopsClockIsRead() {
        #expect(HTTPDate.moment("Fri, 20 Nov 2026 21:51:20 GMT") == Moment(iso: "2026-11-20T21:51:20"))
        #expect(HTTPDate.moment("Fri, 20 Foo 2026 21:51:20 GMT") == nil)
        #expect(HTTPDate.moment("yesterday") == nil)
    }

    @Test func checkingSaysWhatWasFound() async throws {
        let shop = TinyShop(["products": (1...207).map { Sample.product($0) }])
        let text = try await Bench.connector(shop).check.check()

        #expect(text == "WooCommerce shop at shop.test, 207 products, currency LKR")
    }

    private func found(_ site: String, _ more: [String: JSON] = [:]) async throws -> String {
        let shop = TinyShop(["products": [Sample.product(1)]])
        return try await Bench.connector(shop, site, more).check.check()
    }

    @Test func checkingSaysThatABatchIsCut() async throws {
        let cut = try await found("https://shop.test", ["batchSize": 500])
        let inner = try await found("https://shop.test", ["realTimeConfig": ["batchSize": 101]])

        #expect(cut.hasSuffix("; batchSize 500 is cut to 100, the shop's limit"))
        #expect(inner.hasSuffix("; batchSize 101 is cut to 100, the shop's limit"))
        for size in [1, 50, 100] {
            #expect(try await !found("https://shop.test", ["batchSize": .integer(size)]).contains("is cut"))
        }
        #expect(try await !found("https://shop.test").contains("is cut"))
    }

    @Test(arguments: [
        ("http://shop.test", true), ("http://192.168.1.7:8080", true), ("http://127.shop.test", true),
        ("http://127.0.0.1:8080", false), ("http://localhost", false), ("http://[::1]:8080", false),
        ("http://shop.localhost", false), ("https://shop.test", false),
    ])
    func checkingSaysWhatCanBeReadOnTheWayExceptOnThisMachine(site: String, isOpen: Bool) async throws {
        let warning =
            "; over http: keys are signed, not sent, but records and the webhook secret can be read on the way"

        #expect(try await found(site).hasSuffix(warning) == isOpen)
    }

    @Test func checkingNamesACurrencyThatIsNotTheShops() async throws {
        let shop = TinyShop(["products": [Sample.product(1)]])
        let connector = try Bench.connector(shop, "https://shop.test", ["currency": "EUR"])

        await #expect(throws: ConnectorFailure.self) { try await connector.check.check() }
    }

    @Test func checkingNamesAClockThatIsOff() async throws {
        let world = AnsweringTransport { _ async throws(TransportFailure) in
            var answer = HTTPResponse.json(JSON.array([["id": "woocommerce_currency", "value": "LKR"]]))
            answer.headers["Date"] = "Tue, 01 Dec 2026 00:00:00 GMT"
            return answer
        }

        #expect(try await Bench.connector(world).check.check().contains("s ahead of ours"))
    }
}
