import Commerce
import Foundation
import SeededRandom
import Testing

@Suite("Money")
struct MoneyTests {
    static let clf = try? Currency("CLF")

    @Test(
        arguments: [
            ("JPY", "12", 12), ("JPY", "12.00", 12), ("EUR", "12", 1200), ("EUR", "12.5", 1250), ("EUR", "12.50", 1250),
            ("EUR", "12.5000", 1250), ("EUR", "-0.01", -1), ("EUR", "-0.00", 0), ("KWD", "1.234", 1234),
            ("KWD", "1.2", 1200),
            ("CLF", "1.2345", 12345), ("CLF", "0.0001", 1), ("UYW", "3", 30_000),
        ] as [(String, String, Int64)])
    func anAmountIsReadInTheSmallestUnitOfItsCurrency(code: String, text: String, minorUnits: Int64) throws {
        #expect(try Money(parsing: text, currency: Currency(code)).minorUnits == minorUnits)
    }

    @Test(arguments: [
        ("JPY", "12.5", 0), ("EUR", "12.505", 2), ("EUR", "0.001", 2), ("KWD", "1.2345", 3), ("CLF", "1.00001", 4),
    ])
    func moreDecimalsThanTheCurrencyHasAreRefusedNotRounded(code: String, text: String, allowed: Int) throws {
        let currency = try Currency(code)

        #expect(throws: AmountError.tooManyDigits(text, allowed: allowed)) {
            try Money(parsing: text, currency: currency)
        }
        #expect(AmountError.tooManyDigits(text, allowed: allowed).description.contains("\"\(text)\""))
    }

    @Test(arguments: [
        "12abc", "1,5", "12,50", "", "-", ".", "1.", ".5", "1e3", "+1", " 1", "NaN", "٣", "１", "1 000.00", "€1",
    ])
    func aTextThatIsNoAmountIsRefusedAndQuoted(text: String) {
        #expect(throws: AmountError.notANumber(text)) { try Money(parsing: text, currency: .eur) }
    }

    @Test func theBoundsAreExact() throws {
        #expect(try Money(parsing: "92233720368547758.07", currency: .eur).minorUnits == .max)
        #expect(try Money(parsing: "-92233720368547758.08", currency: .eur).minorUnits == .min)
        #expect(try Money(parsing: "9223372036854775807", currency: .jpy).minorUnits == .max)
        for text in ["92233720368547758.08", "-92233720368547758.09", "922337203685477581", "9223372036854775808"] {
            #expect(throws: AmountError.overflow(text)) { try Money(parsing: text, currency: .eur) }
        }
    }

    /// Every text of up to four characters over this alphabet in each count of decimals.
    @Test(arguments: ["JPY", "EUR", "KWD", "CLF"])
    func everyShortTextIsExactOrRefused(code: String) throws {
        let currency = try Currency(code)
        let scale = Foundation.Decimal(sign: .plus, exponent: currency.exponent, significand: 1)
        var texts = [""]
        for _ in 0..<4 {
            texts = texts.flatMap { text in "017.-, ".map { text + String($0) } }
            for text in texts {
                guard let number = try? ExactDecimal(parsing: text) else {
                    #expect(throws: AmountError.self, "\(text)") { try Money(parsing: text, currency: currency) }
                    continue
                }
                let exact = try #require(Decimal(string: number.description)) * scale
                let money = try? Money(parsing: text, currency: currency)
                #expect((money != nil) == (number.scale <= currency.exponent), "\(text)")
                if let money { #expect(Foundation.Decimal(money.minorUnits) == exact, "\(text)") }
            }
        }
    }

    @Test(arguments: ["JPY", "EUR", "KWD", "CLF"])
    func theTextOfAnAmountReadsBackAsTheSame(code: String) throws {
        let currency = try Currency(code)
        var numbers = SeededNumbers()
        for _ in 0..<1_000 {
            let digits = Int64.random(in: .min ... .max, using: &numbers) >> Int64.random(in: 0...63, using: &numbers)
            let money = Money(minorUnits: digits, currency: currency)
            #expect(try Money(parsing: money.amount, currency: currency) == money, "seed \(numbers.seed): \(money)")
            #expect(try Money(described: money.description) == money, "seed \(numbers.seed): \(money)")
            #expect(try Money(json: money.json) == money, "seed \(numbers.seed): \(money)")
        }
    }

    @Test(
        arguments: [
            (0, "0.00 EUR"), (5, "0.05 EUR"), (-5, "-0.05 EUR"), (100, "1.00 EUR"), (-125_050, "-1250.50 EUR"),
        ] as [(Int64, String)])
    func anAmountIsShownWithAllDecimalsAndItsCode(minorUnits: Int64, text: String) {
        #expect(Money(minorUnits: minorUnits, currency: .eur).description == text)
    }

    @Test func theSmallestAmountIsShownAndReadToo() throws {
        let least = Money(minorUnits: .min, currency: .jpy)

        #expect(least.description == "-9223372036854775808 JPY")
        #expect(throws: AmountError.overflow(least.description)) { try least.negated() }
    }

    @Test(arguments: [
        "", "12.00", "12.00EUR", "EUR 12.00", "12.00 EUR ", " 12.00 EUR", "12.00  EUR", "12.00 eur", "12 XXQ",
    ])
    func aDescribedAmountInAnotherFormIsRefused(text: String) {
        #expect(throws: AmountError.self) { try Money(described: text) }
        #expect(throws: PartError.self) { try Money(json: .string(text)) }
    }

    @Test func twoCurrenciesAreNeverAdded() {
        let euro = Money(minorUnits: 1, currency: .eur)
        let yen = Money(minorUnits: 1, currency: .jpy)

        #expect(throws: AmountError.currencyMismatch("0.01 EUR", "1 JPY")) { try euro.adding(yen) }
        #expect(throws: AmountError.currencyMismatch("0.01 EUR", "-1 JPY")) { try euro.subtracting(yen) }
        #expect(throws: AmountError.self) { try Money.sum([euro, yen], .eur) }
    }

    @Test func aSumThatDoesNotFitIsRefused() throws {
        let most = Money(minorUnits: .max, currency: .eur)
        let one = Money(minorUnits: 1, currency: .eur)

        #expect(throws: AmountError.self) { try most.adding(one) }
        #expect(throws: AmountError.self) { try Money(minorUnits: .min, currency: .eur).subtracting(one) }
        #expect(try most.subtracting(most) == .zero(.eur))
        #expect(try Money.sum([one, one, one], .eur).minorUnits == 3)
        #expect(try Money.sum([], .eur) == .zero(.eur))
    }
}

