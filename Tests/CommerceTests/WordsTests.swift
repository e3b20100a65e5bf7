import Commerce
import Testing

/// Values with every optional member once set and once not, texts that need escaping, amounts at the edge.
enum Words {
    static let euro = Money(minorUnits: 1_299, currency: .eur)
    static let placed = Moment(seconds: 1_795_211_480)
    static let address = Address(
        name: "Ayesha \"A.\" Perera", company: "Tea & Sons", line1: "12/3 Galle Rd", line2: "\\2nd", city: "Colombo",
        region: "Western", postcode: "00300", country: "LK", phone: "+94 11 000", email: "ayesha@example.com")
    static let line = OrderLine(
        key: "7", name: "Ceylon tea\n250 g", sku: "TEA-250", item: "41", quantity: ExactDecimal(mantissa: 25, scale: 1),
        subtotal: euro, total: euro, tax: .zero(.eur), taxes: [LineTax(rate: "3", amount: .zero(.eur))])
    static let charge = OrderCharge(
        key: "8", name: "Post", total: euro, tax: .zero(.eur), taxes: [LineTax(rate: "3", amount: .zero(.eur))])
    static let order = OrderContent(
        number: "1001", currency: .eur, placedAt: placed, pricesIncludeTax: true, billing: address, lines: [line],
        shipping: [charge], fees: [charge], discounts: [OrderDiscount(code: "MAY", amount: euro)],
        taxes: [
            OrderTax(key: "3", label: "VAT", percent: ExactDecimal(mantissa: 75, scale: 1), total: .zero(.eur)),
            OrderTax(key: "4", label: "?", percent: nil, total: .zero(.eur)),
        ],
        taxTotal: .zero(.eur), total: Money(minorUnits: 3 * 1_299, currency: .eur), customerNote: "Ring\ttwice",
        paymentMethod: "cod")

    static let all: [any PartValue & Hashable] =
        [
            "text", "", true, -5, ["a", "b"], [String](), euro, Money(minorUnits: .min, currency: .jpy),
            ExactDecimal.zero,
            Price(regular: euro, sale: euro, currency: .eur, saleFrom: placed, saleTo: placed),
            Price(regular: nil, currency: .kwd),
            StockLevel(isTracked: true, quantity: ExactDecimal(-3), location: "Main"),
            StockLevel(isTracked: false, quantity: nil),
            Measure(value: ExactDecimal(mantissa: 25, scale: 2), unit: "kg"),
            Dimensions(length: ExactDecimal(1), width: nil, height: ExactDecimal(3), unit: "cm"),
            ProductImage(url: "https://shop.example/a.jpg", alternativeText: "A / B"),
            ProductOption(name: "Size", values: ["S", "M"], isForVariants: true), OptionValue(name: "Size", value: "S"),
            PersonName(first: "Ayesha", last: ""), address, Address(), line,
            OrderLine(key: "1", name: "?", quantity: .zero, subtotal: euro, total: euro, tax: euro), charge, order,
            Payment(key: "p", amount: euro, at: placed, method: "card", reference: "r"),
            Refund(
                key: "r", amount: euro, at: placed, reason: "no", lines: [line], shipping: [charge], fees: [charge]),
            Refund(key: "r", amount: euro, at: placed),
            ShipmentContent(
                carrier: "Post", trackingNumber: "T1", destination: address,
                quantities: ["7": ExactDecimal(mantissa: 5, scale: 1)]),
            JournalTransaction(
                number: "1", day: "2026-11-20", description: "Sale", currency: .eur,
                splits: [JournalSplit(account: "a", value: euro, memo: "m")]),
            InvoiceContent(
                number: "1", currency: .eur, opened: placed, posted: nil, isCreditNote: true,
                lines: [
                    InvoiceLine(
                        description: "Tea", quantity: ExactDecimal(1),
                        unitPrice: ExactDecimal(mantissa: 12_345, scale: 4))
                ],
                net: euro, tax: .zero(.eur), total: euro),
            [Reference.external(.category, "1"), .record(.category, 2)],
        ] + OrderState.allCases + PaymentState.allCases + FulfilmentState.allCases + ShipmentState.allCases
}

