/// An invoice or credit note to be made, and the parts a book needs for it.
public struct InvoicePosting: Hashable, Sendable {
    /// One line, as the document says it: quantities are positive on a credit note too.
    public struct Line: Hashable, Sendable {
        public var text: String
        public var action: String
        public var notes: String
        public var quantity: Fraction
        public var price: Fraction
        /// The account of income.
        public var account: GUID
        /// A tax table as the user sees it, or nil for a line without tax.
        public var taxTable: GUID?
        public var isTaxIncluded: Bool
        public var discount: Fraction
        public var discountType: BookAmountType
        public var discountOrder: BookDiscountOrder

        /// One line without discount; set the discount afterwards.
        public init(
            text: String, quantity: Fraction, price: Fraction, account: GUID, taxTable: GUID? = nil,
            isTaxIncluded: Bool = false, action: String = "Item", notes: String = ""
        ) {
            self.text = text
            self.action = action
            self.notes = notes
            self.quantity = quantity
            self.price = price
            self.account = account
            self.taxTable = taxTable
            self.isTaxIncluded = isTaxIncluded
            discount = .zero
            discountType = .percent
            discountOrder = .beforeTax
        }
    }

    /// When and where it is posted.
    public struct Terms: Hashable, Sendable {
        public var posted: BookDay
        public var due: BookDay
        /// The account of receivables, in the invoice's currency.
        public var receivable: GUID
        /// The memo of every split; the invoice id when empty.
        public var memo: String

        /// Posted on this day into this account of receivables.
        public init(posted: BookDay, due: BookDay, receivable: GUID, memo: String = "") {
            self.posted = posted
            self.due = due
            self.receivable = receivable
            self.memo = memo
        }
    }

    public var guid: GUID
    public var id: String
    /// A customer of the book or of the same edit.
    public var customer: GUID
    public var currency: BookCommodity
    public var opened: BookDay
    public var entered: BookTime
    public var isCreditNote = false
    public var notes = ""
    public var billingID = ""
    public var lines: [Line]
    public var slots: Slots = [:]

    /// An invoice with these lines; set the rest afterwards.
    public init(
        guid: GUID, id: String, customer: GUID, currency: BookCommodity, opened: BookDay, entered: BookTime,
        lines: [Line]
    ) {
        self.guid = guid
        self.id = id
        self.customer = customer
        self.currency = currency
        self.opened = opened
        self.entered = entered
        self.lines = lines
    }

    /// What the document adds up to as GnuCash reckons it; positive for a credit note.
    /// - Throws: `EditFault.missingTaxTable`, `.unrepresentable`.
    public func totals(in book: Book, with edit: BookEdit = BookEdit()) throws(EditFault) -> InvoiceTotals {
        try InvoiceArithmetic.totals(
            of: reckoned(sign: 1, in: book, with: edit), perUnit: book.smallestUnit(of: currency))
    }

    /// Adds it as a draft, which the user may still change and post.
    /// - Throws: `EditFault.unrepresentable`.
    public func addDraft(
        to edit: inout BookEdit, using guids: inout some RandomNumberGenerator
    ) throws(EditFault) {
        edit.newInvoices.append(invoice(posting: nil))
        for line in lines {
            edit.newEntries.append(try entry(for: line, taxTable: line.taxTable, using: &guids))
        }
    }

    /// Adds it posted, as the engine posts: lines that point to the invisible child of their tax table, the posting
    /// transaction, and the lot that waits for payments.
    /// - Throws: `EditFault.missingTaxTable`, `.missingCustomer`, `.unrepresentable`.
    @discardableResult
    public func addPosted(
        _ terms: Terms, to edit: inout BookEdit, in book: Book, using guids: inout some RandomNumberGenerator
    ) throws(EditFault) -> InvoiceTotals {
        guard let owner = edit.customer(customer) ?? book.customer(customer) else {
            throw .missingCustomer(customer, wantedBy: "invoice \(id)")
        }
        let sign: Int64 = isCreditNote ? -1 : 1
        let totals = try InvoiceArithmetic.totals(
            of: reckoned(sign: sign, in: book, with: edit), perUnit: book.smallestUnit(of: currency))
        let transaction = GUID.random(using: &guids)
        let lot = GUID.random(using: &guids)
        for line in lines {
            let child = try line.taxTable.map { table throws(EditFault) in
                try edit.frozenTaxTable(of: table, in: book, wantedBy: "invoice \(id)", using: &guids)
            }
            edit.newEntries.append(try entry(for: line, taxTable: child, using: &guids))
        }
        edit.newInvoices.append(
            invoice(posting: .init(day: terms.posted, transaction: transaction, lot: lot, account: terms.receivable)))
        edit.newLots.append(BookLot(guid: lot, account: terms.receivable, slots: lotSlots))
        edit.newTransactions.append(
            BookTransaction(
                guid: transaction, currency: currency, number: id, posted: terms.posted, entered: entered,
                text: owner.name, splits: try splits(totals, lot: lot, terms: terms, using: &guids),
                slots: postingSlots(due: terms.due)))
        return totals
    }

    /// GnuCash's word for the document, which stands as action in its splits and in the title of its lot.
    public var kind: String { isCreditNote ? "Credit Note" : "Invoice" }