@Suite("Currencies")
struct CurrencyTests {
    @Test(arguments: [("JPY", 0), ("KRW", 0), ("EUR", 2), ("LKR", 2), ("KWD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4)])
    func aCurrencyHasTheDecimalsOfISO4217(code: String, exponent: Int) throws {
        #expect(try Currency(code).exponent == exponent)
    }

    @Test(arguments: ["", "eur", "Eur", "EURO", "EU", " EUR", "XXX", "XAU", "ЕUR", "€"])
    func anythingElseIsRefusedAndQuoted(code: String) {
        #expect(throws: AmountError.unknownCurrency(code)) { try Currency(code) }
    }

    @Test func theNamedOnesAreTheOnesOfTheTable() throws {
        for currency in [Currency.eur, .lkr, .usd, .jpy, .kwd] { #expect(try Currency(currency.code) == currency) }
    }

    @Test func aCurrencyTravelsAsItsCode() throws {
        let bytes = try JSONEncoder().encode([Currency.lkr])

        #expect(String(decoding: bytes, as: UTF8.self) == #"["LKR"]"#)
        #expect(try JSONDecoder().decode([Currency].self, from: bytes) == [.lkr])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Currency].self, from: Foundation.Data(#"["LK"]"#.utf8))
        }
    }
}
