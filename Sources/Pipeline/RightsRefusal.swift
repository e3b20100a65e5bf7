import Identity

/// Somebody would have given away, taken over or taken from others what he may not do himself. Nothing was changed.
public struct RightsRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What he may not do.
    public let missing: Set<Permission>

    /// The sentence.
    public var description: String {
        let words = missing.map(\.rawValue).sorted().joined(separator: ", ")
        return "nobody gives away, or takes from others, what he may not do himself: \(words)"
    }

    /// Refuses to touch rights that are not all among those of who asks; nil: he has all.
    static func check(_ touched: Set<Permission>, within rights: Set<Permission>?) throws(RightsRefusal) {
        guard let rights else { return }
        let missing = touched.subtracting(rights)
        guard missing.isEmpty else { throw RightsRefusal(missing: missing) }
    }
}
