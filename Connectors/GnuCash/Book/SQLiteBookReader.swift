import GRDB

/// Reads a book from its database, in one read transaction that changes nothing.
final class SQLiteBookReader {
    private let db: Database
    private let path: String
    private var parts = BookParts(form: .sqlite)
    private var commodities: [GUID: BookCommodity] = [:]
    private var slots = SQLiteSlots()

    static func read(_ path: String) throws(BookFailure) -> Book {
        try SQLiteAccess.alone { () throws(BookFailure) in
            let queue = try SQLiteAccess.open(path, isReadOnly: true)
            return try SQLiteAccess.translating(path) {
                try queue.read { db in
                    let reader = SQLiteBookReader(db: db, path: path)
                    try reader.readAll()
                    return Book(reader.parts)
                }
            }
        }
    }

    private init(db: Database, path: String) {
        self.db = db
        self.path = path
    }

    private func readAll() throws {
        guard try db.tableExists("versions"), try db.tableExists("books"), try db.tableExists("transactions") else {
            throw BookFailure.notABook(path: path, sign: "it is a database without GnuCash's tables")
        }
        try readVersions()
        var templateRoot: GUID?
        try each("SELECT guid, root_account_guid, root_template_guid FROM books LIMIT 1") { row in
            parts.id = row.guid(0) ?? parts.id
            parts.root = row.guid(1) ?? parts.root
            templateRoot = row.guid(2)
        }
        try readCommodities()
        try slots.read(from: db)
        parts.slots = slots.of(parts.id)
        checkFeatures()
        let templates = try readAccounts(templateRoot)
        try readLots()
        try readTransactions(withoutAccounts: templates)
        slots.forgetDays()
        try readCustomers()
        try readInvoices()
        try readEntries()
        try readJobsAndTaxTables()
    }

    private func each(_ sql: String, _ body: (SQLiteRow) throws -> Void) throws {
        let rows = try Row.fetchCursor(db, sql: sql)
        while let row = try rows.next() { try body(SQLiteRow(row: row)) }
    }

    private func readVersions() throws {
        var found: [String: Int64] = [:]
        try each("SELECT table_name, table_version FROM versions") { found[$0.text(0)] = $0.integer(1) }
        parts.versions = found.mapValues { String($0) }
        parts.readOnlyReason = BookVersions.unknown(in: found)
    }

    private func checkFeatures() {
        guard case .frame(let names)? = parts.slots["features"] else { return }
        let unknown = names.keys.filter { !BookVersions.features.contains($0) }.sorted()
        if let first = unknown.first, parts.readOnlyReason == nil { parts.readOnlyReason = "the feature \"\(first)\"" }
    }

    private func readCommodities() throws {
        try each("SELECT guid, namespace, mnemonic, fraction FROM commodities") { row in
            guard let guid = row.guid(0) else { return }
            let commodity = BookCommodity(space: row.text(1), code: row.text(2))
            commodities[guid] = commodity
            parts.fractions[commodity] = row.integer(3)
            if commodity.space != "template" { parts.commodities.append(commodity) }
        }
    }

    private func commodity(_ guid: GUID?) -> BookCommodity {
        guid.flatMap { commodities[$0] } ?? BookCommodity(space: "", code: "")
    }

    /// Reads the accounts, and gives those of the scheduler's templates.
    private func readAccounts(_ templateRoot: GUID?) throws -> Set<GUID> {
        var all: [BookAccount] = []
        try each(
            """
            SELECT guid, name, account_type, commodity_guid, commodity_scu, parent_guid, code, description, hidden,
                placeholder FROM accounts ORDER BY rowid
            """
        ) { row in
            guard let guid = row.guid(0) else { throw damaged("an account has a broken GUID") }
            let slots = slots.of(guid)
            all.append(
                BookAccount(
                    guid: guid, name: row.text(1), type: row.text(2), commodity: row.guid(3).map { commodity($0) },
                    smallestUnit: row.integer(4), code: row.text(6), text: row.text(7), parent: row.guid(5),
                    isPlaceholder: row.flag(9) || slots["placeholder"]?.text == "true",
                    isHidden: row.flag(8) || slots["hidden"]?.text == "true", slots: slots))
        }
        var templates: Set<GUID> = []
        if let templateRoot { templates.insert(templateRoot) }
        var count = 0
        while count != templates.count {
            count = templates.count
            for account in all where account.parent.map(templates.contains) == true { templates.insert(account.guid) }
        }
        parts.accounts = all.filter { $0.type != "ROOT" && !templates.contains($0.guid) }
        return templates
    }

    private func readLots() throws {
        try each("SELECT guid, account_guid FROM lots ORDER BY rowid") { row in
            guard let guid = row.guid(0), let account = row.guid(1) else { return }
            parts.lots.append(BookLot(guid: guid, account: account, slots: slots.of(guid)))
        }
    }

    private func damaged(_ detail: String) -> BookFailure { .damaged(path: path, detail: detail) }
}

// MARK: - Transactions

