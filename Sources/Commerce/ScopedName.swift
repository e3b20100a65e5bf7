/// The name a part's value is kept by in one scope. The first scope a record is given keeps the part's own name,
/// `price`; every other is named beside it, `price@USD`.
public struct ScopedName: Hashable, Sendable {
    /// The part: `price`.
    public let part: String
    /// The scope; nil for the record's first.
    public let scope: String?

    /// Reads a kept name.
    public init(_ name: String) {
        let halves = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        part = String(halves.first ?? "")
        scope = halves.count == 2 ? String(halves[1]) : nil
    }

    /// The name of a part in a scope; nil is the record's first.
    public init(_ part: String, in scope: String?) {
        self.part = part
        self.scope = scope
    }

    /// `price@USD`.
    public var text: String { scope.map { "\(part)@\($0)" } ?? part }
}

extension PartShape {
    /// The scope a value of this part says it is in: a price's currency. Nil where the value says nothing.
    public func scope(of value: JSON?) -> String? {
        scope == .price ? value?["currency"]?.string : nil
    }
}
