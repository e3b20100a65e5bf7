import Commerce
import Reconcile
import Testing

@Suite("What the guard looks at")
struct GuardTests {
    private func level(_ pieces: Int) -> JSON { StockLevel(isTracked: true, quantity: ExactDecimal(pieces)).json }

    private func price(_ regular: Int64?, sale: Int64? = nil, _ currency: Currency = .lkr) -> JSON {
        Price(
            regular: regular.map { Money(minorUnits: $0, currency: currency) },
            sale: sale.map { Money(minorUnits: $0, currency: currency) }, currency: currency
        ).json
    }

    @Test func stockThatFallsToNothingIsSeldomMeantAndStockThatMovesIsUsual() {
        let terms = GuardTerms()

        #expect(terms.sort(of: "stock", from: level(5), to: level(0)) == .zeroed)
        #expect(terms.sort(of: "stock", from: level(5), to: level(-2)) == .zeroed)
        #expect(terms.sort(of: "stock", from: level(5), to: level(1)) == nil)
        #expect(terms.sort(of: "stock", from: level(0), to: level(0)) == nil)
        #expect(terms.sort(of: "stock", from: level(0), to: level(5)) == nil)
        #expect(terms.sort(of: "stock", from: level(5), to: StockLevel(isTracked: false, quantity: nil).json) == nil)
        #expect(terms.sort(of: "stock", from: nil, to: level(0)) == nil)
    }

    @Test(
        arguments: [
            (1_000, 500, true), (1_000, 501, false), (500, 1_000, true), (501, 1_000, false), (1_000, 10_000, true),
            (1_000, 0, true), (0, 1_000, false), (1_000, 1_000, false),
        ] as [(Int64, Int64, Bool)])
    func aPriceCountsOnceItIsHalfOrDouble(old: Int64, new: Int64, counts: Bool) {
        #expect((GuardTerms().sort(of: "price", from: price(old), to: price(new)) == .repriced) == counts)
    }

    @Test func aPriceThatIsTakenAwayCountsAndOneOfAnotherCurrencyIsNotCompared() {
        let terms = GuardTerms()

        #expect(terms.sort(of: "price", from: price(1_000), to: price(nil)) == .repriced)
        #expect(terms.sort(of: "price", from: price(1_000), to: .null) == .repriced)
        #expect(terms.sort(of: "price", from: price(nil), to: price(1_000)) == nil)
        #expect(terms.sort(of: "price", from: price(1_000), to: price(10, .usd)) == nil)
        // What a buyer pays counts, too.
        #expect(terms.sort(of: "price", from: price(1_000), to: price(1_000, sale: 0)) == .repriced)
        #expect(terms.sort(of: "price", from: price(1_000), to: price(1_000, sale: 800)) == nil)
    }

    @Test func theSmallestChangeOfAPriceThatCountsIsSet() {
        var terms = GuardTerms()
        terms.pricePercent = 0
        #expect(terms.sort(of: "price", from: price(1_000), to: price(1_001)) == .repriced)
        #expect(terms.sort(of: "price", from: price(1_000), to: price(1_000, sale: nil)) == nil)
        terms.pricePercent = 100
        #expect(terms.sort(of: "price", from: price(1_000), to: price(1)) == nil)
        #expect(terms.sort(of: "price", from: price(1_000), to: price(0)) == .repriced)
    }

    @Test func otherPartsAreNothingToTheGuard() {
        #expect(GuardTerms().sort(of: "name", from: "Tea", to: "") == nil)
    }

    @Test func aShareOfManyIsAllowedAndAFewOfFew() {
        var terms = GuardTerms()
        #expect(terms.allowed(of: 1_000) == 300)
        #expect(terms.allowed(of: 2) == 10)
        terms.minimum = 0
        #expect(terms.allowed(of: 9) == 2)
        terms.sharePercent = 100
        #expect(terms.allowed(of: 9) == .max)
    }

    @Test func whatIsHeldIsNeitherWrittenNorForgottenByAWrite() {
        let held = ["price": LinkedPart(sent: price(1_000), seen: price(1_000), isHeld: true)]

        let patch = Reconcile.outbound(
            kind: .product, record: ["price": price(2_000), "name": "Tea"], link: held, gives: { _ in true })
        let first = Reconcile.outbound(
            kind: .product, record: ["price": price(2_000)], link: ["price": LinkedPart(isHeld: true)],
            gives: { _ in true })

        #expect(patch.values.keys.sorted() == ["name"])
        #expect(first.values.isEmpty)
    }
}