extension SQLiteBookReader {
    /// Reads heads, then sides, then brings them together; what GnuCash would not show is left out.
    private func readTransactions(withoutAccounts templates: Set<GUID>) throws {
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM transactions") ?? 0
        let splitCount = try Int.fetchOne(db, sql: "SELECT count(*) FROM splits") ?? 0
        var heads: [TransactionStore.Head] = []
        heads.reserveCapacity(count)
        var places: [GUID: Int32] = [:]
        places.reserveCapacity(count)
        try each("SELECT guid, currency_guid, num, post_date, enter_date, description FROM transactions ORDER BY rowid")
        {
            row in
            guard let guid = row.guid(0) else { throw damaged("a transaction has a broken GUID") }
            let entered = row.time(4) ?? .none
            guard let posted = slots.postedDay(of: guid) ?? row.time(3)?.day else {
                throw damaged("the transaction \(guid) has a broken date")
            }
            places[guid] = Int32(heads.count)
            heads.append(
                TransactionStore.Head(
                    guid: guid, currency: commodity(row.guid(1)), posted: posted, entered: entered,
                    number: keep(row.text(2)), text: keep(row.text(5)), slots: pack(guid)))
        }
        parts.store.reserve(transactions: heads.count, splits: splitCount)
        var sides = SplitGathering(owners: heads.count, count: splitCount)
        try each(
            """
            SELECT guid, tx_guid, account_guid, memo, action, reconcile_state, value_num, value_denom, quantity_num,
                quantity_denom, lot_guid FROM splits ORDER BY rowid
            """
        ) { row in
            guard let owner = row.guid(1).flatMap({ places[$0] }) else { return }
            sides.add(try side(row), to: owner)
        }
        places = [:]
        sides.gather { owner, own in
            if own.isEmpty || own.contains(where: { templates.contains($0.account) }) { return }
            _ = parts.store.append(heads[owner], sides: own)
        }
        guard !parts.store.isFull else { throw damaged("it is larger than this program can hold") }
        parts.store.settle()
    }

    private func side(_ row: SQLiteRow) throws -> TransactionStore.Side {
        guard let guid = row.guid(0), let account = row.guid(2) else { throw damaged("a split has a broken GUID") }
        guard let value = row.fraction(6), let quantity = row.fraction(8) else {
            throw damaged("the split \(guid) has a broken number")
        }
        return TransactionStore.Side(
            guid: guid, account: account, value: value, quantity: quantity, memo: keep(row.text(3)),
            action: keep(row.text(4)), reconciled: row.text(5).utf8.first ?? 0x6e, lot: row.guid(10),
            slots: pack(guid))
    }

    private func keep(_ text: String) -> UInt32 {
        if text.isEmpty { return 0 }
        var text = text
        return text.withUTF8 { parts.store.pool.add($0) }
    }

    private func pack(_ guid: GUID) -> UInt32 {
        let slots = slots.of(guid)
        return slots.isEmpty ? 0 : parts.store.pool.add(SlotPacking.pack(slots))
    }
}

/// Splits as they come, to be handed out by transaction without sorting them.
private struct SplitGathering {
    private var sides: [TransactionStore.Side] = []
    /// For each split the one before it of the same transaction, and for each transaction its last; -1 for none.
    private var previous: [Int32] = []
    private var last: [Int32]

    init(owners: Int, count: Int) {
        last = Array(repeating: -1, count: owners)
        sides.reserveCapacity(count)
        previous.reserveCapacity(count)
    }

    mutating func add(_ side: TransactionStore.Side, to owner: Int32) {
        previous.append(last[Int(owner)])
        last[Int(owner)] = Int32(sides.count)
        sides.append(side)
    }

    func gather(_ body: (Int, [TransactionStore.Side]) -> Void) {
        var own: [TransactionStore.Side] = []
        for owner in last.indices {
            own.removeAll(keepingCapacity: true)
            var next = last[owner]
            while next >= 0 {
                own.append(sides[Int(next)])
                next = previous[Int(next)]
            }
            own.reverse()
            body(owner, own)
        }
    }
}

// MARK: - Customers and invoices

extension SQLiteBookReader {
    private func readCustomers() throws {
        try each(
            """
            SELECT guid, id, name, notes, active, currency, tax_override, taxtable, tax_included, discount_num,
                discount_denom, credit_num, credit_denom, addr_name, addr_addr1, addr_addr2, addr_addr3, addr_addr4,
                addr_phone, addr_fax, addr_email, shipaddr_name, shipaddr_addr1, shipaddr_addr2, shipaddr_addr3,
                shipaddr_addr4, shipaddr_phone, shipaddr_fax, shipaddr_email FROM customers ORDER BY rowid
            """
        ) { row in
            guard let guid = row.guid(0) else { throw damaged("a customer has a broken GUID") }
            var customer = BookCustomer(
                guid: guid, id: row.text(1), name: row.text(2), currency: commodity(row.guid(5)), notes: row.text(3),
                address: address(row, 13), shipping: address(row, 21), isActive: row.flag(4), taxTable: row.guid(7),
                slots: slots.of(guid))
            customer.overridesTaxTable = row.flag(6)
            customer.taxIncluded = [1: .yes, 2: .no][row.integer(8)] ?? .asTheBookSays
            customer.discount = row.fraction(9) ?? .zero
            customer.credit = row.fraction(11) ?? .zero
            parts.customers.append(customer)
        }
    }

