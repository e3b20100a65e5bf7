/// An exact ratio for reckoning between two amounts of a book; wider than a `Fraction`, so that a chain of percentages
/// is rounded once, at its end. Holds nil inside once a step left 128 bits.
struct Ratio {
    private let parts: (top: Int128, bottom: Int128)?

    init(_ fraction: Fraction) {
        self.init(Int128(fraction.numerator), Int128(fraction.denominator))
    }

    /// A ratio in lowest terms with a positive bottom; nothing when the bottom is nought.
    init(_ top: Int128, _ bottom: Int128) {
        guard bottom != 0, top != Int128.min, bottom != Int128.min else {
            parts = nil
            return
        }
        let divisor = Int128(Fraction.greatestDivisor(top.magnitude, bottom.magnitude))
        let sign: Int128 = bottom < 0 ? -1 : 1
        parts = (sign * top / divisor, sign * bottom / divisor)
    }

    private init(nothing: Void) { parts = nil }

    static let zero = Ratio(0, 1)

    var isZero: Bool { parts.map { $0.top == 0 } ?? false }

    /// The value as a fraction, or nil when it does not fit.
    var fraction: Fraction? { parts.flatMap { Fraction(wide: $0.top, $0.bottom) } }

    /// The value in whole parts of `1 / denominator`, half a part rounded away from nought.
    func rounded(to denominator: Int64) -> Fraction? {
        guard let parts, denominator > 0 else { return nil }
        let (scaled, overflow) = parts.top.multipliedReportingOverflow(by: Int128(denominator))
        guard !overflow else { return nil }
        let (quotient, remainder) = scaled.quotientAndRemainder(dividingBy: parts.bottom)
        let isHalf = remainder.magnitude >= parts.bottom.magnitude - remainder.magnitude
        let whole = isHalf ? quotient + (scaled < 0 ? -1 : 1) : quotient
        return Fraction(wide: whole, Int128(denominator))
    }

    static func + (left: Ratio, right: Ratio) -> Ratio {
        guard let left = left.parts, let right = right.parts else { return Ratio(nothing: ()) }
        let (a, overflowA) = left.top.multipliedReportingOverflow(by: right.bottom)
        let (b, overflowB) = right.top.multipliedReportingOverflow(by: left.bottom)
        let (sum, overflowSum) = a.addingReportingOverflow(b)
        let (bottom, overflowBottom) = left.bottom.multipliedReportingOverflow(by: right.bottom)
        guard !overflowA, !overflowB, !overflowSum, !overflowBottom else { return Ratio(nothing: ()) }
        return Ratio(sum, bottom)
    }

    static func - (left: Ratio, right: Ratio) -> Ratio { left + right * Ratio(-1, 1) }

    static func * (left: Ratio, right: Ratio) -> Ratio {
        guard let left = left.parts, let right = right.parts else { return Ratio(nothing: ()) }
        let (top, overflowTop) = left.top.multipliedReportingOverflow(by: right.top)
        let (bottom, overflowBottom) = left.bottom.multipliedReportingOverflow(by: right.bottom)
        return overflowTop || overflowBottom ? Ratio(nothing: ()) : Ratio(top, bottom)
    }

    static func / (left: Ratio, right: Ratio) -> Ratio {
        guard let parts = right.parts, parts.top != 0 else { return Ratio(nothing: ()) }
        return left * Ratio(parts.bottom, parts.top)
    }
}
