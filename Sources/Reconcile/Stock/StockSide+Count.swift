import Commerce

/// One look at the stock of a side.
public struct StockLook: Hashable, Sendable {
    public var quantity: ExactDecimal
    /// The hub's count of steps when it was asked for; nil when it came unasked, and may be older than anything.
    public var askedAt: Int64?
    /// The hub's count of steps now.
    public var number: Int64
    /// Whether the side's orders are read at all.
    public var areOrdersRead: Bool
    /// The count of steps at which the side's orders were last asked for to their end; nil when they never were.
    public var ordersAskedAt: Int64?
    /// Whether the side's orders were read to their end after this look: all that it shows is known.
    public var isOrdersReadAfter: Bool
    /// The hub's count of steps when they had been, where that was later than the look came.
    public var closesAt: Int64?

    /// A look.
    public init(
        _ quantity: ExactDecimal, askedAt: Int64?, number: Int64, areOrdersRead: Bool, ordersAskedAt: Int64? = nil,
        isOrdersReadAfter: Bool = false, closesAt: Int64? = nil
    ) {
        self.quantity = quantity
        self.askedAt = askedAt
        self.number = number
        self.areOrdersRead = areOrdersRead
        self.ordersAskedAt = ordersAskedAt
        self.isOrdersReadAfter = isOrdersReadAfter
        self.closesAt = closesAt
    }
}

/// What a look came to.
public enum CountVerdict: Hashable, Sendable {
    /// The known movements explain it.
    case explained
    /// They do not; so much is an adjustment of the stock.
    case adjusted(ExactDecimal)
    /// It cannot be told yet: the side's orders are read, and the side is looked at again.
    case waits
}

extension StockSide {
    /// Takes a look for what it is: a count.
    ///
    /// Of every movement it is known whether the side must show it (learned before the look was asked for), may show it
    /// (learned since), or may never show it (hidden by a write of ours). If one such reading gives the number shown,
    /// nothing is left to explain. Otherwise the orders are read first; what they do not explain is the residual.
    ///
    /// - Throws: `AmountError.overflow`.
    public mutating func count(_ look: StockLook) throws(AmountError) -> CountVerdict {
        guard shown != nil else {
            (shown, standing, pending, rounds) = (look.quantity, look.quantity, [], 0)
            shownNumber = look.number
            return .explained
        }
        // Asked for before something newer was shown: it may be the older of the two.
        if let askedAt = look.askedAt, askedAt < shownNumber { return .waits }
        let readings = try readings(of: look)
        let matches = try narrowed(readings.matches, look)
        if look.areOrdersRead, try isOpen(matches, look) {
            rounds = look.isOrdersReadAfter ? rounds + 1 : max(rounds, 1)
            keepWaiting(look)
            return .waits
        }
        // Where looks could not tell several readings apart, the one that leaves the least in stock: a piece sold
        // twice is not mended by anything.
        let doubted = try matches.map { reading throws(AmountError) in (reading, try doubt(reading, look)) }
        if let match = doubted.min(by: { $0.1 < $1.1 })?.0 {
            try accept(match, look)
            return .explained
        }
        // What was learned since the look is taken as not shown by it: where it was, the next count mends it. Of the
        // readings left again the one that leaves the least.
        guard let chosen = readings.least else { return .waits }
        try accept(chosen, look)
        if !look.areOrdersRead { settledAt = nil }
        return .adjusted(try look.quantity.minus(chosen.expected))
    }

    /// Whether a look shows that the write on its way has come: it raises what the side offered to just that number,
    /// which nothing else that is known explains.
    ///
    /// - Throws: `AmountError.overflow`.
    public func isRaised(in look: StockLook) throws(AmountError) -> Bool {
        guard let write, write.quantity == look.quantity, write.quantity > write.from,
            (look.askedAt ?? .min) >= shownNumber
        else { return false }
        let matches = try readings(of: look).matches
        return !matches.isEmpty && matches.allSatisfy(\.isWritten)
    }

    private var mayBeHidden: Bool { write != nil || pending.contains(where: \.isVeiled) }

    /// Whether the look must wait: for orders that may explain it, or for another look that tells two readings apart.
    private func isOpen(_ matches: [StockReading], _ look: StockLook) throws(AmountError) -> Bool {
        guard look.isOrdersReadAfter else { return matches.isEmpty || mayBeHidden }
        guard rounds + 1 < Self.roundLimit else { return false }
        if matches.isEmpty { return pending.contains { $0.number > look.askedAt ?? .min } }
        return try doubts(matches, look).count > 1
    }

    /// By how much what the side stands at would differ from what the movements alone say. Neither another look nor
    /// a movement that is learned later changes it.
    private func doubt(_ reading: StockReading, _ look: StockLook) throws(AmountError) -> ExactDecimal {
        let stands = try look.quantity.plus(ExactDecimal.sum(reading.remaining.map(\.quantity)))
        return try stands.minus(shown ?? .zero).minus(ExactDecimal.sum(pending.map(\.quantity)))
    }

    private func isLeft(_ reading: StockReading, _ look: StockLook) throws(AmountError) -> Bool {
        if doubts.isEmpty { return true }
        return doubts.contains(try doubt(reading, look))
    }

    private func doubts(_ readings: [StockReading], _ look: StockLook) throws(AmountError) -> Set<ExactDecimal> {
        var doubts: Set<ExactDecimal> = []
        for reading in readings { doubts.insert(try doubt(reading, look)) }
        return doubts
    }

    /// The readings that earlier looks did not rule out. Where they rule out all of them, they are forgotten.
    private mutating func narrowed(
        _ matches: [StockReading], _ look: StockLook
    ) throws(AmountError) -> [StockReading] {
        guard look.areOrdersRead, look.isOrdersReadAfter, mayBeHidden else { return matches }
        var kept: [StockReading] = []
        for match in matches where try isLeft(match, look) { kept.append(match) }
        let left = kept.isEmpty ? matches : kept
        doubts = try doubts(left, look).sorted()
        closedAt = closedAt ?? look.closesAt ?? look.number
        return left
    }

    private func hasGap(_ look: StockLook) -> Bool {
        !look.isOrdersReadAfter && hasGap(ordersAskedAt: look.ordersAskedAt)
    }

    private mutating func accept(_ reading: StockReading, _ look: StockLook) throws(AmountError) {
        // A number the side did not accept is not told it again: only where something moved is what it shows anew
        // what it offers.
        let isStill = shown == look.quantity && reading.remaining == pending && write == nil
        if !isStill || rounds > 0 { shownNumber = look.number }
        // What it leaves to be shown may have come back, and this look only seem to show it: the next one tells.
        if reading.remaining.isEmpty { opened(by: look) }
        shown = look.quantity
        pending = reading.remaining
        // What a look after a number of ours does not show yet has happened since: the number does not hide it.
        if look.isOrdersReadAfter { for index in pending.indices { pending[index].isVeiled = false } }
        if !isStill {
            standing = try look.quantity.plus(ExactDecimal.sum(pending.map(\.quantity)))
        }
        if reading.isWritten, write?.hides ?? false, !look.isOrdersReadAfter {
            // When exactly it was written nobody knows; orders are read from here on to find what it hid.
            settledAt = look.number
        } else if !hasGap(look) {
            settledAt = nil
        }
        write = nil
        beginAnew()
    }
}
