import Commerce

/// A look that shows what nothing known explains, before the side's orders were read after it.
public struct WaitingLook: Hashable, Sendable {
    public var quantity: ExactDecimal
    /// The hub's count of steps when it was asked for.
    public var askedAt: Int64
    /// The hub's count of steps when it came.
    public var number: Int64

    /// A look that waits.
    public init(quantity: ExactDecimal, askedAt: Int64, number: Int64) {
        self.quantity = quantity
        self.askedAt = askedAt
        self.number = number
    }
}

extension StockSide {
    /// The look that waited for the side's orders, where they were read since: whoever read them, and whatever became
    /// of the task that looked. What they leave of it is a count, though the good be gone before anybody looks again.
    ///
    /// - Parameters:
    ///   - ordersAskedAt: When the orders of this side were last read to their end; nil when they never were.
    ///   - number: The hub's count of steps now.
    /// - Returns: It waits no longer. Nil where it must wait on, or no longer tells anything.
    public mutating func takeWaited(ordersAskedAt: Int64?, number: Int64) -> StockLook? {
        guard let look = waited, let ordersAskedAt, ordersAskedAt >= look.number else { return nil }
        waited = nil
        guard look.askedAt >= shownNumber, write.map({ $0.number <= look.askedAt }) ?? true else { return nil }
        return StockLook(
            look.quantity, askedAt: look.askedAt, number: look.number, areOrdersRead: true,
            ordersAskedAt: ordersAskedAt, isOrdersReadAfter: true, closesAt: number)
    }

    /// A look waits. The first one is kept: the orders that explain it are read the soonest.
    mutating func keepWaiting(_ look: StockLook) {
        if look.isOrdersReadAfter {
            waited = nil
        } else if let askedAt = look.askedAt, waited == nil {
            waited = WaitingLook(quantity: look.quantity, askedAt: askedAt, number: look.number)
        }
    }
}
