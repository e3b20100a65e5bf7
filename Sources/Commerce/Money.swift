/// An amount of money in the smallest unit of its currency. Never a floating-point number, never rounded silently.
public struct Money: Hashable, Sendable {
    /// The amount in the currency's smallest unit (cents, fils, yen).
    public let minorUnits: Int64
    /// The currency.
    public let currency: Currency

    /// An amount of that many smallest units.
    public init(minorUnits: Int64, currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// Reads a plain decimal in the major unit, `"1250.5"` or `"-3.00"`. Decimals beyond the currency's own are allowed
    /// only where they are zero.
    ///
    /// - Throws: `AmountError` with the text quoted: not a number, too many digits, overflow.
    public init(parsing text: String, currency: Currency) throws(AmountError) {
        let (digits, scale) = try ExactDecimal.digits(of: text)
        var value = digits
        for _ in 0..<max(0, scale - currency.exponent) {
            guard value % 10 == 0 else { throw .tooManyDigits(text, allowed: currency.exponent) }
            value /= 10
        }
        for _ in 0..<max(0, currency.exponent - scale) {
            let (tenfold, isOver) = value.multipliedReportingOverflow(by: 10)
            guard !isOver else { throw .overflow(text) }
            value = tenfold
        }
        self.init(minorUnits: value, currency: currency)
    }

    /// Nothing of that currency.
    public static func zero(_ currency: Currency) -> Money { Money(minorUnits: 0, currency: currency) }

    /// The amount in the major unit with all decimals of the currency: `"1250.00"`.
    public var amount: String { ExactDecimal.text(mantissa: minorUnits, scale: currency.exponent) }

    /// The sum.
    ///
    /// - Throws: `AmountError.currencyMismatch` or `.overflow`.
    public func adding(_ other: Money) throws(AmountError) -> Money {
        guard currency == other.currency else { throw .currencyMismatch(description, other.description) }
        let (sum, isOver) = minorUnits.addingReportingOverflow(other.minorUnits)
        guard !isOver else { throw .overflow("\(self) + \(other)") }
        return Money(minorUnits: sum, currency: currency)
    }

    /// The difference.
    ///
    /// - Throws: `AmountError.currencyMismatch` or `.overflow`.
    public func subtracting(_ other: Money) throws(AmountError) -> Money { try adding(other.negated()) }

    /// The amount with the other sign.
    ///
    /// - Throws: `AmountError.overflow` for the one amount that has none.
    public func negated() throws(AmountError) -> Money {
        let (value, isOver) = Int64(0).subtractingReportingOverflow(minorUnits)
        guard !isOver else { throw .overflow(description) }
        return Money(minorUnits: value, currency: currency)
    }

    /// The sum of many amounts of one currency.
    ///
    /// - Throws: `AmountError.currencyMismatch` or `.overflow`.
    public static func sum(_ amounts: some Sequence<Money>, _ currency: Currency) throws(AmountError) -> Money {
        var total = Money.zero(currency)
        for amount in amounts { total = try total.adding(amount) }
        return total
    }
}

extension Money: CustomStringConvertible, Codable {
    /// The amount and the code: `"1250.00 LKR"`.
    public var description: String { "\(amount) \(currency.code)" }

    /// Reads the form of `description`.
    ///
    /// - Throws: `AmountError` with the text quoted.
    public init(described text: String) throws(AmountError) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2 else { throw .notANumber(text) }
        try self.init(parsing: String(words[0]), currency: Currency(String(words[1])))
    }

    /// Reads the form of `description`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(described: container.decode(String.self))
        } catch let error as AmountError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Writes the form of `description`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
