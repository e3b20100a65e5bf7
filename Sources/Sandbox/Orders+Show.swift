import Commerce

/// Showing orders, in the recorded order of members.
extension WooCommerceSandbox {
    static let version = "11.0.1"

    func node(_ row: OrderRow, _ view: View) -> Node {
        .object(head(row) + sums(row) + people(row) + lists(row, view) + tail(row, view))
    }

    private func head(_ row: OrderRow) -> [Node.Member] {
        [
            .init("id", .int(row.id)), .init("parent_id", 0), .init("status", .text(row.status)),
            .init("currency", .text(row.currency)), .init("version", .text(Self.version)),
            .init("prices_include_tax", false), .init("date_created", local(row.created)),
            .init("date_modified", local(row.modified)),
        ]
    }

    private func sums(_ row: OrderRow) -> [Node.Member] {
        [
            .init("discount_total", amountNode(row.discount)), .init("discount_tax", amountNode(row.discountTax)),
            .init("shipping_total", amountNode(row.shippingTotal)), .init("shipping_tax", amountNode(row.shippingTax)),
            .init("cart_tax", amountNode(row.cartTax)), .init("total", amountNode(row.total)),
            .init("total_tax", amountNode(row.cartTax + row.shippingTax)),
        ]
    }

    private func people(_ row: OrderRow) -> [Node.Member] {
        [
            .init("customer_id", .int(row.customer)), .init("order_key", .text(row.key)),
            .init("billing", addressNode(row.billing, hasEmail: true, isOfOrder: true)),
            .init("shipping", addressNode(row.shipping, hasEmail: false, isOfOrder: true)),
            .init("payment_method", .text(row.paymentMethod)), .init("payment_method_title", .text(row.paymentTitle)),
            .init("transaction_id", .text(row.transaction)), .init("customer_ip_address", .text(row.ip)),
            .init("customer_user_agent", ""), .init("created_via", .text(row.createdVia)),
            .init("customer_note", .text(row.note)), .init("date_completed", local(row.completed)),
            .init("date_paid", local(row.paid)), .init("cart_hash", .text(row.cartHash)),
            .init("number", .text(String(row.id))), .init("meta_data", metaNode(row.meta)),
        ]
    }

    private func lists(_ row: OrderRow, _ view: View) -> [Node.Member] {
        let refunds = row.refunds.map { refund -> Node in
            [
                "id": .int(refund.id), "reason": .text(refund.reason), "total": amountNode(-refund.amount),
                "total_tax": amountNode(-refund.tax),
            ]
        }
        return [
            .init("line_items", .list(row.lines.map { node($0, view) })), .init("tax_lines", taxLines(row)),
            .init("shipping_lines", .list(row.deliveries.map(deliveryNode))),
            .init("fee_lines", .list(row.fees.map(feeNode))), .init("coupon_lines", .list(row.coupons.map(couponNode))),
            .init("refunds", .list(refunds)),
        ]
    }

    private func tail(_ row: OrderRow, _ view: View) -> [Node.Member] {
        let address = "\(view.base)/checkout/order-pay/\(row.id)/?pay_for_order=true&key=\(row.key)"
        let isOpen = ["pending", "failed", "checkout-draft"].contains(row.status)
        return [
            .init("payment_url", .text(address)),
            .init("is_editable", .bool(["pending", "on-hold", "auto-draft"].contains(row.status))),
            .init("needs_payment", .bool(isOpen && row.total > 0)),
            .init("needs_processing", .bool(needsProcessing(row))),
            .init("date_created_gmt", gmt(row.created)), .init("date_modified_gmt", gmt(row.modified)),
            .init("date_completed_gmt", gmt(row.completed)), .init("date_paid_gmt", gmt(row.paid)),
            .init("currency_symbol", .text(currencySymbol)), .init("_links", orderLinks(row, view)),
        ]
    }

    private func orderLinks(_ row: OrderRow, _ view: View) -> Node {
        let templates: Node = ["embeddable": true, "href": view.url("/orders/\(row.id)/actions/email_templates")]
        var more: [Node.Member] = [.init("email_templates", [templates])]
        if row.customer != 0 {
            more.append(.init("customer", [["href": view.url("/customers/\(row.customer)")]]))
        }
        return view.links("/orders/\(row.id)", of: "/orders", more: more)
    }

    // MARK: - Lines

    private func node(_ line: OrderLine, _ view: View) -> Node {
        .object(
            lineStart(line, id: line.id, quantity: line.quantity) + [
                .init("subtotal", amountNode(line.subtotal)), .init("subtotal_tax", amountNode(line.subtotalTax)),
                .init("total", amountNode(line.total)), .init("total_tax", amountNode(line.tax)),
                .init("taxes", taxes(line.tax, subtotal: amountNode(line.subtotalTax))),
                .init("meta_data", .list(line.meta.map(displayed))),
            ] + lineEnd(line, view, price: price(line.total, line.quantity)))
    }

