import ConnectorKit

// What was paid and given back for an order, and whether it adds up.
extension WooCommerceTranslator {
    func payments(_ payload: Payload, _ content: OrderContent) -> [Payment] {
        guard let paid = payload.moment("date_paid_gmt"), content.total.minorUnits != 0 else { return [] }
        return [
            Payment(
                key: "paid", amount: content.total, at: paid, method: content.paymentMethod,
                reference: payload.text("transaction_id"))
        ]
    }

    func paymentState(_ payload: Payload, _ content: OrderContent, _ refunds: [Refund]) -> PaymentState {
        if payload.text("status") == "refunded" { return .refunded }
        let given = try? Money.sum(refunds.map(\.amount), content.currency)
        if let given, given.minorUnits > 0 {
            return given.minorUnits >= content.total.minorUnits ? .refunded : .partiallyRefunded
        }
        return payload.moment("date_paid_gmt") == nil ? .unpaid : .paid
    }

    /// Refunds, oldest first. The amount is positive in a refund's own record; its lines are negative.
    func refunds(_ list: [JSON], _ currency: Currency) throws(PayloadError) -> [Refund] {
        var refunds: [Refund] = []
        for json in list {
            let payload = Payload(json)
            guard let at = payload.moment("date_created_gmt") else {
                throw PayloadError(reason: "refund \(payload.text("id")) has no date")
            }
            refunds.append(
                Refund(
                    key: try payload.id(), amount: try positive(payload.amount("amount", currency)), at: at,
                    reason: WooCommerceText.decoded(payload.text("reason")),
                    lines: try refundedLines(payload, currency),
                    shipping: try refundedCharges(payload.list("shipping_lines"), "method_title", currency),
                    fees: try refundedCharges(payload.list("fee_lines"), "name", currency)))
        }
        return refunds.sorted { ($0.at, $0.key.count, $0.key) < ($1.at, $1.key.count, $1.key) }
    }

    private func refundedLines(_ payload: Payload, _ currency: Currency) throws(PayloadError) -> [OrderLine] {
        let payloads = payload.list("line_items")
        var lines: [OrderLine] = []
        for (line, source) in zip(try self.lines(payloads, currency), payloads) {
            var line = line
            line.key = source.meta("_refunded_item_id") ?? line.key
            line.quantity = ExactDecimal(mantissa: abs(line.quantity), scale: line.quantity.scale)
            line.subtotal = try positive(line.subtotal)
            line.total = try positive(line.total)
            line.tax = try positive(line.tax)
            line.taxes = try positive(line.taxes)
            lines.append(line)
        }
        return lines
    }

    private func refundedCharges(
        _ payloads: [Payload], _ nameMember: String, _ currency: Currency
    ) throws(PayloadError) -> [OrderCharge] {
        var charges: [OrderCharge] = []
        for charge in payloads {
            let own = try charge.id()
            charges.append(
                OrderCharge(
                    key: charge.meta("_refunded_item_id") ?? own,
                    name: WooCommerceText.name(charge.text(nameMember)),
                    total: try positive(charge.money("total", currency) ?? .zero(currency)),
                    tax: try positive(charge.money("total_tax", currency) ?? .zero(currency))))
        }
        return charges
    }

    private func positive(_ taxes: [LineTax]) throws(PayloadError) -> [LineTax] {
        var result: [LineTax] = []
        for tax in taxes { result.append(LineTax(rate: tax.rate, amount: try positive(tax.amount))) }
        return result
    }

    private func positive(_ money: Money) throws(PayloadError) -> Money {
        guard money.minorUnits < 0 else { return money }
        do {
            return try money.negated()
        } catch {
            throw PayloadError(reason: error.description)
        }
    }

    private func abs(_ number: ExactDecimal) -> Int64 { number.mantissa < 0 ? 0 &- number.mantissa : number.mantissa }

    /// Why the order must wait for a person; nil when it need not.
    func hold(_ content: OrderContent) -> String? {
        var reasons: [String] = []
        do {
            let difference = try content.difference()
            if difference.minorUnits != 0 {
                reasons.append(
                    "order \(content.number) does not add up: its lines, shipping, fees and tax come to "
                        + "\(try content.computedTotal()), it says \(content.total); the difference is \(difference)")
            }
        } catch {
            reasons.append("order \(content.number) cannot be added up: \(error.description)")
        }
        for line in content.lines where line.item == nil && line.sku.isEmpty {
            let name = line.name.isEmpty ? "without a name" : "\"\(line.name)\""
            reasons.append(
                "order \(content.number), line \(line.key) (\(name)) is for a product the shop does not know")
        }
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }
}