    private var link: SlotValue { .frame(["invoice-guid": .guid(guid)]) }

    private var lotSlots: Slots { ["gncInvoice": link, "title": .string("\(kind) \(id)")] }

    private func postingSlots(due: BookDay) -> Slots {
        [
            "gncInvoice": link, "trans-date-due": .time(due.bookTime), "trans-txn-type": .string("I"),
            "trans-read-only": .string("Generated from an invoice. Try unposting the invoice."),
        ]
    }

    private func invoice(posting: BookInvoice.Posting?) -> BookInvoice {
        var slots = slots
        if isCreditNote { slots["credit-note"] = .integer(1) }
        return BookInvoice(
            guid: guid, id: id, owner: .customer(customer), opened: opened, currency: currency, notes: notes,
            billingID: billingID, posting: posting, slots: slots)
    }

    private func entry(
        for line: Line, taxTable: GUID?, using guids: inout some RandomNumberGenerator
    ) throws(EditFault) -> BookEntry {
        guard let quantity = isCreditNote ? line.quantity.negated : line.quantity else {
            throw .unrepresentable("\(line.quantity)", wantedBy: "invoice \(id)")
        }
        return BookEntry(
            guid: .random(using: &guids), invoice: guid, day: opened, entered: entered, text: line.text,
            action: line.action, notes: line.notes, quantity: quantity, account: line.account, price: line.price,
            discount: line.discount, discountType: line.discountType, discountOrder: line.discountOrder,
            isTaxIncluded: line.isTaxIncluded, taxTable: taxTable)
    }

    private func reckoned(
        sign: Int64, in book: Book, with edit: BookEdit
    ) throws(EditFault) -> [InvoiceArithmetic.Line] {
        var result: [InvoiceArithmetic.Line] = []
        for line in lines {
            var rates: [BookTaxRate] = []
            if let table = line.taxTable {
                guard let found = edit.taxTable(table) ?? book.taxTable(table) else {
                    throw .missingTaxTable(table, wantedBy: "invoice \(id)")
                }
                rates = found.rates
            }
            guard let quantity = sign < 0 ? line.quantity.negated : line.quantity else {
                throw .unrepresentable("\(line.quantity)", wantedBy: "invoice \(id)")
            }
            result.append(
                InvoiceArithmetic.Line(
                    quantity: quantity, price: line.price, discount: line.discount, discountType: line.discountType,
                    discountOrder: line.discountOrder, isTaxIncluded: line.isTaxIncluded, rates: rates))
        }
        return result
    }

    /// Receivables against income and tax, one split per account as the engine gathers them.
    private func splits(
        _ totals: InvoiceTotals, lot: GUID, terms: Terms, using guids: inout some RandomNumberGenerator
    ) throws(EditFault) -> [BookSplit] {
        var sums: [(account: GUID, amount: Fraction)] = []
        let parts =
            zip(lines.map(\.account), totals.lineNets).map { ($0, $1) }
            + totals.taxes.filter { !$0.amount.isZero }.map { ($0.account, $0.amount) }
        for (account, amount) in parts {
            guard let index = sums.firstIndex(where: { $0.account == account }) else {
                sums.append((account, amount))
                continue
            }
            guard let sum = sums[index].amount.adding(amount) else {
                throw .unrepresentable("\(amount)", wantedBy: "invoice \(id)")
            }
            sums[index].amount = sum
        }
        let memo = terms.memo.isEmpty ? id : terms.memo
        var result = [
            BookSplit(
                guid: .random(using: &guids), account: terms.receivable, value: totals.total, memo: memo, action: kind,
                lot: lot)
        ]
        for (account, amount) in sums {
            guard let value = amount.negated else { throw .unrepresentable("\(amount)", wantedBy: "invoice \(id)") }
            result.append(
                BookSplit(guid: .random(using: &guids), account: account, value: value, memo: memo, action: kind))
        }
        return result
    }
}

extension BookEdit {
    func customer(_ guid: GUID) -> BookCustomer? { (changedCustomers + newCustomers).first { $0.guid == guid } }

    func taxTable(_ guid: GUID) -> BookTaxTable? { newTaxTables.first { $0.guid == guid } }

    /// The invisible copy of a tax table that posted lines point to; made when there is none with the same rates.
    ///
    /// Lines that pointed to the visible table itself would lose their tax when the user unposts the invoice.
    public mutating func frozenTaxTable(
        of guid: GUID, in book: Book, wantedBy: String, using guids: inout some RandomNumberGenerator
    ) throws(EditFault) -> GUID {
        guard let table = taxTable(guid) ?? book.taxTable(guid) else {
            throw .missingTaxTable(guid, wantedBy: wantedBy)
        }
        if table.isInvisible { return guid }
        let known = newTaxTables + book.taxTables
        if let child = table.child, known.first(where: { $0.guid == child })?.hasSameRates(as: table) == true {
            return child
        }
        if let made = newTaxTables.first(where: { $0.parent == guid && $0.hasSameRates(as: table) }) {
            return made.guid
        }
        let child = BookTaxTable(guid: .random(using: &guids), name: table.name, rates: table.rates, parent: guid)
        newTaxTables.append(child)
        return child.guid
    }
}
