/// Everything to add to a book or to change in it, as one value: it is written whole or not at all.
///
/// Nothing is ever deleted, and nothing the edit does not name is touched.
public struct BookEdit: Hashable, Sendable {
    /// Accounts to add; a parent stands before its children.
    public var newAccounts: [BookAccount] = []
    public var newTransactions: [BookTransaction] = []
    public var newLots: [BookLot] = []
    public var newCustomers: [BookCustomer] = []
    public var newInvoices: [BookInvoice] = []
    public var newEntries: [BookEntry] = []
    /// Tax tables to add. A child named by `parent` is entered in its parent too.
    public var newTaxTables: [BookTaxTable] = []
    /// Customers as they shall be. Only fields that differ are written; of the slots those named here.
    public var changedCustomers: [BookCustomer] = []
    /// Invoices as they shall be. Only fields that differ are written; of the slots those named here.
    public var changedInvoices: [BookInvoice] = []
    public var slotChanges: [SlotChange] = []

    /// An edit that changes nothing.
    public init() {}

    /// Whether there is nothing to do.
    public var isEmpty: Bool { self == BookEdit() }

    /// Adds all of another edit behind this one.
    public mutating func append(_ other: BookEdit) {
        newAccounts += other.newAccounts
        newTransactions += other.newTransactions
        newLots += other.newLots
        newCustomers += other.newCustomers
        newInvoices += other.newInvoices
        newEntries += other.newEntries
        newTaxTables += other.newTaxTables
        changedCustomers += other.changedCustomers
        changedInvoices += other.changedInvoices
        slotChanges += other.slotChanges
    }
}

/// One slot to set on an object that is in the book already.
public struct SlotChange: Hashable, Sendable {
    /// The object a slot hangs on.
    public enum Target: Hashable, Sendable {
        case book
        case account(GUID)
        case transaction(GUID)
        case customer(GUID)
        case invoice(GUID)
    }

    public var target: Target
    /// The names from the outside in, e.g. `["crossdock", "order_id"]`; frames on the way are made.
    public var path: [String]
    /// The value to set; nil takes the slot away.
    public var value: SlotValue?

    /// Sets this slot, or takes it away.
    public init(_ target: Target, _ path: [String], _ value: SlotValue?) {
        self.target = target
        self.path = path
        self.value = value
    }
}
