import Commerce

/// What shoppers and staff do on the shop's own pages: never through the REST interface, with its stock arithmetic
/// and its webhooks. Each takes the true time and gives nil (or false) when there is no such object.
extension WooCommerceSandbox {
    /// A piece of a cart.
    public struct CartItem: Hashable, Sendable {
        /// The SKU of a product or variation.
        public var sku: String
        /// Pieces.
        public var quantity: Int

        /// A piece of a cart.
        public init(sku: String, quantity: Int) {
            self.sku = sku
            self.quantity = quantity
        }
    }

    /// Who buys, and how.
    public struct Checkout: Hashable, Sendable {
        /// A registered customer's e-mail, or a guest's.
        public var email: String
        /// First and last name; nil takes the customer's.
        public var name: String?
        /// `cod`, `bacs`, or a card gateway's name, which means "paid at once".
        public var paymentMethod: String
        /// The price of shipping, in the currency's major unit; nil for none.
        public var shipping: String?
        /// A coupon's code.
        public var coupon: String?
        /// What the shopper wrote.
        public var note: String

        /// A checkout with cash on delivery and shipping for 350.
        public init(
            email: String, name: String? = nil, paymentMethod: String = "cod", shipping: String? = "350",
            coupon: String? = nil, note: String = ""
        ) {
            self.email = email
            self.name = name
            self.paymentMethod = paymentMethod
            self.shipping = shipping
            self.coupon = coupon
            self.note = note
        }
    }

    /// A shopper places an order; it is processed at once and takes its pieces from stock in one go. Its webhooks
    /// come as recorded: "updated" before "created".
    ///
    /// - Returns: the order's id, or nil when a SKU or the coupon is unknown.
    @discardableResult
    public mutating func placeOrder(_ cart: [CartItem], _ checkout: Checkout, at now: Moment) -> Int? {
        setClock(now)
        guard !cart.isEmpty, cart.allSatisfy({ skus[$0.sku.lowercased()] != nil }) else { return nil }
        guard let (row, effects) = try? addOrder(body(cart, checkout), via: "store-api") else { return nil }
        fire("order.updated", row.id)
        fire("order.created", row.id)
        fire(effects)
        return row.id
    }

    /// A shopper's order fails at the last step and stays behind as a draft: no list shows it unless asked for
    /// drafts, and an "updated" tells of an order that was never "created".
    ///
    /// - Returns: the draft's id, or nil when a SKU is unknown.
    @discardableResult
    public mutating func abandonCheckout(_ cart: [CartItem], _ checkout: Checkout, at now: Moment) -> Int? {
        setClock(now)
        guard !cart.isEmpty, cart.allSatisfy({ skus[$0.sku.lowercased()] != nil }) else { return nil }
        var members = body(cart, checkout).object ?? [:]
        members["status"] = "checkout-draft"
        guard let (row, _) = try? addOrder(.object(members), via: "store-api") else { return nil }
        fire("order.updated", row.id)
        return row.id
    }

    private func body(_ cart: [CartItem], _ checkout: Checkout) -> JSON {
        let customer = emails[checkout.email.lowercased()].flatMap { customers[$0] }
        let words = (checkout.name ?? "").split(separator: " ", maxSplits: 1).map(String.init)
        let address = customer?.billing ?? AddressRow()
        let billing: JSON = [
            "first_name": .string(words.first ?? customer?.first ?? "Guest"),
            "last_name": .string(words.dropFirst().first ?? customer?.last ?? ""), "company": .string(address.company),
            "address_1": .string(address.line1.isEmpty ? "7 Sea Street" : address.line1),
            "city": .string(address.city.isEmpty ? "Galle" : address.city), "postcode": .string(address.postcode),
            "country": .string(options.country), "email": .string(checkout.email), "phone": .string(address.phone),
        ]
        let isCard = !["cod", "bacs", "cheque"].contains(checkout.paymentMethod)
        var members: [String: JSON] = [
            "status": .string(checkout.paymentMethod == "bacs" ? "on-hold" : "processing"),
            "customer_id": .integer(customer?.id ?? 0), "billing": billing, "shipping": billing,
            "payment_method": .string(checkout.paymentMethod), "customer_note": .string(checkout.note),
            "payment_method_title": .string(isCard ? "Card" : "Cash on delivery"),
            "line_items": .array(
                cart.map { item in
                    ["sku": .string(item.sku), "quantity": .integer(max(1, item.quantity))]
                }),
        ]
        if isCard { members["transaction_id"] = .string("tx-\(lastPost + 1)") }
        if let shipping = checkout.shipping {
            members["shipping_lines"] = [
                ["method_id": "flat_rate", "method_title": "Flat rate", "total": .string(shipping)]
            ]
        }
        if let coupon = checkout.coupon { members["coupon_lines"] = [["code": .string(coupon)]] }
        return .object(members)
    }

    /// Staff change a product's regular price (and end its sale).
    @discardableResult
    public mutating func editPrice(sku: String, to price: String, at now: Moment) -> Bool {
        editProduct(sku: sku, ["regular_price": .string(price), "sale_price": ""], at: now)
    }

