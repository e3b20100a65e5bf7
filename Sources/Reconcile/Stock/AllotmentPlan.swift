import Commerce

/// What one channel is known to offer.
public struct StandingOffer: Hashable, Sendable {
    /// What it last confirmed, less what it has sold since.
    public var confirmed: ExactDecimal
    /// What a write that is under way, or whose outcome is unknown, would make it; nil when there is none.
    public var inFlight: ExactDecimal?

    /// What one channel is known to offer.
    public init(confirmed: ExactDecimal, inFlight: ExactDecimal? = nil) {
        self.confirmed = confirmed
        self.inFlight = inFlight
    }

    /// The most it may be offering right now.
    public var most: ExactDecimal { max(confirmed, inFlight ?? confirmed) }
}

/// The writes that may go out now without the offers ever adding up to more than is sellable.
///
/// One offer is lowered and confirmed before another is raised. Which write arrives first is never assumed: until a
/// lowering is confirmed, the higher number counts.
public struct AllotmentPlan: Hashable, Sendable {
    /// Offers to lower, at once.
    public var lower: [Int64: ExactDecimal]
    /// Offers to raise, as far as there is room already.
    public var raise: [Int64: ExactDecimal]
    /// Whether some offer cannot reach its target yet: plan again when a write has settled.
    public var isPartial: Bool

    /// Plans the next writes.
    ///
    /// - Parameters:
    ///   - sellable: What may be sold by all together.
    ///   - targets: What each channel should offer; one that is missing should offer nothing.
    ///   - standing: What each channel offers now; one that is missing offers nothing.
    /// - Throws: `AmountError.overflow`.
    public init(
        sellable: ExactDecimal, targets: [Int64: ExactDecimal], standing: [Int64: StandingOffer]
    ) throws(AmountError) {
        lower = [:]
        raise = [:]
        isPartial = false
        var room = try sellable.minus(ExactDecimal.sum(standing.values.map(\.most)))
        for side in Set(targets.keys).union(standing.keys).sorted() {
            let target = targets[side] ?? .zero
            let now = standing[side] ?? StandingOffer(confirmed: .zero)
            if now.inFlight != nil {
                isPartial = isPartial || now.inFlight != target
            } else if target < now.confirmed {
                lower[side] = target
            } else if target > now.confirmed {
                let wanted = try target.minus(now.confirmed)
                let step = min(wanted, max(.zero, room))
                if step > .zero { raise[side] = try now.confirmed.plus(step) }
                room = try room.minus(step)
                if step < wanted { isPartial = true }
            }
        }
    }
}
