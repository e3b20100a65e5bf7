/// One origin that wins over another, as a merchant states it link by link. 0 is a person or the hub.
public struct OriginPreference: Hashable, Sendable {
    public var winner: Int64
    public var loser: Int64

    /// A preference.
    public init(_ winner: Int64, over loser: Int64) {
        self.winner = winner
        self.loser = loser
    }
}

/// Preferences that go round in a circle: with them the same histories would end differently, or never.
public struct OriginCycle: Error, Hashable, Sendable, CustomStringConvertible {
    /// The origins on the circle, and those that wait behind it.
    public let origins: [Int64]

    /// One sentence for the person who saves the rule.
    public var description: String {
        "the preferences of \(origins.map(String.init).joined(separator: ", ")) go round in a circle: nothing was saved"
    }
}

/// One order of origins for the whole organization.
public enum OriginOrder {
    /// The order that keeps every preference, strongest first; origins without a preference between them by their id.
    ///
    /// - Throws: `OriginCycle` when there is none.
    public static func from(_ preferences: [OriginPreference]) throws(OriginCycle) -> [Int64] {
        var open = Set(preferences.flatMap { [$0.winner, $0.loser] })
        var order: [Int64] = []
        while !open.isEmpty {
            let beaten = Set(preferences.filter { open.contains($0.winner) }.map(\.loser))
            guard let next = open.subtracting(beaten).min() else { throw OriginCycle(origins: open.sorted()) }
            open.remove(next)
            order.append(next)
        }
        return order
    }
}