@Suite("The words as JSON")
struct WordsTests {
    @Test func everyWordReadsBackFromItsJSON() throws {
        for word in Words.all { try expectRoundTrip(word) }
    }

    private func expectRoundTrip<Word: PartValue & Hashable>(_ word: Word) throws {
        #expect(try Word(json: word.json) == word)
        #expect(try Word(json: JSON(parsing: word.json.bytes)) == word)
        #expect(!word.json.isNull)
        #expect(word.json.bytes == (try Word(json: word.json)).json.bytes)
    }

    @Test func aWordOfAnotherShapeIsRefusedWithAText() {
        #expect(throws: PartError.self) { try OrderState(json: "shipped") }
        #expect(throws: PartError.self) { try StockLevel(json: ["isTracked": "yes"]) }
        #expect(throws: PartError.self) {
            try Payment(json: [
                "key": "1", "amount": "1,50 EUR", "at": ["milliseconds": 0], "method": "", "reference": "",
            ])
        }
        #expect(throws: PartError.self) { try OrderLine(json: .null) }
    }

    @Test func anAmountInsideAWordIsItsExactText() {
        let json = Words.line.json

        #expect(json["total"] == "12.99 EUR")
        #expect(json["quantity"] == "2.5")
    }

    @Test func aPersonsNameIsShownOnOneLine() {
        #expect(PersonName(first: "Ayesha", last: "Perera").line == "Ayesha Perera")
        #expect(PersonName(first: "", last: "Perera").line == "Perera")
        #expect(Address().isEmpty && !Words.address.isEmpty)
    }
}

@Suite("Totals")
struct TotalsTests {
    private func order(total: Int64, tax: Int64 = 0) -> OrderContent {
        var order = Words.order
        order.taxTotal = Money(minorUnits: tax, currency: .eur)
        order.total = Money(minorUnits: total, currency: .eur)
        return order
    }

    @Test func linesShippingFeesAndTaxMakeTheTotal() throws {
        #expect(try order(total: 0, tax: 103).computedTotal().minorUnits == 3 * 1_299 + 103)
        #expect(try order(total: 3 * 1_299).difference().minorUnits == 0)
    }

    @Test(arguments: [-1, 1, 50, -1_299] as [Int64])
    func aDifferenceIsTheStatedTotalLessTheComputed(difference: Int64) throws {
        #expect(try order(total: 3 * 1_299 + difference).difference().minorUnits == difference)
    }

    @Test func aDiscountIsAlreadyTakenOffTheLines() throws {
        var order = order(total: 3 * 1_299)
        order.discounts = []

        #expect(try order.difference().minorUnits == 0)
    }

    @Test func twoCurrenciesOrAnOverflowAreRefused() {
        var mixed = order(total: 1)
        mixed.lines[0].total = Money(minorUnits: 1, currency: .usd)
        #expect(throws: AmountError.self) { try mixed.computedTotal() }

        var huge = order(total: 1)
        huge.lines[0].total = Money(minorUnits: .max, currency: .eur)
        #expect(throws: AmountError.self) { try huge.difference() }
    }

    @Test func aJournalTransactionBalancesWhenItsSplitsSumToZero() throws {
        var entry = JournalTransaction(number: "", day: "2026-11-20", description: "", currency: .eur, splits: [])
        #expect(try entry.imbalance() == .zero(.eur))

        entry.splits = [
            JournalSplit(account: "a", value: Words.euro), JournalSplit(account: "b", value: try Words.euro.negated()),
        ]
        #expect(try entry.imbalance() == .zero(.eur))

        entry.splits.removeLast()
        #expect(try entry.imbalance() == Words.euro)
    }
}
