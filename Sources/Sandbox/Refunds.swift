import Commerce

extension WooCommerceSandbox {
    func order(_ id: Int) throws(ShopError) -> OrderRow {
        guard let row = orders[id] else {
            throw ShopError(404, "woocommerce_rest_invalid_order", "Invalid order.")
        }
        return row
    }

    func listRefunds(_ call: Call, of order: Int) throws(ShopError) -> Reply {
        let row = try self.order(order)
        let query = query(call, order: "date")
        let page = row.refunds.reversed().dropFirst(query.skip).prefix(query.perPage)
        return listReply(page.map { node($0, of: row, call.view) }, total: row.refunds.count, query, call)
    }

    func listAllRefunds(_ call: Call) -> Reply {
        let query = query(call, order: "date")
        let page = refundOrders.reversed().dropFirst(query.skip).prefix(query.perPage)
        let nodes = page.compactMap { entry -> Node? in
            guard let row = orders[entry.order], let refund = row.refunds.first(where: { $0.id == entry.refund })
            else { return nil }
            var members = node(refund, of: row, call.view).members
            members.insert(.init("parent_id", .int(entry.order)), at: 1)
            return .object(members)
        }
        return listReply(nodes, total: refundOrders.count, query, call)
    }

    func oneRefund(_ call: Call, of order: Int, _ id: Int) throws(ShopError) -> Reply {
        let row = try self.order(order)
        guard let refund = row.refunds.first(where: { $0.id == id }) else {
            throw .invalidID("shop_order_refund", 404)
        }
        guard call.method == "GET" else {
            throw ShopError(501, "woocommerce_rest_trash_not_supported", "The refund does not support trashing.")
        }
        return Reply(node: node(refund, of: row, call.view))
    }

    mutating func createRefund(_ call: Call, of order: Int) throws(ShopError) -> Reply {
        let row = try self.order(order)
        let (refund, changed) = try addRefund(call.body, to: row)
        let location = "\(call.base)\(Call.root)/orders/(?P<order_id>[\\d]+)/refunds/\(refund.id)"
        return .created(node(refund, of: changed, call.view), at: location)
    }

    /// Gives money back. More than is left is an error whose `data` is a bare number: so it was recorded.
    mutating func addRefund(_ body: JSON, to row: OrderRow) throws(ShopError) -> (RefundRow, OrderRow) {
        let asked = body["amount"]?.scalarText.map { minorUnits(ShopText.decimal($0)) }
        var refund = RefundRow(
            id: 0, amount: 0, reason: ShopText.plain(body["reason"]?.string ?? ""), isPaidBack: false, created: clock,
            metaID: 0)
        refund.lines = refundLines(body["line_items"]?.array ?? [], of: row)
        refund.amount = asked ?? refund.lines.reduce(0) { $0 + $1.total + $1.tax }
        guard refund.amount >= 0 else {
            throw ShopError(
                400, "woocommerce_rest_invalid_order_refund", "Refund amount must be greater than zero.")
        }
        guard refund.amount > 0, refund.amount <= row.total - row.refunded else {
            throw Self.cannotRefund("Invalid refund amount.")
        }
        if body["api_refund"]?.truth ?? true {
            guard !["", "cod", "bacs", "cheque"].contains(row.paymentMethod) else {
                throw Self.cannotRefund("The payment gateway for this order does not support automatic refunds.")
            }
            refund.isPaidBack = true
        }
        let changed = book(&refund, on: row, restocks: body["api_restock"]?.truth ?? true)
        return (refund, changed)
    }

    private static func cannotRefund(_ message: String) -> ShopError {
        ShopError(500, "woocommerce_rest_cannot_create_order_refund", message, hasBareData: true)
    }

    private mutating func refundLines(_ entries: [JSON], of row: OrderRow) -> [RefundLine] {
        entries.compactMap { entry in
            guard let id = entry["id"]?.count, row.lines.contains(where: { $0.id == id }) else { return nil }
            let tax = (entry["refund_tax"]?.array ?? []).reduce(Int64(0)) { sum, part in
                sum + minorUnits(ShopText.decimal(part["refund_total"]?.scalarText ?? ""))
            }
            return RefundLine(
                id: newLine(), line: id, quantity: max(0, entry["quantity"]?.count ?? 0),
                total: minorUnits(ShopText.decimal(entry["refund_total"]?.scalarText ?? "")), tax: tax,
                metaID: newMeta())
        }
    }

