/// The places of a book's text that an edit touches, and what goes there.
struct XMLEdits {
    /// One place: what lies in the range is given to `make`, and what it makes takes its place.
    struct Place {
        var range: Range<Int64>
        var make: ([UInt8]) throws(BookFailure) -> [UInt8]
    }

    private let plan: EditPlan
    private let layout: XMLLayout
    private let path: String
    private(set) var places: [Place] = []

    init(_ plan: EditPlan, layout: XMLLayout, path: String) {
        self.plan = plan
        self.layout = layout
        self.path = path
        let changes = plan.slotChanges
        addCounts()
        addBookSlots(changes.filter { $0.target == .book })
        addAccounts(changes)
        addTransactions(changes)
        addBusiness(changes)
        // Insertions at one place stay in the order they were added.
        places = places.enumerated()
            .sorted { ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset) }
            .map(\.element)
    }

    /// Puts new lines behind what ends here.
    private mutating func insert(behind offset: Int64, _ build: (inout XMLFragment) -> Void) {
        var fragment = XMLFragment()
        build(&fragment)
        let text = fragment.bytes
        guard !text.isEmpty else { return }
        places.append(Place(range: offset..<offset) { _ in Array("\n".utf8) + text.dropLast() })
    }

    /// Puts new lines before what begins here.
    private mutating func insert(before offset: Int64, _ build: (inout XMLFragment) -> Void) {
        var fragment = XMLFragment()
        build(&fragment)
        let text = fragment.bytes
        guard !text.isEmpty else { return }
        places.append(Place(range: offset..<offset) { _ in text })
    }

    private mutating func change(
        _ range: Range<Int64>?, _ name: XMLName, _ body: @escaping (inout XMLElement) throws(BookFailure) -> Void
    ) {
        guard let range else { return }
        let path = path
        places.append(
            Place(range: range) { bytes throws(BookFailure) in
                guard bytes.starts(with: "<\(name.rawValue)".utf8) else { throw .changedMeanwhile(path: path) }
                var element = XMLElement(bytes, level: 0, path: path)
                try body(&element)
                return element.bytes
            })
    }

    private mutating func addCounts() {
        let edit = plan.edit
        let added = [
            ("account", edit.newAccounts.count), ("transaction", edit.newTransactions.count),
            ("gnc:GncCustomer", edit.newCustomers.count), ("gnc:GncEntry", edit.newEntries.count),
            ("gnc:GncInvoice", edit.newInvoices.count), ("gnc:GncTaxTable", edit.newTaxTables.count),
        ]
        for (type, count) in added where count > 0 {
            let text = { (value: Int64) in Array("<gnc:count-data cd:type=\"\(type)\">\(value)</gnc:count-data>".utf8) }
            if let known = layout.counts[type] {
                places.append(Place(range: known.range) { _ in text(known.value &+ Int64(count)) })
            } else {
                let offset = layout.afterCounts
                places.append(Place(range: offset..<offset) { _ in Array("\n".utf8) + text(Int64(count)) })
            }
        }
    }

    private mutating func addBookSlots(_ changes: [SlotChange]) {
        guard !changes.isEmpty else { return }
        guard let range = layout.bookSlots else {
            var slots: Slots = [:]
            for change in changes { slots.set(change.value, at: change.path) }
            insert(behind: layout.afterBookID) { $0.slots(.bookSlots, slots) }
            return
        }
        change(range, .bookSlots) { element throws(BookFailure) in
            for change in changes { try element.setSlot(change.path[...], change.value) }
        }
    }

    private mutating func addAccounts(_ changes: [SlotChange]) {
        let edit = plan.edit
        let lots = Dictionary(grouping: edit.newLots, by: \.account)
        let known = Set(edit.newAccounts.map(\.guid))
        insert(behind: layout.afterAccounts) { fragment in
            for account in edit.newAccounts { fragment.add(account, lots: lots[account.guid] ?? []) }
        }
        var slots: [GUID: [SlotChange]] = [:]
        for change in changes {
            if case .account(let guid) = change.target { slots[guid, default: []].append(change) }
        }
        for guid in Set(lots.keys).union(slots.keys).subtracting(known) {
            change(layout.accounts[guid], .account) { element throws(BookFailure) in
                try element.setSlots(slots[guid] ?? [], in: .accountSlots, order: Self.accountOrder)
                guard let new = lots[guid] else { return }
                if try element.child(.accountLots) == nil {
                    try element.append { fragment in
                        fragment.open(.accountLots)
                        new.forEach { fragment.add($0) }
                        fragment.close(.accountLots)
                    }
                } else if let place = try element.children().first(where: { $0.name == .accountLots }) {
                    var holder = element.element(place)
                    try holder.append { fragment in new.forEach { fragment.add($0) } }
                    element.replace(place, with: holder.bytes)
                }
            }
        }
    }

    private mutating func addTransactions(_ changes: [SlotChange]) {
        let new = plan.edit.newTransactions
        let offset = max(layout.afterTransactions, layout.afterAccounts)
        insert(behind: offset) { fragment in new.forEach { fragment.add($0) } }
        var slots: [GUID: [SlotChange]] = [:]
        for change in changes {
            if case .transaction(let guid) = change.target { slots[guid, default: []].append(change) }
        }
        for (guid, changes) in slots {
            let range = plan.book.store.position(of: guid).flatMap { layout.transaction(at: $0) }
            change(range, .transaction) { element throws(BookFailure) in
                try element.setSlots(changes, in: .transactionSlots, order: Self.transactionOrder)
            }
        }
    }

    private mutating func addBusiness(_ changes: [SlotChange]) {
        let edit = plan.edit
        let plan = plan
        // Lines and customers stand before the tax tables, as GnuCash writes them: a line that comes behind a table
        // which names a child not yet read makes GnuCash complain about the child's count of uses.
        insert(before: layout.firstTaxTable ?? layout.bookEnd) { fragment in
            edit.newCustomers.forEach { fragment.add($0) }
            edit.newEntries.forEach { fragment.add($0) }
            edit.newInvoices.forEach { fragment.add($0) }
        }
        insert(before: layout.bookEnd) { fragment in
            for table in edit.newTaxTables { fragment.add(plan.complete(table)) }
        }
        for guid in Self.objects(edit.changedCustomers.map(\.guid), changes, { .customer($0) }) {
            guard let old = plan.book.customer(guid) else { continue }
            let new = edit.changedCustomers.first { $0.guid == guid }
            change(layout.customers[guid], .customer) { element throws(BookFailure) in
                if let new { try element.update(old, to: new) }
                let own = changes.filter { $0.target == .customer(guid) }
                try element.setSlots(own, in: .customerSlots, order: Self.customerOrder)
            }
        }
        for guid in Self.objects(edit.changedInvoices.map(\.guid), changes, { .invoice($0) }) {
            guard let old = plan.book.invoice(guid) else { continue }
            let new = edit.changedInvoices.first { $0.guid == guid }
            change(layout.invoices[guid], .invoice) { element throws(BookFailure) in
                if let new { try element.update(old, to: new) }
                let own = changes.filter { $0.target == .invoice(guid) }
                try element.setSlots(own, in: .invoiceSlots, order: Self.invoiceOrder)
            }
        }
        for guid in Set(plan.addedUses.keys).union(plan.newChildren.keys) {
            guard let table = plan.book.taxTable(guid) else { continue }
            change(layout.taxTables[guid], .taxTable) { element throws(BookFailure) in
                let uses = table.useCount &+ (plan.addedUses[guid] ?? 0)
                if uses != table.useCount {
                    try element.set(.taxTableUses, in: Self.taxTableOrder) { $0.leaf(.taxTableUses, String(uses)) }
                }
                guard let child = plan.newChildren[guid] else { return }
                try element.set(.taxTableChild, in: Self.taxTableOrder) { $0.leaf(.taxTableChild, child) }
            }
        }
    }

    private static func objects(
        _ changed: [GUID], _ changes: [SlotChange], _ target: (GUID) -> SlotChange.Target
    ) -> [GUID] {
        var guids = changed
        for change in changes {
            switch change.target {
            case .customer(let guid), .invoice(let guid):
                if change.target == target(guid), !guids.contains(guid) { guids.append(guid) }
            default: break
            }
        }
        return guids
    }

    static let accountOrder: [XMLName] = [
        .accountName, .accountID, .accountType, .accountCommodity, .accountUnit, .accountCode, .accountText,
        .accountSlots, .accountParent, .accountLots,
    ]
    static let transactionOrder: [XMLName] = [
        .transactionID, .transactionCurrency, .transactionNumber, .transactionPosted, .transactionEntered,
        .transactionText, .transactionSlots, .splits,
    ]
    static let customerOrder: [XMLName] = [
        .customerID, .customerName, .customerNumber, .customerAddress, .customerShipping, .customerNotes,
        .customerTaxIncluded, .customerActive, .customerDiscount, .customerCredit, .customerCurrency,
        .customerOverrides, .customerTaxTable, .customerSlots,
    ]
    static let invoiceOrder: [XMLName] = [
        .invoiceID, .invoiceNumber, .invoiceOwner, .invoiceOpened, .invoicePosted, .invoiceBilling, .invoiceNotes,
        .invoiceActive, .invoiceTransaction, .invoiceLot, .invoiceAccount, .invoiceCurrency, .invoiceSlots,
    ]
    static let taxTableOrder: [XMLName] = [
        .taxTableID, .taxTableName, .taxTableUses, .taxTableInvisible, .taxTableChild, .taxTableParent, .taxTableRates,
    ]
}

