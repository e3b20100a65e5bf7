/// What an amount is counted in: a currency, or a share, or a good.
public struct BookCommodity: Hashable, Sendable, CustomStringConvertible {
    /// The family, `CURRENCY` for money.
    public var space: String
    /// The name in the family: the ISO code of a currency.
    public var code: String

    /// The commodity of this name in this family.
    public init(space: String, code: String) {
        // ISO4217 is the name old programs gave to the same family.
        self.space = space == "ISO4217" ? Self.currencySpace : space
        self.code = code
    }

    /// The currency with this ISO code.
    public static func currency(_ code: String) -> BookCommodity {
        BookCommodity(space: currencySpace, code: code)
    }

    static let currencySpace = "CURRENCY"

    /// Whether it is money.
    public var isCurrency: Bool { space == Self.currencySpace }

    /// `CURRENCY:EUR`.
    public var description: String { "\(space):\(code)" }
}

/// One account of the book's tree.
public struct BookAccount: Hashable, Sendable {
    public var guid: GUID
    /// The name among its siblings; may hold any character, `:` too.
    public var name: String
    /// GnuCash's word for the kind: ROOT BANK CASH ASSET LIABILITY INCOME EXPENSE EQUITY RECEIVABLE PAYABLE ...
    public var type: String
    /// What the account is counted in; nil only for the root.
    public var commodity: BookCommodity?
    /// Smallest units to one of the commodity: 100 for EUR, 1 for JPY.
    public var smallestUnit: Int64
    public var code: String
    public var text: String
    /// The account above; nil only for the root.
    public var parent: GUID?
    /// Whether the user forbids to post to it: it only groups others.
    public var isPlaceholder: Bool
    public var isHidden: Bool
    public var slots: Slots

    /// An account; its slots `placeholder` and `hidden` follow from the two flags.
    public init(
        guid: GUID, name: String, type: String, commodity: BookCommodity?, smallestUnit: Int64 = 100, code: String = "",
        text: String = "", parent: GUID?, isPlaceholder: Bool = false, isHidden: Bool = false, slots: Slots = [:]
    ) {
        self.guid = guid
        self.name = name
        self.type = type
        self.commodity = commodity
        self.smallestUnit = smallestUnit
        self.code = code
        self.text = text
        self.parent = parent
        self.isPlaceholder = isPlaceholder
        self.isHidden = isHidden
        self.slots = slots
    }
}

/// One side of a transaction.
public struct BookSplit: Hashable, Sendable {
    public var guid: GUID
    public var account: GUID
    public var memo: String
    /// What was done: empty, `Invoice`, `Credit Note`, `Payment`, or the user's word.
    public var action: String
    /// The amount in the transaction's currency; all values of a transaction sum to nought.
    public var value: Fraction
    /// The amount in the account's commodity; balances are made of this.
    public var quantity: Fraction
    /// `n` new, `c` cleared, `y` reconciled, `f` frozen, `v` voided.
    public var reconciled: Character
    /// The lot that ties an invoice to its payments, or nil.
    public var lot: GUID?
    public var slots: Slots

    /// One side of a transaction; `quantity` is the value unless given.
    public init(
        guid: GUID, account: GUID, value: Fraction, quantity: Fraction? = nil, memo: String = "", action: String = "",
        reconciled: Character = "n", lot: GUID? = nil, slots: Slots = [:]
    ) {
        self.guid = guid
        self.account = account
        self.memo = memo
        self.action = action
        self.value = value
        self.quantity = quantity ?? value
        self.reconciled = reconciled
        self.lot = lot
        self.slots = slots
    }
}

/// One transaction of the book; template transactions of the scheduler are never shown.
public struct BookTransaction: Hashable, Sendable {
    public var guid: GUID
    public var currency: BookCommodity
    /// The user's number: a cheque, an order, an invoice id.
    public var number: String
    public var posted: BookDay
    public var entered: BookTime
    public var text: String
    public var splits: [BookSplit]
    /// All slots but `date-posted`, which is `posted`.
    public var slots: Slots

    /// A transaction; its splits must sum to nought before it can be written.
    public init(
        guid: GUID, currency: BookCommodity, number: String = "", posted: BookDay, entered: BookTime, text: String,
        splits: [BookSplit], slots: Slots = [:]
    ) {
        self.guid = guid
        self.currency = currency
        self.number = number
        self.posted = posted
        self.entered = entered
        self.text = text
        self.splits = splits
        self.slots = slots
    }

    /// The user's notes, empty when there are none.
    public var notes: String { slots["notes"]?.text ?? "" }

    /// The invoice this transaction was posted from, or nil.
    public var invoice: GUID? {
        guard case .guid(let guid)? = slots.value(at: ["gncInvoice", "invoice-guid"]) else { return nil }
        return guid
    }

    /// Whether it was voided, posted from an invoice, or is otherwise not to be changed by hand; nil or the reason.
    public var readOnlyReason: String? { slots["trans-read-only"]?.text }

    /// The sum of all values, or nil when it does not fit. Nought in a sound book.
    public var imbalance: Fraction? {
        splits.reduce(Fraction?.some(.zero)) { sum, split in
            sum.flatMap { $0.isZero ? split.value : $0.adding(split.value) }
        }
    }
}

/// What ties the posting of an invoice to its payments.
public struct BookLot: Hashable, Sendable {
    public var guid: GUID
    public var account: GUID
    /// Slots `title` and, for an invoice, `gncInvoice/invoice-guid`.
    public var slots: Slots

    /// A lot in an account of payables or receivables.
    public init(guid: GUID, account: GUID, slots: Slots = [:]) {
        self.guid = guid
        self.account = account
        self.slots = slots
    }

    /// The title the user sees, empty when there is none.
    public var title: String { slots["title"]?.text ?? "" }

    /// The invoice the lot belongs to, or nil.
    public var invoice: GUID? {
        guard case .guid(let guid)? = slots.value(at: ["gncInvoice", "invoice-guid"]) else { return nil }
        return guid
    }
}
