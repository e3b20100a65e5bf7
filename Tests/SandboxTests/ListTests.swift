import Commerce
import Testing

@testable import Sandbox

@Suite struct ListTests {
    /// Five products, the last of them changed ten seconds after the others.
    static func driver() throws -> (ShopDriver, [Int]) {
        var driver = ShopDriver()
        var ids: [Int] = []
        for number in 1...5 {
            let made = try driver.ask(
                "POST", "/products", ["name": .string("P\(number)"), "sku": .string("S\(number)")])
            ids.append(made["id"]?.integer ?? 0)
        }
        driver.wait(10)
        try driver.ask("PUT", "/products/\(ids[0])", [:])
        return (driver, ids)
    }

    @Test func aPageBeyondTheLastIsAnEmptyListAndNoError() throws {
        var (driver, _) = try Self.driver()

        let beyond = try driver.ask("GET", "/products?page=99&per_page=2")

        #expect(beyond.status == 200)
        #expect(beyond.json == [])
        #expect(beyond.headers["X-WP-Total"] == "5")
        #expect(beyond.headers["X-WP-TotalPages"] == "3")
        #expect(beyond.headers["Link"]?.hasSuffix("/products?page=3&per_page=2>; rel=\"prev\"") == true)
    }

    @Test func pagesAreDisjointAndCoverEverything() throws {
        var (driver, ids) = try Self.driver()
        var seen: [Int] = []

        for page in 1...3 {
            seen += try driver.ask("GET", "/products?per_page=2&page=\(page)&orderby=id&order=asc").ids
        }

        #expect(seen == ids)
        #expect(try driver.ask("GET", "/products?offset=3").ids == [ids[1], ids[0]])
        #expect(try driver.ask("GET", "/products").ids == ids.reversed())
    }

    @Test func aListOrderedByChangeShowsTheChangedOneLast() throws {
        var (driver, ids) = try Self.driver()

        let oldestFirst = try driver.ask("GET", "/products?orderby=modified&order=asc&_fields=id").ids
        let newestFirst = try driver.ask("GET", "/products?orderby=modified&per_page=1").ids

        #expect(oldestFirst == Array(ids.dropFirst()) + [ids[0]])
        #expect(newestFirst == [ids[0]])
    }

    /// The changed product's time, as a text with so many seconds added.
    private func time(_ driver: ShopDriver, _ seconds: Double, local: Bool = false) -> String {
        driver.now.adding(seconds: seconds + (local ? 19_800 : 0)).naive
    }

    @Test func modifiedAfterIsExclusiveWithSecondsPrecision() throws {
        var (driver, ids) = try Self.driver()
        let exact = time(driver, 0)
        let before = time(driver, -1)

        #expect(try driver.ask("GET", "/products?modified_after=\(exact)&dates_are_gmt=true").ids == [])
        #expect(try driver.ask("GET", "/products?modified_after=\(before)&dates_are_gmt=true").ids == [ids[0]])
        #expect(try driver.ask("GET", "/products?modified_after=\(before).9&dates_are_gmt=true").ids == [ids[0]])
        #expect(try driver.ask("GET", "/products?modified_before=\(exact)&dates_are_gmt=true").ids.count == 4)
    }

    @Test func modifiedAfterWithZAndDatesAreGMTFindsNothing() throws {
        var (driver, ids) = try Self.driver()
        let before = time(driver, -1)

        #expect(try driver.ask("GET", "/products?modified_after=\(before)Z&dates_are_gmt=true").ids == [])
        #expect(try driver.ask("GET", "/products?modified_after=\(before)Z").ids == [ids[0]])
    }

    @Test func aBareTimeIsTheShopsOwn() throws {
        var (driver, ids) = try Self.driver()

        #expect(try driver.ask("GET", "/products?modified_after=\(time(driver, -1, local: true))").ids == [ids[0]])
        #expect(try driver.ask("GET", "/products?modified_after=\(time(driver, 0, local: true))").ids == [])
    }

    @Test func anOffsetIsRightForProductsAndWrongForOrders() throws {
        var (driver, ids) = try Self.driver()
        let order = try driver.ask("POST", "/orders", [:])["id"]?.integer ?? 0
        let before = time(driver, -1, local: true) + "%2B05:30"

        #expect(try driver.ask("GET", "/products?modified_after=\(before)").ids == [ids[0]])
        #expect(try driver.ask("GET", "/orders?modified_after=\(before)").ids == [])
        #expect(try driver.ask("GET", "/orders?modified_after=\(time(driver, -1))&dates_are_gmt=true").ids == [order])
    }

