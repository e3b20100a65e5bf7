import Commerce
import Testing

@testable import Sandbox

@Suite struct CatalogueTests {
    @Test func aProductIsCreatedReadChangedAndTrashed() throws {
        var driver = ShopDriver()

        let made = try driver.ask(
            "POST", "/products",
            [
                "name": "Tea", "sku": "T-1", "regular_price": "12.50", "manage_stock": true, "stock_quantity": 4,
                "description": "<p>x</p>",
            ])
        let id = try #require(made["id"]?.integer)
        let read = try driver.ask("GET", "/products/\(id)")
        let changed = try driver.ask("PUT", "/products/\(id)", ["name": "Black tea"])
        let trashed = try driver.ask("DELETE", "/products/\(id)")

        #expect(made.status == 201)
        #expect(made.headers["Location"] == "https://127.0.0.1:8080/wp-json/wc/v3/products/\(id)")
        #expect(read["price"] == "12.50")
        #expect(read["stock_quantity"] == 4)
        #expect(read["description"] == "<p>x</p>\n")
        #expect(made["description"] == "<p>x</p>")
        #expect(changed["name"] == "Black tea")
        #expect(trashed["status"] == "publish")
        #expect(try driver.ask("GET", "/products/\(id)")["status"] == "trash")
        #expect(try driver.ask("GET", "/products").ids == [])
        #expect(try driver.ask("GET", "/products?status=trash").ids == [id])
    }

    @Test func aFilledShopIsTheSameForTheSameSeed() {
        let one = WooCommerceSandbox.filled(seed: 7, products: 40, customers: 10, orders: 30, now: ShopDriver.start)
        let two = WooCommerceSandbox.filled(seed: 7, products: 40, customers: 10, orders: 30, now: ShopDriver.start)
        let other = WooCommerceSandbox.filled(seed: 8, products: 40, customers: 10, orders: 30, now: ShopDriver.start)

        #expect(one.digest == two.digest)
        #expect(one.digest != other.digest)
        #expect(one.state["products"] == 40)
        #expect(one.state["orders"] == 30)
    }
}