    func lineStart(_ line: OrderLine, id: Int, quantity: Int) -> [Node.Member] {
        [
            .init("id", .int(id)), .init("name", .text(line.name)), .init("product_id", .int(line.product)),
            .init("variation_id", .int(line.variation)), .init("quantity", .int(quantity)),
            .init("tax_class", .text(line.taxClass)),
        ]
    }

    func lineEnd(_ line: OrderLine, _ view: View, price: Node) -> [Node.Member] {
        let product = products[line.variation == 0 ? line.product : line.variation]
        let picture = product?.images.first
        return [
            .init("sku", .textOrNull(product?.sku)), .init("global_unique_id", .textOrNull(product?.gtin)),
            .init("price", price),
            // The id of a picture is a text here and nowhere else; without a picture it is the number 0.
            .init(
                "image",
                [
                    "id": picture.map { .text(String($0.id)) } ?? 0,
                    "src": .text(picture.map { view.base + $0.src } ?? ""),
                ]),
            .init("parent_name", line.variation == 0 ? .null : .textOrNull(products[line.product]?.name)),
        ]
    }

    /// The price of one piece, a number with as many digits as the division gives.
    func price(_ total: Int64, _ quantity: Int) -> Node {
        let divisor = Double(max(1, quantity.magnitude))
        var unit = 1.0
        for _ in 0..<options.currency.exponent { unit *= 10 }
        let text = String(Double(total) / unit / divisor)
        return .number(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    func taxes(_ tax: Int64, subtotal: Node) -> Node {
        options.taxRatePercent == nil ? [] : [["id": 1, "total": amountNode(tax), "subtotal": subtotal]]
    }

    func displayed(_ meta: MetaRow) -> Node {
        let attribute = attributes.first { $0.slug == meta.key }
        let term = attribute == nil ? nil : terms.rows.first { $0.slug == meta.value.string && $0.taxonomy == meta.key }
        return [
            "id": .int(meta.id), "key": .text(meta.key), "value": Node(meta.value),
            "display_key": .text(attribute?.name ?? meta.key),
            "display_value": term.map { .text($0.name) } ?? Node(meta.value),
        ]
    }

    private func taxLines(_ row: OrderRow) -> Node {
        row.taxLine == 0 ? [] : [taxLine(row.taxLine, cart: row.cartTax, shipping: row.shippingTax)]
    }

    func taxLine(_ id: Int, cart: Int64, shipping: Int64) -> Node {
        [
            "id": .int(id), "rate_code": .text("\(options.country)-\(options.taxLabel)-1"), "rate_id": 1,
            "label": .text(options.taxLabel), "compound": false, "tax_total": amountNode(cart),
            "shipping_tax_total": amountNode(shipping),
            "rate_percent": .number(options.taxRatePercent?.description ?? "0"), "meta_data": [],
        ]
    }

    private func deliveryNode(_ charge: OrderCharge) -> Node {
        [
            "id": .int(charge.id), "method_title": .text(charge.title), "method_id": .text(charge.method),
            "instance_id": .text(charge.instance), "tax_status": "taxable", "total": amountNode(charge.total),
            "total_tax": amountNode(charge.tax), "taxes": taxes(charge.tax, subtotal: ""),
            "meta_data": .list(charge.meta.map(displayed)),
        ]
    }

    private func feeNode(_ charge: OrderCharge) -> Node {
        [
            "id": .int(charge.id), "name": .text(charge.title), "tax_class": "", "tax_status": "taxable", "amount": "",
            "total": amountNode(charge.total), "total_tax": amountNode(charge.tax),
            "taxes": taxes(charge.tax, subtotal: ""), "meta_data": [],
        ]
    }

    private func couponNode(_ coupon: OrderCoupon) -> Node {
        let amount = (try? ExactDecimal(parsing: coupon.amount))?.description ?? "0"
        let facts = Node.text("[\(coupon.coupon),\"\(coupon.code)\",\"\(coupon.type)\",\(amount)]")
        // The discount is written without the zeros at its end: "570.1".
        let discount = ExactDecimal(mantissa: coupon.discount, scale: options.currency.exponent).description
        return [
            "id": .int(coupon.id), "code": .text(coupon.code), "discount": .text(discount),
            "discount_tax": amountNode(coupon.discountTax),
            "meta_data": [
                [
                    "id": .int(coupon.metaID), "key": "coupon_info", "value": facts, "display_key": "coupon_info",
                    "display_value": facts,
                ]
            ],
            "discount_type": .text(coupon.type), "nominal_amount": .number(amount), "free_shipping": false,
        ]
    }
}
