import ConnectorKit
import GnuCashBook

/// Accounts, transactions and invoices of a book as drafts. Pure.
enum BookTranslator {
    /// An account as a draft.
    static func draft(of account: BookAccount, in book: Book) -> Draft {
        var parts = Parts()
        parts[AccountPart.name] = account.name
        parts[AccountPart.code] = account.code.isEmpty ? nil : account.code
        parts[AccountPart.type] = account.type.lowercased()
        parts[AccountPart.currency] = account.commodity.map { $0.isCurrency ? $0.code : $0.description }
        parts[AccountPart.parent] = account.parent.flatMap(book.account)
            .map { .external(.account, $0.guid.description) }
        parts[AccountPart.isPlaceholder] = account.isPlaceholder
        parts[AccountPart.description] = account.text.isEmpty ? nil : account.text
        return Draft(
            kind: .account, externalID: account.guid.description, parts: parts, title: book.path(of: account.guid))
    }

    /// A transaction as a draft, or why it cannot be used.
    static func journal(_ transaction: BookTransaction) -> Fetched {
        let id = transaction.guid.description
        guard let currency = try? Currency(transaction.currency.code), transaction.currency.isCurrency else {
            return rejected(.journal, id, "it is counted in \(transaction.currency), which is no currency")
        }
        guard transaction.imbalance?.isZero == true else {
            let off = transaction.imbalance?.description ?? "more than fits"
            return rejected(
                .journal, id,
                "\"\(transaction.text)\" of \(transaction.posted) is off by \(off): its splits do not "
                    + "sum to nought. Mend it in GnuCash (Actions, Check & Repair)")
        }
        var splits: [JSON] = []
        for split in transaction.splits {
            guard let value = Money(split.value, currency) else {
                return rejected(
                    .journal, id,
                    "\"\(transaction.text)\": \(split.value) cannot be said in the smallest unit of \(currency)")
            }
            splits.append([
                "account": .string(split.account.description), "memo": .string(split.memo),
                "value": .string(value.description),
            ])
        }
        // The form `JournalTransaction` encodes to, written without going through an encoder: a book has 100,000.
        let content: JSON = [
            "number": .string(transaction.number), "day": .string(transaction.posted.description),
            "description": .string(transaction.text), "currency": .string(currency.code), "splits": .array(splits),
        ]
        return .found(
            Draft(
                kind: .journal, externalID: id, parts: Parts([JournalPart.content.shape.name: content]),
                title: "\(transaction.posted) \(transaction.text)"))
    }

    /// An invoice or credit note as a draft, or why it cannot be used.
    static func invoice(_ invoice: BookInvoice, in open: OpenBook) -> Fetched {
        let book = open.book
        let id = invoice.guid.description
        guard let currency = try? Currency(invoice.currency.code) else {
            return rejected(.invoice, id, "invoice \(invoice.id) is in \(invoice.currency), which is no known currency")
        }
        var remarks: [String] = []
        var lines: [InvoiceLine] = []
        var reckoned: [InvoiceArithmetic.Line] = []
        for entry in book.entries(of: invoice.guid) {
            let quantity = invoice.isCreditNote ? entry.quantity.negated ?? entry.quantity : entry.quantity
            let (shownQuantity, isQuantityExact) = ExactDecimal.nearest(quantity)
            let (shownPrice, isPriceExact) = ExactDecimal.nearest(entry.price)
            if !isQuantityExact || !isPriceExact {
                remarks.append("\"\(entry.text)\": \(quantity) at \(entry.price) is shown rounded")
            }
            lines.append(InvoiceLine(description: entry.text, quantity: shownQuantity, unitPrice: shownPrice))
            reckoned.append(
                InvoiceArithmetic.Line(
                    quantity: quantity, price: entry.price, discount: entry.discount,
                    discountType: entry.discountType, discountOrder: entry.discountOrder,
                    isTaxIncluded: entry.isTaxIncluded,
                    rates: entry.isTaxable ? entry.taxTable.flatMap(book.taxTable)?.rates ?? [] : []))
        }
        guard
            let totals = try? InvoiceArithmetic.totals(of: reckoned, perUnit: book.smallestUnit(of: invoice.currency)),
            let total = owed(invoice, in: book) ?? Money(totals.total, currency),
            let net = Money(totals.net, currency), let tax = try? total.subtracting(net)
        else {
            return rejected(.invoice, id, "the amounts of invoice \(invoice.id) cannot be reckoned in \(currency)")
        }
        let content = InvoiceContent(
            number: invoice.id, currency: currency, opened: Moment(invoice.opened),
            posted: (invoice.posting?.day).map(Moment.init), isCreditNote: invoice.isCreditNote, lines: lines,
            net: net, tax: tax, total: total)
        var parts = Parts()
        parts[InvoicePart.content] = content
        parts[InvoicePart.customer] = book.customer(of: invoice)
            .map { .external(.customer, $0.guid.description) }
        parts[InvoicePart.isPaid] = isPaid(invoice, in: open)
        return .found(Draft(kind: .invoice, externalID: id, parts: parts, title: invoice.id, remarks: remarks))
    }

