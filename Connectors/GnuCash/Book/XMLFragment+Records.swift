/// The version GnuCash 2 to 5 gives to every object.
private let version = "version=\"2.0.0\""

extension XMLFragment {
    mutating func add(_ account: BookAccount, lots: [BookLot] = []) {
        open(.account, version)
        leaf(.accountName, account.name)
        leaf(.accountID, account.guid)
        leaf(.accountType, account.type)
        if let commodity = account.commodity {
            self.commodity(.accountCommodity, commodity)
            leaf(.accountUnit, String(account.smallestUnit))
        }
        leafUnlessEmpty(.accountCode, account.code)
        leafUnlessEmpty(.accountText, account.text)
        slots(.accountSlots, account.allSlots)
        leaf(.accountParent, account.parent)
        if !lots.isEmpty {
            open(.accountLots)
            lots.forEach { add($0) }
            close(.accountLots)
        }
        close(.account)
    }

    mutating func add(_ lot: BookLot) {
        open(.lot, version)
        leaf(.lotID, lot.guid)
        slots(.lotSlots, lot.slots)
        close(.lot)
    }

    mutating func add(_ transaction: BookTransaction) {
        open(.transaction, version)
        leaf(.transactionID, transaction.guid)
        commodity(.transactionCurrency, transaction.currency)
        leafUnlessEmpty(.transactionNumber, transaction.number)
        moment(.transactionPosted, transaction.posted.bookTime)
        moment(.transactionEntered, transaction.entered)
        leaf(.transactionText, transaction.text)
        var all = transaction.slots
        all["date-posted"] = .day(transaction.posted)
        slots(.transactionSlots, all)
        open(.splits)
        transaction.splits.forEach { add($0) }
        close(.splits)
        close(.transaction)
    }

    private mutating func add(_ split: BookSplit) {
        open(.split)
        leaf(.splitID, split.guid)
        leafUnlessEmpty(.splitMemo, split.memo)
        leafUnlessEmpty(.splitAction, split.action)
        leaf(.splitReconciled, String(split.reconciled))
        leaf(.splitValue, split.value)
        leaf(.splitQuantity, split.quantity)
        leaf(.splitAccount, split.account)
        leaf(.splitLot, split.lot)
        slots(.splitSlots, split.slots)
        close(.split)
    }

    mutating func add(_ customer: BookCustomer) {
        open(.customer, version)
        leaf(.customerID, customer.guid)
        leaf(.customerName, customer.name)
        leaf(.customerNumber, customer.id)
        address(.customerAddress, customer.address)
        address(.customerShipping, customer.shipping)
        leafUnlessEmpty(.customerNotes, customer.notes)
        leaf(.customerTaxIncluded, customer.taxIncluded.rawValue)
        leaf(.customerActive, customer.isActive)
        leaf(.customerDiscount, customer.discount)
        leaf(.customerCredit, customer.credit)
        commodity(.customerCurrency, customer.currency)
        leaf(.customerOverrides, customer.overridesTaxTable)
        leaf(.customerTaxTable, customer.taxTable)
        slots(.customerSlots, customer.slots)
        close(.customer)
    }

    mutating func address(_ name: XMLName, _ address: BookAddress) {
        open(name, version)
        leafUnlessEmpty(.addressName, address.name)
        for (line, text) in zip([XMLName.addressLine1, .addressLine2, .addressLine3, .addressLine4], address.lines) {
            leafUnlessEmpty(line, text)
        }
        leafUnlessEmpty(.addressPhone, address.phone)
        leafUnlessEmpty(.addressFax, address.fax)
        leafUnlessEmpty(.addressEmail, address.email)
        close(name)
    }

    mutating func add(_ entry: BookEntry) {
        open(.entry, version)
        leaf(.entryID, entry.guid)
        moment(.entryDay, entry.day.bookTime)
        moment(.entryEntered, entry.entered)
        leafUnlessEmpty(.entryText, entry.text)
        leafUnlessEmpty(.entryAction, entry.action)
        leafUnlessEmpty(.entryNotes, entry.notes)
        leaf(.entryQuantity, entry.quantity)
        leaf(.entryAccount, entry.account)
        leaf(.entryPrice, entry.price)
        if !entry.discount.isZero { leaf(.entryDiscount, entry.discount) }
        leaf(.entryInvoice, entry.invoice)
        leaf(.entryDiscountType, entry.discountType.rawValue)
        leaf(.entryDiscountOrder, entry.discountOrder.rawValue)
        leaf(.entryTaxable, entry.isTaxable)
        leaf(.entryTaxIncluded, entry.isTaxIncluded)
        leaf(.entryTaxTable, entry.taxTable)
        close(.entry)
    }

    mutating func add(_ invoice: BookInvoice) {
        open(.invoice, version)
        leaf(.invoiceID, invoice.guid)
        leaf(.invoiceNumber, invoice.id)
        owner(.invoiceOwner, invoice.owner)
        moment(.invoiceOpened, invoice.opened.bookTime)
        if let posting = invoice.posting { moment(.invoicePosted, posting.day.bookTime) }
        leafUnlessEmpty(.invoiceBilling, invoice.billingID)
        leafUnlessEmpty(.invoiceNotes, invoice.notes)
        leaf(.invoiceActive, invoice.isActive)
        leaf(.invoiceTransaction, invoice.posting?.transaction)
        leaf(.invoiceLot, invoice.posting?.lot)
        leaf(.invoiceAccount, invoice.posting?.account)
        commodity(.invoiceCurrency, invoice.currency)
        slots(.invoiceSlots, invoice.slots)
        close(.invoice)
    }

    mutating func owner(_ name: XMLName, _ owner: BookOwner) {
        open(name, version)
        leaf(.ownerType, owner.kind)
        leaf(.ownerID, owner.guid)
        close(name)
    }

    mutating func add(_ table: BookTaxTable) {
        open(.taxTable, version)
        leaf(.taxTableID, table.guid)
        leaf(.taxTableName, table.name)
        leaf(.taxTableUses, String(table.useCount))
        leaf(.taxTableInvisible, table.isInvisible)
        leaf(.taxTableChild, table.child)
        leaf(.taxTableParent, table.parent)
        open(.taxTableRates)
        for rate in table.rates {
            open(.taxRate)
            leaf(.rateAccount, rate.account)
            leaf(.rateAmount, rate.amount)
            leaf(.rateType, rate.type.rawValue)
            close(.taxRate)
        }
        close(.taxTableRates)
        close(.taxTable)
    }
}

extension BookAccount {
    /// The slots with those that follow from the flags.
    var allSlots: Slots {
        var all = slots
        if isPlaceholder { all["placeholder"] = .string("true") }
        if isHidden { all["hidden"] = .string("true") }
        return all
    }
}

extension BookOwner {
    /// The kind as XML names it.
    var kind: String {
        switch self {
        case .customer: "gncCustomer"
        case .job: "gncJob"
        case .vendor: "gncVendor"
        case .employee: "gncEmployee"
        case .other(let kind, _): kind
        }
    }

    /// The kind as a database numbers it.
    var number: Int64 {
        switch self {
        case .customer: 2
        case .job: 3
        case .vendor: 4
        case .employee: 5
        case .other(let kind, _): Int64(kind) ?? 0
        }
    }

    var guid: GUID {
        switch self {
        case .customer(let guid), .job(let guid), .vendor(let guid), .employee(let guid), .other(_, let guid): guid
        }
    }
}
