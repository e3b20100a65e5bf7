import Commerce
import Testing
import Wire

@testable import Sandbox

@Suite struct WebhookTests {
    private static let all = [
        "product.created", "product.updated", "product.deleted", "product.restored", "order.created", "order.updated",
        "order.deleted", "customer.created", "customer.updated", "customer.deleted",
    ]

    /// A shop with one product, that tells of everything.
    private func driver() throws -> (ShopDriver, Int) {
        var driver = ShopDriver()
        for topic in Self.all { try driver.subscribe(topic) }
        let made = try driver.ask(
            "POST", "/products", ["sku": "S", "regular_price": "5", "manage_stock": true, "stock_quantity": 9])
        _ = driver.deliveries()
        return (driver, made["id"]?.integer ?? 0)
    }

    private func topics(_ driver: inout ShopDriver) -> [String] { driver.deliveries().map(\.topic) }

    @Test func aDeliveryIsSignedOverItsBytesWithTheDecodedSecret() throws {
        var driver = ShopDriver()
        try driver.ask(
            "POST", "/webhooks",
            ["topic": "product.created", "delivery_url": "http://hub.example/", "secret": "a&amp;b&quot;c"])
        try driver.ask("POST", "/products", ["name": "x"])

        _ = driver.deliveries()

        let sent = try #require(driver.sent.first)
        let code = Signature.base64(Signature.hmacSHA256(sent.body, key: Array("a&b\"c".utf8)))
        #expect(sent.headers["X-WC-Webhook-Signature"] == code)
        #expect(sent.headers["X-WC-Webhook-Source"] == "http://127.0.0.1:8080/")
        #expect(try driver.ask("GET", "/webhooks/1")["secret"] == nil)
    }

    @Test func aNewWebhookIsPingedWithAnUnsignedForm() throws {
        var driver = ShopDriver()

        try driver.ask("POST", "/webhooks", ["topic": "product.created", "delivery_url": "http://hub.example/"])

        let ping = try #require(driver.sent.first)
        #expect(String(decoding: ping.body, as: UTF8.self) == "webhook_id=1")
        #expect(ping.headers["X-WC-Webhook-Signature"] == nil)
        #expect(ping.headers["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(try driver.ask("GET", "/webhooks/1")["date_modified"] == .null)
    }

    @Test func aPingThatIsNotAnsweredWith200ComesAgainWithEverySave() throws {
        var driver = ShopDriver()
        try driver.ask("POST", "/webhooks", ["topic": "product.created", "delivery_url": "http://hub.example/"])
        driver.answerAll(401)
        driver.sent = []

        try driver.ask("PUT", "/webhooks/1", ["name": "again"])
        #expect(driver.sent.count == 1)
        driver.answerAll(200)
        driver.sent = []
        try driver.ask("PUT", "/webhooks/1", ["name": "once more"])

        #expect(driver.sent.isEmpty)
    }

    @Test func nothingIsSentUntilSomebodyVisits() throws {
        var (driver, id) = try driver()
        try driver.ask("PUT", "/products/\(id)", ["name": "new"])
        driver.sent = []

        driver.wait(3600)
        #expect(driver.shop.advance(to: driver.now).isEmpty)
        driver.shop.options.deliversWithoutTraffic = true
        #expect(driver.shop.advance(to: driver.now).count == 1)
    }

    @Test func aVisitSendsWhatWaitedAtMostOnceAMinute() throws {
        var (driver, id) = try driver()
        driver.sent = []
        try driver.ask("PUT", "/products/\(id)", ["name": "new"])
        driver.wait(30)
        try driver.ask("GET", "/products")
        #expect(driver.sent.isEmpty)
        driver.wait(31)
        try driver.ask("GET", "/products")

        #expect(driver.sent.map { $0.headers["X-WC-Webhook-Topic"] } == ["product.updated"])
    }

    @Test func theCronAddressSendsWhatWaits() throws {
        var (driver, id) = try driver()
        try driver.ask("PUT", "/products/\(id)", ["name": "new"])
        driver.sent = []

        let answer = try driver.send(ShopDriver.request("GET", "http://127.0.0.1:8080/wp-cron.php?doing_wp_cron"))

        #expect(answer.status == 200)
        #expect(driver.sent.count == 1)
    }

