import Commerce

/// What is seldom meant where it befalls many goods at once.
public enum GuardSort: String, Hashable, Sendable, CaseIterable {
    /// The stock falls to nothing by a count: no sale explains it.
    case zeroed
    /// The price becomes quite another, or none.
    case repriced
    /// The counterpart is gone.
    case deleted
}

/// How much of that one integration may do before a person is asked.
public struct GuardTerms: Hashable, Sendable {
    /// The largest share of an integration's records of one kind within `windowSeconds`, in percent; 100: all of them.
    public var sharePercent = 30
    /// So many are let through whatever their share: of two goods, one is no alarm.
    public var minimum = 10
    /// By how much a price must change to count, in percent of the higher of the two; 0: every change counts.
    public var pricePercent = 50

    /// The time that is looked back over, in seconds: as long as a reading of a large shop and its repeats take.
    public static let windowSeconds = 3_600.0
    /// What was held while its share was not known yet is let through when no more of it came for so long, in seconds.
    public static let quietSeconds = 30.0
    /// The largest minimum.
    public static let minimumLimit = 1_000_000

    /// The terms where nothing is said.
    public init() {}

    /// How many of so many may be changed.
    public func allowed(of total: Int) -> Int {
        sharePercent >= 100 ? .max : max(minimum, Int((Double(total) * Double(sharePercent) / 100).rounded(.down)))
    }

    /// What a change of a part (named without its scope) is, from what the hub has to what it would have; nil where it
    /// is nothing the guard looks at.
    public func sort(of part: String, from old: JSON?, to new: JSON?) -> GuardSort? {
        switch part {
        case ProductPart.stock.shape.name:
            guard let before = Self.pieces(old), let after = Self.pieces(new), before > .zero, after <= .zero else {
                return nil
            }
            return .zeroed
        case ProductPart.price.shape.name:
            guard let before = old.flatMap({ try? Price(json: $0) }) else { return nil }
            let after = new.flatMap { try? Price(json: $0) }
            if let after, after.currency != before.currency { return nil }
            let isFar =
                isFar(before.regular, after?.regular)
                || isFar(before.sale ?? before.regular, after?.sale ?? after?.regular)
            return isFar ? .repriced : nil
        default: return nil
        }
    }

    private static func pieces(_ json: JSON?) -> ExactDecimal? {
        guard let level = json.flatMap({ try? StockLevel(json: $0) }), level.isTracked else { return nil }
        return level.quantity
    }

    private func isFar(_ old: Money?, _ new: Money?) -> Bool {
        guard let old, old.minorUnits > 0 else { return false }
        guard let new, new.minorUnits > 0 else { return true }
        let (low, high) = (Double(min(old.minorUnits, new.minorUnits)), Double(max(old.minorUnits, new.minorUnits)))
        return low < high && low * 100 <= high * Double(100 - pricePercent)
    }
}
