import Commerce

/// The quantities of one product at one location.
public struct StockQuantities: Hashable, Sendable {
    /// What lies there. Negative when more was sold than came in.
    public var onHand: ExactDecimal
    /// What lies there but is promised to orders that are not shipped.
    public var reserved: ExactDecimal

    /// The quantities of one product at one location.
    public init(onHand: ExactDecimal, reserved: ExactDecimal = .zero) {
        self.onHand = onHand
        self.reserved = reserved
    }

    /// What may still be sold.
    ///
    /// - Throws: `AmountError.overflow`.
    public func sellable() throws(AmountError) -> ExactDecimal { try onHand.minus(reserved) }

    /// The quantity a vendor means.
    ///
    /// - Throws: `AmountError.overflow`.
    public func quantity(_ meaning: StockMeaning) throws(AmountError) -> ExactDecimal {
        switch meaning {
        case .onHand: onHand
        case .sellable: try sellable()
        }
    }
}

/// A stock report taken for what it is: a count, not a value to copy.
///
/// A far side that sold two of ten and shows eight tells nothing new to a hub that has read both orders. Only what the
/// known movements do not explain becomes an adjustment; so a sale is never counted twice, once as an order and once
/// as a lower number.
public struct StockCount: Hashable, Sendable {
    /// What the side should show; nil when it never showed anything, and the report opens its count.
    public var expected: ExactDecimal?
    /// What it shows.
    public var reported: ExactDecimal
    /// What the movements do not explain: the adjustment. For an opening count all of it.
    public var residual: ExactDecimal

    /// A count.
    ///
    /// - Parameters:
    ///   - lastShown: What the side last showed or accepted; nil when it never did. Where the hub's stock is already
    ///     known from elsewhere, the offer this side should have.
    ///   - movementsSince: What moved *at that side* since: its own sales and returns, as the hub has read them.
    ///   - reported: What it shows now.
    /// - Throws: `AmountError.overflow`.
    public init(
        lastShown: ExactDecimal?, movementsSince: [ExactDecimal], reported: ExactDecimal
    ) throws(AmountError) {
        self.reported = reported
        if let lastShown {
            let expected = try lastShown.plus(ExactDecimal.sum(movementsSince))
            self.expected = expected
            residual = try reported.minus(expected)
        } else {
            expected = nil
            residual = reported
        }
    }

    /// The adjustment alone.
    ///
    /// - Throws: `AmountError.overflow`.
    public static func residual(
        lastShown: ExactDecimal?, movementsSince: [ExactDecimal], reported: ExactDecimal
    ) throws(AmountError) -> ExactDecimal {
        try StockCount(lastShown: lastShown, movementsSince: movementsSince, reported: reported).residual
    }
}
