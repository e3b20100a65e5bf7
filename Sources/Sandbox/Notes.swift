import Commerce

/// Remarks on orders: no webhook tells of them, and they do not move the order's time of change.
extension WooCommerceSandbox {
    func listNotes(_ call: Call, of order: Int) throws(ShopError) -> Reply {
        let row = try self.order(order)
        let fields = call.fields
        // The newest first; of one second, in the order they were made.
        let notes = row.notes.sorted { ($1.created, $0.id) < ($0.created, $1.id) }
        return Reply(node: .list(notes.map { node($0, of: order, call.view).keeping(fields) }))
    }

    mutating func createNote(_ call: Call, of order: Int) throws(ShopError) -> Reply {
        var row = try self.order(order)
        note(&row, call.body["note"]?.scalarText ?? "", isForCustomer: call.body["customer_note"]?.truth ?? false)
        orders.update(order) { $0 = row }
        guard let made = row.notes.last else { throw .noRoute }
        return .created(
            node(made, of: order, call.view), at: "\(call.base)\(Call.root)/orders/\(order)/notes/\(made.id)")
    }

    mutating func oneNote(_ call: Call, of order: Int, _ id: Int) throws(ShopError) -> Reply {
        let row = try self.order(order)
        guard let found = row.notes.first(where: { $0.id == id }) else {
            throw ShopError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        }
        if call.method == "DELETE" { orders.update(order) { $0.notes.removeAll { $0.id == id } } }
        return Reply(node: node(found, of: order, call.view))
    }

    private func node(_ row: NoteRow, of order: Int, _ view: View) -> Node {
        let path = "/orders/\(order)/notes"
        return [
            "id": .int(row.id), "author": "WooCommerce", "date_created": local(row.created),
            "date_created_gmt": gmt(row.created), "note": .text(row.text), "customer_note": .bool(row.isForCustomer),
            "_links": view.links(
                "\(path)/\(row.id)", of: path, allow: ["GET", "DELETE"], more: [view.up("/orders/\(order)")]),
        ]
    }
}