    private mutating func book(_ refund: inout RefundRow, on row: OrderRow, restocks: Bool) -> OrderRow {
        var changed = row
        refund.id = newPost()
        refund.metaID = newMeta()
        if options.taxRatePercent != nil, !refund.lines.isEmpty { refund.taxLine = newLine() }
        var events: [Event] = []
        for line in refund.lines where restocks && line.quantity > 0 {
            guard let place = changed.lines.firstIndex(where: { $0.id == line.line }) else { continue }
            let back = min(line.quantity, Self.taken(changed.lines[place]))
            guard let moved = moveStock(changed.lines[place], by: back) else { continue }
            setTaken(&changed.lines[place], Self.taken(changed.lines[place]) - back)
            writeMeta(
                [["key": "_restock_refunded_items", "value": .string(String(back))]], to: &changed.lines[place].meta)
            note(&changed, "Item #\(moved.id) stock increased from \(moved.before) to \(moved.after).")
            events.append(Event(topic: "product.updated", id: moved.id))
        }
        note(&changed, "Email \"Refunded order\" sent.")
        changed.refunds.append(refund)
        refundOrders.append((refund.id, row.id))
        if changed.refunded == changed.total, changed.status != "refunded" { events += move(&changed, to: "refunded") }
        changed.modified = clock
        orders.update(row.id) { $0 = changed }
        fire("order.updated", row.id)
        fire(events)
        return changed
    }

    /// An order set to refunded by hand gets a refund of all that is left.
    mutating func refundRest(_ row: inout OrderRow) {
        let rest = row.total - row.refunded
        guard rest > 0 else { return }
        let refund = RefundRow(
            id: newPost(), amount: rest, reason: "Order fully refunded.", isPaidBack: false, created: clock,
            metaID: newMeta())
        row.refunds.append(refund)
        refundOrders.append((refund.id, row.id))
    }

    private func node(_ refund: RefundRow, of row: OrderRow, _ view: View) -> Node {
        let path = "/orders/\(row.id)/refunds"
        let kind = row.refunded == row.total && row.refunds.count == 1 ? "full" : "partial"
        let taxes: Node = refund.taxLine == 0 ? [] : [taxLine(refund.taxLine, cart: -refund.tax, shipping: 0)]
        return [
            "id": .int(refund.id), "date_created": local(refund.created), "date_created_gmt": gmt(refund.created),
            "amount": amountNode(refund.amount), "reason": .text(refund.reason), "refunded_by": 1,
            "refunded_payment": .bool(refund.isPaidBack),
            "meta_data": [["id": .int(refund.metaID), "key": "_refund_type", "value": .text(kind)]],
            "line_items": .list(refund.lines.compactMap { node($0, of: row, view) }), "shipping_lines": [],
            "tax_lines": taxes, "fee_lines": [],
            "_links": view.links(
                "\(path)/\(refund.id)", of: path, allow: ["GET", "DELETE"], more: [view.up("/orders/\(row.id)")]),
        ]
    }

    private func node(_ part: RefundLine, of row: OrderRow, _ view: View) -> Node? {
        guard let line = row.lines.first(where: { $0.id == part.line }) else { return nil }
        let meta = MetaRow(id: part.metaID, key: "_refunded_item_id", value: .string(String(part.line)))
        return .object(
            lineStart(line, id: part.id, quantity: -part.quantity) + [
                .init("subtotal", amountNode(-part.total)), .init("subtotal_tax", amountNode(-part.tax)),
                .init("total", amountNode(-part.total)), .init("total_tax", amountNode(-part.tax)),
                .init("taxes", taxes(-part.tax, subtotal: amountNode(-part.tax))),
                .init("meta_data", [displayed(meta)]),
            ] + lineEnd(line, view, price: price(part.total, part.quantity)))
    }
}
