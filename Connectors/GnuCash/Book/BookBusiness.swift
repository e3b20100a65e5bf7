/// A postal address as a book keeps it: a name and four free lines.
public struct BookAddress: Hashable, Sendable {
    public var name: String
    /// Always four; empty when unused.
    public var lines: [String] {
        didSet { lines = Self.four(lines) }
    }
    public var phone: String
    public var fax: String
    public var email: String

    /// An address; lines beyond the fourth are joined to it with a comma.
    public init(name: String = "", lines: [String] = [], phone: String = "", fax: String = "", email: String = "") {
        self.name = name
        self.lines = Self.four(lines)
        self.phone = phone
        self.fax = fax
        self.email = email
    }

    private static func four(_ lines: [String]) -> [String] {
        if lines.count > 4 { return Array(lines.prefix(3)) + [lines.dropFirst(3).joined(separator: ", ")] }
        return lines + Array(repeating: "", count: 4 - lines.count)
    }
}

/// Whether the prices on a customer's invoices hold the tax.
public enum BookTaxIncluded: String, Hashable, Sendable {
    case yes = "YES"
    case no = "NO"
    case asTheBookSays = "USEGLOBAL"
}

/// A customer of the book.
public struct BookCustomer: Hashable, Sendable {
    public var guid: GUID
    /// The number the user sees. Books do not force it to be unique: give ours a prefix of their own.
    public var id: String
    public var name: String
    public var notes: String
    public var address: BookAddress
    public var shipping: BookAddress
    public var currency: BookCommodity
    public var isActive: Bool
    public var taxIncluded: BookTaxIncluded
    /// Whether `taxTable` takes the place of the book's own.
    public var overridesTaxTable: Bool
    /// A visible tax table, or nil.
    public var taxTable: GUID?
    /// Usual discount in per cent.
    public var discount: Fraction
    public var credit: Fraction
    public var slots: Slots

    /// A customer with nothing but a name and a currency, unless told more.
    public init(
        guid: GUID, id: String, name: String, currency: BookCommodity, notes: String = "",
        address: BookAddress = BookAddress(), shipping: BookAddress = BookAddress(), isActive: Bool = true,
        taxTable: GUID? = nil, slots: Slots = [:]
    ) {
        self.guid = guid
        self.id = id
        self.name = name
        self.notes = notes
        self.address = address
        self.shipping = shipping
        self.currency = currency
        self.isActive = isActive
        self.taxTable = taxTable
        self.slots = slots
        taxIncluded = .asTheBookSays
        overridesTaxTable = taxTable != nil
        discount = .zero
        credit = .zero
    }
}

/// Whom an invoice or a job is for.
public enum BookOwner: Hashable, Sendable {
    case customer(GUID)
    case job(GUID)
    case vendor(GUID)
    case employee(GUID)
    /// A kind of owner this version does not know; carried through untouched.
    case other(kind: String, guid: GUID)
}

/// An invoice, credit note or bill of the book.
public struct BookInvoice: Hashable, Sendable {
    /// Where a posted invoice stands in the accounts.
    public struct Posting: Hashable, Sendable {
        public var day: BookDay
        public var transaction: GUID
        public var lot: GUID
        public var account: GUID

        /// The posting of an invoice by this transaction, tied by this lot, in this account of receivables.
        public init(day: BookDay, transaction: GUID, lot: GUID, account: GUID) {
            self.day = day
            self.transaction = transaction
            self.lot = lot
            self.account = account
        }
    }

    public var guid: GUID
    /// The number the user sees.
    public var id: String
    public var owner: BookOwner
    public var opened: BookDay
    public var notes: String
    /// The customer's own reference.
    public var billingID: String
    public var isActive: Bool
    public var currency: BookCommodity
    /// Nil for a draft.
    public var posting: Posting?
    /// All slots; `credit-note` = 1 makes it a credit note.
    public var slots: Slots

    /// A draft unless `posting` is given.
    public init(
        guid: GUID, id: String, owner: BookOwner, opened: BookDay, currency: BookCommodity, notes: String = "",
        billingID: String = "", isActive: Bool = true, posting: Posting? = nil, slots: Slots = [:]
    ) {
        self.guid = guid
        self.id = id
        self.owner = owner
        self.opened = opened
        self.notes = notes
        self.billingID = billingID
        self.isActive = isActive
        self.currency = currency
        self.posting = posting
        self.slots = slots
    }

