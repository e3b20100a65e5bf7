import Commerce

/// How the stock of a product is offered to several channels.
public enum StockMode: String, Hashable, Sendable, Codable, CaseIterable {
    /// Each channel offers all that is sellable, less its buffer: more may be sold than there is while news travel.
    case shared
    /// What all channels offer together is never more than is sellable.
    case allotted
}

/// The stock of one product: what may be sold, and what each channel is known to offer of it.
public struct ProductStock: Hashable, Sendable {
    public var sellable: ExactDecimal
    public var mode: StockMode
    /// Every side that shows this product's stock, by integration id.
    public var sides: [Int64: StockSide]
    /// The channels the hub may give stock to; one that shows stock and is missing here offers what it shows.
    public var rules: [Int64: OfferRule]

    /// The stock of one product.
    public init(
        sellable: ExactDecimal, mode: StockMode = .shared, sides: [Int64: StockSide] = [:],
        rules: [Int64: OfferRule] = [:]
    ) {
        self.sellable = sellable
        self.mode = mode
        self.sides = sides
        self.rules = rules
    }

    /// What each channel is to be told now. A channel that is to be left alone for now has what it shows.
    ///
    /// - Throws: `AmountError.overflow`.
    public func offers() throws(AmountError) -> [Int64: ExactDecimal] {
        switch mode {
        case .shared: try shared()
        case .allotted: try allotted()
        }
    }

    /// How many pieces more than there are all channels together offer: what could be oversold if each of them were
    /// sold out before it hears anything.
    ///
    /// - Throws: `AmountError.overflow`.
    public func exposure() throws(AmountError) -> ExactDecimal {
        var offered = ExactDecimal.zero
        for side in sides.values { offered = try offered.plus(max(.zero, side.most())) }
        return max(.zero, try offered.minus(max(.zero, sellable)))
    }

    private func shared() throws(AmountError) -> [Int64: ExactDecimal] {
        var offers: [Int64: ExactDecimal] = [:]
        for (channel, rule) in rules {
            let side = sides[channel]
            let offer = try StockOffer.shared(sellable: sellable, rule: rule)
            offers[channel] = side.flatMap { Self.standing($0, insteadOf: offer, rule) } ?? offer
        }
        return offers
    }

    /// What a side shows where it is to be left alone: it is not known for sure, or nothing can be sold there anyway.
    private static func standing(_ side: StockSide, insteadOf offer: ExactDecimal, _ rule: OfferRule) -> ExactDecimal? {
        guard let standing = side.standing else { return nil }
        // Two movements may bring a number back to what it was: it is compared only once all of them are shown.
        let isMoving = rule.writing == .compared && !side.pending.isEmpty
        return side.isUnsettled || isMoving || offer == .zero && standing <= .zero ? standing : nil
    }

    private func allotted() throws(AmountError) -> [Int64: ExactDecimal] {
        var room = max(.zero, sellable)
        for (channel, side) in sides where rules[channel] == nil { room = try room.minus(max(.zero, side.most())) }
        room = max(.zero, room)
        var targets = try Allotment.targets(sellable: room, rules: rules)
        var standing: [Int64: StandingOffer] = [:]
        for channel in rules.keys {
            let side = sides[channel]
            let most = max(.zero, try side?.most() ?? .zero)
            let isMoving = side.map { $0.isUnsettled || !$0.pending.isEmpty } ?? false
            standing[channel] = StandingOffer(confirmed: most, inFlight: isMoving ? most : nil)
        }
        if try ExactDecimal.sum(standing.values.map(\.most)) <= room {
            for (channel, target) in targets where try isCloseEnough(standing[channel], to: target, rules[channel]) {
                targets[channel] = standing[channel]?.confirmed
            }
        }
        let plan = try AllotmentPlan(sellable: room, targets: targets, standing: standing)
        var offers: [Int64: ExactDecimal] = [:]
        for channel in rules.keys {
            let kept = sides[channel].flatMap { $0.standing ?? $0.write?.quantity } ?? .zero
            offers[channel] = plan.lower[channel] ?? plan.raise[channel] ?? kept
        }
        return offers
    }

    /// A channel is dealt anew when it is off by more than a fifth, or has sold out: not with every piece it sells.
    private func isCloseEnough(
        _ standing: StandingOffer?, to target: ExactDecimal, _ rule: OfferRule?
    ) throws(AmountError) -> Bool {
        guard let now = standing?.confirmed, now > .zero || target == .zero else { return false }
        if let maximum = rule?.maximum, now > maximum { return false }
        let off = try target.minus(now).magnitude()
        return try ExactDecimal.sum(repeatElement(off, count: 5)) <= target
    }
}
