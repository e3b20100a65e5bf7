import ConnectorKit
import GnuCashBook

/// What is charged, or given back, on one line of a document. Amounts are positive on a credit note too.
struct Charge {
    var text: String
    /// GnuCash's word for the kind of line.
    var action: String
    var quantity: ExactDecimal
    /// Net, before discount.
    var subtotal: Money
    /// Net, after discount.
    var net: Money
    var tax: Money
    var taxes: [LineTax]
    var role: AccountRole

    /// What a refund or an order charges, in the order a person reads it.
    static func all(lines: [OrderLine], shipping: [OrderCharge], fees: [OrderCharge]) -> [Charge] {
        lines.map {
            Charge(
                text: $0.name.isEmpty ? $0.sku : $0.name, action: "Item", quantity: $0.quantity, subtotal: $0.subtotal,
                net: $0.total, tax: $0.tax, taxes: $0.taxes, role: .sales)
        }
            + shipping.map { Charge($0, "Shipping", .shipping) } + fees.map { Charge($0, "Fee", .fees) }
    }

    private init(_ charge: OrderCharge, _ action: String, _ role: AccountRole) {
        self.init(
            text: charge.name.isEmpty ? action : charge.name, action: action, quantity: ExactDecimal(1),
            subtotal: charge.total, net: charge.total, tax: charge.tax, taxes: charge.taxes, role: role)
    }

    init(
        text: String, action: String, quantity: ExactDecimal, subtotal: Money, net: Money, tax: Money,
        taxes: [LineTax], role: AccountRole
    ) {
        self.text = text
        self.action = action
        self.quantity = quantity
        self.subtotal = subtotal
        self.net = net
        self.tax = tax
        self.taxes = taxes
        self.role = role
    }
}

/// The lines of an invoice or credit note that come to a stated total exactly, as GnuCash reckons it.
///
/// A shop rounds the tax line by line, GnuCash once per account. Where the two differ by a cent or so, a line of its
/// own on the account for rounding says so. Where there is no such account, or the rates do not explain the tax at
/// all, the tax stands as lines of its own, with the amounts the shop states.
struct DocumentLines {
    let order: BookedOrder
    let accounts: MappedAccounts
    let book: Book
    /// What is charged.
    var charges: [Charge]
    /// What it comes to, tax included, as the shop states it.
    var total: Money
    /// What it adds up to by the shop's own amounts; the difference to `total` is not explained by rounding of ours.
    var added: Money
    /// What a person calls the document.
    var title: String

    /// The lines, and what a person should know about them.
    struct Made {
        var lines: [InvoicePosting.Line]
        var remarks: [String] = []
    }

    private var currency: Currency { order.content.currency }
    private var perUnit: Int64 { Fraction.parts(of: currency) }

    /// How many smallest units the rounding of that many lines may come to.
    static func tolerance(lines: Int) -> Int64 { max(2, Int64(lines) / 2 + 1) }

    /// Makes the lines; tax tables that are missing are added to the edit.
    func make(in edit: inout BookEdit) throws(Stop) -> Made {
        let own = try total.minus(added)
        try checkOwnDifference(own)
        // A plain transaction has no tax tables: the tax is a split like any other.
        if accounts.settings.form == .transactions { return try asStated(own) }
        var trial = edit
        if let taxed = try byRates(in: &trial) {
            edit = trial
            return taxed
        }
        return try asStated(own)
    }

    private func checkOwnDifference(_ difference: Money) throws(Stop) {
        guard difference.minorUnits != 0 else { return }
        let isSmall = difference.minorUnits.magnitude <= UInt64(Self.tolerance(lines: charges.count))
        guard isSmall, accounts.settings.booksDifferences else {
            let way =
                isSmall
                ? "Correct it in the shop, or set \"rounding\" to \"book\"."
                : "Correct it in the shop, or book it by hand."
            throw .held(
                "\(title) does not add up: its lines and tax come to \(added), its total is \(total), a difference of "
                    + "\(difference). It is not booked. \(way)")
        }
    }

