import Commerce
import Testing
import Wire

@testable import Sandbox

@Suite struct FaultTests {
    private func driver(_ rules: FaultRule...) -> ShopDriver {
        var driver = ShopDriver()
        driver.shop.faults = FaultPlan(rules: rules)
        return driver
    }

    @Test func aRefusedConnectionHasNoEffectAndNoAnswer() throws {
        var driver = driver(FaultRule(.refuse, method: "POST", times: 1))

        #expect(try driver.ask("POST", "/products", ["sku": "A"]).status == nil)
        #expect(try driver.ask("POST", "/products", ["sku": "A"]).status == 201)
    }

    @Test func aTimeoutComesBeforeOrAfterTheEffect() throws {
        var before = driver(FaultRule(.timeoutBefore(seconds: 40), method: "POST", times: 1))
        var after = driver(FaultRule(.timeoutAfter(seconds: 40), method: "POST", times: 1))

        let lost = try before.ask("POST", "/products", ["sku": "A"])
        let late = try after.ask("POST", "/products", ["sku": "A"])

        #expect(lost.status == nil && lost.delay == 40)
        #expect(late.status == nil && late.delay == 40)
        #expect(before.shop.state["products"] == 0)
        #expect(after.shop.state["products"] == 1)
        #expect(try after.ask("POST", "/products", ["sku": "A"]).code == "product_invalid_sku")
    }

    @Test func aStormEndsAfterItsCalls() throws {
        var driver = driver(
            FaultRule(.status(503, retryAfterSeconds: nil), prefix: "/wp-json/wc/v3/products", skip: 1, times: 2),
            FaultRule(.status(429, retryAfterSeconds: 7), prefix: "/wp-json/wc/v3/orders", times: 1))

        let statuses = try (0..<4).map { _ in try driver.ask("GET", "/products").status }
        let throttled = try driver.ask("GET", "/orders")

        #expect(statuses == [200, 503, 503, 200])
        #expect(throttled.status == 429)
        #expect(throttled.headers["Retry-After"] == "7")
    }

    @Test func anAnswerIsCutGarbledOrSlow() throws {
        var driver = driver(
            FaultRule(.cutBody, times: 1), FaultRule(.garble, skip: 0, times: 1), FaultRule(.slow(seconds: 9), times: 1)
        )

        let cut = try driver.ask("GET", "/products/categories")
        let garbled = try driver.ask("GET", "/products/categories")
        let slow = try driver.ask("GET", "/products/categories")

        #expect(cut.status == 200 && cut.json == .null && cut.text.hasPrefix("[{"))
        #expect(garbled.status == 200 && garbled.text.hasPrefix("<!DOCTYPE html>"))
        #expect(slow.delay == 9 && slow.json.array?.count == 1)
    }

    @Test func pagesMayRepeatForEver() throws {
        var driver = driver(FaultRule(.endlessPages, prefix: "/wp-json/wc/v3/products"))
        try driver.ask("POST", "/products", ["sku": "A"])

        let first = try driver.ask("GET", "/products?page=1")
        let thousandth = try driver.ask("GET", "/products?page=1000")

        #expect(first.ids.count == 1)
        #expect(thousandth.ids == first.ids)
        #expect(thousandth.headers["X-WP-TotalPages"] == "9999")
    }

    @Test func webhooksAreLostRepeatedDelayedAndReordered() throws {
        func run(_ effect: FaultEffect) throws -> [OutgoingWebhook] {
            var driver = ShopDriver()
            try driver.subscribe("product.created", "order.created")
            driver.shop.faults = FaultPlan(rules: [FaultRule(effect, prefix: "product.")])
            try driver.ask("POST", "/products", [:])
            try driver.ask("POST", "/orders", [:])
            _ = driver.deliveries()
            return driver.sent
        }

        let repeated = try run(.repeatWebhook(times: 3))
        let delayed = try run(.delayWebhook(seconds: 50))
        let reordered = try run(.reorderWebhook)

        #expect(try run(.loseWebhook).map { $0.headers["X-WC-Webhook-Topic"] } == ["order.created"])
        #expect(repeated.count == 4 && repeated[0] == repeated[2])
        #expect(delayed[0].notBefore == delayed[1].notBefore.adding(seconds: 50))
        #expect(reordered.map { $0.headers["X-WC-Webhook-Topic"] } == ["order.created", "product.created"])
    }

