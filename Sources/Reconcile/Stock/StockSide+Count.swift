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

    /// A look.
    public init(
        _ quantity: ExactDecimal, askedAt: Int64?, number: Int64, areOrdersRead: Bool, ordersAskedAt: Int64? = nil,
        isOrdersReadAfter: Bool = false
    ) {
        self.quantity = quantity
        self.askedAt = askedAt
        self.number = number
        self.areOrdersRead = areOrdersRead
        self.ordersAskedAt = ordersAskedAt
        self.isOrdersReadAfter = isOrdersReadAfter
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

/// One way in which what is known may have led to what is shown.
private struct Reading {
    /// What the side would show.
    var expected: ExactDecimal
    /// The movements it would not show yet.
    var remaining: [PendingMovement]
    /// Whether the write whose outcome is unknown had its effect.
    var isWritten: Bool
}

extension StockSide {
    /// The most movements that are tried one by one as hidden or as not shown yet.
    private static let trialLimit = 64

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
        let matches = readings.filter { $0.expected == look.quantity }
        if look.areOrdersRead, try isOpen(matches, look) {
            rounds = look.isOrdersReadAfter ? rounds + 1 : max(rounds, 1)
            return .waits
        }
        if let match = matches.first {
            try accept(match, look)
            return .explained
        }
        // What was learned since the look is taken as not shown by it: where it was, the next count mends it. Of the
        // readings left the one that leaves the least in stock: a piece sold twice is not mended by anything.
        let unseen = readings.map(\.remaining.count).max() ?? 0
        let chosen = readings.filter { $0.remaining.count == unseen }.max { $0.expected < $1.expected }
        guard let chosen else { return .waits }
        try accept(chosen, look)
        if !look.areOrdersRead { settledAt = nil }
        return .adjusted(try look.quantity.minus(chosen.expected))
    }

    /// Whether the look must wait: for orders that may explain it, or for another look that tells two readings apart.
    private func isOpen(_ matches: [Reading], _ look: StockLook) throws(AmountError) -> Bool {
        let mayBeHidden = write != nil || pending.contains(where: \.isVeiled)
        guard look.isOrdersReadAfter else { return matches.isEmpty || mayBeHidden }
        guard rounds + 1 < Self.roundLimit else { return false }
        guard let match = matches.first else { return pending.contains { $0.number > look.askedAt ?? .min } }
        let rest = try ExactDecimal.sum(match.remaining.map(\.quantity))
        for other in matches where try ExactDecimal.sum(other.remaining.map(\.quantity)) != rest { return true }
        return false
    }

    private func hasGap(_ look: StockLook) -> Bool {
        !look.isOrdersReadAfter && hasGap(ordersAskedAt: look.ordersAskedAt)
    }

    private mutating func accept(_ reading: Reading, _ look: StockLook) throws(AmountError) {
        // A number the side did not accept is not told it again: only where something moved is what it shows anew
        // what it offers.
        let isStill = shown == look.quantity && reading.remaining == pending && write == nil
        if !isStill || rounds > 0 { shownNumber = look.number }
        shown = look.quantity
        pending = reading.remaining
        if !isStill {
            standing = try look.quantity.plus(ExactDecimal.sum(pending.map(\.quantity)))
        }
        if reading.isWritten, write?.writing == .absolute {
            // When exactly it was written nobody knows; orders are read from here on to find what it hid.
            settledAt = look.number
        } else if !hasGap(look) {
            settledAt = nil
        }
        write = nil
        rounds = 0
    }

    private func readings(of look: StockLook) throws(AmountError) -> [Reading] {
        guard let shown else { return [] }
        var readings = try Self.readings(from: shown, pending, askedAt: look.askedAt, isWritten: false)
        guard let write else { return readings }
        if write.writing == .delta {
            let moved = try shown.plus(write.quantity.minus(write.from))
            return readings + (try Self.readings(from: moved, pending, askedAt: look.askedAt, isWritten: true))
        }
        let after = pending.filter { $0.number > write.number }.map { movement in
            var movement = movement
            movement.isVeiled = write.writing == .absolute
            return movement
        }
        readings += try Self.readings(from: write.quantity, after, askedAt: look.askedAt, isWritten: true)
        return readings
    }

    /// Every split of the movements into hidden, shown and not shown yet, the fullest showing first.
    private static func readings(
        from base: ExactDecimal, _ pending: [PendingMovement], askedAt: Int64?, isWritten: Bool
    ) throws(AmountError) -> [Reading] {
        let veiled = pending.filter(\.isVeiled)
        let late = pending.filter { $0.number > askedAt ?? .min }
        var readings: [Reading] = []
        for unseen in 0...min(late.count, trialLimit) {
            let remaining = Array(late.suffix(unseen))
            let open = veiled.filter { movement in !remaining.contains { $0.id == movement.id } }
            for hidden in 0...min(open.count, trialLimit) {
                let out = Set(remaining.map(\.id)).union(open.prefix(hidden).map(\.id))
                let seen = pending.filter { !out.contains($0.id) }
                readings.append(
                    Reading(
                        expected: try base.plus(ExactDecimal.sum(seen.map(\.quantity))), remaining: remaining,
                        isWritten: isWritten))
            }
        }
        return readings
    }
}