    /// The lines with the shop's tax rates; nil when these do not explain the tax.
    private func byRates(in edit: inout BookEdit) throws(Stop) -> Made? {
        var lines: [InvoicePosting.Line] = []
        for charge in charges {
            var table: GUID?
            if charge.tax.minorUnits != 0 {
                guard let rate = percent(of: charge) else { return nil }
                table = try taxTable(rate.percent, rate.label, in: &edit)
            }
            lines += try self.lines(of: charge, taxTable: table)
        }
        let totals: InvoiceTotals
        do {
            totals = try posting(lines).totals(in: book, with: edit)
        } catch {
            throw Stop(error)
        }
        guard let reckoned = Money(totals.total, currency) else { return nil }
        let difference = try total.minus(reckoned)
        if difference.minorUnits == 0 { return Made(lines: lines) }
        guard difference.minorUnits.magnitude <= UInt64(Self.tolerance(lines: charges.count)),
            accounts.names(.rounding)
        else { return nil }
        return try rounded(Made(lines: lines), difference)
    }

    /// The lines net, and the tax as lines of its own.
    private func asStated(_ own: Money) throws(Stop) -> Made {
        var made = Made(lines: [])
        for charge in charges { made.lines += try lines(of: charge, taxTable: nil) }
        let net = try Money.total(charges.map(\.net), currency)
        let tax = try total.minus(net).minus(own)
        if tax.minorUnits != 0 {
            let account = try accounts.account(.tax, for: title, currency)
            let parts = try taxesByRate(adding: tax)
            for part in parts { made.lines.append(line(part.label, "Tax", part.amount, account.guid)) }
            if accounts.settings.form == .invoices {
                made.remarks.append("\(title): its tax of \(tax) is booked as the shop states it, in a line of its own")
            }
        }
        return own.minorUnits == 0 ? made : try rounded(made, own)
    }

    private func rounded(_ made: Made, _ difference: Money) throws(Stop) -> Made {
        let account = try accounts.account(.rounding, for: title, currency)
        var made = made
        made.lines.append(line("Rounding difference", "Rounding", difference, account.guid))
        made.remarks.append(
            "\(title): rounding difference of \(difference) booked to \(book.path(of: account.guid))")
        return made
    }

    // MARK: - Lines

    private func lines(of charge: Charge, taxTable: GUID?) throws(Stop) -> [InvoicePosting.Line] {
        let isNamed = accounts.names(charge.role)
        let account = try accounts.account(isNamed ? charge.role : .sales, for: title, currency)
        guard accounts.names(.discounts), charge.subtotal != charge.net else {
            return [line(charge, charge.net, account.guid, taxTable)]
        }
        let discounts = try accounts.account(.discounts, for: title, currency)
        var discount = line(
            "Discount: \(charge.text)", "Discount", try charge.net.minus(charge.subtotal), discounts.guid)
        discount.taxTable = taxTable
        return [line(charge, charge.subtotal, account.guid, taxTable), discount]
    }

    /// A line of a quantity at a price where the price has at most six decimals; else of one at the whole amount.
    private func line(_ charge: Charge, _ amount: Money, _ account: GUID, _ taxTable: GUID?) -> InvoicePosting.Line {
        let text = CustomerWording.line(charge.text)
        if let price = Self.price(amount, charge.quantity) {
            return InvoicePosting.Line(
                text: text, quantity: Fraction(charge.quantity), price: price, account: account, taxTable: taxTable,
                action: charge.action)
        }
        return InvoicePosting.Line(
            text: "\(charge.quantity) x \(text)", quantity: Fraction(whole: 1), price: Fraction(amount),
            account: account, taxTable: taxTable, action: charge.action)
    }

    private func line(_ text: String, _ action: String, _ amount: Money, _ account: GUID) -> InvoicePosting.Line {
        InvoicePosting.Line(
            text: text, quantity: Fraction(whole: 1), price: Fraction(amount), account: account, action: action)
    }

