/// An exact amount as a book keeps it: a whole number of `1 / denominator` parts.
///
/// Books write money in the smallest unit of the currency (EUR 11900/100, JPY 16123/1), so the denominator is kept as
/// given. Two fractions are equal when their values are: 11900/100 == 119/1.
public struct Fraction: Sendable, CustomStringConvertible {
    /// The count of parts; negative for a credit.
    public let numerator: Int64
    /// How many parts make one; at least 1.
    public let denominator: Int64

    /// Nought.
    public static let zero = Fraction(whole: 0)

    /// This many parts, or nil when the denominator is not at least 1.
    public init?(_ numerator: Int64, _ denominator: Int64) {
        guard denominator > 0 else { return nil }
        self.numerator = numerator
        self.denominator = denominator
    }

    /// A whole number.
    public init(whole: Int64) {
        numerator = whole
        denominator = 1
    }

    /// An amount in the smallest units of a currency with this many of them to one (100 for EUR, 1 for JPY).
    ///
    /// A count of parts below 1 is taken as 1.
    public init(minorUnits: Int64, perUnit: Int64) {
        numerator = minorUnits
        denominator = max(1, perUnit)
    }

    /// The fraction written `num/denom`, as a plain whole number or as a decimal (`12.50`), or nil.
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let made = copy.withUTF8 { Fraction(bytes: $0) }
        guard let made else { return nil }
        self = made
    }

    init?(wide numerator: Int128, _ denominator: Int128) {
        guard denominator > 0, let top = Int64(exactly: numerator), let bottom = Int64(exactly: denominator) else {
            return nil
        }
        self.numerator = top
        self.denominator = bottom
    }

    /// `num/denom`, as a book writes it.
    public var description: String { "\(numerator)/\(denominator)" }

    /// Whether it is nought.
    public var isZero: Bool { numerator == 0 }

    /// The same value in lowest terms.
    public var reduced: Fraction {
        let divisor = Self.greatestDivisor(Int128(numerator).magnitude, Int128(denominator).magnitude)
        return Fraction(wide: Int128(numerator) / Int128(divisor), Int128(denominator) / Int128(divisor)) ?? self
    }

    /// The sum, or nil when it does not fit into 64 bits. Keeps the denominator when both have the same.
    public func adding(_ other: Fraction) -> Fraction? {
        if denominator == other.denominator {
            let (sum, overflow) = numerator.addingReportingOverflow(other.numerator)
            return overflow ? nil : Fraction(sum, denominator)
        }
        return (Ratio(self) + Ratio(other)).fraction
    }

    /// The difference, or nil when it does not fit into 64 bits.
    public func subtracting(_ other: Fraction) -> Fraction? {
        other.negated.flatMap(adding)
    }

    /// The value with its sign turned, or nil for the one value that has none.
    public var negated: Fraction? {
        numerator == Int64.min ? nil : Fraction(-numerator, denominator)
    }

    /// The same value in parts of `1 / denominator`, or nil when it cannot be said exactly in them.
    public func exactly(in denominator: Int64) -> Fraction? {
        guard denominator > 0 else { return nil }
        let (quotient, remainder) = (Int128(numerator) * Int128(denominator))
            .quotientAndRemainder(dividingBy: Int128(self.denominator))
        return remainder == 0 ? Fraction(wide: quotient, Int128(denominator)) : nil
    }

    static func greatestDivisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return max(left, 1)
    }
}

extension Fraction: Hashable, Comparable {
    public static func == (left: Fraction, right: Fraction) -> Bool {
        if left.denominator == right.denominator { return left.numerator == right.numerator }
        return Int128(left.numerator) * Int128(right.denominator) == Int128(right.numerator) * Int128(left.denominator)
    }

    public static func < (left: Fraction, right: Fraction) -> Bool {
        Int128(left.numerator) * Int128(right.denominator) < Int128(right.numerator) * Int128(left.denominator)
    }

    public func hash(into hasher: inout Hasher) {
        let lowest = reduced
        hasher.combine(lowest.numerator)
        hasher.combine(lowest.denominator)
    }
}

extension Fraction {
    /// Reads `num/denom`, `num` or `whole.decimals` from bytes.
    init?(bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { index = 1 }
        guard let top = Self.digits(bytes, &index) else { return nil }
        let signed = isNegative ? -top : top
        guard index < bytes.count else {
            self.init(signed, 1)
            return
        }
        let mark = bytes[index]
        let start = index + 1
        index = start
        guard let rest = Self.digits(bytes, &index), index == bytes.count else { return nil }
        if mark == UInt8(ascii: "/") {
            self.init(signed, rest)
        } else if mark == UInt8(ascii: "."), index - start <= 15 {
            let scale = (0..<index - start).reduce(Int64(1)) { product, _ in product * 10 }
            let whole = Int128(top) * Int128(scale) + Int128(rest)
            self.init(wide: isNegative ? -whole : whole, Int128(scale))
        } else {
            return nil
        }
    }

    /// The number written from `index` on, which is moved behind it; nil without a digit or above 64 bits.
    private static func digits(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Int64? {
        let start = index
        var value: Int64 = 0
        while index < bytes.count, case let digit = bytes[index] &- 48, digit < 10 {
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int64(digit))
            guard !tooBig, !overflow else { return nil }
            value = sum
            index += 1
        }
        return index > start ? value : nil
    }
}