    @Test(arguments: ["2026-11-20", "yesterday", "2026-11-20T25:00:00"])
    func aDateThatIsNoneIsRefused(text: String) throws {
        var (driver, _) = try Self.driver()

        let answer = try driver.ask("GET", "/products?modified_after=\(text)")

        #expect(answer.status == 400)
        #expect(answer["data"]?["details"]?["modified_after"]?["code"] == "rest_invalid_date")
    }

    @Test func unknownParametersAreIgnored() throws {
        var (driver, ids) = try Self.driver()

        #expect(try driver.ask("GET", "/products?colour=red").ids.count == ids.count)
    }

    @Test func customersAndCategoriesHaveNoFilterByChange() throws {
        var driver = ShopDriver()
        let id = try driver.ask("POST", "/customers", ["email": "a@example.com"])["id"]?.integer

        #expect(try driver.ask("GET", "/customers?modified_after=2099-01-01T00:00:00").ids == [id ?? 0])
        #expect(try driver.ask("GET", "/products/categories?modified_after=2099-01-01T00:00:00").ids == [15])
        #expect(try driver.ask("GET", "/customers?role=all").ids.count == 2)
    }

    @Test func variationsAreNotInTheListOfProductsButASearchBySKUFindsThem() throws {
        var (driver, ids) = try Self.driver()
        let parent = try driver.ask("POST", "/products", ["type": "variable", "sku": "V"])["id"]?.integer ?? 0
        let one = try driver.ask("POST", "/products/\(parent)/variations", ["sku": "V-1", "regular_price": "3"])
        let id = one["id"]?.integer ?? 0

        #expect(try driver.ask("GET", "/products").ids == [parent] + ids.reversed())
        #expect(try driver.ask("GET", "/products?sku=V-1,s1").ids == [id, ids[0]])
        #expect(try driver.ask("GET", "/products/\(parent)/variations").ids == [id])
        #expect(try driver.ask("GET", "/variations").ids == [id])
        #expect(try driver.ask("GET", "/products/\(id)")["type"] == "variation")
        #expect(try driver.ask("GET", "/products/\(ids[0])/variations/\(id)").status == 404)
    }

    @Test func aListOfOrdersHidesDraftsAndTrash() throws {
        var driver = ShopDriver()
        try driver.ask("POST", "/products", ["sku": "S", "regular_price": "5"])
        let order = try driver.ask("POST", "/orders", [:])["id"]?.integer ?? 0
        let trashed = try driver.ask("POST", "/orders", [:])["id"]?.integer ?? 0
        try driver.ask("DELETE", "/orders/\(trashed)")
        let cart = [WooCommerceSandbox.CartItem(sku: "S", quantity: 1)]
        let draft = driver.shop.abandonCheckout(cart, .init(email: "x@example.com"), at: driver.now)

        #expect(try driver.ask("GET", "/orders").ids == [order])
        #expect(try driver.ask("GET", "/orders?status=checkout-draft").ids == [draft ?? 0])
        #expect(try driver.ask("GET", "/orders?status=trash,pending").ids == [trashed, order])
    }

    @Test func linksOfOrdersCarryArgumentsNobodyAskedFor() throws {
        var driver = ShopDriver()
        for _ in 0..<2 { try driver.ask("POST", "/orders", [:]) }

        let link = try driver.ask("GET", "/orders?per_page=1&page=1").headers["Link"] ?? ""

        #expect(link.contains("?per_page=1&page=2&status%5B0%5D=any&dp=2&context=view>; rel=\"next\""))
    }

    @Test func aTableKeepsItsOrdersThroughAnyHistory() {
        var dice = Dice(seed: 11)
        var table = Table<CouponRow>()
        var model: [Int: Int64] = [:]

        for id in 1...400 {
            let second = Int64(dice.below(50))
            table.insert(
                CouponRow(id: id, code: "", type: "", amount: "", minimum: "", created: 0, modified: second))
            model[id] = second
            let other = 1 + dice.below(id)
            if dice.happens(0.2) {
                table.remove(other)
                model[other] = nil
            } else if model[other] != nil {
                let next = Int64(dice.below(50))
                table.update(other) { $0.modified = next }
                model[other] = next
            }
        }
        var byChange: [Int] = []
        table.eachByChange(after: 9, before: 40, ascending: true) { byChange.append($0.id) }
        let expected = model.filter { $0.value > 9 && $0.value < 40 }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }

        #expect(table.rows.map(\.id) == model.keys.sorted(), "seed 11")
        #expect(byChange == expected.map(\.key), "seed 11")
        #expect(table.count == model.count)
    }
}
