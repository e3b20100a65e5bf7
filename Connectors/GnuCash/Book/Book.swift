/// A book as it was read: everything a shop needs, held so compactly that 100,000 transactions take some 50 MB.
///
/// Template transactions of the scheduler are left out.
public final class Book: Sendable {
    /// The book's own GUID.
    public let id: GUID
    public let form: BookForm
    /// What the file says of its versions, e.g. `["gnc:book": "2.0.0"]` or the table versions of a database.
    public let versions: [String: String]
    /// Why the book is read only (a version not known here), or nil.
    public let readOnlyReason: String?
    public let slots: Slots
    public let root: GUID
    /// All accounts but the root, in the order of the file.
    public let accounts: [BookAccount]
    public let commodities: [BookCommodity]
    public let lots: [BookLot]
    public let customers: [BookCustomer]
    public let invoices: [BookInvoice]
    public let entries: [BookEntry]
    public let taxTables: [BookTaxTable]
    public let jobs: [BookJob]
    /// Transactions whose splits do not sum to nought; such a book is read, but never written.
    public let unbalanced: [GUID]

    /// Smallest units to one of each commodity, where the file says so (database books).
    let fractions: [BookCommodity: Int64]
    let store: TransactionStore
    let accountIndex: [GUID: Int]
    let customerIndex: [GUID: Int]
    let invoiceIndex: [GUID: Int]
    let taxTableIndex: [GUID: Int]
    let lotIndex: [GUID: Int]
    let entryIndex: [GUID: [Int]]

    init(_ parts: BookParts) {
        id = parts.id
        form = parts.form
        versions = parts.versions
        readOnlyReason = parts.readOnlyReason
        slots = parts.slots
        root = parts.root
        accounts = parts.accounts
        commodities = parts.commodities
        lots = parts.lots
        customers = parts.customers
        invoices = parts.invoices
        entries = parts.entries
        taxTables = Self.withChildren(parts.taxTables)
        jobs = parts.jobs
        unbalanced = parts.store.unbalanced
        fractions = parts.fractions
        store = parts.store
        accountIndex = Self.index(parts.accounts.map(\.guid))
        customerIndex = Self.index(parts.customers.map(\.guid))
        invoiceIndex = Self.index(parts.invoices.map(\.guid))
        taxTableIndex = Self.index(parts.taxTables.map(\.guid))
        lotIndex = Self.index(parts.lots.map(\.guid))
        var byInvoice: [GUID: [Int]] = [:]
        for (position, entry) in parts.entries.enumerated() {
            if let invoice = entry.invoice { byInvoice[invoice, default: []].append(position) }
        }
        entryIndex = byInvoice
    }

    /// How many transactions there are.
    public var transactionCount: Int { store.count }

    /// How many splits all transactions have together.
    public var splitCount: Int { store.splitCount }

    /// The transaction at a position of the file, from 0; nil beyond the end.
    public func transaction(at position: Int) -> BookTransaction? {
        store.transaction(at: position)
    }

    /// The transaction of this GUID, or nil.
    public func transaction(_ guid: GUID) -> BookTransaction? {
        store.position(of: guid).flatMap(store.transaction(at:))
    }

    /// Shows every transaction in the order of the file, one at a time, so that none needs to be kept.
    public func forEachTransaction<Failure: Error>(
        _ body: (BookTransaction) throws(Failure) -> Void
    ) throws(Failure) {
        for position in 0..<store.count {
            if let transaction = store.transaction(at: position) { try body(transaction) }
        }
    }

    /// The account of this GUID, or nil. The root is none.
    public func account(_ guid: GUID) -> BookAccount? { accountIndex[guid].map { accounts[$0] } }

    /// The customer of this GUID, or nil.
    public func customer(_ guid: GUID) -> BookCustomer? { customerIndex[guid].map { customers[$0] } }

    /// The invoice of this GUID, or nil.
    public func invoice(_ guid: GUID) -> BookInvoice? { invoiceIndex[guid].map { invoices[$0] } }

    /// The tax table of this GUID, visible or not, or nil.
    public func taxTable(_ guid: GUID) -> BookTaxTable? { taxTableIndex[guid].map { taxTables[$0] } }

    /// The lot of this GUID, or nil.
    public func lot(_ guid: GUID) -> BookLot? { lotIndex[guid].map { lots[$0] } }

    /// The job of this GUID, or nil.
    public func job(_ guid: GUID) -> BookJob? { jobs.first { $0.guid == guid } }

    /// The lines of an invoice in the order of the file; empty for an unknown one.
    public func entries(of invoice: GUID) -> [BookEntry] { (entryIndex[invoice] ?? []).map { entries[$0] } }

    /// The customer an invoice is for, through its job where it has one; nil for a bill or a lost owner.
    public func customer(of invoice: BookInvoice) -> BookCustomer? {
        switch invoice.owner {
        case .customer(let guid): customer(guid)
        case .job(let guid):
            if case .customer(let owner)? = job(guid)?.owner { customer(owner) } else { nil }
        default: nil
        }
    }

    private static func index(_ guids: [GUID]) -> [GUID: Int] {
        Dictionary(guids.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A database names only a table's parent; the child in use is the invisible one.
    private static func withChildren(_ tables: [BookTaxTable]) -> [BookTaxTable] {
        var result = tables
        for (position, table) in tables.enumerated() where table.child == nil && !table.isInvisible {
            let copies = tables.filter { $0.parent == table.guid && $0.isInvisible }
            result[position].child = (copies.first { $0.hasSameRates(as: table) } ?? copies.first)?.guid
        }
        return result
    }
}

/// What a reader gathers, to be made a `Book`.
struct BookParts {
    var id = GUID(high: 0, low: 0)
    var form: BookForm
    var versions: [String: String] = [:]
    var readOnlyReason: String?
    var slots: Slots = [:]
    var root = GUID(high: 0, low: 0)
    var accounts: [BookAccount] = []
    var commodities: [BookCommodity] = []
    var fractions: [BookCommodity: Int64] = [:]
    var lots: [BookLot] = []
    var customers: [BookCustomer] = []
    var invoices: [BookInvoice] = []
    var entries: [BookEntry] = []
    var taxTables: [BookTaxTable] = []
    var jobs: [BookJob] = []
    var store = TransactionStore()
}
