import Commerce
import Testing

@testable import Sandbox

@Suite struct WritingTests {
    @Test func aBatchSkipsTheValidationASingleRequestMeets() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/products", ["regular_price": "3"])["id"] ?? 0
        let single = try driver.ask("PUT", "/products/\(id.text)", ["regular_price": .number("12.5")])

        let batch = try driver.ask(
            "POST", "/products/batch",
            [
                "create": [["name": "x", "type": "nonsense"]],
                "update": [["id": id, "regular_price": .number("12.5"), "stock_status": "maybe"]],
            ])

        #expect(single.status == 400)
        #expect(single["data"]?["params"]?["regular_price"] == "regular_price is not of type string.")
        #expect(batch.status == 200)
        #expect(batch["update"]?[0]?["regular_price"] == "12.5")
        #expect(batch["update"]?[0]?["stock_status"] == "instock")
        #expect(batch["create"]?[0]?["type"] == "simple")
    }

    @Test func aBatchAnswers200AndShowsEachErrorInItsPlace() throws {
        var driver = ShopDriver()
        try driver.ask("POST", "/products", ["sku": "A"])

        let batch = try driver.ask(
            "POST", "/products/batch",
            [
                "create": [["sku": "A"], ["sku": "B"]], "update": [["id": 999_999], ["name": "x"]], "delete": [999_999],
            ])

        #expect(batch.status == 200)
        #expect(batch["create"]?[0]?["id"] == 0)
        #expect(batch["create"]?[0]?["error"]?["code"] == "product_invalid_sku")
        #expect(batch["create"]?[1]?["sku"] == "B")
        #expect(batch["update"]?[0]?["error"]?["data"]?["status"] == 400)
        #expect(batch["update"]?[1]?["id"] == .null)
        #expect(batch["delete"]?[0]?["error"]?["data"]?["status"] == 404)
    }

    @Test(arguments: [(100, 200), (101, 413)])
    func aBatchTakesAHundredEntriesInAll(count: Int, status: Int) throws {
        var driver = ShopDriver()
        let half = JSON.array(Array(repeating: ["id": 999_999], count: count / 2))
        let rest = JSON.array(Array(repeating: ["name": "x"], count: count - count / 2))

        let answer = try driver.ask("POST", "/products/batch", ["create": rest, "update": half])

        #expect(answer.status == status)
    }

    @Test(arguments: [("12,50", "1250"), ("12abc", "12"), ("1.2.3", "12.3"), ("-5", "-5"), ("12.50", "12.50")])
    func aPriceThatIsNoneIsMangledAndNotRefused(sent: String, stored: String) throws {
        var driver = ShopDriver()

        let made = try driver.ask("POST", "/products", ["regular_price": .string(sent), "weight": "1,5"])

        #expect(made["regular_price"] == .string(stored))
        #expect(made["weight"] == "15")
    }

    @Test func aSalePriceAboveTheRegularOneIsSilentlyEmptied() throws {
        var driver = ShopDriver()

        let above = try driver.ask("POST", "/products", ["regular_price": "10", "sale_price": "20"])
        let below = try driver.ask("POST", "/products", ["regular_price": "10", "sale_price": "9.5"])

        #expect(above.status == 201)
        #expect(above["sale_price"] == "")
        #expect(above["price"] == "10")
        #expect(below["price"] == "9.5")
        #expect(below["on_sale"] == true)
    }

    @Test func textIsRewritten() throws {
        var driver = ShopDriver()

        let made = try driver.ask(
            "POST", "/products",
            [
                "name": "A & B \\ <i>c</i> &amp; d", "description": "<p>a & b</p><script>alert(1)</script>",
                "meta_data": [["key": "k", "value": 1], ["key": "n", "value": .null]],
            ])

        #expect(made["name"] == "A &amp; B  <i>c</i> &amp; d")
        #expect(made["description"] == "<p>a &amp; b</p>alert(1)")
        #expect(made["slug"] == "a-b-c-d")
        #expect(made["meta_data"]?.array?.count == 1)
        #expect(made["meta_data"]?[0]?["value"] == "1")
    }

    @Test func theBytesAreThoseOfPHP() throws {
        var driver = ShopDriver()

        let made = try driver.ask("POST", "/products", ["name": "ශ්‍රී 😀", "sku": "a/b"])

        #expect(made.text.contains(#""sku":"a\/b""#))
        #expect(made.text.contains(#"\u0dc1"#))
        #expect(made.text.contains(#"\ud83d\ude00"#))
        #expect(made["name"] == "ශ්‍රී 😀")
    }

    @Test func aDuplicateSKUSaysWhoHoldsItAndWhichIsFree() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/products", ["sku": "Tea-1", "global_unique_id": "123"])["id"] ?? 0
        try driver.ask("POST", "/products", ["sku": "tea-1-1"])

        let again = try driver.ask("POST", "/products", ["sku": "tea-1"])
        let code = try driver.ask("POST", "/products", ["global_unique_id": "123"])

        #expect(again.status == 400)
        #expect(again.code == "product_invalid_sku")
        #expect(again["data"]?["resource_id"] == id)
        #expect(again["data"]?["unique_sku"] == "tea-1-2")
        #expect(code.code == "product_invalid_global_unique_id")
        #expect(code["data"]?["resource_id"] == id)
        #expect(driver.shop.state["products"] == 2)
    }

    @Test func aPictureThatCannotBeFetchedRefusesTheWholeProduct() throws {
        var driver = ShopDriver()

        let answer = try driver.ask(
            "POST", "/products", ["sku": "P", "images": [["src": "http://x.example/nope.png"]]])

        #expect(answer.code == "woocommerce_product_image_upload_error")
        #expect(driver.shop.state["products"] == 0)
        #expect(try driver.ask("POST", "/products", ["sku": "P"]).status == 201)
    }

    @Test func aRefusedChangeKeepsTheSKUTaken() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/products", ["sku": "P"])["id"] ?? 0
        try driver.ask("PUT", "/products/\(id.text)", ["sku": "Q", "images": [["src": "http://x.example/nope.png"]]])

        #expect(try driver.ask("GET", "/products?sku=P").ids.count == 1)
        #expect(try driver.ask("POST", "/products", ["sku": "P"]).status == 400)
    }

    @Test func aSecondCustomerWithOneEMailIsRefusedUnlessTheyRace() throws {
        var options = SandboxOptions()
        options.raceSeconds = 1
        var racing = ShopDriver(WooCommerceSandbox(options: options))
        var driver = ShopDriver()
        let buyer: JSON = ["email": "a@example.com"]

        try driver.ask("POST", "/customers", buyer)
        let again = try driver.ask("POST", "/customers", buyer)
        try racing.ask("POST", "/customers", buyer)
        let race = try racing.ask("POST", "/customers", buyer)
        racing.wait(2)
        let late = try racing.ask("POST", "/customers", buyer)

        #expect(again.code == "registration-error-email-exists")
        #expect(race.status == 201)
        #expect(try racing.ask("GET", "/customers?email=a@example.com").ids.count == 2)
        #expect(late.status == 400)
    }

    @Test func unknownIdsAreRefusedWith400WhenWrittenAnd404WhenRead() throws {
        var driver = ShopDriver()

        for path in ["/products/999999", "/orders/999999", "/customers/999999", "/webhooks/999999"] {
            let written = try driver.ask("PUT", path, [:])
            let read = try driver.ask("GET", path)
            #expect(written.status == 400, "\(path)")
            #expect(read.status == 404, "\(path)")
            #expect(try driver.ask("DELETE", path + "?force=true").status == 404, "\(path)")
            #expect(written.code == read.code && read.code?.hasSuffix("_invalid_id") == true, "\(path)")
        }
    }

    @Test func customersCannotBeTrashed() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/customers", ["email": "a@example.com"])["id"]?.integer ?? 0

        #expect(try driver.ask("DELETE", "/customers/\(id)").status == 501)
        #expect(try driver.ask("DELETE", "/customers/\(id)?force=true").status == 200)
        #expect(try driver.ask("GET", "/customers/\(id)").status == 404)
    }

    @Test func aChangedVariationMovesItsProductsTimeOfChange() throws {
        var driver = ShopDriver()
        let parent = try driver.ask("POST", "/products", ["type": "variable"])["id"]?.integer ?? 0
        let one = try driver.ask("POST", "/products/\(parent)/variations", ["regular_price": "3"])["id"]?.integer ?? 0
        driver.wait(100)

        try driver.ask("PUT", "/products/\(parent)/variations/\(one)", ["regular_price": "4"])

        let shown = try driver.ask("GET", "/products/\(parent)")
        #expect(shown["date_modified_gmt"] == .string(driver.now.naive))
        #expect(shown["price"] == "4")
    }

    @Test func aChangeOfNothingMovesTheTimeOfChange() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/products", [:])["id"]?.integer ?? 0
        driver.wait(100)

        #expect(try driver.ask("PUT", "/products/\(id)", [:])["date_modified_gmt"] == .string(driver.now.naive))
    }
}
