import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce paging")
struct WooCommercePagingTests {
    private let suite = ConnectorConformance { try Bench.connector($0) }

    /// Products changed one a minute, so that every window moves on.
    private func products(_ count: Int) -> [JSON] {
        (1...count).map { Sample.product($0, modified: moment($0)) }
    }

    private func moment(_ number: Int) -> String {
        Moment(seconds: 1_794_000_000).adding(seconds: Double(number) * 60).naive
    }

    private func query(_ shop: TinyShop, _ number: Int) async -> [String: String] {
        let lists = await shop.asked.filter { $0.address.path.hasSuffix("/products") }
        guard lists.indices.contains(number) else { return [:] }
        return Dictionary(lists[number].address.query.map { ($0.name, $0.value) }) { $1 }
    }

    @Test func whatChangedIsAskedForInNaiveGMTWithTheFlag() async throws {
        let shop = TinyShop(["products": products(3)])
        _ = try await suite.pull(.product, since: "2026-11-01T10:00:00", limit: 10, in: shop)
        let query = await query(shop, 0)

        #expect(query["modified_after"] == "2026-11-01T10:00:00" && query["dates_are_gmt"] == "true")
        #expect(query["orderby"] == "modified" && query["order"] == "asc" && query["status"] == "any")
    }

    @Test func aPageNeverHasMoreThanAHundred() async throws {
        let shop = TinyShop(["products": products(3)])
        _ = try await suite.pull(.product, limit: 500, in: shop)

        #expect(await query(shop, 0)["per_page"] == "100")
    }

    @Test func theNextPullLooksBackTwoSeconds() async throws {
        let shop = TinyShop(["products": products(5)])
        let pages = try await suite.pull(.product, limit: 10, in: shop)

        #expect(pages.last?.cursor == Moment(iso: moment(5))?.adding(seconds: -2).naive)
        let again = try await suite.pull(.product, since: pages.last?.cursor, limit: 10, in: shop)
        #expect(again.flatMap(\.drafts).map(\.externalID) == ["5"])
    }

    @Test func anEmptyShopLeavesTheCursorAsItWas() async throws {
        let page = try await suite.pull(.product, limit: 10, in: TinyShop([:]))

        #expect(page.count == 1 && page.first?.cursor == nil && page.first?.next == nil)
    }

    @Test func windowsMoveByTimeNeverByPage() async throws {
        let shop = TinyShop(["products": products(25)])
        let pages = try await suite.pull(.product, limit: 10, in: shop)

        #expect(pages.flatMap(\.drafts).map(\.externalID) == (1...25).map(String.init))
        for number in 0..<pages.count { #expect(await query(shop, number)["page"] == "1") }
        #expect(pages.first?.total == 25)
    }

    @Test func aRecordDeletedBetweenTwoPagesHidesNoOther() async throws {
        let shop = TinyShop(["products": products(25)])
        await shop.after(list: 1) { $0.remove("products", 3) }
        let ids = try await suite.pull(.product, limit: 10, in: shop).flatMap(\.drafts).map(\.externalID)

        #expect(ids == (1...25).map(String.init))
    }

    @Test func aRecordChangedBetweenTwoPagesComesAgainWithItsChange() async throws {
        let shop = TinyShop(["products": products(25)])
        let changed = Sample.product(3, modified: moment(99), ["name": "Changed"])
        await shop.after(list: 1) { $0.put("products", changed) }
        let drafts = try await suite.pull(.product, limit: 10, in: shop).flatMap(\.drafts)

        #expect(Set(drafts.map(\.externalID)).count == 25)
        #expect(drafts.last?.externalID == "3" && drafts.last?.title == "Changed")
    }

    @Test func manyRecordsOfOneSecondAreAllReadOnce() async throws {
        let same = (1...35).map { Sample.product($0, modified: "2026-11-20T10:00:00") }
        let later = Sample.product(90, modified: "2026-11-20T10:00:01")
        let found = await suite.pagingEndsAndNeverRepeats(
            .product, limit: 10, expected: Set((1...35).map(String.init) + ["90"]),
            in: TinyShop(["products": same + [later]]))

        #expect(found == [])
    }

    @Test func aSecondThatLosesARecordWhileItIsReadIsReadAnew() async throws {
        let same = (1...35).map { Sample.product($0, modified: "2026-11-20T10:00:00") }
        let shop = TinyShop(["products": same])
        let moved = Sample.product(2, modified: "2026-11-20T11:00:00")
        await shop.after(list: 3) { $0.put("products", moved) }
        let ids = try await suite.pull(.product, limit: 10, in: shop).flatMap(\.drafts).map(\.externalID)

        #expect(Set(ids) == Set((1...35).map(String.init)))
    }

    @Test func aStampInTheFutureDoesNotHideWhatComesUntilThen() async throws {
        let ahead = Sample.product(1, modified: "2030-01-01T00:00:00").text
        let world = AnsweringTransport(
            status: 200, headers: ["Date": "Fri, 20 Nov 2026 21:51:20 GMT"], body: "[\(ahead)]")
        let page = try await Bench.source(.product, world).page(PageRequest())

        #expect(page.cursor == "2026-11-20T21:51:18" && page.farClock == Moment(iso: "2026-11-20T21:51:20"))
    }

    @Test func aShopThatIgnoresTheFilterIsStopped() async throws {
        let page = JSON.array(products(10)).text
        let world = AnsweringTransport(status: 200, body: page)

        await #expect(throws: ConnectorFailure.self) {
            try await suite.pull(.product, limit: 10, in: world)
        }
    }

