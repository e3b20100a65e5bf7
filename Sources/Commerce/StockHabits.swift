/// Which quantity of a location a vendor's reports mean.
public enum StockMeaning: String, Hashable, Sendable, Codable {
    /// What lies there, sold or not.
    case onHand
    /// What may still be sold.
    case sellable
}

/// When an order moves stock, as the card of its issuer says.
public struct OrderStockRule: Hashable, Sendable {
    /// The states in which the vendor has lowered its stock for the order.
    public var lowersAt: Set<OrderState>
    /// The states in which it has put everything back.
    public var restoresAt: Set<OrderState>
    /// Whether the pieces of a refund's lines go back to stock.
    public var refundsRestock: Bool

    /// A rule; whatever was sold comes back when an order is cancelled or fails, unless said otherwise.
    public init(
        lowersAt: Set<OrderState>, restoresAt: Set<OrderState> = [.cancelled, .failed], refundsRestock: Bool = true
    ) {
        self.lowersAt = lowersAt
        self.restoresAt = restoresAt
        self.refundsRestock = refundsRestock
    }
}

/// What a vendor offers to change its stock by.
public enum StockWriting: String, Hashable, Sendable, Codable {
    /// A number is set, whatever was there: a sale between the read and the write is undone, and has to be looked for.
    case absolute
    /// A number is set only where the one that was read still stands.
    case compared
    /// Pieces are added or taken off in one go.
    case delta

    /// Whether a sale at the far side can never be undone by a write of ours.
    public var isAtomic: Bool { self != .absolute }
}

/// How many pieces of an order's line have left the issuer's stock and not come back, as the issuer itself says.
public struct LineStock: Hashable, Sendable, CodablePartValue {
    /// The line's key.
    public var key: String
    public var quantity: ExactDecimal

    /// The pieces of a line.
    public init(key: String, quantity: ExactDecimal) {
        self.key = key
        self.quantity = quantity
    }
}
