import Commerce
import Testing

@testable import Sandbox

@Suite struct OrderTests {
    private func driver() throws -> (ShopDriver, Int) {
        var driver = ShopDriver()
        let made = try driver.ask("POST", "/products", ["name": "Tea", "sku": "S", "regular_price": "1100.50"])
        return (driver, made["id"]?.integer ?? 0)
    }

    @Test func anOrderOfAnUnknownProductIsMadeWithALineOfNothing() throws {
        var driver = ShopDriver()

        let made = try driver.ask("POST", "/orders", ["line_items": [["product_id": 999_999, "quantity": 1]]])

        #expect(made.status == 201)
        #expect(made["total"] == "0.00")
        #expect(made["line_items"]?[0]?["product_id"] == 0)
        #expect(made["line_items"]?[0]?["sku"] == .null)
    }

    @Test func aNewQuantityAloneKeepsTheTotals() throws {
        var (driver, id) = try driver()
        let made = try driver.ask("POST", "/orders", ["line_items": [["product_id": .integer(id), "quantity": 1]]])
        let line = made["line_items"]?[0]?["id"] ?? 0
        let path = "/orders/\(made["id"]?.text ?? "")"

        let changed = try driver.ask("PUT", path, ["line_items": [["id": line, "quantity": 3]]])

        #expect(changed["line_items"]?[0]?["total"] == "1100.50")
        #expect(changed["line_items"]?[0]?["price"]?.scalarText == "366.8333333333333")
        #expect(changed["total"] == "1298.59")
    }

    @Test func aLineWithoutItsIdIsAddedEachTimeAndNullRemovesOne() throws {
        var (driver, id) = try driver()
        let line: JSON = ["product_id": .integer(id), "quantity": 1]
        let made = try driver.ask("POST", "/orders", ["line_items": [line]])
        let path = "/orders/\(made["id"]?.text ?? "")"

        try driver.ask("PUT", path, ["line_items": [line]])
        let twice = try driver.ask("PUT", path, ["line_items": [line]])
        let removal: JSON = ["id": twice["line_items"]?[0]?["id"] ?? 0, "product_id": .null]
        let removed = try driver.ask("PUT", path, ["line_items": [removal]])

        #expect(twice["line_items"]?.array?.count == 3)
        #expect(removed["line_items"]?.array?.count == 2)
        #expect(removed["total"] == "2597.18")
    }

    @Test func taxesAreRoundedPerLineAndThenAdded() throws {
        var driver = ShopDriver()
        // 18 % of 0.14 is 0.0252, of 0.42 is 0.0756: three lines of 0.03 are more than one of 0.08.
        let id = try driver.ask("POST", "/products", ["regular_price": "0.14"])["id"] ?? 0
        let line: JSON = ["product_id": id, "quantity": 1]

        let made = try driver.ask("POST", "/orders", ["line_items": [line, line, line]])

        #expect(made["total_tax"] == "0.09")
        #expect(made["total"] == "0.51")
    }

    @Test func aCouponIsTakenOffEveryLine() throws {
        var (driver, id) = try driver()
        driver.shop.createCoupon("TEN", type: "percent", amount: "10", at: driver.now)

        let made = try driver.ask(
            "POST", "/orders",
            [
                "line_items": [["product_id": .integer(id), "quantity": 2]],
                "fee_lines": [["name": "Gift wrap", "total": "100.00"]],
                "shipping_lines": [["method_id": "flat_rate", "method_title": "Flat rate", "total": "350.00"]],
                "coupon_lines": [["code": "ten"]],
            ])

        #expect(made["discount_total"] == "220.10")
        #expect(made["coupon_lines"]?[0]?["discount"] == "220.1")
        #expect(made["shipping_tax"] == "63.00")
        #expect(made["cart_tax"] == "374.56")
        #expect(made["total"] == "2868.46")
        #expect(try driver.ask("POST", "/orders", ["coupon_lines": [["code": "none"]]]).status == 400)
    }

    @Test func aFixedCouponIsSharedOutToTheLastUnit() throws {
        var driver = ShopDriver()
        driver.shop.createCoupon("off", type: "fixed_cart", amount: "1.00", at: driver.now)
        let id = try driver.ask("POST", "/products", ["regular_price": "10"])["id"] ?? 0
        let line: JSON = ["product_id": id, "quantity": 1]

        let made = try driver.ask(
            "POST", "/orders", ["line_items": [line, line, line], "coupon_lines": [["code": "off"]]])

        #expect(made["discount_total"] == "1.00")
    }

    @Test func anInvalidStatusIsRefused() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/orders", [:])["id"]?.integer ?? 0

        #expect(try driver.ask("PUT", "/orders/\(id)", ["status": "shipped"]).status == 400)
    }

    @Test func aRefundAboveTheTotalIsA500WithABareNumber() throws {
        var (driver, id) = try driver()
        let order = try driver.ask("POST", "/orders", ["line_items": [["product_id": .integer(id), "quantity": 1]]])
        let path = "/orders/\(order["id"]?.text ?? "")/refunds"

        let tooMuch = try driver.ask("POST", path, ["amount": "1298.60", "api_refund": false])
        let part = try driver.ask("POST", path, ["amount": "1000.00", "api_refund": false, "reason": "late"])
        let rest = try driver.ask("POST", path, ["amount": "298.60", "api_refund": false])
        let shown = try driver.ask("GET", "/orders/\(order["id"]?.text ?? "")")

        #expect(tooMuch.status == 500)
        #expect(tooMuch["data"] == 500)
        #expect(part.status == 201)
        #expect(rest.status == 500)
        #expect(shown["total"] == "1298.59")
        #expect(shown["refunds"]?[0]?["total"] == "-1000.00")
        #expect(try driver.ask("GET", "/refunds").ids == [part["id"]?.integer ?? 0])
    }

    @Test func cashOnDeliveryIsPaidWhenTheOrderIsCompleted() throws {
        var driver = ShopDriver()
        let cash = try driver.ask("POST", "/orders", ["payment_method": "cod", "status": "processing"])
        let card = try driver.ask("POST", "/orders", ["payment_method": "card", "set_paid": true])

        let done = try driver.ask("PUT", "/orders/\(cash["id"]?.text ?? "")", ["status": "completed"])

        #expect(cash["date_paid"] == .null)
        #expect(done["date_paid_gmt"] == .string(driver.now.naive))
        #expect(card["date_paid_gmt"] == .string(driver.now.naive))
    }

    @Test(arguments: [("JPY", "1100", "1298"), ("KWD", "1100.500", "1298.590")])
    func amountsHaveTheDecimalsOfTheCurrency(code: String, subtotal: String, total: String) throws {
        var driver = ShopDriver(WooCommerceSandbox(options: SandboxOptions(currency: try Currency(code))))
        let price: JSON = code == "JPY" ? "1100" : "1100.5"
        let id = try driver.ask("POST", "/products", ["regular_price": price])["id"] ?? 0

        let made = try driver.ask("POST", "/orders", ["line_items": [["product_id": id, "quantity": 1]]])

        #expect(made["line_items"]?[0]?["subtotal"] == .string(subtotal))
        #expect(made["total"] == .string(total))
        #expect(made["currency"] == .string(code))
    }
}
