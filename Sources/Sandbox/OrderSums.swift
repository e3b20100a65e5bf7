import Commerce

/// Taxes and coupons of orders. Taxes are rounded per line and then added, as the shop does by default.
extension WooCommerceSandbox {
    mutating func settleTaxes(_ row: inout OrderRow) {
        for place in row.lines.indices {
            row.lines[place].subtotalTax = tax(on: row.lines[place].subtotal)
            row.lines[place].tax = tax(on: row.lines[place].total)
        }
        for place in row.deliveries.indices { row.deliveries[place].tax = tax(on: row.deliveries[place].total) }
        for place in row.fees.indices { row.fees[place].tax = tax(on: row.fees[place].total) }
        if row.taxLine == 0, options.taxRatePercent != nil { row.taxLine = newLine() }
    }

    mutating func writeCoupons(_ body: JSON, to row: inout OrderRow) throws(ShopError) {
        for entry in body["coupon_lines"]?.array ?? [] where entry["id"] == nil {
            let code = entry["code"]?.string?.lowercased() ?? ""
            guard let coupon = coupons.rows.first(where: { $0.code == code }) else {
                throw ShopError(400, "woocommerce_rest_invalid_coupon", "Coupon \"\(code)\" does not exist!")
            }
            apply(coupon, to: &row)
            coupons.update(coupon.id) { $0.used += 1 }
        }
    }

    mutating func apply(_ coupon: CouponRow, to row: inout OrderRow) {
        let before = row
        let shares = discounts(coupon, row)
        for (place, share) in shares.enumerated() { row.lines[place].total -= min(share, row.lines[place].total) }
        settleTaxes(&row)
        row.coupons.append(
            OrderCoupon(
                id: newLine(), code: coupon.code, coupon: coupon.id, type: coupon.type, amount: coupon.amount,
                discount: row.discount - before.discount, discountTax: row.discountTax - before.discountTax,
                metaID: newMeta()))
    }

    /// What a coupon takes off each line.
    private func discounts(_ coupon: CouponRow, _ row: OrderRow) -> [Int64] {
        guard let amount = try? ExactDecimal(parsing: coupon.amount) else { return row.lines.map { _ in 0 } }
        switch coupon.type {
        case "percent":
            return row.lines.map { line in
                Self.rounded(Int128(line.subtotal) * Int128(amount.mantissa), fromScale: amount.scale + 2, toScale: 0)
            }
        case "fixed_product":
            return row.lines.map { minorUnits(coupon.amount) * Int64($0.quantity) }
        default:
            let whole = row.lines.reduce(0) { $0 + $1.subtotal }
            let off = min(minorUnits(coupon.amount), whole)
            guard whole > 0 else { return row.lines.map { _ in 0 } }
            var shares = row.lines.map { Int64(exactly: Int128(off) * Int128($0.subtotal) / Int128(whole)) ?? 0 }
            // What rounding left over goes to the first line.
            if !shares.isEmpty { shares[0] += off - shares.reduce(0, +) }
            return shares
        }
    }

    func needsProcessing(_ row: OrderRow) -> Bool {
        row.lines.contains { line in
            guard let product = products[line.product] else { return false }
            return product.extras["virtual"] != true
        }
    }
}
