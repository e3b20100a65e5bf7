/// What a connector is, what it needs and what it promises: shown to people, checked by machines.
public struct Card: Sendable {
    /// The name used in commands and settings: `woocommerce`.
    public var name: String
    /// The name people read: `WooCommerce`.
    public var title: String
    /// The settings it takes; how often it is read is among them.
    public var settings: [SettingShape]
    /// What it reads and writes, by kind, in the order in which kinds must be read (what is referred to comes first).
    public var kinds: [KindCard]
    /// Remarks for the operator: what the vendor does not offer, what remains uncertain.
    public var remarks: [String]
    /// What settings in the older form (`{name, type, status, configuration}`) mean where they say nothing (C-09).
    public var olderForm: [String: JSON]

    /// A card.
    public init(
        name: String, title: String, settings: [SettingShape], kinds: [KindCard], remarks: [String] = [],
        olderForm: [String: JSON] = [:]
    ) {
        self.olderForm = olderForm
        self.name = name
        self.title = title
        self.settings = settings + [ReadingInterval.shape]
        self.kinds = kinds
        self.remarks = remarks
    }

    /// Settings in the older form, with what they mean where they say nothing.
    public func completed(_ given: [String: JSON]) -> [String: JSON] {
        var all = given
        for (name, value) in olderForm {
            let names = [name] + (settings.first { $0.name == name }?.aliases ?? [])
            if !names.contains(where: { given[$0] != nil }) { all[name] = value }
        }
        return all
    }

    /// What it does with records of that kind; nil for nothing.
    public func kind(_ kind: RecordKind) -> KindCard? { kinds.first { $0.kind == kind } }
}

/// What a connector does with one kind of record.
public struct KindCard: Sendable {
    public var kind: RecordKind
    /// Which parts travel, and which way, before any setting narrows it.
    public var projection: Projection
    /// Whether a draft of it can be matched with another side's record by its natural key (SKU, e-mail).
    public var matchesByNaturalKey: Bool
    /// How its creating operation behaves when an answer is lost; nil when it does not create.
    public var creation: CreationClass?
    /// Whether this side issues documents of this kind (orders of a shop, invoices of a ledger).
    public var issues: Bool
    /// How a record is updated at the far side.
    public var update: UpdateStyle
    /// For orders: in which states the vendor has lowered its stock for them; nil where its orders do not move stock.
    public var orderStock: OrderStockRule?
    /// For products and variants: what stock can be changed by.
    public var stockWriting: StockWriting

    /// A card for one kind.
    public init(
        _ kind: RecordKind, _ projection: Projection, matchesByNaturalKey: Bool = false,
        creation: CreationClass? = nil, issues: Bool = false, update: UpdateStyle = .patch,
        orderStock: OrderStockRule? = nil, stockWriting: StockWriting = .absolute
    ) {
        self.kind = kind
        self.projection = projection
        self.matchesByNaturalKey = matchesByNaturalKey
        self.creation = creation
        self.issues = issues
        self.update = update
        self.orderStock = orderStock
        self.stockWriting = stockWriting
    }
}

/// What can be done after a create whose answer was lost (design 2.8).
public enum CreationClass: Hashable, Sendable {
    /// An idempotency key or an enforced unique key makes a repeat harmless.
    case keyed
    /// Our reference can be searched; a miss counts after that many seconds.
    case findable(visibleAfterSeconds: Int)
    /// Candidates can be listed since the intent; a person chooses.
    case listable
    /// Nothing can be found out; a person chooses.
    case blind

    /// Whether the hub may repeat a create by itself after an unclear answer.
    public var mayRepeat: Bool { repeatableAfterSeconds != nil }

    /// How long after an unclear create a look that finds nothing means it was not made, in seconds; nil where the hub
    /// never repeats one by itself.
    public var repeatableAfterSeconds: Int? {
        switch self {
        case .keyed: 0
        case .findable(let seconds): seconds
        case .listable, .blind: nil
        }
    }
}

/// What a write does to what it does not mention.
public enum UpdateStyle: Hashable, Sendable {
    /// Parts not mentioned stay.
    case patch
    /// A list mentioned is replaced whole: read first, lay the patch over it.
    case replaceLists
    /// The whole record is replaced: read first, lay the patch over it.
    case replaceRecord
}