    @Test func threeChangesBeforeTheQueueRunsAreOneDeliveryOfTheLastState() throws {
        var (driver, id) = try driver()

        for name in ["one", "two", "three"] { try driver.ask("PUT", "/products/\(id)", ["name": .string(name)]) }

        let sent = driver.deliveries()
        #expect(sent.map(\.topic) == ["product.updated"])
        #expect(sent.first?.body["name"] == "three")
    }

    @Test func aChangeOfNothingIsToldToo() throws {
        var (driver, id) = try driver()

        try driver.ask("PUT", "/products/\(id)", [:])

        #expect(topics(&driver) == ["product.updated"])
    }

    @Test func anOrderMadeByRESTIsCreatedAndUpdated() throws {
        var (driver, _) = try driver()

        try driver.ask("POST", "/orders", [:])
        #expect(topics(&driver) == ["order.created", "order.updated"])
        try driver.ask("POST", "/customers", ["email": "a@example.com"])
        #expect(topics(&driver) == ["customer.created", "customer.updated"])
    }

    @Test func aShoppersOrderIsUpdatedBeforeItIsCreatedAndItsProductFollows() throws {
        var (driver, _) = try driver()

        driver.shop.placeOrder([.init(sku: "S", quantity: 1)], .init(email: "x@example.com"), at: driver.now)

        #expect(topics(&driver) == ["order.updated", "order.created", "product.updated"])
    }

    @Test func aCompletedOrderChangesItsCustomer() throws {
        var (driver, _) = try driver()
        try driver.ask("POST", "/customers", ["email": "a@example.com"])
        let order = driver.shop.placeOrder(
            [.init(sku: "S", quantity: 1)], .init(email: "a@example.com"), at: driver.now)
        _ = driver.deliveries()

        #expect(driver.shop.complete(order: order ?? 0, at: driver.now) == true)

        let sent = driver.deliveries()
        #expect(sent.map(\.topic) == ["order.updated", "customer.updated"])
        #expect(sent.last?.body["is_paying_customer"] == true)
    }

    @Test func anAbandonedCheckoutIsUpdatedWithoutEverBeingCreated() throws {
        var (driver, _) = try driver()

        driver.shop.abandonCheckout([.init(sku: "S", quantity: 1)], .init(email: "x@example.com"), at: driver.now)

        let sent = driver.deliveries()
        #expect(sent.map(\.topic) == ["order.updated"])
        #expect(sent.first?.body["status"] == "checkout-draft")
    }

    @Test func aVariationComesAsAProductAndItsProductSaysNothing() throws {
        var (driver, _) = try driver()
        let parent = try driver.ask("POST", "/products", ["type": "variable"])["id"]?.integer ?? 0
        _ = driver.deliveries()

        let one = try driver.ask("POST", "/products/\(parent)/variations", ["regular_price": "3"])["id"]?.integer ?? 0
        let made = driver.deliveries()
        try driver.ask("PUT", "/products/\(parent)/variations/\(one)", ["regular_price": "4"])
        let changed = driver.deliveries()

        #expect(made.map(\.topic) == ["product.created"])
        #expect(made.first?.body["type"] == "variation")
        #expect(changed.map(\.topic) == ["product.updated"])
        #expect(changed.first?.body["parent_id"]?.integer == parent)
        try driver.ask("DELETE", "/products/\(parent)/variations/\(one)?force=true")
        #expect(topics(&driver) == [])
    }

    @Test func theTrashIsToldAndADeletionForEverIsNot() throws {
        var (driver, id) = try driver()
        let order = try driver.ask("POST", "/orders", [:])["id"]?.integer ?? 0
        let buyer = try driver.ask("POST", "/customers", ["email": "a@example.com"])["id"]?.integer ?? 0
        _ = driver.deliveries()

        try driver.ask("DELETE", "/products/\(id)")
        try driver.ask("DELETE", "/orders/\(order)")
        let trashed = driver.deliveries()
        try driver.ask("DELETE", "/products/\(id)?force=true")
        try driver.ask("DELETE", "/orders/\(order)?force=true")
        let gone = driver.deliveries()
        try driver.ask("DELETE", "/customers/\(buyer)?force=true")

        #expect(trashed.map(\.topic) == ["product.deleted", "order.deleted"])
        #expect(trashed.first?.body == ["id": .integer(id)])
        #expect(gone.isEmpty)
        #expect(topics(&driver) == ["customer.deleted"])
    }

