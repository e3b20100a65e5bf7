import Commerce

/// The orders of a filled shop: rounded as the shop rounds them, in every state an order can be in.
extension WooCommerceSandbox {
    mutating func fillOrders(_ count: Int, from start: Int64, to end: Int64) {
        let goods = products.rows.filter { $0.type != "variable" && $0.status == "publish" }.map(\.id)
        let buyers = customers.rows.filter { $0.role == "customer" }.map(\.id)
        guard !goods.isEmpty else { return }
        for number in 0..<max(0, count) {
            clock = start + (end - start) * Int64(number) / Int64(max(1, count))
            var row = filledOrder(number, goods: goods, buyers: buyers)
            settle(&row)
            orders.insert(row)
        }
    }

    private mutating func filledOrder(_ number: Int, goods: [Int], buyers: [Int]) -> OrderRow {
        var row = OrderRow(
            id: newPost(), currency: options.currency.code, key: "wc_order_" + dice.letters(13),
            createdVia: "store-api", created: clock, modified: clock)
        fillBuyer(&row, number, buyers)
        let isCard = dice.happens(0.4)
        row.paymentMethod = isCard ? "card" : dice.happens(0.3) ? "bacs" : "cod"
        row.paymentTitle = ["card": "Card", "bacs": "Bank transfer"][row.paymentMethod] ?? "Cash on delivery"
        if isCard { row.transaction = "tx-\(row.id)" }
        for _ in 0..<(1 + dice.below(5)) { if let line = filledLine(dice.pick(goods)) { row.lines.append(line) } }
        if dice.happens(0.75) {
            row.deliveries = [
                OrderCharge(
                    id: newLine(), title: "Flat rate", method: "flat_rate", instance: "1", total: minorUnits("350"))
            ]
        }
        if dice.happens(0.1) { row.fees = [OrderCharge(id: newLine(), title: "Gift wrap", total: minorUnits("100"))] }
        settleTaxes(&row)
        if dice.happens(0.12), let coupon = coupons.rows.first(where: { $0.code == "welcome10" }) {
            apply(coupon, to: &row)
        }
        return row
    }

    private mutating func fillBuyer(_ row: inout OrderRow, _ number: Int, _ buyers: [Int]) {
        if dice.happens(0.75), let id = dice.pick(buyers), let customer = customers[id] {
            row.customer = id
            row.billing = customer.billing
            row.shipping = customer.shipping
        } else {
            row.billing = AddressRow(
                first: dice.pick(FillingWords.first) ?? "", last: dice.pick(FillingWords.last) ?? "",
                line1: "\(1 + dice.below(99)) \(dice.pick(FillingWords.streets) ?? "")", city: "Galle",
                postcode: "80000", country: options.country, email: "guest\(number + 1)@example.com")
        }
    }

    private mutating func filledLine(_ id: Int?) -> OrderLine? {
        guard let product = id.flatMap({ products[$0] }) else { return nil }
        let quantity = 1 + dice.below(4)
        let worth = minorUnits(product.price(at: clock)) * Int64(quantity)
        var line = OrderLine(
            id: newLine(), name: fullName(product), product: product.isVariation ? product.parent : product.id,
            variation: product.isVariation ? product.id : 0, quantity: quantity, subtotal: worth, total: worth)
        for choice in product.attributes where product.isVariation {
            line.meta.append(
                MetaRow(
                    id: newMeta(), key: attributes.first { $0.id == choice.id }?.slug ?? choice.name,
                    value: .string(ShopText.slug(choice.options.first ?? ""))))
        }
        return line
    }

    /// Gives an order its state, and what comes with it.
    private mutating func settle(_ row: inout OrderRow) {
        let shares: [(Int, String)] = [
            (55, "completed"), (75, "processing"), (83, "on-hold"), (88, "pending"), (92, "cancelled"), (94, "failed"),
            (100, "refunded"),
        ]
        let draw = dice.below(100)
        let status = shares.first { draw < $0.0 }?.1 ?? "completed"
        row.status = status
        row.modified = row.created + Int64(600 + dice.below(3 * 86_400))
        let isPaid =
            ["completed", "refunded"].contains(status) || (status == "processing" && row.paymentMethod != "cod")
        if isPaid { row.paid = row.created + 60 }
        if ["completed", "refunded"].contains(status) { row.completed = row.modified }
        row.hasReducedStock = Self.stockTaken.contains(status) || status == "refunded"
        row.hasCountedSales = row.hasReducedStock
        for place in row.lines.indices where row.hasReducedStock {
            let own = row.lines[place].variation == 0 ? row.lines[place].product : row.lines[place].variation
            if products[own]?.isTracked ?? false { setTaken(&row.lines[place], row.lines[place].quantity) }
        }
        fillRefund(&row)
    }

    private mutating func fillRefund(_ row: inout OrderRow) {
        if row.status == "refunded" { return refundRest(&row) }
        guard row.status == "completed", dice.happens(0.1), let line = row.lines.first else { return }
        let part = RefundLine(
            id: newLine(), line: line.id, quantity: line.quantity, total: line.total, tax: line.tax, metaID: newMeta())
        let refund = RefundRow(
            id: newPost(), amount: line.total + line.tax, reason: "damaged", isPaidBack: false, created: row.modified,
            metaID: newMeta(), lines: [part], taxLine: options.taxRatePercent == nil ? 0 : newLine())
        guard refund.amount > 0 else { return }
        row.refunds.append(refund)
        refundOrders.append((refund.id, row.id))
    }

    /// What a careless merchant leaves behind.
    mutating func fillFlaws(at second: Int64) {
        clock = second
        _ = addCustomer([:], email: "")
        _ = try? addProduct(["name": "Unlabelled box", "regular_price": "500"])
        _ = try? addOrder(["line_items": [["product_id": 99_999_999, "quantity": 1]]])
    }
}
