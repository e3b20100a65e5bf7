import Commerce

/// What staff do with an order that was placed: as on the shop's own pages, with its stock arithmetic and its webhooks.
extension WooCommerceSandbox {
    /// A change of an order's lines.
    public enum LineEdit: Hashable, Sendable {
        /// So many pieces of a product or variation more, on a line of their own.
        case add(sku: String, quantity: Int)
        /// The line at that place, of as many pieces at the same price each.
        case alter(line: Int, quantity: Int)
        /// The line at that place is taken out; never the last one.
        case remove(line: Int)
    }

    /// Staff edit the lines of an order. False where there is none, where it may not be edited any more, or where the
    /// edit changes nothing.
    @discardableResult
    public mutating func editLines(ofOrder id: Int, _ edit: LineEdit, at now: Moment) -> Bool {
        setClock(now)
        guard let row = orders[id], ["pending", "on-hold", "processing"].contains(row.status), row.refunds.isEmpty,
            let entry = entry(edit, row), let (_, effects) = try? changeOrder(row, ["line_items": [entry]])
        else { return false }
        fire("order.updated", id)
        fire(effects)
        return true
    }

    private func entry(_ edit: LineEdit, _ row: OrderRow) -> JSON? {
        switch edit {
        case .add(let sku, let quantity):
            guard skus[sku.lowercased()] != nil, quantity > 0 else { return nil }
            return ["sku": .string(sku), "quantity": .integer(quantity)]
        case .alter(let place, let quantity):
            guard row.lines.indices.contains(place), quantity > 0 else { return nil }
            let line = row.lines[place]
            guard line.quantity > 0, line.quantity != quantity else { return nil }
            let each = (subtotal: line.subtotal / Int64(line.quantity), total: line.total / Int64(line.quantity))
            return [
                "id": .integer(line.id), "quantity": .integer(quantity),
                "subtotal": .string(amount(each.subtotal * Int64(quantity))),
                "total": .string(amount(each.total * Int64(quantity))),
            ]
        case .remove(let place):
            guard row.lines.indices.contains(place), row.lines.count > 1 else { return nil }
            return ["id": .integer(row.lines[place].id), "quantity": 0]
        }
    }
}