    /// Whether it takes money back.
    public var isCreditNote: Bool { slots["credit-note"]?.integer == 1 }
}

/// Whether an amount is in per cent or in money.
public enum BookAmountType: String, Hashable, Sendable {
    case percent = "PERCENT"
    case value = "VALUE"
}

/// In which order discount and tax are reckoned.
public enum BookDiscountOrder: String, Hashable, Sendable {
    /// Discount first, tax on what is left.
    case beforeTax = "PRETAX"
    /// Both on the full price.
    case sameTime = "SAMETIME"
    /// Discount on the price with tax.
    case afterTax = "POSTTAX"
}

/// One line of an invoice.
public struct BookEntry: Hashable, Sendable {
    public var guid: GUID
    /// The invoice the line is on; nil for a line of a bill or an order.
    public var invoice: GUID?
    public var day: BookDay
    public var entered: BookTime
    public var text: String
    public var action: String
    public var notes: String
    /// As the book keeps it: a credit note's lines are negative.
    public var quantity: Fraction
    /// The account of income.
    public var account: GUID?
    public var price: Fraction
    public var discount: Fraction
    public var discountType: BookAmountType
    public var discountOrder: BookDiscountOrder
    public var isTaxable: Bool
    public var isTaxIncluded: Bool
    /// On a posted invoice the invisible child, on a draft the visible table.
    public var taxTable: GUID?

    /// One line of an invoice; taxable when a tax table is given.
    public init(
        guid: GUID, invoice: GUID?, day: BookDay, entered: BookTime, text: String, action: String = "",
        notes: String = "", quantity: Fraction, account: GUID?, price: Fraction, discount: Fraction = .zero,
        discountType: BookAmountType = .percent, discountOrder: BookDiscountOrder = .beforeTax,
        isTaxIncluded: Bool = false, taxTable: GUID? = nil
    ) {
        self.guid = guid
        self.invoice = invoice
        self.day = day
        self.entered = entered
        self.text = text
        self.action = action
        self.notes = notes
        self.quantity = quantity
        self.account = account
        self.price = price
        self.discount = discount
        self.discountType = discountType
        self.discountOrder = discountOrder
        self.isTaxable = taxTable != nil
        self.isTaxIncluded = isTaxIncluded
        self.taxTable = taxTable
    }
}

/// One rate of a tax table.
public struct BookTaxRate: Hashable, Sendable {
    /// The account that collects the tax.
    public var account: GUID
    /// Per cent (19 % is 19/1 or 1900000/100000), or money per line.
    public var amount: Fraction
    public var type: BookAmountType

    /// A rate collected in this account.
    public init(account: GUID, amount: Fraction, type: BookAmountType = .percent) {
        self.account = account
        self.amount = amount
        self.type = type
    }
}

/// A tax table. A posted invoice points to an invisible child of the table the user sees.
public struct BookTaxTable: Hashable, Sendable {
    public var guid: GUID
    public var name: String
    /// The visible table this one is the frozen copy of, or nil.
    public var parent: GUID?
    /// The frozen copy in use, or nil.
    public var child: GUID?
    public var isInvisible: Bool
    /// How many customers and draft lines use it.
    public var useCount: Int64
    public var rates: [BookTaxRate]

    /// A visible table unless `parent` is given.
    public init(guid: GUID, name: String, rates: [BookTaxRate], parent: GUID? = nil, child: GUID? = nil) {
        self.guid = guid
        self.name = name
        self.rates = rates
        self.parent = parent
        self.child = child
        isInvisible = parent != nil
        useCount = 0
    }

    /// Whether both reckon the same tax; a frozen copy goes stale when the user changes the visible table.
    public func hasSameRates(as other: BookTaxTable) -> Bool { Set(rates) == Set(other.rates) }
}

/// A job: several invoices for one customer.
public struct BookJob: Hashable, Sendable {
    public var guid: GUID
    public var id: String
    public var name: String
    public var owner: BookOwner
    public var isActive: Bool

    /// A job for a customer.
    public init(guid: GUID, id: String, name: String, owner: BookOwner, isActive: Bool = true) {
        self.guid = guid
        self.id = id
        self.name = name
        self.owner = owner
        self.isActive = isActive
    }
}
