import Commerce

/// How much of the sellable stock one channel may offer.
public struct OfferRule: Hashable, Sendable {
    /// Kept back from this channel, against sales it does not know of yet.
    public var buffer: ExactDecimal
    /// The most it may ever show; nil for no limit.
    public var maximum: ExactDecimal?
    /// Its share when stock is allotted, in proportion to the shares of the others.
    public var share: Int
    /// How it takes a new number.
    public var writing: StockWriting

    /// A rule; all of the stock unless said otherwise.
    public init(
        buffer: ExactDecimal = .zero, maximum: ExactDecimal? = nil, share: Int = 1,
        writing: StockWriting = .absolute
    ) {
        self.buffer = buffer
        self.maximum = maximum
        self.share = share
        self.writing = writing
    }
}

/// What a channel is told it may sell.
public enum StockOffer {
    /// The shared mode: every channel offers all that is sellable, less its buffer, up to its maximum; never less than
    /// nothing.
    ///
    /// - Throws: `AmountError.overflow`.
    public static func shared(sellable: ExactDecimal, rule: OfferRule) throws(AmountError) -> ExactDecimal {
        let free = max(.zero, try sellable.minus(rule.buffer))
        return min(free, max(.zero, rule.maximum ?? free))
    }
}
