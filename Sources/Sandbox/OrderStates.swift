import Commerce

/// What changes of an order's state bring with them: stock, sales, dates, remarks and more webhooks.
extension WooCommerceSandbox {
    /// Statuses in which the pieces of an order have left the stock.
    static let stockTaken: Set<String> = ["processing", "completed", "on-hold"]
    static let stockReturned: Set<String> = ["cancelled", "pending"]

    /// Moves an order to a status and gives what else is to be announced.
    mutating func move(_ row: inout OrderRow, to status: String) -> [Event] {
        let old = row.status
        guard status != old else { return [] }
        var effects: [Event] = []
        row.status = status
        settleDates(&row)
        if status == "completed" { note(&row, "Email \"Completed order\" sent.") }
        if Self.stockTaken.contains(status) {
            effects += takeStock(&row)
            countSales(&row)
        }
        note(&row, "Order status changed from \(Self.title(old)) to \(Self.title(status)).")
        if old == "pending", Self.stockTaken.contains(status) { note(&row, "Email \"New order\" sent.") }
        if let mail = Self.mails[status] { note(&row, "Email \"\(mail)\" sent.") }
        if Self.stockReturned.contains(status), row.hasReducedStock { effects += returnStock(&row) }
        if status == "completed", row.customer != 0 { effects += payingCustomer(row.customer) }
        if status == "refunded" { refundRest(&row) }
        return effects
    }

    private static let mails = [
        "processing": "Processing order", "on-hold": "Order on-hold", "cancelled": "Cancelled order",
        "failed": "Failed order",
    ]

    private static func title(_ status: String) -> String {
        let titles = ["pending": "Pending payment", "on-hold": "On hold", "checkout-draft": "Draft"]
        return titles[status] ?? status.prefix(1).uppercased() + status.dropFirst()
    }

    /// Cash on delivery counts as paid when the order is completed, everything else when it is processed.
    private func settleDates(_ row: inout OrderRow) {
        if row.status == "completed" { row.completed = clock }
        let isPaid = row.status == "completed" || (row.status == "processing" && row.paymentMethod != "cod")
        if isPaid, row.paid == nil { row.paid = clock }
    }

    mutating func note(_ row: inout OrderRow, _ text: String, isForCustomer: Bool = false) {
        lastNote += 1
        row.notes.append(NoteRow(id: lastNote, text: text, isForCustomer: isForCustomer, created: clock))
    }

    private mutating func payingCustomer(_ id: Int) -> [Event] {
        let second = clock
        guard customers[id] != nil else { return [] }
        customers.update(id) { row in
            row.isPaying = true
            row.modified = second
        }
        return [Event(topic: "customer.updated", id: id)]
    }

    private mutating func countSales(_ row: inout OrderRow) {
        guard !row.hasCountedSales else { return }
        row.hasCountedSales = true
        let second = clock
        for line in row.lines where line.product != 0 {
            products.update(line.product) { product in
                product.sold += line.quantity
                product.modified = second
            }
        }
    }

    // MARK: - Stock

    /// Takes the pieces of all lines, once in an order's life: in one go per product, as a database would.
    private mutating func takeStock(_ row: inout OrderRow) -> [Event] {
        guard !row.hasReducedStock else { return [] }
        row.hasReducedStock = true
        var events: [Event] = []
        var words: [String] = []
        for place in row.lines.indices where Self.taken(row.lines[place]) == 0 {
            guard let moved = moveStock(row.lines[place], by: -row.lines[place].quantity) else { continue }
            setTaken(&row.lines[place], row.lines[place].quantity)
            words.append("\(row.lines[place].name) (\(moved.before)&rarr;\(moved.after))")
            events.append(Event(topic: "product.updated", id: moved.id))
        }
        if !words.isEmpty { note(&row, "Stock levels reduced: \(words.joined(separator: ", "))") }
        return events
    }

    private mutating func returnStock(_ row: inout OrderRow) -> [Event] {
        row.hasReducedStock = false
        var events: [Event] = []
        for place in row.lines.indices {
            guard let moved = moveStock(row.lines[place], by: Self.taken(row.lines[place])) else { continue }
            setTaken(&row.lines[place], 0)
            events.append(Event(topic: "product.updated", id: moved.id))
        }
        return events
    }

    /// Follows edited lines of an order whose pieces are out already.
    mutating func adjustStock(from before: [OrderLine], to row: inout OrderRow) -> [Event] {
        var events: [Event] = []
        for line in before where !row.lines.contains(where: { $0.id == line.id }) {
            if let moved = moveStock(line, by: Self.taken(line)) {
                events.append(Event(topic: "product.updated", id: moved.id))
            }
        }
        for place in row.lines.indices {
            // What a refund put back stays back: only a changed quantity moves stock.
            let line = row.lines[place]
            let due = line.quantity - (before.first { $0.id == line.id }?.quantity ?? 0)
            guard due != 0, let moved = moveStock(line, by: -due) else { continue }
            setTaken(&row.lines[place], Self.taken(line) + due)
            events.append(Event(topic: "product.updated", id: moved.id))
        }
        return events
    }

    /// Moves the quantity of a line's product. Nil when nobody counts it.
    mutating func moveStock(_ line: OrderLine, by change: Int) -> (id: Int, before: Int, after: Int)? {
        let own = line.variation == 0 ? line.product : line.variation
        guard change != 0, let product = products[own], product.isTracked else { return nil }
        let second = clock
        products.update(own) { row in
            row.stock += change
            row.settleStock()
            row.modified = second
        }
        return (own, product.stock, product.stock + change)
    }

    /// How many pieces of a line were taken from stock.
    static func taken(_ line: OrderLine) -> Int {
        line.meta.first { $0.key == "_reduced_stock" }?.value.count ?? 0
    }

    mutating func setTaken(_ line: inout OrderLine, _ quantity: Int) {
        let value: JSON = quantity == 0 ? .null : .string(String(quantity))
        writeMeta([["key": "_reduced_stock", "value": value]], to: &line.meta)
    }
}
