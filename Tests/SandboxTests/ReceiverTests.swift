import Commerce
import Testing
import Wire

@testable import Sandbox

/// What the shop makes of whoever receives its webhooks.
@Suite struct ReceiverTests {
    private static let product: JSON = ["sku": "S", "regular_price": "5"]

    /// A shop that tells of products at that address.
    private func driver(
        at url: String = "http://hub.example/w", _ change: (inout SandboxOptions) -> Void = { _ in }
    ) throws -> ShopDriver {
        var options = SandboxOptions()
        change(&options)
        var driver = ShopDriver(WooCommerceSandbox(options: options))
        for topic in ["product.created", "product.updated"] {
            try driver.ask("POST", "/webhooks", ["topic": .string(topic), "delivery_url": .string(url)])
        }
        return driver
    }

    /// Lets the queue run at once, without the minute `deliveries` waits.
    private func run(_ driver: inout ShopDriver) -> [OutgoingWebhook] { driver.shop.runQueue(at: driver.now) }

    @Test func aPingFollowsARedirectAndADeliveryDoesNot() throws {
        var driver = try driver()
        #expect(driver.sent.map(\.followsRedirects) == [true, true])
        driver.answerAll(200)

        try driver.ask("POST", "/products", Self.product)

        #expect(run(&driver).map(\.followsRedirects) == [false])
    }

    @Test(arguments: [nil, 302, 404, 500])
    func aWebhookIsMadeThoughItsPingFailed(status: Int?) throws {
        var driver = ShopDriver()
        let made = try driver.ask(
            "POST", "/webhooks", ["topic": "product.created", "delivery_url": "http://hub.example/"])
        driver.answerAll(status)

        #expect(made.status == 201 && made["status"] == "active")
        #expect(driver.shop.state["webhooks"]?[0]?["failures"] == 0)
        try driver.ask("POST", "/products", Self.product)
        #expect(run(&driver).map { $0.headers["X-WC-Webhook-Topic"] }.contains("product.created"))
    }

    @Test func aRedirectingHubLosesWhatHappened() throws {
        var driver = try driver()
        driver.answerAll(200)
        try driver.ask("POST", "/products", Self.product)
        let sent = run(&driver)
        #expect(sent.count == 1)

        for webhook in sent { driver.shop.webhookAnswered(webhook.id, status: 302, at: driver.now) }
        driver.wait(3600)

        #expect(run(&driver).isEmpty)
        #expect(driver.shop.state["webhooks"]?[0]?["failures"] == 0)
    }

    @Test func aSlowReceiverHoldsUpTheQueueForAMinute() throws {
        var driver = try driver { $0.waitsForAnswers = true }
        driver.answerAll(200)
        let id = try driver.ask("POST", "/products", Self.product)["id"]?.text ?? ""
        #expect(run(&driver).count == 1)
        try driver.ask("PUT", "/products/\(id)", ["name": "one"])
        driver.wait(59)
        #expect(run(&driver).isEmpty)
        try driver.ask("PUT", "/products/\(id)", ["name": "two"])

        driver.wait(1)
        let late = run(&driver)

        // Nothing is lost by waiting: what came meanwhile goes out in its last state. The slow one has failed.
        #expect(late.map { $0.headers["X-WC-Webhook-Topic"] } == ["product.updated"])
        #expect(late.first.flatMap { try? JSON(parsing: $0.body) }?["name"] == "two")
        #expect(driver.shop.state["webhooks"]?[0]?["failures"] == 1)
    }

    @Test func anAnswerLetsTheQueueGoOn() throws {
        var driver = try driver { $0.waitsForAnswers = true }
        driver.answerAll(200)
        let id = try driver.ask("POST", "/products", Self.product)["id"]?.text ?? ""
        let first = run(&driver)
        try driver.ask("PUT", "/products/\(id)", ["name": "one"])
        #expect(run(&driver).isEmpty)

        for webhook in first { driver.shop.webhookAnswered(webhook.id, status: 200, at: driver.now) }

        #expect(run(&driver).count == 1)
    }

    @Test(arguments: [
        ("http://hub.example/w", true), ("https://hub.example:443/w", true), ("http://hub.example:8080/w", true),
        ("http://172.32.0.1/w", true), ("http://hub.example:3000/w", false), ("http://localhost/w", false),
        ("http://127.0.0.1:8080/w", false), ("http://10.1.2.3/w", false), ("http://172.16.0.1/w", false),
        ("http://192.168.0.9/w", false), ("http://[::1]/w", false), ("http://shop.example:9000/w", true),
        ("http://shop.example:9001/w", false),
    ])
    func aPrivateHostOrAnotherPortIsNeverCalledAndCountsAsAFailure(url: String, isCalled: Bool) throws {
        var driver = try driver(at: url) {
            $0.refusesPrivateReceivers = true
            $0.siteURL = "http://shop.example:9000"
        }
        #expect(driver.sent.count == (isCalled ? 2 : 0))
        try driver.ask("POST", "/products", Self.product)

        let sent = run(&driver)

        #expect(sent.filter { $0.headers["X-WC-Webhook-Topic"] != nil }.count == (isCalled ? 1 : 0))
        #expect(driver.shop.state["webhooks"]?[0]?["failures"] == (isCalled ? 0 : 1))
    }

    @Test func anOrderMovesItsProductsTimeOfChange() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/products", Self.product)["id"]?.text ?? ""
        let other = try driver.ask("POST", "/products", ["sku": "T", "regular_price": "5"])["id"]?.text ?? ""
        let before = try driver.ask("GET", "/products/\(id)")["date_modified_gmt"]

        driver.wait(10)
        driver.shop.placeOrder([.init(sku: "S", quantity: 1)], .init(email: "x@example.com"), at: driver.now)

        let after = try driver.ask("GET", "/products/\(id)")["date_modified_gmt"]
        #expect(after != before)
        #expect(try driver.ask("GET", "/products/\(other)")["date_modified_gmt"] == before)
    }

    @Test func aRefundIsToldAsAnUpdateOfItsOrder() throws {
        var driver = ShopDriver()
        for topic in ["order.created", "order.updated"] { try driver.subscribe(topic) }
        try driver.ask("POST", "/products", Self.product)
        let order = driver.shop.placeOrder(
            [.init(sku: "S", quantity: 1)], .init(email: "x@example.com"), at: driver.now)
        _ = driver.deliveries()

        _ = driver.shop.refund(order: order ?? 0, amount: "1.00", reason: "late", at: driver.now)

        #expect(driver.deliveries().map(\.topic) == ["order.updated"])
    }

    @Test(arguments: ["", "product", "product.vanished", "nothing.created"])
    func aTopicThatIsNoneIsRefused(topic: String) throws {
        var driver = ShopDriver()
        let answer = try driver.ask(
            "POST", "/webhooks", ["topic": .string(topic), "delivery_url": "http://hub.example/"])

        #expect(answer.status == 400 && answer.code == "woocommerce_rest_shop_webhook_invalid_topic")
    }
}
