/// An edit that was checked against its book and may be written.
///
/// GnuCash mends many faults silently while it loads (an unbalanced transaction gets an account "Imbalance", a second
/// object of the same GUID vanishes), so every one of them is refused here.
struct EditPlan {
    /// The edit with all amounts in the smallest units of their accounts.
    private(set) var edit: BookEdit
    let book: Book
    /// How many more customers and draft lines use a visible tax table.
    private(set) var addedUses: [GUID: Int64] = [:]
    /// The frozen copies made by this edit, by the table they are copies of.
    let newChildren: [GUID: GUID]

    private let accounts: [GUID: BookAccount]
    private let lots: [GUID: BookLot]
    private let taxTables: [GUID: BookTaxTable]
    private let invoices: [GUID: BookInvoice]
    private let commodities: Set<BookCommodity>

    init(_ edit: BookEdit, for book: Book) throws(EditFault) {
        self.edit = edit
        self.book = book
        accounts = Self.index(book.accounts + edit.newAccounts, \.guid)
        lots = Self.index(book.lots + edit.newLots, \.guid)
        taxTables = Self.index(book.taxTables + edit.newTaxTables, \.guid)
        invoices = Self.index(book.invoices + edit.newInvoices + edit.changedInvoices, \.guid)
        commodities = Set(book.commodities + book.accounts.compactMap(\.commodity))
        newChildren = Dictionary(
            edit.newTaxTables.compactMap { table in table.parent.map { ($0, table.guid) } },
            uniquingKeysWith: { _, last in last })
        try checkAccounts()
        try checkTransactions()
        try checkLots()
        try checkTaxTables()
        try checkCustomers()
        try checkInvoices()
        try checkEntries()
        try checkPostings()
        try checkSlotChanges()
    }

