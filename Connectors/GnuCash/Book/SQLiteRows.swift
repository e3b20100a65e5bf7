import GRDB

/// Writes the rows of a database book as the GnuCash engine writes them.
struct SQLiteRows {
    let db: Database
    /// The GUIDs of the commodities, which are a database's own.
    let commodities: [BookCommodity: GUID]

    init(db: Database, commodities: [BookCommodity: GUID]) {
        self.db = db
        self.commodities = commodities
    }

    init(reading db: Database) throws {
        self.db = db
        var found: [BookCommodity: GUID] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT guid, namespace, mnemonic FROM commodities")
        while let next = try rows.next() {
            let row = SQLiteRow(row: next)
            if let guid = row.guid(0) { found[BookCommodity(space: row.text(1), code: row.text(2))] = guid }
        }
        commodities = found
    }

    /// Writes a whole edit.
    mutating func write(_ plan: EditPlan, using guids: inout some RandomNumberGenerator) throws {
        let edit = plan.edit
        for account in edit.newAccounts { try add(account, using: &guids) }
        for transaction in edit.newTransactions { try add(transaction, using: &guids) }
        for lot in edit.newLots { try add(lot, using: &guids) }
        for table in edit.newTaxTables { try add(plan.complete(table)) }
        for customer in edit.newCustomers { try add(customer, using: &guids) }
        for invoice in edit.newInvoices { try add(invoice, using: &guids) }
        for entry in edit.newEntries { try add(entry) }
        for customer in edit.changedCustomers {
            if let old = plan.book.customer(customer.guid) { try update(old, to: customer) }
        }
        for invoice in edit.changedInvoices {
            if let old = plan.book.invoice(invoice.guid) { try update(old, to: invoice) }
        }
        for (table, count) in plan.addedUses where plan.book.taxTable(table) != nil {
            try db.execute(
                sql: "UPDATE taxtables SET refcount = refcount + ? WHERE guid = ?",
                arguments: [count, table.description])
        }
        for change in plan.slotChanges {
            try set(change.path, change.value, of: owner(change.target, plan.book), using: &guids)
        }
    }

    private func owner(_ target: SlotChange.Target, _ book: Book) -> GUID {
        switch target {
        case .book: book.id
        case .account(let guid), .transaction(let guid), .customer(let guid), .invoice(let guid): guid
        }
    }

    private func insert(_ table: String, _ columns: KeyValuePairs<String, (any DatabaseValueConvertible)?>) throws {
        let names = columns.map(\.key).joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        let statement = try db.cachedStatement(sql: "INSERT INTO \(table) (\(names)) VALUES (\(marks))")
        try statement.execute(arguments: StatementArguments(columns.map(\.value)))
    }

    private func text(_ text: String) -> String { XMLText.clean(text) }

    private func guid(_ commodity: BookCommodity) throws -> String {
        guard let guid = commodities[commodity] else {
            throw EditFault.missingCommodity(commodity.description, wantedBy: "the database")
        }
        return guid.description
    }
}

// MARK: - Accounts and transactions

extension SQLiteRows {
    mutating func add(_ account: BookAccount, using guids: inout some RandomNumberGenerator) throws {
        try insert(
            "accounts",
            [
                "guid": account.guid.description, "name": text(account.name), "account_type": account.type,
                "commodity_guid": try account.commodity.map { try guid($0) }, "commodity_scu": account.smallestUnit,
                "non_std_scu": 0, "parent_guid": account.parent?.description, "code": text(account.code),
                "description": text(account.text), "hidden": account.isHidden ? 1 : 0,
                "placeholder": account.isPlaceholder ? 1 : 0,
            ])
        try addSlots(account.allSlots, of: account.guid, using: &guids)
    }