    @Test func chanceIsTheSameForTheSameSeed() throws {
        func statuses() throws -> [Int?] {
            var driver = driver(FaultRule(.status(500, retryAfterSeconds: nil), probability: 0.5))
            return try (0..<40).map { _ in try driver.ask("GET", "/products").status }
        }

        let one = try statuses()

        #expect(one == (try statuses()))
        #expect(Set(one) == [200, 500])
    }

    @Test(arguments: [
        FaultEffect.refuse, .timeoutBefore(seconds: 1.5), .timeoutAfter(seconds: 2), .status(429, retryAfterSeconds: 3),
        .status(503, retryAfterSeconds: nil), .cutBody, .garble, .slow(seconds: 4), .endlessPages, .loseWebhook,
        .repeatWebhook(times: 2), .delayWebhook(seconds: 6), .reorderWebhook,
    ])
    func aPlanIsReadAsItWasWritten(effect: FaultEffect) throws {
        let rule = FaultRule(effect, method: "GET", prefix: "/a", skip: 1, times: 2, probability: 0.5)
        let plan = FaultPlan(rules: [rule, FaultRule(effect)], clockSkewSeconds: -90)

        #expect(try FaultPlan(json: plan.json) == plan)
    }

    @Test func anUnknownEffectIsRefusedAndTheOldPlanStays() throws {
        var driver = driver(FaultRule(.garble))
        let body: JSON = ["rules": [["effect": "explode"]]]

        let answer = try driver.send(ShopDriver.request("POST", "http://127.0.0.1/_sandbox/faults", body))

        #expect(answer.status == 400)
        #expect(answer["error"]?.string?.contains("\"explode\"") == true)
        #expect(driver.shop.faults.rules.count == 1)
    }

    @Test func theStandInIsDrivenOverHTTP() throws {
        var driver = ShopDriver()
        func post(_ verb: String, _ body: JSON) throws -> Shown {
            try driver.send(ShopDriver.request("POST", "http://127.0.0.1/_sandbox/" + verb, body))
        }

        #expect(try post("product", ["sku": "S", "set": ["regular_price": "5", "name": "Tea"]]).status == 200)
        #expect(try post("stock", ["sku": "S", "quantity": 9]).status == 200)
        #expect(try post("price", ["sku": "S", "price": "6.50"]).status == 200)
        #expect(try post("customer", ["email": "a@example.com", "set": ["first_name": "A"]]).status == 200)
        let order = try post("orders", ["items": [["sku": "S", "quantity": 2]], "email": "a@example.com"])
        #expect(try post("complete", ["order": order["order"] ?? 0]).status == 200)
        #expect(try post("refund", ["order": order["order"] ?? 0, "amount": "1.00"]).status == 200)
        #expect(try post("price", ["sku": "none", "price": "1"]).status == 400)
        #expect(try post("faults", ["rules": [["effect": "garble", "times": 1]]]).status == 200)

        let state = try driver.send(ShopDriver.request("GET", "http://127.0.0.1/_sandbox/state"))
        #expect(state["products"] == 1 && state["orders"] == 1 && state["refunds"] == 1 && state["customers"] == 2)
        #expect(try driver.ask("GET", "/products").text.hasPrefix("<!DOCTYPE"))
        #expect(try driver.ask("GET", "/products?sku=S").json[0]?["stock_quantity"] == 7)
        #expect(try post("delete", ["sku": "S"]).status == 200)
    }
}
