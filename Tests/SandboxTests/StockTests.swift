import Commerce
import Testing

@testable import Sandbox

@Suite struct StockTests {
    private func driver(races: Double = 0) throws -> (ShopDriver, Int) {
        var options = SandboxOptions()
        options.raceSeconds = races
        var driver = ShopDriver(WooCommerceSandbox(options: options))
        let made = try driver.ask(
            "POST", "/products", ["sku": "S", "regular_price": "5", "manage_stock": true, "stock_quantity": 50])
        return (driver, made["id"]?.integer ?? 0)
    }

    private func stock(_ driver: inout ShopDriver, _ id: Int) throws -> JSON? {
        try driver.ask("GET", "/products/\(id)")["stock_quantity"]
    }

    @Test func anAbsoluteWriteLosesTheOrderBetweenReadAndWrite() throws {
        var (driver, id) = try driver()
        driver.shop.placeOrder([.init(sku: "S", quantity: 5)], .init(email: "x@example.com"), at: driver.now)
        #expect(try stock(&driver, id) == 45)

        try driver.ask("PUT", "/products/\(id)", ["stock_quantity": 50])

        #expect(try stock(&driver, id) == 50)
    }

    @Test func aDeltaIsReadAndWrittenAndNotAtomic() throws {
        var (quiet, id) = try driver()
        for _ in 0..<12 { try quiet.ask("PUT", "/products/\(id)", ["inventory_delta": -1]) }
        var (racing, other) = try driver(races: 1)
        for _ in 0..<12 { try racing.ask("PUT", "/products/\(other)", ["inventory_delta": -1]) }

        #expect(try stock(&quiet, id) == 38)
        #expect(try stock(&racing, other) == 49)
    }

    @Test func ordersOfTheShopAreAtomic() throws {
        var (driver, id) = try driver(races: 1)

        for _ in 0..<12 {
            driver.shop.placeOrder([.init(sku: "S", quantity: 1)], .init(email: "x@example.com"), at: driver.now)
            try driver.ask("PUT", "/products/\(id)", ["name": "again"])
        }

        #expect(try stock(&driver, id) == 38)
    }

    @Test func aQuantityIsIgnoredWhileNobodyCounts() throws {
        var (driver, id) = try driver()
        try driver.ask("PUT", "/products/\(id)", ["manage_stock": false])

        let shown = try driver.ask("PUT", "/products/\(id)", ["stock_quantity": 7])

        #expect(shown["stock_quantity"] == .null)
        #expect(shown["stock_status"] == "instock")
    }

    @Test func aQuantityMayBeNegativeButNotAFraction() throws {
        var (driver, id) = try driver()

        #expect(try driver.ask("PUT", "/products/\(id)", ["stock_quantity": -2])["stock_status"] == "outofstock")
        #expect(try driver.ask("PUT", "/products/\(id)", ["stock_quantity": .number("7.6")]).status == 400)
    }

    @Test func aCancelledOrderPutsItsPiecesBackAndARefundOnlyWhatItTookBack() throws {
        var (driver, id) = try driver()
        let cart = [WooCommerceSandbox.CartItem(sku: "S", quantity: 4)]
        let first = driver.shop.placeOrder(cart, .init(email: "x@example.com"), at: driver.now) ?? 0
        let second = driver.shop.placeOrder(cart, .init(email: "x@example.com"), at: driver.now) ?? 0
        #expect(try stock(&driver, id) == 42)

        #expect(driver.shop.cancel(order: first, at: driver.now) == true)
        #expect(try stock(&driver, id) == 46)
        driver.shop.refund(order: second, at: driver.now)
        #expect(try stock(&driver, id) == 50)
        #expect(try driver.ask("GET", "/orders/\(second)")["status"] == "refunded")
        #expect(try driver.ask("GET", "/products/\(id)")["total_sales"] == 8)
    }

    @Test func anOrderChangedAfterARefundDoesNotTakeItsPiecesAgain() throws {
        var (driver, id) = try driver()
        let cart = [WooCommerceSandbox.CartItem(sku: "S", quantity: 4)]
        let order = driver.shop.placeOrder(cart, .init(email: "x@example.com"), at: driver.now) ?? 0
        let line = try driver.ask("GET", "/orders/\(order)")["line_items"]?[0]?["id"] ?? 0
        let part: JSON = ["id": line, "quantity": 1, "refund_total": "5"]
        try driver.ask("POST", "/orders/\(order)/refunds", ["api_refund": false, "line_items": [part]])

        try driver.ask("PUT", "/orders/\(order)", ["customer_note": "x"])

        #expect(try stock(&driver, id) == 47)
    }
}