    private mutating func add(_ transaction: BookTransaction, using guids: inout some RandomNumberGenerator) throws {
        try insert(
            "transactions",
            [
                "guid": transaction.guid.description, "currency_guid": try guid(transaction.currency),
                "num": text(transaction.number), "post_date": transaction.posted.bookTime.description,
                "enter_date": transaction.entered.description, "description": text(transaction.text),
            ])
        for split in transaction.splits {
            try insert(
                "splits",
                [
                    "guid": split.guid.description, "tx_guid": transaction.guid.description,
                    "account_guid": split.account.description, "memo": text(split.memo), "action": text(split.action),
                    "reconcile_state": String(split.reconciled), "reconcile_date": BookTime.none.description,
                    "value_num": split.value.numerator, "value_denom": split.value.denominator,
                    "quantity_num": split.quantity.numerator, "quantity_denom": split.quantity.denominator,
                    "lot_guid": split.lot?.description,
                ])
            try addSlots(split.slots, of: split.guid, using: &guids)
        }
        var slots = transaction.slots
        slots["date-posted"] = .day(transaction.posted)
        try addSlots(slots, of: transaction.guid, using: &guids)
    }

    private mutating func add(_ lot: BookLot, using guids: inout some RandomNumberGenerator) throws {
        // -1: whether the lot is closed is for GnuCash to find out.
        try insert(
            "lots", ["guid": lot.guid.description, "account_guid": lot.account.description, "is_closed": -1])
        try addSlots(lot.slots, of: lot.guid, using: &guids)
    }
}

// MARK: - Customers, invoices and tax tables

extension SQLiteRows {
    private func add(_ table: BookTaxTable) throws {
        try insert(
            "taxtables",
            [
                "guid": table.guid.description, "name": text(table.name), "refcount": table.useCount,
                "invisible": table.isInvisible ? 1 : 0, "parent": table.parent?.description,
            ])
        for rate in table.rates {
            try insert(
                "taxtable_entries",
                [
                    "taxtable": table.guid.description, "account": rate.account.description,
                    "amount_num": rate.amount.numerator, "amount_denom": rate.amount.denominator,
                    "type": rate.type == .value ? 1 : 2,
                ])
        }
    }

    /// The columns of a customer that may change. Every address column is a text, never NULL: one NULL, and GnuCash
    /// drops the whole address.
    private func columns(_ customer: BookCustomer) throws -> KeyValuePairs<String, (any DatabaseValueConvertible)?> {
        let (home, away) = (customer.address, customer.shipping)
        return [
            "name": text(customer.name), "id": text(customer.id), "notes": text(customer.notes),
            "active": customer.isActive ? 1 : 0, "discount_num": customer.discount.numerator,
            "discount_denom": customer.discount.denominator, "credit_num": customer.credit.numerator,
            "credit_denom": customer.credit.denominator, "currency": try guid(customer.currency),
            "tax_override": customer.overridesTaxTable ? 1 : 0, "taxtable": customer.taxTable?.description,
            "tax_included": customer.taxIncluded.number, "addr_name": text(home.name),
            "addr_addr1": text(home.lines[0]), "addr_addr2": text(home.lines[1]), "addr_addr3": text(home.lines[2]),
            "addr_addr4": text(home.lines[3]), "addr_phone": text(home.phone), "addr_fax": text(home.fax),
            "addr_email": text(home.email), "shipaddr_name": text(away.name), "shipaddr_addr1": text(away.lines[0]),
            "shipaddr_addr2": text(away.lines[1]), "shipaddr_addr3": text(away.lines[2]),
            "shipaddr_addr4": text(away.lines[3]), "shipaddr_phone": text(away.phone), "shipaddr_fax": text(away.fax),
            "shipaddr_email": text(away.email),
        ]
    }

    private mutating func add(_ customer: BookCustomer, using guids: inout some RandomNumberGenerator) throws {
        try insert("customers", guid: customer.guid, columns(customer))
        try addSlots(customer.slots, of: customer.guid, using: &guids)
    }

    private func insert(
        _ table: String, guid: GUID, _ columns: KeyValuePairs<String, (any DatabaseValueConvertible)?>
    ) throws {
        let names = (["guid"] + columns.map(\.key)).joined(separator: ", ")
        let marks = (["?"] + columns.map { _ in "?" }).joined(separator: ", ")
        try db.execute(
            sql: "INSERT INTO \(table) (\(names)) VALUES (\(marks))",
            arguments: StatementArguments([guid.description] + columns.map(\.value)))
    }

