import Commerce

extension WooCommerceSandbox {
    func listOrders(_ call: Call) -> Reply {
        var query = query(call, order: "date", dropsZones: true)
        if query.order != "modified" { query.order = "date" }
        let asked = Set(call.list("status") ?? ["any"])
        let statuses = Set((asked.contains("any") ? OrderRow.shown.union(asked) : asked).map(StatusCode.of))
        let customer = call.number("customer")
        let product = call.number("product")
        let found = find(
            orders, query,
            isShown: { row in
                statuses.contains(row.status) && (customer == nil || row.owner == customer) && query.admits(row)
            },
            matches: product == nil && query.search == nil
                ? nil
                : { row in
                    if let product, !row.lines.contains(where: { $0.product == product }) { return false }
                    guard let search = query.search else { return true }
                    let texts = [row.billing.email, row.billing.first, row.billing.last, String(row.id)]
                    return texts.contains { $0.lowercased().contains(search) }
                })
        return listReply(found.rows.map { node($0, call.view) }, total: found.total, query, call)
    }

    mutating func createOrder(_ call: Call) throws(ShopError) -> Reply {
        let (row, effects) = try addOrder(call.body)
        fire("order.created", row.id)
        fire("order.updated", row.id)
        fire(effects)
        return .created(node(row, call.view), at: "\(call.base)\(Call.root)/orders/\(row.id)")
    }

    /// Makes an order and gives it with what else is to be announced.
    mutating func addOrder(_ body: JSON, via source: String = "rest-api") throws(ShopError) -> (OrderRow, [Event]) {
        var row = OrderRow(
            id: 0, currency: body["currency"]?.string ?? options.currency.code, key: "wc_order_" + dice.letters(13),
            createdVia: source, created: clock, modified: clock)
        try write(body, to: &row)
        row.id = newPost()
        var status = body["status"]?.string ?? "pending"
        if body["set_paid"]?.truth ?? false {
            row.paid = clock
            if status == "pending" { status = needsProcessing(row) ? "processing" : "completed" }
        }
        let effects = move(&row, to: status)
        orders.insert(row)
        return (row, effects)
    }

    mutating func oneOrder(_ call: Call, _ id: Int) throws(ShopError) -> Reply {
        guard let row = orders[id] else {
            guard ["GET", "DELETE"].contains(call.method) else {
                throw ShopError(400, "woocommerce_rest_shop_order_invalid_id", "ID is invalid.")
            }
            throw .invalidID("shop_order", 404)
        }
        switch call.method {
        case "GET": return Reply(node: node(row, call.view))
        case "DELETE": return try deleteOrder(row, call)
        default:
            let (changed, effects) = try changeOrder(row, call.body)
            fire("order.updated", id)
            fire(effects)
            return Reply(node: node(changed, call.view))
        }
    }

    mutating func changeOrder(_ row: OrderRow, _ body: JSON) throws(ShopError) -> (OrderRow, [Event]) {
        var changed = row
        try write(body, to: &changed)
        var effects: [Event] = []
        if row.hasReducedStock { effects += adjustStock(from: row.lines, to: &changed) }
        if body["set_paid"]?.truth ?? false, changed.paid == nil {
            changed.paid = clock
            effects += move(&changed, to: "processing")
        }
        if let status = body["status"]?.string { effects += move(&changed, to: status) }
        changed.modified = clock
        orders.update(row.id) { $0 = changed }
        return (changed, effects)
    }

    private mutating func deleteOrder(_ row: OrderRow, _ call: Call) throws(ShopError) -> Reply {
        let shown = node(row, call.view)
        if call.flag("force") {
            removeOrder(row)
        } else if row.status == "trash" {
            throw ShopError(410, "woocommerce_rest_already_trashed", "The order has already been deleted.")
        } else {
            trashOrder(row)
        }
        return Reply(node: shown)
    }

    mutating func removeOrder(_ row: OrderRow) {
        orders.remove(row.id)
        refundOrders.removeAll { $0.order == row.id }
    }

    mutating func trashOrder(_ row: OrderRow) {
        let metas = (newMeta(), newMeta())
        let second = clock
        orders.update(row.id) { order in
            order.meta += [
                MetaRow(id: metas.0, key: "_wp_trash_meta_status", value: .string("wc-" + order.status)),
                MetaRow(id: metas.1, key: "_wp_trash_meta_time", value: .string(String(second))),
            ]
            order.statusBeforeTrash = order.status
            order.status = "trash"
            order.modified = second
        }
        fire("order.deleted", row.id)
    }

    // MARK: - What a write takes over

    private mutating func write(_ body: JSON, to row: inout OrderRow) throws(ShopError) {
        if let id = body["customer_id"]?.count {
            guard id == 0 || customers[id] != nil else {
                throw ShopError(400, "woocommerce_rest_invalid_customer_id", "Customer ID is invalid.")
            }
            row.customer = id
        }
        Self.write(body["billing"], to: &row.billing)
        Self.write(body["shipping"], to: &row.shipping)
        row.shipping.email = ""
        if let text = body["payment_method"]?.string { row.paymentMethod = ShopText.plain(text) }
        if let text = body["payment_method_title"]?.string { row.paymentTitle = ShopText.plain(text) }
        if let text = body["transaction_id"]?.string { row.transaction = text }
        if let text = body["customer_note"]?.string { row.note = ShopText.plain(text) }
        writeMeta(body["meta_data"], to: &row.meta)
        let isTouched = try writeItems(body, to: &row)
        if isTouched || row.id == 0 { settleTaxes(&row) }
        try writeCoupons(body, to: &row)
    }

