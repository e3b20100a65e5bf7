import Commerce
import Wire

/// Customers: no filter by time of change, no trash, and an e-mail address that is unique only most of the time.
extension WooCommerceSandbox {
    mutating func listCustomers(_ call: Call) -> Reply {
        let query = query(call, order: "name", isAscending: true)
        let role = call.text("role") ?? "customer"
        let code = StatusCode.of(role)
        let email = call.text("email")?.lowercased()
        var sorted: [Int]?
        if query.order == "name" {
            sorted = customersByName ?? ids(customers) { ($0.first + " " + $0.last).lowercased() }
            customersByName = sorted
        }
        // Unknown filters, `modified_after` among them, are ignored: everything comes back.
        let found = find(
            customers, query, sorted: sorted, isShown: { query.admitsID($0) && (role == "all" || $0.status == code) },
            matches: email == nil && query.search == nil
                ? nil
                : { row in
                    if let email, row.email.lowercased() != email { return false }
                    guard let search = query.search else { return true }
                    return [row.email, row.username, row.first, row.last].contains { $0.lowercased().contains(search) }
                })
        return listReply(found.rows.map { node($0, call.view) }, total: found.total, query, call)
    }

    mutating func createCustomer(_ call: Call) throws(ShopError) -> Reply {
        guard let email = call.body["email"]?.string else {
            throw ShopError(
                400, "rest_missing_callback_param", "Missing parameter(s): email", [.init("params", ["email"])])
        }
        guard Schema.isEmail(email) else {
            throw ShopError(400, "customer_invalid_email", "Invalid email address")
        }
        if let holder = emails[email.lowercased()], !isRacing(holder) {
            throw ShopError(
                400, "registration-error-email-exists",
                "An account is already registered with \(email). Please log in or use a different email address.")
        }
        let row = addCustomer(call.body, email: email)
        return .created(node(row, call.view), at: "\(call.base)\(Call.root)/customers/\(row.id)")
    }

    /// Whether a customer is so new that a create at the same time would not have seen it.
    private func isRacing(_ id: Int) -> Bool {
        guard let row = customers[id] else { return false }
        return Double(clock - row.created) < options.raceSeconds
    }

    mutating func addCustomer(_ body: JSON, email: String) -> CustomerRow {
        lastCustomer += 1
        var row = CustomerRow(id: lastCustomer, email: email, created: clock, modified: clock)
        row.username = body["username"]?.string ?? String(email.prefix { $0 != "@" })
        write(body, to: &row)
        customers.insert(row)
        customersByName = nil
        if !email.isEmpty { emails[email.lowercased()] = row.id }
        fire("customer.created", row.id)
        fire("customer.updated", row.id)
        return row
    }

    private mutating func write(_ body: JSON, to row: inout CustomerRow) {
        if let text = body["first_name"]?.scalarText { row.first = ShopText.plain(text) }
        if let text = body["last_name"]?.scalarText { row.last = ShopText.plain(text) }
        Self.write(body["billing"], to: &row.billing)
        Self.write(body["shipping"], to: &row.shipping)
        writeMeta(body["meta_data"], to: &row.meta)
    }

    static func write(_ json: JSON?, to row: inout AddressRow) {
        for (name, path) in addressMembers {
            if let text = json?[name]?.scalarText { row[keyPath: path] = ShopText.plain(text) }
        }
    }

    private static var addressMembers: [(String, WritableKeyPath<AddressRow, String>)] {
        [
            ("first_name", \.first), ("last_name", \.last), ("company", \.company), ("address_1", \.line1),
            ("address_2", \.line2), ("city", \.city), ("state", \.state), ("postcode", \.postcode),
            ("country", \.country), ("email", \.email), ("phone", \.phone),
        ]
    }

    mutating func oneCustomer(_ call: Call, _ id: Int) throws(ShopError) -> Reply {
        guard let row = customers[id] else {
            throw ShopError(
                ["GET", "DELETE"].contains(call.method) ? 404 : 400, "wc_user_invalid_id", "Invalid user ID.")
        }
        switch call.method {
        case "GET": return Reply(node: node(row, call.view))
        case "DELETE":
            guard call.flag("force") else {
                throw ShopError(501, "woocommerce_rest_trash_not_supported", "Customers do not support trashing.")
            }
            removeCustomer(row)
            // Once gone, nothing more may be done with it: the links of the answer say nothing about that.
            return Reply(node: node(row, call.view, isGone: true))
        default: return Reply(node: node(try changeCustomer(row, call.body), call.view))
        }
    }

    mutating func changeCustomer(_ row: CustomerRow, _ body: JSON) throws(ShopError) -> CustomerRow {
        var changed = row
        if let email = body["email"]?.string, email.lowercased() != row.email.lowercased() {
            guard Schema.isEmail(email), emails[email.lowercased()] == nil else {
                throw ShopError(400, "woocommerce_rest_customer_invalid_email", "Email address is invalid.")
            }
            emails[row.email.lowercased()] = nil
            emails[email.lowercased()] = row.id
            changed.email = email
        }
        write(body, to: &changed)
        changed.modified = clock
        customers.update(row.id) { $0 = changed }
        customersByName = nil
        fire("customer.updated", row.id)
        return changed
    }

    mutating func removeCustomer(_ row: CustomerRow) {
        customers.remove(row.id)
        customersByName = nil
        if emails[row.email.lowercased()] == row.id { emails[row.email.lowercased()] = nil }
        fire("customer.deleted", row.id)
    }

    func node(_ row: CustomerRow, _ view: View, isGone: Bool = false) -> Node {
        let hash = Signature.hex(Signature.sha256(Array(row.email.lowercased().utf8)))
        return [
            "id": .int(row.id), "date_created": local(row.created), "date_created_gmt": gmt(row.created),
            "date_modified": local(row.modified), "date_modified_gmt": gmt(row.modified), "email": .text(row.email),
            "first_name": .text(row.first), "last_name": .text(row.last), "role": .text(row.role),
            "username": .text(row.username), "billing": addressNode(row.billing, hasEmail: true),
            "shipping": addressNode(row.shipping, hasEmail: false), "is_paying_customer": .bool(row.isPaying),
            "avatar_url": .text("https://secure.gravatar.com/avatar/\(hash)?s=96&d=mm&r=g"),
            "meta_data": metaNode(row.meta),
            "_links": view.links("/customers/\(row.id)", of: "/customers", allow: isGone ? nil : View.all),
        ]
    }

    /// An address: customers and orders name the state at different places, and shipping has no e-mail.
    func addressNode(_ row: AddressRow, hasEmail: Bool, isOfOrder: Bool = false) -> Node {
        var members: [Node.Member] = [
            .init("first_name", .text(row.first)), .init("last_name", .text(row.last)),
            .init("company", .text(row.company)), .init("address_1", .text(row.line1)),
            .init("address_2", .text(row.line2)), .init("city", .text(row.city)),
        ]
        let state = Node.Member("state", .text(row.state))
        if isOfOrder { members.append(state) }
        members += [.init("postcode", .text(row.postcode)), .init("country", .text(row.country))]
        if !isOfOrder { members.append(state) }
        if hasEmail { members.append(.init("email", .text(row.email))) }
        members.append(.init("phone", .text(row.phone)))
        return .object(members)
    }
}
