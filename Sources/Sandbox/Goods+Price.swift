import Commerce

/// What a product costs, and whether it can be had: a variable product takes both from its variations.
extension WooCommerceSandbox {
    func currentPrice(_ row: ProductRow) -> String {
        guard row.type == "variable" else { return row.price(at: clock) }
        return range(row)?.low ?? ""
    }

    func isOnSale(_ row: ProductRow) -> Bool {
        guard row.type == "variable" else { return row.isOnSale(at: clock) }
        return row.variations.contains { products[$0]?.isOnSale(at: clock) ?? false }
    }

    func stockStatus(_ row: ProductRow) -> String {
        guard row.type == "variable", !row.isTracked else { return row.stockStatus }
        let hasStock = row.variations.contains { products[$0].map { !$0.isOutOfStock } ?? false }
        return hasStock ? "instock" : "outofstock"
    }

    private func range(_ row: ProductRow) -> (low: String, high: String)? {
        let prices = row.variations.compactMap { products[$0]?.price(at: clock) }.filter { !$0.isEmpty }
        let sorted = prices.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) }
        guard let low = sorted.first, let high = sorted.last else { return nil }
        return (low, high)
    }

    func priceHTML(_ row: ProductRow) -> String {
        if row.type == "variable" {
            guard let range = range(row) else { return "" }
            return range.low == range.high ? amountHTML(range.low) : rangeHTML(range.low, range.high)
        }
        let price = row.price(at: clock)
        guard !price.isEmpty else { return "" }
        guard row.isOnSale(at: clock) else { return amountHTML(price) }
        let (was, now) = (amountText(row.regular), amountText(row.sale))
        return "<del aria-hidden=\"true\">\(amountHTML(row.regular))</del> "
            + "<span class=\"screen-reader-text\">Original price was: \(was).</span>"
            + "<ins aria-hidden=\"true\">\(amountHTML(row.sale))</ins>"
            + "<span class=\"screen-reader-text\">Current price is: \(now).</span>"
    }

    private func rangeHTML(_ low: String, _ high: String) -> String {
        amountHTML(low) + " <span aria-hidden=\"true\">&ndash;</span> " + amountHTML(high)
            + "<span class=\"screen-reader-text\">Price range: \(amountText(low)) through \(amountText(high))</span>"
    }

    private func amountHTML(_ price: String) -> String {
        "<span class=\"woocommerce-Price-amount amount\"><bdi><span class=\"woocommerce-Price-currencySymbol\" "
            + "translate=\"no\">\(currencySymbol)</span>\(shown(price))</bdi></span>"
    }

    private func amountText(_ price: String) -> String { currencySymbol + shown(price) }

    /// With thousands apart and the currency's decimals.
    private func shown(_ price: String) -> String {
        let text = amount(minorUnits(price))
        let whole = text.prefix { $0 != "." }
        var out = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0, digit != "-" { out.append(",") }
            out.append(digit)
        }
        return out + text.dropFirst(whole.count)
    }

    var currencySymbol: String { Self.symbols[options.currency.code] ?? options.currency.code }

    private static let symbols = ["LKR": "රු", "EUR": "€", "USD": "$", "JPY": "¥"]

    // MARK: - Amounts

    /// A stored price in the currency's smallest unit, half a unit rounded up; 0 for what is no number.
    func minorUnits(_ price: String) -> Int64 {
        guard let exact = try? ExactDecimal(parsing: price) else { return 0 }
        return Self.rounded(Int128(exact.mantissa), fromScale: exact.scale, toScale: options.currency.exponent)
    }

    /// An amount with all decimals of the currency.
    func amount(_ minorUnits: Int64) -> String { Money(minorUnits: minorUnits, currency: options.currency).amount }

    func amountNode(_ minorUnits: Int64) -> Node { .text(amount(minorUnits)) }

    /// The same number with fewer or more decimals, half rounded away from zero; 0 where it does not fit.
    static func rounded(_ value: Int128, fromScale: Int, toScale: Int) -> Int64 {
        var value = value
        for _ in fromScale..<max(fromScale, toScale) { value *= 10 }
        var divisor: Int128 = 1
        for _ in toScale..<max(fromScale, toScale) { divisor *= 10 }
        let half = divisor / 2
        let result = value >= 0 ? (value + half) / divisor : -((-value + half) / divisor)
        return Int64(exactly: result) ?? 0
    }

    /// The tax on an amount, rounded per line as the shop does it.
    func tax(on amount: Int64) -> Int64 {
        guard let rate = options.taxRatePercent else { return 0 }
        return Self.rounded(Int128(amount) * Int128(rate.mantissa), fromScale: rate.scale + 2, toScale: 0)
    }
}