    /// Lines, shipping and fees. Gives whether there was any.
    private mutating func writeItems(_ body: JSON, to row: inout OrderRow) throws(ShopError) -> Bool {
        let lines = body["line_items"]?.array ?? []
        for entry in lines { try writeLine(entry, to: &row) }
        let deliveries = body["shipping_lines"]?.array ?? []
        for entry in deliveries { writeCharge(entry, title: "method_title", to: &row.deliveries) }
        let fees = body["fee_lines"]?.array ?? []
        for entry in fees { writeCharge(entry, title: "name", to: &row.fees) }
        return !(lines.isEmpty && deliveries.isEmpty && fees.isEmpty)
    }

    /// A line with its id is changed (null product or no quantity removes it); one without is added, each time anew.
    private mutating func writeLine(_ entry: JSON, to row: inout OrderRow) throws(ShopError) {
        guard let id = entry["id"]?.count, id != 0 else {
            row.lines.append(newLine(entry))
            return
        }
        guard let place = row.lines.firstIndex(where: { $0.id == id }) else {
            throw ShopError(
                400, "woocommerce_rest_invalid_item_id", "Order item ID provided is not associated with order.")
        }
        if entry["product_id"]?.isNull ?? false || entry["quantity"]?.isNull ?? false || entry["quantity"]?.count == 0 {
            row.lines.remove(at: place)
            return
        }
        // A new quantity alone leaves the totals as they are: the price per piece becomes odd.
        if let quantity = entry["quantity"]?.count { row.lines[place].quantity = quantity }
        if let text = entry["subtotal"]?.scalarText { row.lines[place].subtotal = minorUnits(ShopText.decimal(text)) }
        if let text = entry["total"]?.scalarText { row.lines[place].total = minorUnits(ShopText.decimal(text)) }
        if let text = entry["name"]?.scalarText { row.lines[place].name = ShopText.plain(text) }
        writeMeta(entry["meta_data"], to: &row.lines[place].meta)
    }

    /// A new line. A product nobody knows makes a line of nothing, without an error.
    private mutating func newLine(_ entry: JSON) -> OrderLine {
        let wanted = entry["variation_id"]?.count.flatMap { $0 == 0 ? nil : $0 } ?? entry["product_id"]?.count
        let found = wanted ?? entry["sku"]?.scalarText.flatMap { skus[$0.lowercased()] }
        let product = found.flatMap { products[$0] }
        let quantity = entry["quantity"]?.count ?? 1
        let price = product.map { minorUnits(currentPrice($0)) } ?? 0
        let (worth, isOver) = price.multipliedReportingOverflow(by: Int64(quantity))
        let subtotal = entry["subtotal"]?.scalarText.map { minorUnits(ShopText.decimal($0)) }
        let total = entry["total"]?.scalarText.map { minorUnits(ShopText.decimal($0)) }
        let standard = isOver ? 0 : worth
        var line = OrderLine(
            id: newLine(), name: entry["name"]?.scalarText ?? product.map(fullName) ?? "",
            product: product.map { $0.isVariation ? $0.parent : $0.id } ?? 0,
            variation: product.flatMap { $0.isVariation ? $0.id : nil } ?? 0, quantity: quantity,
            subtotal: subtotal ?? total ?? standard, total: total ?? subtotal ?? standard)
        for choice in product?.isVariation ?? false ? product?.attributes ?? [] : [] {
            let option = choice.options.first ?? ""
            let slug = attributes.first { $0.id == choice.id }?.slug
            line.meta.append(
                MetaRow(
                    id: newMeta(), key: slug ?? choice.name.lowercased(),
                    value: .string(slug == nil ? option : ShopText.slug(option))))
        }
        writeMeta(entry["meta_data"], to: &line.meta)
        return line
    }

    private mutating func writeCharge(_ entry: JSON, title: String, to charges: inout [OrderCharge]) {
        let total = entry["total"]?.scalarText.map { minorUnits(ShopText.decimal($0)) }
        if let id = entry["id"]?.count, let place = charges.firstIndex(where: { $0.id == id }) {
            if entry["method_id"]?.isNull ?? false || entry[title]?.isNull ?? false {
                charges.remove(at: place)
                return
            }
            if let total { charges[place].total = total }
            if let text = entry[title]?.scalarText { charges[place].title = ShopText.plain(text) }
            return
        }
        charges.append(
            OrderCharge(
                id: newLine(), title: ShopText.plain(entry[title]?.scalarText ?? ""),
                method: entry["method_id"]?.scalarText ?? "", instance: entry["instance_id"]?.scalarText ?? "",
                total: total ?? 0))
    }
}
