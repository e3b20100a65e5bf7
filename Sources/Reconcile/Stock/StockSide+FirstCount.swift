import Commerce

extension StockSide {
    /// What was learned while the first look at a side was on its way may be in what that showed.
    public mutating func veil(_ movements: Set<Int64>) {
        for index in pending.indices where movements.contains(pending[index].id) { pending[index].isVeiled = true }
    }

    /// A sale that was read only after the first count is taken to be in that count. It may have been made since: then
    /// the next look shows that, unless what was sold has come back by then. So what comes back may be in that look.
    ///
    /// - Parameter number: The hub's count of steps now. A look that was asked for before may lack the sale.
    public mutating func takeAsCounted(number: Int64) {
        openedAt = .max
        waited = nil
        shownNumber = max(shownNumber, number)
    }

    /// Whether a sale was taken to be in the first count there, and no look has told since.
    public var isTakenAsCounted: Bool { openedAt == .max }

    /// The first look after such a sale shows it, or what came back of it: from then on the orders tell.
    mutating func opened(by look: StockLook) {
        if isTakenAsCounted, look.askedAt != nil { openedAt = look.number }
    }

    /// How many of the pieces that came back with a line of an order the first count of this side may hold already.
    ///
    /// What the line had sold before that count is in it, and so may be what came back of it, as long as the orders
    /// have not been read to their end since (where a sale was read only after it: since the first look after that):
    /// nobody can tell which of the two happened first. They are taken as
    /// counted, for then the least is left to sell; where they were not, the next look shows more than is known of.
    /// What the line has sold since is out for certain, and what comes back of that is not in the count.
    ///
    /// - Parameters:
    ///   - quantity: What the movement comes to.
    ///   - earlier: What the line has moved since that count, in order.
    ///   - ordersAskedAt: When the orders of this side were last read to their end; nil when they never were.
    /// - Returns: At most the quantity; nothing where it cannot be in that count.
    /// - Throws: `AmountError.overflow`.
    public func mayHold(
        _ quantity: ExactDecimal, after earlier: [ExactDecimal], ordersAskedAt: Int64?
    ) throws(AmountError) -> ExactDecimal {
        guard let openedAt, (ordersAskedAt ?? .min) < openedAt, quantity > .zero else { return .zero }
        var out = ExactDecimal.zero
        for movement in earlier { out = min(.zero, try out.plus(movement)) }
        return max(.zero, try quantity.plus(out))
    }
}
