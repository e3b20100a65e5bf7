import Commerce

/// Why an order's line moved stock.
public enum MovementKind: Hashable, Sendable {
    /// It was sold.
    case sale
    /// A refund brought pieces back.
    case restock(refund: String)
    /// The order was cancelled.
    case cancellation
    /// The order was edited after the sale; counted from 1.
    case correction(Int)

    /// The word that stands in the key.
    public var word: String {
        switch self {
        case .sale: "sale"
        case .restock(let refund): "restock/\(refund)"
        case .cancellation: "cancellation"
        case .correction(let number): "correction/\(number)"
        }
    }

    /// The kind of that word; nil for any other.
    public init?(word: String) {
        let pieces = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        switch (pieces[0], pieces.count) {
        case ("sale", 1): self = .sale
        case ("cancellation", 1): self = .cancellation
        case ("restock", 2): self = .restock(refund: String(pieces[1]))
        case ("correction", 2):
            guard let number = Int(pieces[1]) else { return nil }
            self = .correction(number)
        default: return nil
        }
    }
}

/// What makes a movement happen once: however often an order is read, from a webhook, a poll or an import, a line's
/// sale has this one key.
public struct MovementKey: Hashable, Sendable {
    public var organization: Int64
    public var integration: Int64
    /// The order's id at the side that issued it.
    public var order: String
    /// The line's key there.
    public var line: String
    public var kind: MovementKind

    /// A key.
    public init(organization: Int64, integration: Int64, order: String, line: String, kind: MovementKind) {
        self.organization = organization
        self.integration = integration
        self.order = order
        self.line = line
        self.kind = kind
    }

    /// The key as one text for a unique column. Each piece is preceded by its length, so no two keys share a text.
    public var text: String {
        ["\(organization)", "\(integration)", order, line, kind.word].map { "\($0.utf8.count):\($0)" }.joined()
    }
}

/// A movement of stock by an order's line. Negative: out.
public struct StockMovement: Hashable, Sendable {
    public var key: MovementKey
    /// The issuer's id of the product or variant; nil when the line names none.
    public var item: String?
    /// The line's SKU, empty when it has none.
    public var sku: String
    public var quantity: ExactDecimal
    /// The hub's count of steps when it learned of it; 0 before it did.
    public var number: Int64 = 0

    /// A movement.
    public init(key: MovementKey, item: String?, sku: String, quantity: ExactDecimal) {
        self.key = key
        self.item = item
        self.sku = sku
        self.quantity = quantity
    }
}