    /// Writes the columns that differ.
    private func update(
        _ table: String, guid: GUID, _ old: KeyValuePairs<String, (any DatabaseValueConvertible)?>,
        _ new: KeyValuePairs<String, (any DatabaseValueConvertible)?>
    ) throws {
        for (before, after) in zip(old, new) {
            let value = after.value?.databaseValue ?? .null
            guard before.value?.databaseValue ?? .null != value else { continue }
            try db.execute(
                sql: "UPDATE \(table) SET \(after.key) = ? WHERE guid = ?", arguments: [value, guid.description])
        }
    }

    private func update(_ old: BookCustomer, to new: BookCustomer) throws {
        try update("customers", guid: new.guid, columns(old), columns(new))
    }

    private func columns(_ invoice: BookInvoice) throws -> KeyValuePairs<String, (any DatabaseValueConvertible)?> {
        [
            "id": text(invoice.id), "date_opened": invoice.opened.bookTime.description,
            "date_posted": invoice.posting?.day.bookTime.description, "notes": text(invoice.notes),
            "active": invoice.isActive ? 1 : 0, "currency": try guid(invoice.currency),
            "owner_type": invoice.owner.number, "owner_guid": invoice.owner.guid.description,
            "billing_id": text(invoice.billingID), "post_txn": invoice.posting?.transaction.description,
            "post_lot": invoice.posting?.lot.description, "post_acc": invoice.posting?.account.description,
        ]
    }

    private mutating func add(_ invoice: BookInvoice, using guids: inout some RandomNumberGenerator) throws {
        try insert("invoices", guid: invoice.guid, columns(invoice))
        try db.execute(
            sql: "UPDATE invoices SET charge_amt_num = 0, charge_amt_denom = 1 WHERE guid = ?",
            arguments: [invoice.guid.description])
        try addSlots(invoice.slots, of: invoice.guid, using: &guids)
    }

    private func update(_ old: BookInvoice, to new: BookInvoice) throws {
        try update("invoices", guid: new.guid, columns(old), columns(new))
    }

    private func add(_ entry: BookEntry) throws {
        try insert(
            "entries",
            [
                "guid": entry.guid.description, "date": entry.day.bookTime.description,
                "date_entered": entry.entered.description, "description": text(entry.text),
                "action": text(entry.action), "notes": text(entry.notes), "quantity_num": entry.quantity.numerator,
                "quantity_denom": entry.quantity.denominator, "i_acct": entry.account?.description,
                "i_price_num": entry.price.numerator, "i_price_denom": entry.price.denominator,
                "i_discount_num": entry.discount.numerator, "i_discount_denom": entry.discount.denominator,
                "invoice": entry.invoice?.description, "i_disc_type": entry.discountType.rawValue,
                "i_disc_how": entry.discountOrder.rawValue, "i_taxable": entry.isTaxable ? 1 : 0,
                "i_taxincluded": entry.isTaxIncluded ? 1 : 0, "i_taxtable": entry.taxTable?.description,
                "b_price_num": 0, "b_price_denom": 1, "b_taxable": 1, "b_taxincluded": 0, "b_paytype": 1,
                "billable": 0, "billto_type": 0,
            ])
    }
}

// MARK: - Slots

extension SQLiteRows {
    private mutating func addSlots(
        _ slots: Slots, of owner: GUID, under path: String = "", using guids: inout some RandomNumberGenerator
    ) throws {
        for (name, value) in slots.sorted(by: { $0.key < $1.key }) {
            try addSlot(path + text(name), value, of: owner, using: &guids)
        }
    }

