/// What decides when a part was changed on both sides to different values.
public enum Policy: Hashable, Sendable {
    /// The later change wins, where the order of the two is known.
    case timestamp
    /// This integration wins over all others; 0 is the hub's own record, whatever its origin.
    case source(Int64)
    /// Origins from strongest to weakest, one order for the whole organization; 0 is a person or the hub. Whoever is
    /// not named is weaker than whoever is.
    case priority([Int64])
    /// Both changes are joined: members of sets, lines of text.
    case merge
    /// A person decides.
    case manual
    /// Stock: values never overwrite each other, only deltas travel.
    case counter
}

/// How one part is merged.
public struct PartRule: Hashable, Sendable {
    /// What decides first.
    public var policy: Policy
    /// What decides when the policy cannot: overlapping intervals, equal ranks, values that cannot be joined.
    public var fallback: Policy
    /// Whether stock is overwritten like any field. Only where a merchant demands it (`stock: overwrite`).
    public var isStockOverwritten: Bool

    /// A rule; what the policy cannot decide, a person decides.
    public init(_ policy: Policy, fallback: Policy = .manual, isStockOverwritten: Bool = false) {
        self.policy = policy
        self.fallback = fallback
        self.isStockOverwritten = isStockOverwritten
    }
}