    private static func index<Value>(_ values: [Value], _ guid: (Value) -> GUID) -> [GUID: Value] {
        Dictionary(values.map { (guid($0), $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Throws `duplicate` when one of these is twice among them, or already in the book.
    private func checkNew(
        _ guids: [GUID], _ kind: String, isKnown: (GUID) -> Bool
    ) throws(EditFault) {
        var seen: Set<GUID> = []
        for guid in guids where !seen.insert(guid).inserted || isKnown(guid) { throw .duplicate(guid, kind: kind) }
    }

    private func checkCommodity(_ commodity: BookCommodity, _ owner: String) throws(EditFault) {
        guard commodities.contains(commodity) else { throw .missingCommodity(commodity.description, wantedBy: owner) }
    }

    /// The account, which must be there and open to postings.
    private func postable(_ guid: GUID, _ owner: String) throws(EditFault) -> BookAccount {
        guard let account = accounts[guid] else { throw .missingAccount(guid, wantedBy: owner) }
        guard !account.isPlaceholder else { throw .placeholderAccount(name: account.name, wantedBy: owner) }
        return account
    }

    private func checkCurrency(
        of account: BookAccount, is currency: BookCommodity, _ owner: String
    ) throws(EditFault) {
        guard account.commodity == currency else {
            throw .wrongCurrency(
                account: account.name, has: account.commodity?.code ?? "none", needs: currency.code, wantedBy: owner)
        }
    }

    private func checkSlots(_ slots: Slots) throws(EditFault) {
        for (name, value) in slots {
            // A database book names a slot by its path, so a name with a stroke would be read as another one.
            if name.isEmpty || name.contains("/") { throw .forbiddenSlot(path: name) }
            if case .frame(let inner) = value { try checkSlots(inner) }
        }
    }
}

// MARK: - Accounts and transactions

extension EditPlan {
    private func checkAccounts() throws(EditFault) {
        try checkNew(edit.newAccounts.map(\.guid), "account") { book.account($0) != nil || $0 == book.root }
        var known = Set(book.accounts.map(\.guid) + [book.root])
        for account in edit.newAccounts {
            let owner = "account \(account.name)"
            guard let parent = account.parent, known.contains(parent) else {
                throw .missingAccount(account.parent ?? account.guid, wantedBy: owner)
            }
            guard let commodity = account.commodity else { throw .missingCommodity("none", wantedBy: owner) }
            try checkCommodity(commodity, owner)
            try checkSlots(account.slots)
            known.insert(account.guid)
        }
    }

    private mutating func checkTransactions() throws(EditFault) {
        try checkNew(edit.newTransactions.map(\.guid), "transaction") { book.store.position(of: $0) != nil }
        let splits = edit.newTransactions.flatMap { $0.splits.map(\.guid) }
        try checkNew(splits, "split") { _ in false }
        if let known = book.store.splitGUIDs(among: Set(splits)) { throw .duplicate(known, kind: "split") }
        for index in edit.newTransactions.indices {
            edit.newTransactions[index] = try checked(edit.newTransactions[index])
        }
    }

    private func checked(_ given: BookTransaction) throws(EditFault) -> BookTransaction {
        var transaction = given
        let owner = "transaction \"\(given.text)\" (\(given.guid))"
        try checkCommodity(given.currency, owner)
        try checkSlots(given.slots)
        guard !given.splits.isEmpty else { throw .noSplits(transaction: given.guid, text: given.text) }
        let unit = book.smallestUnit(of: given.currency)
        for (index, split) in given.splits.enumerated() {
            let account = try postable(split.account, owner)
            try checkSlots(split.slots)
            guard let value = split.value.exactly(in: unit) else {
                throw .unrepresentable("\(split.value)", wantedBy: owner)
            }
            guard let quantity = split.quantity.exactly(in: max(1, account.smallestUnit)) else {
                throw .unrepresentable("\(split.quantity)", wantedBy: owner)
            }
            if account.commodity == given.currency, value != quantity {
                throw .unrepresentable("quantity \(quantity) for value \(value)", wantedBy: owner)
            }
            if let lot = split.lot {
                guard lots[lot]?.account == split.account else { throw .missingLot(lot, wantedBy: owner) }
            }
            transaction.splits[index].value = value
            transaction.splits[index].quantity = quantity
        }
        guard let sum = transaction.imbalance, sum.isZero else {
            throw .unbalanced(
                transaction: given.guid, text: given.text, difference: "\(transaction.imbalance ?? .zero)")
        }
        return transaction
    }

    private func checkLots() throws(EditFault) {
        try checkNew(edit.newLots.map(\.guid), "lot") { book.lot($0) != nil }
        for lot in edit.newLots {
            _ = try postable(lot.account, "lot \(lot.title)")
            try checkSlots(lot.slots)
        }
    }
}

// MARK: - Customers, invoices and tax tables

extension EditPlan {
    private func checkTaxTables() throws(EditFault) {
        try checkNew(edit.newTaxTables.map(\.guid), "tax table") { book.taxTable($0) != nil }
        for table in edit.newTaxTables {
            for rate in table.rates { _ = try postable(rate.account, "tax table \(table.name)") }
            if let parent = table.parent, taxTables[parent] == nil {
                throw .missingTaxTable(parent, wantedBy: "tax table \(table.name)")
            }
        }
    }

    private mutating func checkCustomers() throws(EditFault) {
        try checkNew(edit.newCustomers.map(\.guid), "customer") { book.customer($0) != nil }
        try checkNew(edit.changedCustomers.map(\.guid), "changed customer") { _ in false }
        for customer in edit.changedCustomers where book.customer(customer.guid) == nil {
            throw .missingCustomer(customer.guid, wantedBy: "the change of customer \(customer.id)")
        }
        for customer in edit.newCustomers + edit.changedCustomers {
            try checkCommodity(customer.currency, "customer \(customer.id)")
            try checkSlots(customer.slots)
            guard let table = customer.taxTable else { continue }
            guard taxTables[table] != nil else { throw .missingTaxTable(table, wantedBy: "customer \(customer.id)") }
            if book.customer(customer.guid)?.taxTable != table { addedUses[table, default: 0] += 1 }
        }
    }

    private func checkInvoices() throws(EditFault) {
        try checkNew(edit.newInvoices.map(\.guid), "invoice") { book.invoice($0) != nil }
        try checkNew(edit.changedInvoices.map(\.guid), "changed invoice") { _ in false }
        for invoice in edit.changedInvoices where book.invoice(invoice.guid) == nil {
            throw .missingInvoice(invoice.guid, wantedBy: "the change of invoice \(invoice.id)")
        }
        let customers = Set((book.customers + edit.newCustomers).map(\.guid))
        for invoice in edit.newInvoices + edit.changedInvoices {
            let owner = "invoice \(invoice.id)"
            try checkCommodity(invoice.currency, owner)
            try checkSlots(invoice.slots)
            if case .customer(let guid) = invoice.owner, !customers.contains(guid) {
                throw .missingCustomer(guid, wantedBy: owner)
            }
        }
    }

    private mutating func checkEntries() throws(EditFault) {
        let known = Set(book.entries.map(\.guid))
        try checkNew(edit.newEntries.map(\.guid), "invoice line") { known.contains($0) }
        for entry in edit.newEntries {
            let owner = "invoice line \"\(entry.text)\""
            guard let guid = entry.invoice, let invoice = invoices[guid] else {
                throw .missingInvoice(entry.invoice ?? entry.guid, wantedBy: owner)
            }
            if book.invoice(guid)?.posting != nil { throw .unchangeable("invoice \(invoice.id), which is posted,") }
            guard let account = entry.account else { throw .missingAccount(entry.guid, wantedBy: owner) }
            try checkCurrency(of: try postable(account, owner), is: invoice.currency, owner)
            guard let table = entry.taxTable else { continue }
            guard let found = taxTables[table] else { throw .missingTaxTable(table, wantedBy: owner) }
            for rate in found.rates {
                try checkCurrency(of: try postable(rate.account, owner), is: invoice.currency, owner)
            }
            if invoice.posting == nil, !found.isInvisible { addedUses[table, default: 0] += 1 }
        }
    }

    /// What is posted must be what the lines add up to, or GnuCash shows the invoice as neither paid nor open.
    private func checkPostings() throws(EditFault) {
        let transactions = Self.index(edit.newTransactions, \.guid)
        for invoice in edit.newInvoices + edit.changedInvoices {
            guard let posting = invoice.posting, book.invoice(invoice.guid)?.posting != posting else { continue }
            let owner = "invoice \(invoice.id)"
            guard lots[posting.lot]?.account == posting.account else { throw .missingLot(posting.lot, wantedBy: owner) }
            try checkCurrency(of: try postable(posting.account, owner), is: invoice.currency, owner)
            guard let transaction = transactions[posting.transaction] ?? book.transaction(posting.transaction) else {
                throw .missingTransaction(posting.transaction, wantedBy: owner)
            }
            let lines = (book.entries(of: invoice.guid) + edit.newEntries).filter { $0.invoice == invoice.guid }
            // A line on the visible table would lose its tax when the user unposts the invoice.
            guard lines.allSatisfy({ $0.taxTable.flatMap { taxTables[$0] }?.isInvisible ?? true }) else {
                throw .taxTableNotFrozen(invoice: invoice.id)
            }
            let reckoned = try InvoiceArithmetic.totals(
                of: lines.map { line($0) }, perUnit: book.smallestUnit(of: invoice.currency))
            let posted = transaction.splits.filter { $0.lot == posting.lot }
                .reduce(Fraction?.some(.zero)) { sum, split in sum?.adding(split.value) }
            guard posted == reckoned.total else {
                throw .postingDiffers(
                    invoice: invoice.id, posted: posted?.description ?? "too much",
                    reckoned: reckoned.total.description)
            }
        }
    }

    private func line(_ entry: BookEntry) -> InvoiceArithmetic.Line {
        InvoiceArithmetic.Line(
            quantity: entry.quantity, price: entry.price, discount: entry.discount, discountType: entry.discountType,
            discountOrder: entry.discountOrder, isTaxIncluded: entry.isTaxIncluded,
            rates: entry.isTaxable ? entry.taxTable.flatMap { taxTables[$0] }?.rates ?? [] : [])
    }

    private func checkSlotChanges() throws(EditFault) {
        for change in edit.slotChanges {
            let path = change.path.joined(separator: "/")
            let isOurs = !change.path.isEmpty && change.path.allSatisfy { !$0.isEmpty && !$0.contains("/") }
            // Features belong to GnuCash: one it does not know makes it refuse the whole book.
            guard isOurs, !["features", "date-posted"].contains(change.path[0]) else {
                throw .forbiddenSlot(path: path)
            }
            if case .frame(let slots)? = change.value { try checkSlots(slots) }
            let owner = "the slot \(path)"
            switch change.target {
            case .book: break
            case .account(let guid):
                guard book.account(guid) != nil else { throw .missingAccount(guid, wantedBy: owner) }
            case .transaction(let guid):
                guard book.store.position(of: guid) != nil else { throw .missingTransaction(guid, wantedBy: owner) }
            case .customer(let guid):
                guard book.customer(guid) != nil else { throw .missingCustomer(guid, wantedBy: owner) }
            case .invoice(let guid):
                guard book.invoice(guid) != nil else { throw .missingInvoice(guid, wantedBy: owner) }
            }
        }
    }
}

extension EditPlan {
    /// All slot changes, those of changed customers and invoices included, in order.
    var slotChanges: [SlotChange] {
        var changes: [SlotChange] = []
        for customer in edit.changedCustomers {
            changes += Self.changes(
                .customer(customer.guid), from: book.customer(customer.guid)?.slots, to: customer.slots)
        }
        for invoice in edit.changedInvoices {
            changes += Self.changes(.invoice(invoice.guid), from: book.invoice(invoice.guid)?.slots, to: invoice.slots)
        }
        return changes + edit.slotChanges
    }

    private static func changes(_ target: SlotChange.Target, from old: Slots?, to new: Slots) -> [SlotChange] {
        new.sorted { $0.key < $1.key }
            .filter { old?[$0.key] != $0.value }
            .map { SlotChange(target, [$0.key], $0.value) }
    }
}