    /// What one costs, exactly; nil where that has more than six decimals, or there is no quantity.
    static func price(_ amount: Money, _ quantity: ExactDecimal) -> Fraction? {
        guard quantity.mantissa > 0 else { return nil }
        let scale = Fraction(ExactDecimal(mantissa: 1, scale: quantity.scale)).denominator
        let top = Int128(amount.minorUnits) * Int128(scale)
        let bottom = Int128(quantity.mantissa) * Int128(Fraction.parts(of: amount.currency))
        for parts in [Fraction.parts(of: amount.currency), 10_000, 1_000_000] {
            let (quotient, rest) = (top * Int128(parts)).quotientAndRemainder(dividingBy: bottom)
            if rest == 0, let numerator = Int64(exactly: quotient) {
                return Fraction(minorUnits: numerator, perUnit: parts)
            }
        }
        return nil
    }

    private func posting(_ lines: [InvoicePosting.Line]) -> InvoicePosting {
        var guids = order.guids("reckoning")
        return InvoicePosting(
            guid: guids.nextGUID(), id: title, customer: guids.nextGUID(), currency: .currency(currency.code),
            opened: BookDay(daysSince1970: 0), entered: BookTime(secondsSince1970: 0), lines: lines)
    }

    // MARK: - Tax

    /// The rates of a charge taken together; nil when the shop does not say how many per cent they are.
    private func percent(of charge: Charge) -> (percent: Fraction, label: String)? {
        let known = order.content.taxes
        var keys = charge.taxes.filter { $0.amount.minorUnits != 0 }.map(\.rate)
        if keys.isEmpty, known.count == 1 { keys = known.map(\.key) }
        guard !keys.isEmpty else { return nil }
        var percent = Fraction.zero
        var labels: [String] = []
        for key in keys {
            guard let rate = known.first(where: { $0.key == key }), let share = rate.percent,
                let sum = percent.adding(Fraction(share))
            else { return nil }
            percent = sum
            labels.append(rate.label.isEmpty ? "Tax \(share) %" : "\(rate.label) \(share) %")
        }
        return (percent.exactly(in: 100_000) ?? percent.reduced, labels.joined(separator: " + "))
    }

    /// A table of the book with that rate on the account for tax; one is added where there is none.
    private func taxTable(_ percent: Fraction, _ label: String, in edit: inout BookEdit) throws(Stop) -> GUID {
        let account = try accounts.account(.tax, for: title, currency)
        let rates = [BookTaxRate(account: account.guid, amount: percent)]
        let known = (book.taxTables + edit.newTaxTables).filter { !$0.isInvisible }
        if let found = known.first(where: { $0.rates == rates }) { return found.guid }
        var name = label
        var number = 2
        while known.contains(where: { $0.name == name }) {
            name = "\(label) (\(number))"
            number += 1
        }
        var guids = SeededGUIDs("\(book.id)/tax/\(account.guid)/\(percent)/\(name)")
        let table = BookTaxTable(guid: guids.nextGUID(), name: name, rates: rates)
        edit.newTaxTables.append(table)
        return table.guid
    }

    /// The stated tax by rate where that adds up, else in one.
    private func taxesByRate(adding tax: Money) throws(Stop) -> [(label: String, amount: Money)] {
        var sums: [(key: String, amount: Money)] = []
        for part in charges.flatMap(\.taxes) where part.amount.minorUnits != 0 {
            if let index = sums.firstIndex(where: { $0.key == part.rate }) {
                sums[index].amount = try sums[index].amount.plus(part.amount)
            } else {
                sums.append((part.rate, part.amount))
            }
        }
        guard try Money.total(sums.map(\.amount), currency) == tax else { return [("Tax", tax)] }
        return sums.map { sum in
            let label = order.content.taxes.first { $0.key == sum.key }?.label ?? ""
            return (label.isEmpty ? "Tax" : label, sum.amount)
        }
    }
}