    private func address(_ row: SQLiteRow, _ first: Int) -> BookAddress {
        BookAddress(
            name: row.text(first), lines: (1...4).map { row.text(first + $0) }, phone: row.text(first + 5),
            fax: row.text(first + 6), email: row.text(first + 7))
    }

    private func owner(_ row: SQLiteRow, _ index: Int) -> BookOwner {
        let guid = row.guid(index + 1) ?? GUID(high: 0, low: 0)
        return BookOwner(number: row.integer(index), guid: guid)
    }

    private func readInvoices() throws {
        try each(
            """
            SELECT guid, id, owner_type, owner_guid, date_opened, date_posted, notes, active, currency, billing_id,
                post_txn, post_lot, post_acc FROM invoices ORDER BY rowid
            """
        ) { row in
            guard let guid = row.guid(0) else { throw damaged("an invoice has a broken GUID") }
            var invoice = BookInvoice(
                guid: guid, id: row.text(1), owner: owner(row, 2), opened: row.time(4)?.day ?? BookTime.none.day,
                currency: commodity(row.guid(8)), notes: row.text(6), billingID: row.text(9), isActive: row.flag(7),
                slots: slots.of(guid))
            if let day = row.time(5)?.day, let transaction = row.guid(10), let lot = row.guid(11),
                let account = row.guid(12)
            {
                invoice.posting = .init(day: day, transaction: transaction, lot: lot, account: account)
            }
            parts.invoices.append(invoice)
        }
    }

    private func readEntries() throws {
        try each(
            """
            SELECT guid, invoice, date, date_entered, description, action, notes, quantity_num, quantity_denom, i_acct,
                i_price_num, i_price_denom, i_discount_num, i_discount_denom, i_disc_type, i_disc_how, i_taxable,
                i_taxincluded, i_taxtable FROM entries ORDER BY rowid
            """
        ) { row in
            guard let guid = row.guid(0) else { throw damaged("an invoice line has a broken GUID") }
            var entry = BookEntry(
                guid: guid, invoice: row.guid(1), day: row.time(2)?.day ?? BookTime.none.day,
                entered: row.time(3) ?? .none, text: row.text(4), action: row.text(5), notes: row.text(6),
                quantity: row.fraction(7) ?? .zero, account: row.guid(9), price: row.fraction(10) ?? .zero,
                discount: row.fraction(12) ?? .zero, discountType: BookAmountType(rawValue: row.text(14)) ?? .percent,
                discountOrder: BookDiscountOrder(rawValue: row.text(15)) ?? .beforeTax,
                isTaxIncluded: row.flag(17), taxTable: row.guid(18))
            entry.isTaxable = row.flag(16)
            parts.entries.append(entry)
        }
    }

    private func readJobsAndTaxTables() throws {
        try each("SELECT guid, id, name, owner_type, owner_guid, active FROM jobs ORDER BY rowid") { row in
            guard let guid = row.guid(0) else { return }
            parts.jobs.append(
                BookJob(guid: guid, id: row.text(1), name: row.text(2), owner: owner(row, 3), isActive: row.flag(5)))
        }
        var rates: [GUID: [BookTaxRate]] = [:]
        try each("SELECT taxtable, account, amount_num, amount_denom, type FROM taxtable_entries ORDER BY id") { row in
            guard let table = row.guid(0), let account = row.guid(1), let amount = row.fraction(2) else { return }
            rates[table, default: []].append(
                BookTaxRate(account: account, amount: amount, type: row.integer(4) == 1 ? .value : .percent))
        }
        try each("SELECT guid, name, refcount, invisible, parent FROM taxtables ORDER BY rowid") { row in
            guard let guid = row.guid(0) else { return }
            var table = BookTaxTable(guid: guid, name: row.text(1), rates: rates[guid] ?? [], parent: row.guid(4))
            table.useCount = row.integer(2)
            table.isInvisible = row.flag(3)
            parts.taxTables.append(table)
        }
    }
}

extension BookOwner {
    /// The owner of a kind as a database numbers it. Source: GnuCash 4.13, gncOwner.h `GncOwnerType`.
    init(number: Int64, guid: GUID) {
        switch number {
        case 2: self = .customer(guid)
        case 3: self = .job(guid)
        case 4: self = .vendor(guid)
        case 5: self = .employee(guid)
        default: self = .other(kind: String(number), guid: guid)
        }
    }
}

extension BookVersions {
    /// What in these table versions is not known here, or nil.
    static func unknown(in found: [String: Int64]) -> String? {
        for (table, version) in tables where written.contains(table) {
            guard let has = found[table] else { return "the table \(table) has no version" }
            if has != version { return "the table \(table) has version \(has), known is \(version)" }
        }
        return nil
    }
}