extension EditPlan {
    /// A new tax table with its count of uses and its child.
    func complete(_ table: BookTaxTable) -> BookTaxTable {
        var table = table
        table.useCount &+= addedUses[table.guid] ?? 0
        table.child = newChildren[table.guid] ?? table.child
        return table
    }
}

extension XMLElement {
    /// Writes the fields of a customer that differ.
    mutating func update(_ old: BookCustomer, to new: BookCustomer) throws(BookFailure) {
        let order = XMLEdits.customerOrder
        if old.name != new.name { try set(.customerName, in: order) { $0.leaf(.customerName, new.name) } }
        if old.id != new.id { try set(.customerNumber, in: order) { $0.leaf(.customerNumber, new.id) } }
        if old.address != new.address { try setAddress(.customerAddress, new.address) }
        if old.shipping != new.shipping { try setAddress(.customerShipping, new.shipping) }
        if old.notes != new.notes {
            try set(.customerNotes, in: order) { $0.leafUnlessEmpty(.customerNotes, new.notes) }
        }
        if old.taxIncluded != new.taxIncluded {
            try set(.customerTaxIncluded, in: order) { $0.leaf(.customerTaxIncluded, new.taxIncluded.rawValue) }
        }
        if old.isActive != new.isActive {
            try set(.customerActive, in: order) { $0.leaf(.customerActive, new.isActive) }
        }
        if old.discount != new.discount {
            try set(.customerDiscount, in: order) { $0.leaf(.customerDiscount, new.discount) }
        }
        if old.credit != new.credit { try set(.customerCredit, in: order) { $0.leaf(.customerCredit, new.credit) } }
        if old.currency != new.currency {
            try set(.customerCurrency, in: order) { $0.commodity(.customerCurrency, new.currency) }
        }
        if old.overridesTaxTable != new.overridesTaxTable {
            try set(.customerOverrides, in: order) { $0.leaf(.customerOverrides, new.overridesTaxTable) }
        }
        if old.taxTable != new.taxTable {
            try set(.customerTaxTable, in: order) { $0.leaf(.customerTaxTable, new.taxTable) }
        }
    }