    @Test func aShopThatIgnoresTheOrderIsStopped() async throws {
        let world = AnsweringTransport(status: 200, body: JSON.array(products(10).reversed()).text)

        await #expect(throws: ConnectorFailure.self) { try await Bench.source(.product, world).page(PageRequest()) }
    }

    @Test(arguments: [RecordKind.category, .customer])
    func aListThatRepeatsItsPageForEverIsStopped(kind: RecordKind) async throws {
        let records = (1...10).map { kind == .category ? Sample.category($0) : Sample.customer($0) }
        let world = AnsweringTransport(status: 200, body: JSON.array(records).text)

        await #expect(throws: ConnectorFailure.self) { try await suite.pull(kind, limit: 10, in: world) }
    }

    @Test func aPageBeyondTheLastIsTheEnd() async throws {
        let shop = TinyShop(["customers": (1...10).map { Sample.customer($0) }])
        let pages = try await suite.pull(.customer, limit: 10, in: shop)

        #expect(pages.count == 2 && pages.last?.drafts == [] && pages.last?.next == nil)
    }

    @Test func customersAndCategoriesAreReadWholeForTheyHaveNoModifiedFilter() async throws {
        let shop = TinyShop(["customers": [Sample.customer(1)], "products/categories": [Sample.category(4)]])
        for kind in [RecordKind.customer, .category] {
            let pages = try await suite.pull(kind, since: "2099-01-01T00:00:00", limit: 10, in: shop)
            #expect(pages.flatMap(\.drafts).count == 1 && pages.last?.cursor == nil)
        }

        #expect(await !shop.asked.contains { $0.address.query.contains { $0.name == "modified_after" } })
    }

    @Test func staffAreCustomersOnlyWhenTheyHaveBought() async throws {
        let shop = TinyShop([
            "customers": [
                Sample.customer(1, ["role": "administrator"]),
                Sample.customer(2, ["role": "shop_manager", "is_paying_customer": true]),
                Sample.customer(3, ["role": "wholesale_buyer"]),
            ]
        ])

        #expect(try await Bench.source(.customer, shop).page(PageRequest()).drafts.map(\.externalID) == ["2", "3"])
    }

    @Test func aBadProductIsRejectedAndDoesNotStopThePage() async throws {
        let bad = Sample.product(2, modified: moment(2), ["regular_price": "12,50"])
        let shop = TinyShop(["products": [Sample.product(1, modified: moment(1)), bad]])
        let page = try await Bench.source(.product, shop).page(PageRequest())

        #expect(page.drafts.map(\.externalID) == ["1"])
        #expect(page.rejections.first?.externalID == "2" && page.rejections.first?.reason.contains("12,50") == true)
    }

    @Test func theCurrencyIsReadOnceForAPull() async throws {
        let shop = TinyShop(["products": products(25)])
        let connector = try Bench.connector(shop, "https://shop.test", ["currency": .null])
        let source = try #require(connector.sources[.product])
        var page = try await source.page(PageRequest(limit: 10))
        while let next = page.next { page = try await source.page(PageRequest(position: next, limit: 10)) }

        #expect(page.drafts.last?.parts[ProductPart.price]?.currency == .lkr)
        #expect(await shop.asked.filter { $0.address.path.hasSuffix("settings/general") }.count == 1)
    }

    @Test func aPositionOfSomebodyElseIsNotGuessedAt() async throws {
        for kind in [RecordKind.product, .order, .customer] {
            await #expect(throws: ConnectorFailure.self) {
                try await Bench.source(kind, TinyShop([:])).page(PageRequest(position: "page 2"))
            }
        }
    }

    @Test func aVariantsChangeIsReadThroughItsProduct() async throws {
        let parent = Sample.product(40, modified: moment(9), ["type": "variable", "variations": [41, 42]])
        let shop = TinyShop([
            "products": [parent, Sample.product(39, modified: moment(8))],
            "products/40/variations": [Sample.variation(41, of: 40), Sample.variation(42, of: 40)],
        ])
        let source = try Bench.source(.variant, shop)
        let page = try await source.page(PageRequest(since: moment(7)))

        #expect(page.drafts.map(\.externalID) == ["40/41", "40/42"])
        #expect(page.drafts.first?.parts[VariantPart.product] == .external(.product, "40"))
        #expect(try await source.census(after: nil)?.ids == ["40/41", "40/42"])
        #expect(try await source.fetch(["40/42", "40/77", "nonsense"]).drafts.map(\.externalID) == ["40/42"])
    }

    @Test func aTrashedProductIsReadableByItsIdThoughNoListShowsIt() async throws {
        let shop = TinyShop(["products": [Sample.product(50, ["status": "trash"]), Sample.product(51)]])
        let fetched = try await Bench.source(.product, shop).fetch(["50", "51", "52"])

        #expect(fetched.drafts.map { $0.parts[ProductPart.status] } == ["archived", "published"])
        #expect(fetched.last == .gone("52"))
        #expect(try await Bench.source(.product, shop).census(after: nil)?.ids == ["51"])
    }

    @Test func aVariationIsNoProductThoughItAnswersAsOne() async throws {
        let shop = TinyShop(["products": [Sample.variation(41, of: 40)]])

        guard case .rejected? = try await Bench.source(.product, shop).fetch(["41"]).first else {
            Issue.record("a variation was taken for a product")
            return
        }
    }
}
