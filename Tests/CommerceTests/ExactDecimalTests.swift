import Commerce
import Foundation
import SeededRandom
import Testing

@Suite("Exact decimals")
struct ExactDecimalTests {
    @Test(arguments: [
        "", "-", ".", "1.", ".5", "-.5", "--1", "1-", "+1", " 1", "1 ", "1 000", "12abc", "abc", "1,5", "12,50",
        "1.2.3", "1e3",
        "1E3", "0x10", "NaN", "nan", "inf", "Infinity", "٣", "１", "1_000", "1'000", "½", "−1", "1\u{0}", "\u{FEFF}1",
        "null",
        "$1", "1%",
    ])
    func aTextThatIsNoPlainNumberIsRefusedAndQuoted(text: String) {
        #expect(throws: AmountError.notANumber(text)) { try ExactDecimal(parsing: text) }
        #expect(AmountError.notANumber(text).description.contains("\"\(text)\""))
    }

    @Test(
        arguments: [
            ("0", 0, 0), ("-0", 0, 0), ("0.000", 0, 0), ("7", 7, 0), ("007", 7, 0), ("-12", -12, 0), ("0.25", 25, 2),
            ("-0.5", -5, 1), ("1.50", 15, 1), ("100", 100, 0), ("100.00", 100, 0), ("0.000000000000000001", 1, 18),
        ] as [(String, Int64, Int)])
    func aPlainNumberIsReadExactlyAndReduced(text: String, mantissa: Int64, scale: Int) throws {
        let number = try ExactDecimal(parsing: text)

        #expect(number.mantissa == mantissa)
        #expect(number.scale == scale)
    }

    /// Every text of up to four characters of this alphabet is either refused or says the number a second reading says.
    @Test func everyShortTextIsEitherANumberOrRefused() throws {
        let alphabet = Array("019.-,e +x٣")
        var texts = [""]
        var accepted = 0
        for _ in 0..<4 {
            texts = texts.flatMap { text in alphabet.map { text + String($0) } }
            for text in texts {
                let number = try? ExactDecimal(parsing: text)
                #expect((number != nil) == isPlainNumber(text), "\(text)")
                guard let number else { continue }
                accepted += 1
                #expect(Foundation.Decimal(string: text) == Foundation.Decimal(string: number.description), "\(text)")
            }
        }
        #expect(accepted > 200)
    }

    @Test func theBoundsAreExact() throws {
        #expect(try ExactDecimal(parsing: "9223372036854775807").mantissa == .max)
        #expect(try ExactDecimal(parsing: "-9223372036854775808").mantissa == .min)
        for text in ["9223372036854775808", "-9223372036854775809", "99999999999999999999", "92233720368547758.070"] {
            #expect(throws: AmountError.overflow(text)) { try ExactDecimal(parsing: text) }
        }
        #expect(throws: AmountError.tooManyDigits("0.0000000000000000001", allowed: 18)) {
            try ExactDecimal(parsing: "0.0000000000000000001")
        }
    }

    @Test func equalNumbersAreEqualValuesHoweverTheyAreWritten() throws {
        #expect(try ExactDecimal(parsing: "1.50") == ExactDecimal(parsing: "001.5"))
        #expect(ExactDecimal(mantissa: 1500, scale: 3).hashValue == ExactDecimal(mantissa: 15, scale: 1).hashValue)
        #expect(ExactDecimal(mantissa: 0, scale: 30) == .zero)
        #expect(ExactDecimal(mantissa: 100, scale: 20) == ExactDecimal(mantissa: 1, scale: 18))
    }

    @Test func theTextOfANumberReadsBackAsTheSameNumber() throws {
        var numbers = SeededNumbers()
        for _ in 0..<2_000 {
            let number = ExactDecimal(mantissa: any(&numbers), scale: Int.random(in: 0...18, using: &numbers))
            #expect(try ExactDecimal(parsing: number.description) == number, "seed \(numbers.seed): \(number)")
            #expect(try ExactDecimal(json: number.json) == number, "seed \(numbers.seed): \(number)")
        }
    }

    @Test func theOrderIsThatOfTheNumbers() throws {
        var numbers = SeededNumbers()
        for _ in 0..<2_000 {
            let left = ExactDecimal(mantissa: any(&numbers), scale: Int.random(in: 0...18, using: &numbers))
            let right = ExactDecimal(mantissa: any(&numbers), scale: Int.random(in: 0...18, using: &numbers))
            let expected =
                try #require(Decimal(string: left.description))
                < #require(Decimal(string: right.description))
            #expect((left < right) == expected, "seed \(numbers.seed): \(left) \(right)")
        }
    }

    @Test func aWholeNumberIsWholeAndAFractionIsNot() throws {
        #expect(try ExactDecimal(parsing: "12.00").whole == 12)
        #expect(try ExactDecimal(parsing: "12.01").whole == nil)
        #expect(ExactDecimal(-3).whole == -3)
    }

    @Test func decodingTakesATextOrAnIntegerAndNothingElse() throws {
        let decoded = try JSONDecoder().decode([ExactDecimal].self, from: Foundation.Data(#"["0.25", 3, -7]"#.utf8))

        #expect(decoded == [ExactDecimal(mantissa: 25, scale: 2), ExactDecimal(3), ExactDecimal(-7)])
        for text in [#"["1,5"]"#, "[0.5]", "[true]", "[null]"] {
            #expect(throws: DecodingError.self, "\(text)") {
                try JSONDecoder().decode([ExactDecimal].self, from: Foundation.Data(text.utf8))
            }
        }
    }

    /// Small and large ones alike: a quarter of the digits count, so that short numbers are not rare.
    private func any(_ numbers: inout SeededNumbers) -> Int64 {
        Int64.random(in: .min ... .max, using: &numbers) >> Int64.random(in: 0...63, using: &numbers)
    }

    private func isPlainNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let halves = digits.split(separator: ".", omittingEmptySubsequences: false)
        return halves.count <= 2 && halves.allSatisfy { !$0.isEmpty && $0.allSatisfy { "0123456789".contains($0) } }
    }
}
