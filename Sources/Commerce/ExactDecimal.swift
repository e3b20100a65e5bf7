/// Why a text is no number, or a sum does not fit. The text is quoted as it came.
public enum AmountError: Error, Hashable, Sendable, CustomStringConvertible {
    case notANumber(String)
    case tooManyDigits(String, allowed: Int)
    case overflow(String)
    case unknownCurrency(String)
    case currencyMismatch(String, String)

    /// One sentence for an operator.
    public var description: String {
        switch self {
        case .notANumber(let text): "\"\(text)\" is not a plain decimal number (digits, one '.', an optional '-')"
        case .tooManyDigits(let text, let allowed):
            "\"\(text)\" has more than \(allowed) decimals; it is refused, not rounded"
        case .overflow(let text): "\"\(text)\" is larger than an amount can be"
        case .unknownCurrency(let text): "\"\(text)\" is not an ISO 4217 currency code"
        case .currencyMismatch(let left, let right): "\(left) and \(right) cannot be added: two currencies"
        }
    }
}

/// A decimal number held exactly: `mantissa` divided by ten to the power of `scale`.
///
/// Always reduced (no trailing zeros in the fraction), so equal numbers are equal values. Used for quantities, unit
/// prices, rates in percent and weights.
public struct ExactDecimal: Hashable, Sendable {
    /// The digits with their sign.
    public let mantissa: Int64
    /// How many of the digits stand behind the point, 0 to 18.
    public let scale: Int

    /// The most digits behind the point.
    public static let scaleLimit = 18
    /// Nothing.
    public static let zero = ExactDecimal(mantissa: 0, scale: 0)

    /// A number from its digits; trailing zeros of the fraction are dropped.
    ///
    /// What remains must have a scale from 0 to `scaleLimit`: another is a mistake of the caller, never of an input,
    /// which goes through `init(parsing:)`.
    public init(mantissa: Int64, scale: Int) {
        var mantissa = mantissa
        var scale = mantissa == 0 ? 0 : scale
        while scale > 0, mantissa % 10 == 0 {
            mantissa /= 10
            scale -= 1
        }
        precondition((0...Self.scaleLimit).contains(scale), "an exact decimal has 0 to \(Self.scaleLimit) decimals")
        self.mantissa = mantissa
        self.scale = scale
    }

    /// A whole number.
    public init(_ whole: Int) { self.init(mantissa: Int64(whole), scale: 0) }

    /// Reads digits with at most one point and an optional minus; nothing else, no white space, no exponent.
    ///
    /// - Throws: `AmountError` with the text quoted.
    public init(parsing text: String) throws(AmountError) {
        let (mantissa, scale) = try Self.digits(of: text)
        self.init(mantissa: mantissa, scale: scale)
    }

    /// The digits of a text and how many of them are decimals, trailing zeros kept.
    static func digits(of text: String) throws(AmountError) -> (mantissa: Int64, scale: Int) {
        var value: Int64 = 0
        var scale = -1
        var count = 0
        var isNegative = false
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0: isNegative = true
            case UInt8(ascii: ".") where scale < 0 && count > 0: scale = 0
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int64(byte - UInt8(ascii: "0"))
                let (tenfold, isOver) = value.multipliedReportingOverflow(by: 10)
                let (next, isOver2) = tenfold.subtractingReportingOverflow(digit)
                guard !isOver, !isOver2 else { throw .overflow(text) }
                value = next
                count += 1
                if scale >= 0 { scale += 1 }
            default: throw .notANumber(text)
            }
        }
        guard count > 0, scale != 0 else { throw .notANumber(text) }
        guard scale <= scaleLimit else { throw .tooManyDigits(text, allowed: scaleLimit) }
        if isNegative { return (value, max(scale, 0)) }
        guard value != Int64.min else { throw .overflow(text) }
        return (-value, max(scale, 0))
    }

    /// The shortest plain text: `"0.25"`, `"-12"`.
    public var description: String { Self.text(mantissa: mantissa, scale: scale) }

    static func text(mantissa: Int64, scale: Int) -> String {
        let digits = String(mantissa.magnitude)
        let sign = mantissa < 0 ? "-" : ""
        guard scale > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        let point = padded.index(padded.endIndex, offsetBy: -scale)
        return sign + padded[..<point] + "." + padded[point...]
    }

    /// The whole number, or nil when there is a fraction.
    public var whole: Int? { scale == 0 ? Int(exactly: mantissa) : nil }
}

extension ExactDecimal: CustomStringConvertible, Codable, Comparable {
    /// Reads the text form, or a JSON integer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let whole = try? container.decode(Int64.self) {
            self.init(mantissa: whole, scale: 0)
            return
        }
        do {
            try self.init(parsing: container.decode(String.self))
        } catch let error as AmountError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Compares by value.
    public static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        let scale = max(left.scale, right.scale)
        return left.widened(to: scale) < right.widened(to: scale)
    }

    private func widened(to target: Int) -> Int128 {
        var value = Int128(mantissa)
        for _ in scale..<max(scale, target) { value *= 10 }
        return value
    }
}
