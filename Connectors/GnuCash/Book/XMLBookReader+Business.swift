extension XMLBookReader {
    func keepAccount(from start: Int64) throws(BookFailure) {
        noteVersion("gnc:account")
        let account = try readAccount()
        layout.afterAccounts = scanner.offset
        layout.accounts[account.guid] = start..<scanner.offset
        if account.type == "ROOT" {
            parts.root = account.guid
        } else {
            parts.accounts.append(account)
        }
    }

    private func readAccount() throws(BookFailure) -> BookAccount {
        var guid: GUID?
        var lots: [BookLot] = []
        var account = BookAccount(guid: GUID(high: 0, low: 0), name: "", type: "", commodity: nil, parent: nil)
        while let name = try scanner.child() {
            switch name {
            case .accountName: account.name = try string()
            case .accountID: guid = try self.guid("an account")
            case .accountType: account.type = try string()
            case .accountCommodity: account.commodity = try commodity()
            case .accountUnit: account.smallestUnit = Int64(try string()) ?? 100
            case .accountCode: account.code = try string()
            case .accountText: account.text = try string()
            case .accountSlots: account.slots = try slots()
            case .accountParent: account.parent = try self.guid("an account")
            case .accountLots:
                while let name = try scanner.child() {
                    if name == .lot { lots.append(try readLot()) } else { try scanner.skip() }
                }
            default: try scanner.skip()
            }
        }
        guard let guid else { throw damaged("the account \"\(account.name)\" has no GUID") }
        account.guid = guid
        account.isPlaceholder = account.slots["placeholder"]?.text == "true"
        account.isHidden = account.slots["hidden"]?.text == "true"
        for lot in lots { parts.lots.append(BookLot(guid: lot.guid, account: guid, slots: lot.slots)) }
        return account
    }

    private func readLot() throws(BookFailure) -> BookLot {
        var guid: GUID?
        var slots: Slots = [:]
        while let name = try scanner.child() {
            switch name {
            case .lotID: guid = try self.guid("a lot")
            case .lotSlots: slots = try self.slots()
            default: try scanner.skip()
            }
        }
        guard let guid else { throw damaged("a lot without a GUID before byte \(scanner.offset)") }
        return BookLot(guid: guid, account: guid, slots: slots)
    }

    /// Reads customers and invoices with all that belongs to them; passes anything else untouched.
    func readBusiness(_ name: XMLName, from start: Int64) throws(BookFailure) {
        switch name {
        case .customer:
            let customer = try readCustomer()
            parts.customers.append(customer)
            layout.customers[customer.guid] = start..<scanner.offset
        case .invoice:
            let invoice = try readInvoice()
            parts.invoices.append(invoice)
            layout.invoices[invoice.guid] = start..<scanner.offset
        case .entry: parts.entries.append(try readEntry())
        case .job: parts.jobs.append(try readJob())
        case .taxTable:
            let table = try readTaxTable()
            parts.taxTables.append(table)
            layout.taxTables[table.guid] = start..<scanner.offset
            layout.firstTaxTable = layout.firstTaxTable ?? start
        default: try scanner.skip()
        }
    }

    private func readCustomer() throws(BookFailure) -> BookCustomer {
        noteVersion("gnc:GncCustomer")
        var guid: GUID?
        var customer = BookCustomer(
            guid: GUID(high: 0, low: 0), id: "", name: "", currency: BookCommodity(space: "", code: ""))
        while let name = try scanner.child() {
            switch name {
            case .customerID: guid = try self.guid("a customer")
            case .customerName: customer.name = try string()
            case .customerNumber: customer.id = try string()
            case .customerAddress: customer.address = try address()
            case .customerShipping: customer.shipping = try address()
            case .customerNotes: customer.notes = try string()
            case .customerTaxIncluded: customer.taxIncluded = BookTaxIncluded(rawValue: try string()) ?? .asTheBookSays
            case .customerActive: customer.isActive = try flag()
            case .customerDiscount: customer.discount = try fraction("a customer")
            case .customerCredit: customer.credit = try fraction("a customer")
            case .customerCurrency: customer.currency = try commodity()
            case .customerOverrides: customer.overridesTaxTable = try flag()
            case .customerTaxTable: customer.taxTable = try self.guid("a customer")
            case .customerSlots: customer.slots = try slots()
            default: try scanner.skip()
            }
        }
        guard let guid else { throw damaged("the customer \"\(customer.name)\" has no GUID") }
        customer.guid = guid
        return customer
    }

    private func address() throws(BookFailure) -> BookAddress {
        var address = BookAddress()
        while let name = try scanner.child() {
            switch name {
            case .addressName: address.name = try string()
            case .addressLine1: address.lines[0] = try string()
            case .addressLine2: address.lines[1] = try string()
            case .addressLine3: address.lines[2] = try string()
            case .addressLine4: address.lines[3] = try string()
            case .addressPhone: address.phone = try string()
            case .addressFax: address.fax = try string()
            case .addressEmail: address.email = try string()
            default: try scanner.skip()
            }
        }
        return address
    }

    private func owner() throws(BookFailure) -> BookOwner {
        var kind = ""
        var guid = GUID(high: 0, low: 0)
        while let name = try scanner.child() {
            switch name {
            case .ownerType: kind = try string()
            case .ownerID: guid = try self.guid("an owner")
            default: try scanner.skip()
            }
        }
        return BookOwner(kind: kind, guid: guid)
    }

    private func readInvoice() throws(BookFailure) -> BookInvoice {
        noteVersion("gnc:GncInvoice")
        var guid: GUID?
        var posted: BookDay?
        var (transaction, lot, account): (GUID?, GUID?, GUID?)
        var invoice = BookInvoice(
            guid: GUID(high: 0, low: 0), id: "", owner: .other(kind: "", guid: GUID(high: 0, low: 0)),
            opened: BookDay(daysSince1970: 0), currency: BookCommodity(space: "", code: ""))
        while let name = try scanner.child() {
            switch name {
            case .invoiceID: guid = try self.guid("an invoice")
            case .invoiceNumber: invoice.id = try string()
            case .invoiceOwner: invoice.owner = try owner()
            case .invoiceOpened: invoice.opened = try time("an invoice").day
            case .invoicePosted: posted = try time("an invoice").day
            case .invoiceBilling: invoice.billingID = try string()
            case .invoiceNotes: invoice.notes = try string()
            case .invoiceActive: invoice.isActive = try flag()
            case .invoiceTransaction: transaction = try self.guid("an invoice")
            case .invoiceLot: lot = try self.guid("an invoice")
            case .invoiceAccount: account = try self.guid("an invoice")
            case .invoiceCurrency: invoice.currency = try commodity()
            case .invoiceSlots: invoice.slots = try slots()
            default: try scanner.skip()
            }
        }
        guard let guid else { throw damaged("the invoice \"\(invoice.id)\" has no GUID") }
        invoice.guid = guid
        if let posted, let transaction, let lot, let account {
            invoice.posting = .init(day: posted, transaction: transaction, lot: lot, account: account)
        }
        return invoice
    }

    private func readEntry() throws(BookFailure) -> BookEntry {
        var guid: GUID?
        var entry = BookEntry(
            guid: GUID(high: 0, low: 0), invoice: nil, day: BookDay(daysSince1970: 0), entered: .none, text: "",
            quantity: .zero, account: nil, price: .zero)
        while let name = try scanner.child() {
            switch name {
            case .entryID: guid = try self.guid("an invoice line")
            case .entryDay: entry.day = try time("an invoice line").day
            case .entryEntered: entry.entered = try time("an invoice line")
            case .entryText: entry.text = try string()
            case .entryAction: entry.action = try string()
            case .entryNotes: entry.notes = try string()
            case .entryQuantity: entry.quantity = try fraction("an invoice line")
            case .entryAccount: entry.account = try self.guid("an invoice line")
            case .entryPrice: entry.price = try fraction("an invoice line")
            case .entryDiscount: entry.discount = try fraction("an invoice line")
            case .entryInvoice: entry.invoice = try self.guid("an invoice line")
            case .entryDiscountType: entry.discountType = BookAmountType(rawValue: try string()) ?? .percent
            case .entryDiscountOrder: entry.discountOrder = BookDiscountOrder(rawValue: try string()) ?? .beforeTax
            case .entryTaxable: entry.isTaxable = try flag()
            case .entryTaxIncluded: entry.isTaxIncluded = try flag()
            case .entryTaxTable: entry.taxTable = try self.guid("an invoice line")
            default: try scanner.skip()
            }
        }
        guard let guid else { throw damaged("an invoice line without a GUID before byte \(scanner.offset)") }
        entry.guid = guid
        return entry
    }

    private func readJob() throws(BookFailure) -> BookJob {
        var job = BookJob(
            guid: GUID(high: 0, low: 0), id: "", name: "", owner: .other(kind: "", guid: GUID(high: 0, low: 0)))
        while let name = try scanner.child() {
            switch name {
            case .jobID: job.guid = try guid("a job")
            case .jobNumber: job.id = try string()
            case .jobName: job.name = try string()
            case .jobOwner: job.owner = try owner()
            case .jobActive: job.isActive = try flag()
            default: try scanner.skip()
            }
        }
        return job
    }

    private func readTaxTable() throws(BookFailure) -> BookTaxTable {
        noteVersion("gnc:GncTaxTable")
        var table = BookTaxTable(guid: GUID(high: 0, low: 0), name: "", rates: [])
        while let name = try scanner.child() {
            switch name {
            case .taxTableID: table.guid = try guid("a tax table")
            case .taxTableName: table.name = try string()
            case .taxTableUses: table.useCount = Int64(try string()) ?? 0
            case .taxTableInvisible: table.isInvisible = try flag()
            case .taxTableParent: table.parent = try guid("a tax table")
            case .taxTableChild: table.child = try guid("a tax table")
            case .taxTableRates:
                while let name = try scanner.child() {
                    if name == .taxRate { try readTaxRate().map { table.rates.append($0) } } else { try scanner.skip() }
                }
            default: try scanner.skip()
            }
        }
        return table
    }

    private func readTaxRate() throws(BookFailure) -> BookTaxRate? {
        var account: GUID?
        var amount = Fraction.zero
        var type = BookAmountType.percent
        while let name = try scanner.child() {
            switch name {
            case .rateAccount: account = try guid("a tax rate")
            case .rateAmount: amount = try fraction("a tax rate")
            case .rateType: type = BookAmountType(rawValue: try string()) ?? .percent
            default: try scanner.skip()
            }
        }
        return account.map { BookTaxRate(account: $0, amount: amount, type: type) }
    }
}

extension BookOwner {
    /// The owner of a kind as XML names it.
    init(kind: String, guid: GUID) {
        switch kind {
        case "gncCustomer": self = .customer(guid)
        case "gncJob": self = .job(guid)
        case "gncVendor": self = .vendor(guid)
        case "gncEmployee": self = .employee(guid)
        default: self = .other(kind: kind, guid: guid)
        }
    }
}
