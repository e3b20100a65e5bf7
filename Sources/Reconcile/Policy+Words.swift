/// The link a policy word stands in: words such as `remote` mean its far side.
public struct PolicyContext: Sendable {
    /// The far side's integration id.
    public var side: Int64
    /// The far side's connector name.
    public var connector: String
    /// The organization's order of origins, for the word `priority`.
    public var order: [Int64]
    /// The integration of another connector, for `<connector>_wins`; nil when there is none, or more than one.
    public var integrationOf: @Sendable (String) -> Int64?

    /// The link a policy word stands in.
    public init(
        side: Int64, connector: String, order: [Int64] = [],
        integrationOf: @escaping @Sendable (String) -> Int64? = { _ in nil }
    ) {
        self.side = side
        self.connector = connector
        self.order = order
        self.integrationOf = integrationOf
    }
}

extension Policy {
    /// Reads a word of a merchant's settings, in any of the spellings the product has ever documented.
    ///
    /// `local`, `nxt_wins` and `hub_wins` are the hub's record; `remote`, `source`, `source_wins` and
    /// `<connector>_wins` the far side. Nil for any other word, for a connector that is not connected, and for an order
    /// that names an origin twice.
    public init?(word: String, in context: PolicyContext) {
        switch word {
        case "local", "nxt_wins", "hub_wins": self = .source(0)
        case "remote", "source", "source_wins": self = .source(context.side)
        case "priority":
            guard let policy = Policy(stored: word), case .priority = policy else { return nil }
            guard !context.order.isEmpty, Set(context.order).count == context.order.count else { return nil }
            self = .priority(context.order)
        default:
            if let policy = Policy(stored: word) {
                self = policy
                return
            }
            guard word.hasSuffix("_wins") else { return nil }
            let short = String(word.dropLast("_wins".count))
            let connector = short == "wc" ? "woocommerce" : short
            let winner = connector == context.connector ? context.side : context.integrationOf(connector)
            guard let winner else { return nil }
            self = .source(winner)
        }
    }

    /// The one set of words that is stored: `timestamp`, `manual`, `merge`, `counter`, `source:7`, `priority:3,7,0`.
    public var stored: String {
        switch self {
        case .timestamp: "timestamp"
        case .source(let side): "source:\(side)"
        case .priority(let order):
            order.isEmpty ? "priority" : "priority:" + order.map(String.init).joined(separator: ",")
        case .merge: "merge"
        case .manual: "manual"
        case .counter: "counter"
        }
    }

    /// Reads a stored word. Nil when it is none, or when an order names an origin twice.
    public init?(stored word: String) {
        let halves = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (halves.first, halves.dropFirst().first) {
        case ("timestamp", nil): self = .timestamp
        case ("merge", nil): self = .merge
        case ("manual", nil): self = .manual
        case ("counter", nil): self = .counter
        case ("priority", nil): self = .priority([])
        case ("source", let side?):
            guard let side = Int64(side), side >= 0 else { return nil }
            self = .source(side)
        case ("priority", let list?):
            let order = list.split(separator: ",", omittingEmptySubsequences: false).map { Int64($0) }
            let known = order.compactMap { $0 }
            guard known.count == order.count, Set(known).count == known.count else { return nil }
            self = .priority(known)
        default: return nil
        }
    }
}

extension Policy: Codable {
    /// Reads the stored word.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let word = try container.decode(String.self)
        guard let policy = Policy(stored: word) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(word)\" is no merge policy")
        }
        self = policy
    }

    /// Writes the stored word.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(stored)
    }
}
