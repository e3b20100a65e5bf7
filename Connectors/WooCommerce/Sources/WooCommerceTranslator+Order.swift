import ConnectorKit

extension WooCommerceTranslator {
    /// A registered customer.
    ///
    /// - Throws: `PayloadError`.
    func customer(_ json: JSON) throws(PayloadError) -> Draft {
        let payload = Payload(json)
        var draft = Draft(
            kind: .customer, externalID: try payload.id(), naturalKey: payload.filled("email").map { $0.lowercased() },
            revision: payload.filled("date_modified_gmt"), changedAt: payload.moment("date_modified_gmt"),
            reference: payload.meta(WooCommerceCodes.referenceField))
        let billing = payload.object("billing")
        let own = PersonName(first: name(payload, "first_name"), last: name(payload, "last_name"))
        let name = own.line.isEmpty ? personName(billing) : own
        fill(&draft, name: name, email: payload.filled("email"), billing: billing, shipping: payload.object("shipping"))
        draft.parts[CustomerPart.isGuest] = false
        return draft
    }

    /// The one who bought without an account: a customer of this order alone, never joined to another by e-mail.
    ///
    /// - Throws: `PayloadError`.
    func guest(ofOrder json: JSON) throws(PayloadError) -> Draft {
        let payload = Payload(json)
        let id = try payload.id()
        var draft = Draft(
            kind: .customer, externalID: GuestID.prefix + id, revision: payload.filled("date_modified_gmt"),
            changedAt: payload.moment("date_modified_gmt"))
        let billing = payload.object("billing")
        fill(
            &draft, name: personName(billing), email: billing.filled("email"), billing: billing,
            shipping: payload.object("shipping"))
        draft.parts[CustomerPart.isGuest] = true
        if draft.title.isEmpty { draft.title = "Guest of order \(payload.filled("number") ?? id)" }
        return draft
    }

    private func fill(_ draft: inout Draft, name: PersonName, email: String?, billing: Payload, shipping: Payload) {
        draft.parts[CustomerPart.name] = name.line.isEmpty ? nil : name
        draft.parts[CustomerPart.company] = billing.filled("company").map(WooCommerceText.decoded)
        draft.parts[CustomerPart.email] = email
        draft.parts[CustomerPart.phone] = billing.filled("phone")
        // Phone and company are parts of their own: held twice, an edit of one would be undone by the other.
        var bill = address(billing)
        bill.phone = ""
        bill.company = ""
        draft.parts[CustomerPart.billing] = bill.isEmpty ? nil : bill
        let ship = address(shipping)
        draft.parts[CustomerPart.shipping] = ship.isEmpty ? nil : ship
        draft.title = [name.line, billing.text("company"), email ?? ""].first { !$0.isEmpty } ?? ""
    }

    private func name(_ payload: Payload, _ member: String) -> String { WooCommerceText.name(payload.text(member)) }

    private func personName(_ payload: Payload) -> PersonName {
        PersonName(first: name(payload, "first_name"), last: name(payload, "last_name"))
    }

    func address(_ payload: Payload) -> Address {
        func text(_ member: String) -> String { WooCommerceText.name(payload.text(member)) }
        return Address(
            name: personName(payload).line, company: text("company"), line1: text("address_1"),
            line2: text("address_2"), city: text("city"), region: text("state"), postcode: text("postcode"),
            country: text("country"), phone: text("phone"), email: text("email"))
    }

    /// An order, with its refunds as `/orders/{id}/refunds` lists them: the order itself names only their sums.
    ///
    /// - Throws: `PayloadError`.
    func order(_ json: JSON, refunds: [JSON]) throws(PayloadError) -> Draft {
        let payload = Payload(json)
        let id = try payload.id()
        let currency = try currency(of: payload)
        var draft = Draft(
            kind: .order, externalID: id, revision: payload.filled("date_modified_gmt"),
            changedAt: payload.moment("date_modified_gmt"), title: payload.filled("number") ?? id)
        let content = try content(payload, currency)
        let list = try self.refunds(refunds, currency)
        draft.parts[OrderPart.content] = content
        draft.parts[OrderPart.customer] = .external(.customer, payload.pointer("customer_id") ?? GuestID.prefix + id)
        let status = payload.text("status")
        draft.parts[OrderPart.state] = WooCommerceCodes.orderStates[status] ?? .pending
        remark(onStatus: status, &draft)
        draft.parts[OrderPart.payment] = paymentState(payload, content, list)
        draft.parts[OrderPart.fulfilment] = status == "completed" ? .fulfilled : .unfulfilled
        draft.parts[OrderPart.payments] = payments(payload, content)
        draft.parts[OrderPart.refunds] = list
        draft.parts[OrderPart.taken] = try taken(payload)
        draft.hold = hold(content)
        return draft
    }

    private func currency(of payload: Payload) throws(PayloadError) -> Currency {
        do {
            return try Currency(payload.text("currency"))
        } catch {
            throw PayloadError(reason: "currency: \(error.description)")
        }
    }

    private func remark(onStatus status: String, _ draft: inout Draft) {
        if status == "trash" {
            draft.remarks.append("the order lies in the shop's bin; kept as cancelled until it is taken out")
        } else if WooCommerceCodes.orderStates[status] == nil {
            draft.remarks.append(
                "the shop's order status \"\(status)\" is not one of WooCommerce's own; kept as pending")
        }
    }