    private mutating func setAddress(_ name: XMLName, _ new: BookAddress) throws(BookFailure) {
        guard let place = try children().first(where: { $0.name == name }) else {
            try set(name, in: XMLEdits.customerOrder) { $0.address(name, new) }
            return
        }
        let names: [XMLName] = [
            .addressName, .addressLine1, .addressLine2, .addressLine3, .addressLine4, .addressPhone, .addressFax,
            .addressEmail,
        ]
        var holder = element(place)
        for (field, text) in zip(names, [new.name] + new.lines + [new.phone, new.fax, new.email])
        where try holder.text(field) ?? "" != XMLText.clean(text) {
            try holder.set(field, in: names) { $0.leafUnlessEmpty(field, text) }
        }
        replace(place, with: holder.bytes)
    }

    /// Writes the fields of an invoice that differ.
    mutating func update(_ old: BookInvoice, to new: BookInvoice) throws(BookFailure) {
        let order = XMLEdits.invoiceOrder
        if old.id != new.id { try set(.invoiceNumber, in: order) { $0.leaf(.invoiceNumber, new.id) } }
        if old.owner != new.owner { try set(.invoiceOwner, in: order) { $0.owner(.invoiceOwner, new.owner) } }
        if old.opened != new.opened {
            try set(.invoiceOpened, in: order) { $0.moment(.invoiceOpened, new.opened.bookTime) }
        }
        if old.billingID != new.billingID {
            try set(.invoiceBilling, in: order) { $0.leafUnlessEmpty(.invoiceBilling, new.billingID) }
        }
        if old.notes != new.notes { try set(.invoiceNotes, in: order) { $0.leafUnlessEmpty(.invoiceNotes, new.notes) } }
        if old.isActive != new.isActive { try set(.invoiceActive, in: order) { $0.leaf(.invoiceActive, new.isActive) } }
        if old.currency != new.currency {
            try set(.invoiceCurrency, in: order) { $0.commodity(.invoiceCurrency, new.currency) }
        }
        guard old.posting != new.posting else { return }
        try set(.invoicePosted, in: order) { fragment in
            if let posting = new.posting { fragment.moment(.invoicePosted, posting.day.bookTime) }
        }
        try set(.invoiceTransaction, in: order) { $0.leaf(.invoiceTransaction, new.posting?.transaction) }
        try set(.invoiceLot, in: order) { $0.leaf(.invoiceLot, new.posting?.lot) }
        try set(.invoiceAccount, in: order) { $0.leaf(.invoiceAccount, new.posting?.account) }
    }
}