    /// Whether nothing is owed on an invoice any more; a draft is not paid.
    static func isPaid(_ invoice: BookInvoice, in open: OpenBook) -> Bool {
        guard let posting = invoice.posting else { return false }
        return open.balance(ofLot: posting.lot)?.isZero ?? true
    }

    /// What was posted to the account of receivables, positive for a credit note too.
    private static func owed(_ invoice: BookInvoice, in book: Book) -> Money? {
        guard let posting = invoice.posting, let currency = try? Currency(invoice.currency.code),
            let split = book.transaction(posting.transaction)?.splits.first(where: { $0.lot == posting.lot }),
            let value = Money(split.value, currency)
        else { return nil }
        return invoice.isCreditNote ? try? value.negated() : value
    }

    private static func rejected(_ kind: RecordKind, _ id: String, _ reason: String) -> Fetched {
        .rejected(Rejection(kind: kind, externalID: id, reason: reason))
    }
}

extension Money {
    /// An amount of a book; nil when it cannot be said exactly in the smallest unit of the currency.
    init?(_ amount: Fraction, _ currency: Currency) {
        let perUnit = Fraction.parts(of: currency)
        if amount.denominator == perUnit {
            self.init(minorUnits: amount.numerator, currency: currency)
        } else if let exact = amount.exactly(in: perUnit) {
            self.init(minorUnits: exact.numerator, currency: currency)
        } else {
            return nil
        }
    }
}

extension Fraction {
    /// Smallest units to one of a currency.
    static func parts(of currency: Currency) -> Int64 { tens(currency.exponent) }

    /// An amount as a book keeps it.
    init(_ money: Money) { self.init(minorUnits: money.minorUnits, perUnit: Self.parts(of: money.currency)) }

    /// A decimal number as a book keeps it.
    init(_ number: ExactDecimal) { self.init(minorUnits: number.mantissa, perUnit: Self.tens(number.scale)) }

    private static func tens(_ count: Int) -> Int64 { (0..<count).reduce(1) { product, _ in product * 10 } }
}

extension ExactDecimal {
    /// How many decimals of a number that has no end are shown.
    static let shownScale = 9

    /// The number, exactly where it has at most that many decimals, else cut off behind them.
    static func nearest(_ fraction: Fraction) -> (number: ExactDecimal, isExact: Bool) {
        for scale in [0, 2, shownScale] {
            let parts = Fraction(ExactDecimal(mantissa: 1, scale: scale)).denominator
            if let exact = fraction.exactly(in: parts) {
                return (ExactDecimal(mantissa: exact.numerator, scale: scale), true)
            }
        }
        let parts = Int128(Fraction(ExactDecimal(mantissa: 1, scale: shownScale)).denominator)
        let cut = Int128(fraction.numerator) * parts / Int128(fraction.denominator)
        return (ExactDecimal(mantissa: Int64(clamping: cut), scale: shownScale), false)
    }
}

extension Moment {
    /// The beginning of a day in UTC.
    init(_ day: BookDay) { self.init(seconds: Int64(day.daysSince1970) * 86_400) }
}
