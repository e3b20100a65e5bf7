import Reconcile
import Store

/// A movement of stock.
public struct Movement: Hashable, Sendable {
    public var id: Int64
    /// Once and no more: organization, integration, document, line and kind; or the count it came from.
    public var key: String
    /// The product or variant; 0 while the hub does not know it.
    public var record: Int64
    public var integration: Int64?
    /// In millionths of a piece. Negative: out.
    public var quantity: Int64
    /// In words, for people.
    public var reason: String
    /// `sale`, `restock/R`, `cancellation`, `correction/N`, `count`, `first count`, `before first count`.
    public var kind: String
    /// The document at the side that issued it, and its line; nil for a count.
    public var document: String?
    public var line: String?
    /// The issuer's id and SKU of what moved.
    public var item: String?
    public var sku: String?
    /// The settle number at which it was learned.
    public var number: Int64
    /// The earliest it may have happened, in hub time; nil where only the time it was learned is known.
    public var happenedAt: Moment?

    /// A movement by a count.
    public init(
        id: Int64, key: String, record: Int64, integration: Int64?, quantity: Int64, reason: String, kind: String,
        number: Int64 = 0
    ) {
        self.id = id
        self.key = key
        self.record = record
        self.integration = integration
        self.quantity = quantity
        self.reason = reason
        self.kind = kind
        self.number = number
    }

    /// The kinds that are no order's.
    public enum CountKind {
        /// What a count showed and no known movement explains.
        public static let count = "count"
        /// The hub's first level of a product.
        public static let first = "first count"
        /// What an order moved before the product was first counted: the count has it already.
        public static let before = "before first count"

        /// Whether a movement is a sale, or may be one that was only counted.
        public static func sold(_ movement: Movement) -> Bool { ![first, before].contains(movement.kind) }
    }

    static let columns = [
        "organization_id", "id", "key", "record_id", "integration_id", "quantity", "reason", "at", "document", "line",
        "kind", "item", "sku", "number", "happened_at",
    ]
    static let upsert = Upsert("movement", columns, key: ["organization_id", "key"])

    func row(_ organization: Int64, now: Moment) -> [SQLValue] {
        [
            .integer(organization), .integer(id), .text(key), .integer(record), SQLValue(integration),
            .integer(quantity), .text(reason), SQLValue(now), SQLValue(document), SQLValue(line), .text(kind),
            SQLValue(item), SQLValue(sku), .integer(number), SQLValue(happenedAt),
        ]
    }

    init(_ row: Row) {
        self.init(
            id: row.integer(1), key: row.text(2), record: row.integer(3), integration: row.optionalInteger(4),
            quantity: row.integer(5), reason: row.text(6), kind: row.text(10), number: row.integer(13))
        document = row.optionalText(8)
        line = row.optionalText(9)
        item = row.optionalText(11)
        sku = row.optionalText(12)
        happenedAt = row.moment(14)
    }

    /// As the order it belongs to sees it; nil for a count.
    func ofOrder(_ organization: Int64) -> StockMovement? {
        guard let document, let line, let integration, let kind = MovementKind(word: kind) else { return nil }
        let key = MovementKey(
            organization: organization, integration: integration, order: document, line: line, kind: kind)
        var movement = StockMovement(
            key: key, item: item, sku: sku ?? "", quantity: ExactDecimal(millionths: quantity))
        movement.number = number
        return movement
    }
}

extension ExactDecimal {
    /// A number from its millionths.
    public init(millionths: Int64) { self.init(mantissa: millionths, scale: 6) }

    /// The number in millionths; nil when it has more digits or does not fit.
    public var millionths: Int64? {
        guard scale <= 6 else { return nil }
        var value = mantissa
        for _ in scale..<6 {
            let (tenfold, isOver) = value.multipliedReportingOverflow(by: 10)
            guard !isOver else { return nil }
            value = tenfold
        }
        return value
    }
}
