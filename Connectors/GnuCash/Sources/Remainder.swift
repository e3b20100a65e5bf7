import ConnectorKit
import GnuCashBook

/// What is left of a booked order after all that was given back, by account.
struct Remainder {
    /// What each account got, positive for income.
    let amounts: [(account: GUID, amount: Money)]
    let total: Money

    /// One line an account, named after it.
    func lines(in book: Book) -> [InvoicePosting.Line] {
        amounts.map { account, amount in
            InvoicePosting.Line(
                text: book.account(account)?.name ?? "Taken back", quantity: Fraction(whole: 1),
                price: Fraction(amount), account: account, action: "Cancelled")
        }
    }
}

extension BookingDesk {
    /// What is left of the transaction that books the order after the postings that gave something back; what is owed
    /// is not part of it.
    func remainder(of posting: GUID, receivable: GUID, _ edit: BookEdit) throws(Stop) -> Remainder {
        var sums: [(account: GUID, amount: Money)] = []
        for guid in [posting] + order.refunds.compactMap({ credit($0, edit) }) {
            let found = book.transaction(guid) ?? edit.newTransactions.first { $0.guid == guid }
            for split in found?.splits ?? [] where split.account != receivable {
                guard let value = split.value.negated.flatMap({ Money($0, currency) }) else {
                    throw .held("An amount of \(order.title) in the book (\(split.value)) is none in \(currency).")
                }
                if let index = sums.firstIndex(where: { $0.account == split.account }) {
                    sums[index].amount = try sums[index].amount.plus(value)
                } else {
                    sums.append((split.account, value))
                }
            }
        }
        let amounts = sums.filter { $0.amount.minorUnits != 0 }
        return Remainder(amounts: amounts, total: try Money.total(amounts.map(\.amount), currency))
    }

    /// The transaction that books what a refund takes back; nil when it is not booked.
    private func credit(_ refund: Refund, _ edit: BookEdit) -> GUID? {
        let key = "credit/\(refund.key)"
        let reference = "\(order.reference)/\(key)"
        if let note = open.own.invoice(reference).flatMap(book.invoice) { return note.posting?.transaction }
        if let plain = open.own.transaction(reference) { return plain }
        var guids = order.guids(key)
        let guid = guids.nextGUID()
        return edit.newInvoices.first { $0.guid == guid }?.posting?.transaction
            ?? edit.newTransactions.first { $0.guid == guid }?.guid
    }
}
