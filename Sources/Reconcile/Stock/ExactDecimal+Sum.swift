import Commerce

extension ExactDecimal {
    /// The exact sum.
    ///
    /// - Throws: `AmountError.overflow` when it has more digits than a number can carry.
    public func plus(_ other: ExactDecimal) throws(AmountError) -> ExactDecimal {
        let common = max(scale, other.scale)
        var sum = Self.widened(self, to: common) + Self.widened(other, to: common)
        var sumScale = common
        while sumScale > 0, sum % 10 == 0 {
            sum /= 10
            sumScale -= 1
        }
        guard let mantissa = Int64(exactly: sum) else { throw .overflow("\(self) + \(other)") }
        return ExactDecimal(mantissa: mantissa, scale: sumScale)
    }

    /// The exact difference.
    ///
    /// - Throws: `AmountError.overflow` when it has more digits than a number can carry.
    public func minus(_ other: ExactDecimal) throws(AmountError) -> ExactDecimal { try plus(other.negated()) }

    /// The number with the other sign.
    ///
    /// - Throws: `AmountError.overflow` for the one number that has none.
    public func negated() throws(AmountError) -> ExactDecimal {
        guard mantissa != .min else { throw .overflow(description) }
        return ExactDecimal(mantissa: -mantissa, scale: scale)
    }

    /// The number without its sign.
    ///
    /// - Throws: `AmountError.overflow` for the one number that has none.
    public func magnitude() throws(AmountError) -> ExactDecimal { mantissa < 0 ? try negated() : self }

    /// The exact sum of many.
    ///
    /// - Throws: `AmountError.overflow`.
    public static func sum(_ numbers: some Sequence<ExactDecimal>) throws(AmountError) -> ExactDecimal {
        var total = ExactDecimal.zero
        for number in numbers { total = try total.plus(number) }
        return total
    }

    /// How many whole units of ten to the minus `scale` it holds, rounded down.
    ///
    /// - Throws: `AmountError.overflow`.
    func units(at unitScale: Int) throws(AmountError) -> Int64 {
        var value = Self.widened(self, to: max(scale, unitScale))
        for _ in unitScale..<max(scale, unitScale) {
            value = value >= 0 ? value / 10 : -((-value + 9) / 10)
        }
        guard let units = Int64(exactly: value) else { throw .overflow(description) }
        return units
    }

    // 19 digits and at most 18 zeros: 37 digits fit into 128 bits, which hold 38.
    private static func widened(_ number: ExactDecimal, to scale: Int) -> Int128 {
        var value = Int128(number.mantissa)
        for _ in number.scale..<scale { value *= 10 }
        return value
    }
}
