import Foundation
import Testing

@testable import GnuCashBook

/// A small shop's book made from nothing, with invented names and figures.
struct BookShop {
    let folder: BookFolder
    let path: String
    var randomness: SeededGUIDs

    /// A fresh book of this form in a folder of its own.
    init(_ form: BookForm) throws {
        folder = try BookFolder()
        path = folder.file("shop.gnucash")
        randomness = SeededGUIDs("shop")
        _ = try BookFile.create(path, form: form, currency: "EUR", using: &randomness)
    }

    func open() throws -> BookFile { try BookFile.open(path) }

    func account(_ path: String) throws -> GUID {
        guard case .found(let account) = try open().book.account(path: path) else {
            throw BookFailure.refused(.missingAccount(GUID(high: 0, low: 0), wantedBy: path))
        }
        return account.guid
    }

    mutating func apply(_ edit: BookEdit) throws {
        try open().apply(edit, now: testNow, using: &randomness)
    }

    static let eur = BookCommodity.currency("EUR")
    static let day = BookDay(year: 2031, month: 3, day: 9) ?? BookDay(daysSince1970: 0)

    static func cents(_ count: Int64) -> Fraction { Fraction(minorUnits: count, perUnit: 100) }

    /// A transaction of one amount from one account to another.
    mutating func transfer(
        _ cents: Int64, from: String, to: String, text: String = "sale", slots: Slots = [:]
    ) throws -> BookTransaction {
        let guids = (0..<3).map { _ in randomness.nextGUID() }
        return BookTransaction(
            guid: guids[0], currency: Self.eur, number: "77", posted: Self.day, entered: testNow, text: text,
            splits: [
                BookSplit(guid: guids[1], account: try account(to), value: Self.cents(cents), memo: "in"),
                BookSplit(guid: guids[2], account: try account(from), value: Self.cents(-cents)),
            ], slots: slots)
    }

    mutating func customer(_ id: String = "XD-1") -> BookCustomer {
        BookCustomer(
            guid: randomness.nextGUID(), id: id, name: "Ines & Sons <Ltd>", currency: Self.eur, notes: "first\nsecond",
            address: BookAddress(
                name: "Ines Ångström", lines: ["1 Quay Road", "", "Porto", "PT"], email: "ines@shop.example"),
            slots: .own(["customer_id": .string("c-1")]))
    }

    mutating func taxTable(_ percent: Int64 = 23) throws -> BookTaxTable {
        BookTaxTable(
            guid: randomness.nextGUID(), name: "IVA \(percent)%",
            rates: [BookTaxRate(account: try account("Liabilities:Tax Payable"), amount: Fraction(whole: percent))])
    }

    mutating func invoice(
        _ id: String, customer: GUID, taxTable: GUID?, isTaxIncluded: Bool = false
    ) throws -> InvoicePosting {
        var shipping = InvoicePosting.Line(
            text: "Shipping", quantity: Fraction(whole: 1), price: Self.cents(490),
            account: try account("Income:Shipping"), taxTable: taxTable, isTaxIncluded: isTaxIncluded,
            action: "Shipping")
        shipping.notes = "by bike"
        let goods = InvoicePosting.Line(
            text: "Azulejo <blue> & \"white\"", quantity: Fraction(whole: 3), price: Self.cents(999),
            account: try account("Income:Sales"), taxTable: taxTable, isTaxIncluded: isTaxIncluded)
        var posting = InvoicePosting(
            guid: randomness.nextGUID(), id: id, customer: customer, currency: Self.eur, opened: Self.day,
            entered: testNow, lines: [goods, shipping])
        posting.billingID = "WEB-9"
        posting.notes = "thank you"
        posting.slots = .own(["order_id": .string(id)])
        return posting
    }

    func terms() throws -> InvoicePosting.Terms {
        InvoicePosting.Terms(
            posted: Self.day, due: Self.day.adding(days: 14), receivable: try account("Assets:Accounts Receivable"))
    }

    /// A payment of a posted invoice into the bank, or out of it.
    mutating func pay(_ invoice: BookInvoice, _ cents: Int64, fee: Int64 = 0) throws -> BookEdit {
        let posting = try #require(invoice.posting)
        var parts = [PaymentPosting.Part(account: try account("Assets:Bank"), value: Self.cents(cents - fee))]
        if fee != 0 {
            parts.append(
                PaymentPosting.Part(account: try account("Expenses:Payment Fees"), value: Self.cents(fee), memo: "fee"))
        }
        var edit = BookEdit()
        let payment = PaymentPosting(
            guid: randomness.nextGUID(), of: posting, currency: Self.eur, number: "PAY-\(invoice.id)",
            posted: Self.day.adding(days: 2), entered: testNow, text: "Ines & Sons <Ltd>", memo: "card", parts: parts)
        try payment.add(to: &edit, using: &randomness)
        return edit
    }
}