    /// Writes one slot, its members included; `name` is the whole path.
    private mutating func addSlot(
        _ name: String, _ value: SlotValue, of owner: GUID, using guids: inout some RandomNumberGenerator
    ) throws {
        var cells = SlotCells(value)
        if cells.isContainer { cells.guid = GUID.random(using: &guids) }
        try insert(
            "slots",
            [
                "obj_guid": owner.description, "name": name, "slot_type": cells.type, "int64_val": cells.integer,
                "string_val": cells.text.map { text($0) }, "double_val": cells.double,
                "timespec_val": cells.time.description, "guid_val": cells.guid?.description,
                "numeric_val_num": cells.numeric.numerator, "numeric_val_denom": cells.numeric.denominator,
                "gdate_val": cells.day?.compact,
            ])
        guard let holder = cells.guid, cells.isContainer else { return }
        switch value {
        case .frame(let slots): try addSlots(slots, of: holder, under: name + "/", using: &guids)
        case .list(let values):
            for value in values { try addSlot(name + "/", value, of: holder, using: &guids) }
        default: break
        }
    }

    /// Sets a slot at a path, making the frames on the way; nil takes it away.
    private mutating func set(
        _ path: [String], _ value: SlotValue?, of owner: GUID, using guids: inout some RandomNumberGenerator
    ) throws {
        var owner = owner
        var name = ""
        for (depth, key) in path.enumerated() {
            name += name.isEmpty ? key : "/" + key
            let isLast = depth == path.count - 1
            if !isLast, let frame = try frame(name, of: owner) {
                owner = frame
                continue
            }
            try remove(name, of: owner)
            if let new = XMLElement.nested(path[(depth + 1)...], value) {
                try addSlot(name, new, of: owner, using: &guids)
            }
            return
        }
    }

    private func frame(_ name: String, of owner: GUID) throws -> GUID? {
        let row = try Row.fetchOne(
            db, sql: "SELECT guid_val FROM slots WHERE obj_guid = ? AND name = ? AND slot_type = 9",
            arguments: [owner.description, name])
        return row.flatMap { SQLiteRow(row: $0).guid(0) }
    }

    /// Takes a slot away with all that hangs on it.
    private func remove(_ name: String, of owner: GUID) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT id, guid_val, slot_type FROM slots WHERE obj_guid = ? AND name = ?",
            arguments: [owner.description, name])
        for row in rows.map(SQLiteRow.init) {
            if [8, 9].contains(row.integer(2)), let holder = row.guid(1) { try removeAll(of: holder, depth: 0) }
            try db.execute(sql: "DELETE FROM slots WHERE id = ?", arguments: [row.integer(0)])
        }
    }

    private func removeAll(of holder: GUID, depth: Int) throws {
        guard depth < 50 else { return }
        let rows = try Row.fetchAll(
            db, sql: "SELECT guid_val FROM slots WHERE obj_guid = ? AND slot_type IN (8, 9)",
            arguments: [holder.description])
        for row in rows.map(SQLiteRow.init) {
            if let inner = row.guid(0) { try removeAll(of: inner, depth: depth + 1) }
        }
        try db.execute(sql: "DELETE FROM slots WHERE obj_guid = ?", arguments: [holder.description])
    }
}

/// The columns of a slot's row, with what GnuCash writes into those that are not used.
private struct SlotCells {
    var type = 0
    var integer: Int64 = 0
    var text: String?
    var double: Double?
    var time = BookTime.none
    var guid: GUID?
    var numeric = Fraction.zero
    var day: BookDay?

    var isContainer: Bool { type == 8 || type == 9 }

    init(_ value: SlotValue) {
        switch value {
        case .integer(let number): (type, integer) = (1, number)
        case .double(let number): (type, double) = (2, number)
        case .numeric(let fraction): (type, numeric) = (3, fraction)
        case .string(let text): (type, self.text) = (4, text)
        case .guid(let guid): (type, self.guid) = (5, guid)
        case .time(let time): (type, self.time) = (6, time)
        case .list: type = 8
        case .frame: type = 9
        case .day(let day): (type, self.day) = (10, day)
        }
    }
}

extension BookTaxIncluded {
    /// Source: GnuCash 4.13, gncTaxTable.h `GncTaxIncluded`.
    var number: Int {
        switch self {
        case .yes: 1
        case .no: 2
        case .asTheBookSays: 3
        }
    }
}
