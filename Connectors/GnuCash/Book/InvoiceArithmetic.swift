/// What an invoice adds up to, in the smallest unit of its currency.
public struct InvoiceTotals: Hashable, Sendable {
    /// Each line without tax, after discount, rounded by itself.
    public var lineNets: [Fraction]
    /// The tax per account, in the order the accounts first appear.
    public var taxes: [Tax]
    public var net: Fraction
    public var tax: Fraction
    /// What the customer owes; a posting to receivables must be exactly this.
    public var total: Fraction

    /// The tax that goes to one account.
    public struct Tax: Hashable, Sendable {
        public var account: GUID
        public var amount: Fraction
    }
}

/// How GnuCash reckons an invoice. Source: GnuCash 4.13, gncEntry.c `gncEntryComputeValueInt` and gncInvoice.c
/// `gncInvoiceGetNetAndTaxesInternal`.
public enum InvoiceArithmetic {
    /// What counts of one line.
    public struct Line: Hashable, Sendable {
        public var quantity: Fraction
        public var price: Fraction
        public var discount: Fraction
        public var discountType: BookAmountType
        public var discountOrder: BookDiscountOrder
        /// Whether the price holds the tax.
        public var isTaxIncluded: Bool
        /// Empty for a line that is not taxed.
        public var rates: [BookTaxRate]

        /// A line without discount unless given.
        public init(
            quantity: Fraction, price: Fraction, discount: Fraction = .zero, discountType: BookAmountType = .percent,
            discountOrder: BookDiscountOrder = .beforeTax, isTaxIncluded: Bool = false, rates: [BookTaxRate] = []
        ) {
            self.quantity = quantity
            self.price = price
            self.discount = discount
            self.discountType = discountType
            self.discountOrder = discountOrder
            self.isTaxIncluded = isTaxIncluded
            self.rates = rates
        }
    }

    /// What these lines add up to.
    ///
    /// The net of every line is rounded by itself, half away from nought; the tax is summed unrounded over all lines
    /// per account and rounded at the end. So three lines of 9.99 with 19 % included are 29.96, not 29.97.
    /// - Parameters:
    ///   - lines: The lines of one invoice.
    ///   - perUnit: Smallest units to one of the currency: 100 for EUR, 1 for JPY.
    /// - Returns: Net, taxes and total.
    /// - Throws: `EditFault.unrepresentable` when a number does not fit.
    public static func totals(of lines: [Line], perUnit: Int64) throws(EditFault) -> InvoiceTotals {
        var nets: [Fraction] = []
        var sums: [(account: GUID, sum: Ratio)] = []
        var net = Fraction(minorUnits: 0, perUnit: perUnit)
        for line in lines {
            let amounts = amounts(of: line)
            let lineNet = try fitting(amounts.net.rounded(to: perUnit))
            nets.append(lineNet)
            net = try fitting(net.adding(lineNet))
            for (account, tax) in amounts.taxes {
                if let index = sums.firstIndex(where: { $0.account == account }) {
                    sums[index].sum = sums[index].sum + tax
                } else {
                    sums.append((account, tax))
                }
            }
        }
        var taxes: [InvoiceTotals.Tax] = []
        var tax = Fraction(minorUnits: 0, perUnit: perUnit)
        for (account, sum) in sums {
            let amount = try fitting(sum.rounded(to: perUnit))
            taxes.append(InvoiceTotals.Tax(account: account, amount: amount))
            tax = try fitting(tax.adding(amount))
        }
        return InvoiceTotals(lineNets: nets, taxes: taxes, net: net, tax: tax, total: try fitting(net.adding(tax)))
    }

    /// Net and taxes of one line, unrounded.
    static func amounts(of line: Line) -> (net: Ratio, taxes: [(account: GUID, amount: Ratio)]) {
        let hundredth = Ratio(1, 100)
        var percent = Ratio.zero
        var money = Ratio.zero
        for rate in line.rates {
            if rate.type == .percent { percent = percent + Ratio(rate.amount) * hundredth }
            if rate.type == .value { money = money + Ratio(rate.amount) }
        }
        let gross = Ratio(line.quantity) * Ratio(line.price)
        let isIncluded = line.isTaxIncluded && !line.rates.isEmpty
        let pretax = isIncluded ? (gross - money) / (Ratio(1, 1) + percent) : gross

        let discountBase = line.discountOrder == .afterTax ? pretax + pretax * percent + money : pretax
        let given = Ratio(line.discount)
        let discount = line.discountType == .percent ? discountBase * given * hundredth : given
        let net = pretax - discount
        let taxBase = line.discountOrder == .beforeTax ? net : pretax
        let taxes = line.rates.map { rate in
            (rate.account, rate.type == .percent ? taxBase * Ratio(rate.amount) * hundredth : Ratio(rate.amount))
        }
        return (net, taxes)
    }

    private static func fitting(_ amount: Fraction?) throws(EditFault) -> Fraction {
        guard let amount else { throw .unrepresentable("beyond 64 bits", wantedBy: "an invoice line") }
        return amount
    }
}