    /// Staff rename a product.
    @discardableResult
    public mutating func renameProduct(sku: String, to name: String, at now: Moment) -> Bool {
        editProduct(sku: sku, ["name": .string(name)], at: now)
    }

    /// Staff count a product's stock.
    @discardableResult
    public mutating func setStock(sku: String, to quantity: Int, at now: Moment) -> Bool {
        editProduct(sku: sku, ["manage_stock": true, "stock_quantity": .integer(quantity)], at: now)
    }

    /// Staff change members of a product or variation, named as the REST interface names them.
    @discardableResult
    public mutating func editProduct(sku: String, _ members: JSON, at now: Moment) -> Bool {
        setClock(now)
        guard let row = skus[sku.lowercased()].flatMap({ products[$0] }),
            (try? change(row, members)) != nil
        else { return false }
        fire("product.updated", row.id)
        if row.isVariation {
            let second = clock
            products.update(row.parent) { $0.modified = second }
        }
        return true
    }

    /// Staff make a product, its members named as the REST interface names them.
    ///
    /// - Returns: its id, or nil when it is refused (its SKU is taken).
    @discardableResult
    public mutating func createProduct(_ members: JSON, at now: Moment) -> Int? {
        setClock(now)
        return (try? addProduct(members))?.id
    }

    /// Staff delete a product: into the trash, which is told by webhook, or for ever, which is not.
    @discardableResult
    public mutating func deleteProduct(sku: String, forEver: Bool = false, at now: Moment) -> Bool {
        setClock(now)
        guard let row = skus[sku.lowercased()].flatMap({ products[$0] }) else { return false }
        if forEver || row.isVariation { removeProduct(row) } else { trashProduct(row.id) }
        return true
    }

    /// Staff take a product out of the trash.
    @discardableResult
    public mutating func restoreProduct(_ id: Int, at now: Moment) -> Bool {
        setClock(now)
        guard let row = products[id], row.status == "trash" else { return false }
        let second = clock
        products.update(id) { row in
            row.status = row.statusBeforeTrash.isEmpty ? "draft" : row.statusBeforeTrash
            Self.untrash(&row)
            row.modified = second
        }
        fire("product.updated", row.id)
        fire("product.restored", row.id)
        return true
    }

    /// Somebody registers, or staff make a customer. An empty e-mail makes one without.
    @discardableResult
    public mutating func registerCustomer(email: String, _ members: JSON = [:], at now: Moment) -> Int? {
        setClock(now)
        guard email.isEmpty || emails[email.lowercased()] == nil else { return nil }
        return addCustomer(members, email: email).id
    }

    /// A customer's members are changed, named as the REST interface names them.
    @discardableResult
    public mutating func editCustomer(email: String, _ members: JSON, at now: Moment) -> Bool {
        setClock(now)
        guard let row = emails[email.lowercased()].flatMap({ customers[$0] }) else { return false }
        return (try? changeCustomer(row, members)) != nil
    }

    /// Staff complete an order.
    @discardableResult
    public mutating func complete(order id: Int, at now: Moment) -> Bool {
        setStatus(of: id, to: "completed", at: now)
    }

    /// Staff cancel an order: its pieces go back into stock.
    @discardableResult
    public mutating func cancel(order id: Int, at now: Moment) -> Bool {
        setStatus(of: id, to: "cancelled", at: now)
    }

    private mutating func setStatus(of id: Int, to status: String, at now: Moment) -> Bool {
        setClock(now)
        guard let row = orders[id], let (_, effects) = try? changeOrder(row, ["status": .string(status)]) else {
            return false
        }
        fire("order.updated", id)
        fire(effects)
        return true
    }

    /// Staff give money back: an amount in the major unit, or all that is left, with its lines back into stock.
    ///
    /// - Returns: the refund's id, or nil when it is refused.
    @discardableResult
    public mutating func refund(
        order id: Int, amount: String? = nil, reason: String = "", at now: Moment
    ) -> Int? {
        setClock(now)
        guard let row = orders[id] else { return nil }
        var body: [String: JSON] = ["api_refund": false, "reason": .string(reason)]
        body["amount"] = .string(amount ?? self.amount(row.total - row.refunded))
        if amount == nil, row.refunds.isEmpty { body["line_items"] = .array(row.lines.map(wholeLine)) }
        return (try? addRefund(.object(body), to: row))?.0.id
    }

    private func wholeLine(_ line: OrderLine) -> JSON {
        [
            "id": .integer(line.id), "quantity": .integer(line.quantity), "refund_total": .string(amount(line.total)),
            "refund_tax": [["id": 1, "refund_total": .string(amount(line.tax))]],
        ]
    }

    /// Makes a coupon: `percent`, `fixed_cart` or `fixed_product`.
    @discardableResult
    public mutating func createCoupon(_ code: String, type: String, amount: String, at now: Moment) -> Int {
        setClock(now)
        return addCoupon(code.lowercased(), type: type, amount: amount).id
    }
}
