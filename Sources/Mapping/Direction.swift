@_exported import Commerce

/// Which way a part travels on a link, seen from the hub.
public enum Direction: String, Hashable, Sendable, Codable, CaseIterable {
    /// The hub takes it from the far side and never writes it there.
    case take
    /// The hub gives it to the far side and never takes it from there.
    case give
    case both
    case none

    /// Whether the hub takes it.
    public var takes: Bool { self == .take || self == .both }
    /// Whether the hub gives it.
    public var gives: Bool { self == .give || self == .both }

    /// What is allowed by both of two rules.
    public func narrowed(by other: Direction) -> Direction {
        switch (takes && other.takes, gives && other.gives) {
        case (true, true): .both
        case (true, false): .take
        case (false, true): .give
        case (false, false): .none
        }
    }

    /// Reads the seeds' words as well: `pull`, `store_to_erp` are take; `push`, `erp_to_store` are give (C-08).
    public init?(word: String) {
        switch word {
        case "pull", "store_to_erp", "take": self = .take
        case "push", "erp_to_store", "give": self = .give
        case "both": self = .both
        case "none": self = .none
        default: return nil
        }
    }
}

/// Which parts of a kind travel between the hub and one integration, and which way.
public struct Projection: Hashable, Sendable {
    /// The direction of each part named; a part that is not named does not travel.
    public var directions: [String: Direction]

    /// A projection by part.
    public init(_ directions: [String: Direction]) { self.directions = directions }

    /// All these parts the same way.
    public init(_ parts: [PartShape], _ direction: Direction) {
        directions = Dictionary(parts.map { ($0.name, direction) }, uniquingKeysWith: { first, _ in first })
    }

    /// The way of one part.
    public func direction(of part: String) -> Direction { directions[part] ?? .none }

    /// Only what the hub takes.
    public func taken(_ parts: Parts) -> Parts { Parts(parts.values.filter { direction(of: $0.key).takes }) }

    /// Only what the hub gives.
    public func given(_ parts: Parts) -> Parts { Parts(parts.values.filter { direction(of: $0.key).gives }) }

    /// Every part narrowed by one rule for all.
    public func narrowed(by rule: Direction) -> Projection {
        Projection(directions.mapValues { $0.narrowed(by: rule) })
    }
}