    @Test func aProductRestoredByHandIsToldTwiceAndByRESTOnce() throws {
        var (driver, id) = try driver()
        try driver.ask("DELETE", "/products/\(id)")
        _ = driver.deliveries()

        #expect(driver.shop.restoreProduct(id, at: driver.now) == true)
        #expect(topics(&driver) == ["product.updated", "product.restored"])
        try driver.ask("DELETE", "/products/\(id)")
        _ = driver.deliveries()
        let shown = try driver.ask("PUT", "/products/\(id)", ["status": "publish"])

        #expect(topics(&driver) == ["product.updated"])
        #expect(shown["slug"] == "product")
    }

    @Test func anObjectThatIsGoneIsASignedErrorBody() throws {
        var (driver, _) = try driver()
        let id = try driver.ask("POST", "/products", [:])["id"]?.integer ?? 0
        try driver.ask("DELETE", "/products/\(id)?force=true")

        let sent = driver.deliveries()

        #expect(sent.map(\.topic) == ["product.created"])
        #expect(sent.first?.body["code"] == "woocommerce_rest_product_invalid_id")
        #expect(sent.first?.body["id"] == nil)
        #expect(driver.sent.first?.headers["X-WC-Webhook-Signature"] != nil)
    }

    @Test func aCreatedProductMayAlreadyBeInTheTrash() throws {
        var (driver, _) = try driver()
        let id = try driver.ask("POST", "/products", [:])["id"]?.integer ?? 0
        try driver.ask("DELETE", "/products/\(id)")

        let sent = driver.deliveries()

        #expect(sent.map(\.topic) == ["product.created", "product.deleted"])
        #expect(sent.first?.body["status"] == "trash")
    }

    @Test func twoProductsOfOneSecondShareADeliveryID() throws {
        var (driver, id) = try driver()
        let other = try driver.ask("POST", "/products", [:])["id"]?.integer ?? 0
        _ = driver.deliveries()
        try driver.ask(
            "POST", "/products/batch", ["update": [["id": .integer(id)], ["id": .integer(other)]]])

        _ = driver.deliveries()

        #expect(driver.sent.count == 2)
        #expect(Set(driver.sent.map { $0.headers["X-WC-Webhook-Delivery-ID"] }).count == 1)
        #expect(Set(driver.sent.map(\.body)).count == 2)
    }

    @Test func theSeventhFailureInARowSwitchesAWebhookOffAndNothingIsTriedAgain() throws {
        var (driver, id) = try driver()
        let webhook = 2

        for failure in 1...7 {
            try driver.ask("PUT", "/products/\(id)", [:])
            #expect(driver.deliveries().count == 1)
            driver.answerAll(failure.isMultiple(of: 2) ? 500 : nil)
            #expect(driver.deliveries().isEmpty)
            let shown = try driver.ask("GET", "/webhooks/\(webhook)")
            #expect(shown["status"] == (failure < 7 ? "active" : "disabled"), "failure \(failure)")
        }
        try driver.ask("PUT", "/products/\(id)", [:])
        #expect(driver.deliveries().isEmpty)
    }

    @Test func switchingAWebhookOnDoesNotResetItsFailuresAndASuccessDoes() throws {
        var (driver, id) = try driver()
        func fail(_ status: Int) throws {
            try driver.ask("PUT", "/products/\(id)", [:])
            _ = driver.deliveries()
            driver.answerAll(status)
        }
        for _ in 1...7 { try fail(500) }

        try driver.ask("PUT", "/webhooks/2", ["status": "active"])
        try fail(500)
        #expect(try driver.ask("GET", "/webhooks/2")["status"] == "disabled")
        try driver.ask("PUT", "/webhooks/2", ["status": "active"])
        try fail(200)
        for _ in 1...6 { try fail(500) }

        #expect(try driver.ask("GET", "/webhooks/2")["status"] == "active")
    }

    @Test func aRedirectCountsAsDelivered() throws {
        var (driver, id) = try driver()
        for _ in 1...10 {
            try driver.ask("PUT", "/products/\(id)", [:])
            _ = driver.deliveries()
            driver.answerAll(302)
        }

        #expect(driver.shop.state["webhooks"]?[1]?["failures"] == 0)
    }

    @Test func aNoteIsNotTold() throws {
        var (driver, _) = try driver()
        let order = try driver.ask("POST", "/orders", [:])["id"]?.integer ?? 0
        _ = driver.deliveries()

        try driver.ask("POST", "/orders/\(order)/notes", ["note": "x"])

        #expect(topics(&driver) == [])
        #expect(try driver.ask("GET", "/orders/\(order)/notes").json.array?.count == 1)
    }
}