    private func content(_ payload: Payload, _ currency: Currency) throws(PayloadError) -> OrderContent {
        guard let placed = payload.moment("date_created_gmt") else {
            throw PayloadError(reason: "date_created_gmt is \(payload.json["date_created_gmt"]?.text ?? "absent")")
        }
        // The totals of lines are net also where the shop enters prices with tax, so pricesIncludeTax stays false.
        return OrderContent(
            number: payload.filled("number") ?? payload.text("id"), currency: currency, placedAt: placed,
            billing: address(payload.object("billing")), shippingAddress: address(payload.object("shipping")),
            lines: try lines(payload.list("line_items"), currency),
            shipping: try charges(payload.list("shipping_lines"), "method_title", currency),
            fees: try charges(payload.list("fee_lines"), "name", currency),
            discounts: try discounts(payload.list("coupon_lines"), currency),
            taxes: try taxes(payload.list("tax_lines"), currency),
            taxTotal: try payload.amount("total_tax", currency), total: try payload.amount("total", currency),
            customerNote: payload.text("customer_note"),
            paymentMethod: payload.filled("payment_method_title") ?? payload.text("payment_method"))
    }

    func lines(_ payloads: [Payload], _ currency: Currency) throws(PayloadError) -> [OrderLine] {
        var lines: [OrderLine] = []
        for line in payloads {
            lines.append(
                OrderLine(
                    key: try line.id(), name: WooCommerceText.name(line.text("name")), sku: line.text("sku"),
                    item: item(of: line), quantity: try line.decimal("quantity") ?? .zero,
                    subtotal: try line.amount("subtotal", currency), total: try line.amount("total", currency),
                    tax: try line.money("total_tax", currency) ?? .zero(currency),
                    taxes: try lineTaxes(line, currency)))
        }
        return lines
    }

    /// What the lines have taken from stock, as the shop keeps it on each; nil where no line says anything, because
    /// none is counted or all came back. Of an order that was refunded it is all that came back: the state it then has
    /// here, carried out and paid back, would else take its pieces once more where it was called off before. So would
    /// an order that is carried out after all when its product is gone: the shop then takes nothing.
    private func taken(_ payload: Payload) throws(PayloadError) -> [LineStock]? {
        var taken: [LineStock] = []
        var isKnown = payload.text("status") == "refunded"
        for line in payload.list("line_items") {
            guard let text = line.meta(WooCommerceCodes.takenField) else {
                isKnown = isKnown || isOrphan(line)
                continue
            }
            guard let quantity = try? ExactDecimal(parsing: text) else {
                throw PayloadError(reason: "\(WooCommerceCodes.takenField) is \"\(text)\"")
            }
            taken.append(LineStock(key: try line.id(), quantity: quantity))
        }
        return taken.isEmpty && !isKnown ? nil : taken
    }

    /// Whether the product of a line exists no more: a product without a SKU shows an empty one, none shows null
    /// (WooCommerce 11.0.1, seen in an answer to an order of an unknown product).
    private func isOrphan(_ line: Payload) -> Bool { line.json["sku"]?.isNull ?? false }

    private func item(of line: Payload) -> String? {
        guard let product = line.pointer("product_id") else { return nil }
        return line.pointer("variation_id").map { VariantID(product: product, variation: $0).text } ?? product
    }

    private func lineTaxes(_ line: Payload, _ currency: Currency) throws(PayloadError) -> [LineTax] {
        var taxes: [LineTax] = []
        for tax in line.list("taxes") {
            guard let amount = try tax.money("total", currency) else { continue }
            taxes.append(LineTax(rate: tax.text("id"), amount: amount))
        }
        return taxes
    }

    private func charges(
        _ payloads: [Payload], _ nameMember: String, _ currency: Currency
    ) throws(PayloadError) -> [OrderCharge] {
        var charges: [OrderCharge] = []
        for charge in payloads {
            charges.append(
                OrderCharge(
                    key: try charge.id(), name: WooCommerceText.name(charge.text(nameMember)),
                    total: try charge.money("total", currency) ?? .zero(currency),
                    tax: try charge.money("total_tax", currency) ?? .zero(currency),
                    taxes: try lineTaxes(charge, currency)))
        }
        return charges
    }

    private func discounts(_ payloads: [Payload], _ currency: Currency) throws(PayloadError) -> [OrderDiscount] {
        var discounts: [OrderDiscount] = []
        for coupon in payloads {
            discounts.append(
                OrderDiscount(
                    code: coupon.text("code"), amount: try coupon.money("discount", currency) ?? .zero(currency)))
        }
        return discounts
    }

    private func taxes(_ payloads: [Payload], _ currency: Currency) throws(PayloadError) -> [OrderTax] {
        var taxes: [OrderTax] = []
        for tax in payloads {
            let onGoods = try tax.money("tax_total", currency) ?? .zero(currency)
            let onShipping = try tax.money("shipping_tax_total", currency) ?? .zero(currency)
            taxes.append(
                OrderTax(
                    key: tax.text("rate_id"), label: tax.filled("label") ?? tax.text("rate_code"),
                    percent: try? tax.decimal("rate_percent"), total: try sum(onGoods, onShipping)))
        }
        return taxes
    }

    private func sum(_ left: Money, _ right: Money) throws(PayloadError) -> Money {
        do {
            return try left.adding(right)
        } catch {
            throw PayloadError(reason: error.description)
        }
    }
}

/// The id of a guest: his order's.
enum GuestID {
    static let prefix = "guest/"

    /// The order's id; nil when the id is not a guest's.
    static func order(_ id: String) -> String? {
        guard id.hasPrefix(prefix) else { return nil }
        let order = id.dropFirst(prefix.count)
        return Int(order) ?? 0 > 0 ? String(order) : nil
    }
}
