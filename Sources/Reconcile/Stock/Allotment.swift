import Commerce

/// The allotted mode: the offers of all channels together never exceed what is sellable.
public enum Allotment {
    /// What each channel should offer.
    ///
    /// Stock is dealt out in the smallest unit the sellable quantity has (pieces, or tenths where it has tenths), by
    /// share; what a channel's maximum leaves over goes to the others. A unit that cannot be split goes to the channel
    /// with the largest remainder, then to the lower id: the same stock is always dealt the same way.
    ///
    /// - Parameters:
    ///   - sellable: What may be sold by all together.
    ///   - rules: The channels, by integration id. A share below one gets nothing.
    /// - Returns: An offer for every channel, nothing included.
    /// - Throws: `AmountError.overflow`.
    public static func targets(
        sellable: ExactDecimal, rules: [Int64: OfferRule]
    ) throws(AmountError) -> [Int64: ExactDecimal] {
        var open: [Hand] = []
        var targets: [Int64: ExactDecimal] = [:]
        for (side, rule) in rules.sorted(by: { $0.key < $1.key }) {
            targets[side] = .zero
            let limit = try rule.maximum.map { maximum throws(AmountError) in try maximum.units(at: sellable.scale) }
            if rule.share > 0 { open.append(Hand(side: side, share: rule.share, limit: limit.map { max(0, $0) })) }
        }
        var left = max(0, try sellable.units(at: sellable.scale))
        var dealt: [Int64: Int64] = [:]
        while !open.isEmpty {
            let deal = dealing(left, to: open)
            let full = open.filter { hand in hand.limit.map { $0 < deal[hand.side, default: 0] } ?? false }
            if full.isEmpty {
                dealt.merge(deal) { _, new in new }
                break
            }
            for hand in full {
                dealt[hand.side] = hand.limit ?? 0
                left -= hand.limit ?? 0
            }
            open.removeAll { hand in full.contains { $0.side == hand.side } }
        }
        for (side, units) in dealt {
            let share = ExactDecimal(mantissa: units, scale: sellable.scale)
            targets[side] = max(.zero, try share.minus(rules[side]?.buffer ?? .zero))
        }
        return targets
    }

    /// One channel that still takes part in the deal.
    private struct Hand {
        var side: Int64
        var share: Int
        var limit: Int64?
    }

    private static func dealing(_ units: Int64, to hands: [Hand]) -> [Int64: Int64] {
        let shares = hands.reduce(Int128(0)) { $0 + Int128($1.share) }
        var deal: [Int64: Int64] = [:]
        var remainders: [(side: Int64, rest: Int128)] = []
        for hand in hands {
            let (whole, rest) = (Int128(units) * Int128(hand.share)).quotientAndRemainder(dividingBy: shares)
            deal[hand.side] = Int64(whole)
            remainders.append((hand.side, rest))
        }
        let over = units - deal.values.reduce(0, +)
        remainders.sort { $0.rest == $1.rest ? $0.side < $1.side : $0.rest > $1.rest }
        for (side, _) in remainders.prefix(Int(over)) { deal[side, default: 0] += 1 }
        return deal
    }
}
