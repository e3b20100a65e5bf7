import ConnectorKit
import GnuCashBook

/// What is given back for an order: credit notes, the money paid back, and what is set off against the invoice.
extension InvoiceBooking {
    func paidBack(_ refund: Refund) throws(Stop) -> Money {
        let splits = desk.transaction("payback/\(refund.key)")?.splits ?? []
        let amounts = splits.compactMap { split in
            split.lot == nil ? split.value.negated.flatMap { Money($0, desk.currency) } : nil
        }
        return try Money.total(amounts, desk.currency)
    }

    func giveBack(
        _ refund: Refund, _ standing: inout Standing, _ edit: inout BookEdit, _ written: inout Written
    ) throws(Stop) {
        let key = "credit/\(refund.key)"
        if let known = desk.known(key, &written) {
            written.roles[key] = known
            written.roles["payback/\(refund.key)"] = desk.transaction("payback/\(refund.key)")?.guid.description
            return
        }
        guard refund.amount.minorUnits > 0 else { return }
        let made = try desk.refundLines(refund, in: &edit)
        written.remarks += made.remarks
        let day = desk.day(refund.at)
        let posting = try credit(
            key, "\(standing.invoice.id)-R\(refund.key)", refund.amount, made.lines, on: day, notes: refund.reason,
            standing, &edit, &written)
        let cash = Money(
            minorUnits: min(refund.amount.minorUnits, max(0, standing.received.minorUnits)), currency: desk.currency)
        let method = order.payments.first?.method ?? order.content.paymentMethod
        if cash.minorUnits > 0, let bank = try desk.accounts.bank(method: method, for: key, desk.currency) {
            let paid = try add(
                "payback/\(refund.key)", Money.zero(desk.currency).minus(cash), posting, standing.customer, into: bank,
                on: day, memo: refund.reason, to: &edit)
            written.roles["payback/\(refund.key)"] = paid.description
            standing.received = try standing.received.minus(cash)
            try offset(refund.key, refund.amount.minus(cash), posting, on: day, &standing, &edit)
        } else {
            try offset(refund.key, refund.amount, posting, on: day, &standing, &edit)
        }
    }

    /// Adds a posted credit note and answers where it stands.
    func credit(
        _ key: String, _ id: String, _ amount: Money, _ lines: [InvoicePosting.Line], on day: BookDay, notes: String,
        _ standing: Standing, _ edit: inout BookEdit, _ written: inout Written
    ) throws(Stop) -> BookInvoice.Posting {
        guard let receivable = book.account(standing.posting.account) else {
            throw .held("The account that \(order.title) was posted to is not in the book any more.")
        }
        var guids = order.guids(key)
        var note = InvoicePosting(
            guid: guids.nextGUID(), id: id, customer: standing.customer.guid, currency: desk.commodity,
            opened: day, entered: desk.entered, lines: lines)
        note.isCreditNote = true
        note.notes = CustomerWording.paragraph(notes)
        note.slots = order.slots(key)
        _ = try add(note, on: day, receivable, amount, to: &edit, &guids)
        written.roles[key] = note.guid.description
        guard let posting = edit.newInvoices.last?.posting else {
            throw .failed(.refused(code: "edit", detail: "the credit note \(id) was not posted"))
        }
        return posting
    }

    /// Sets a credit note off against what is still owed on the invoice, as GnuCash links two documents.
    func offset(
        _ name: String, _ credit: Money, _ posting: BookInvoice.Posting, on day: BookDay, _ standing: inout Standing,
        _ edit: inout BookEdit
    ) throws(Stop) {
        let amount = Money(
            minorUnits: min(credit.minorUnits, max(0, standing.owed.minorUnits)), currency: desk.currency)
        guard amount.minorUnits > 0 else { return }
        let key = "offset/\(name)"
        var guids = order.guids(key)
        let guid = guids.nextGUID()
        var slots = order.slots(key)
        slots["trans-txn-type"] = .string("L")
        let minus = Fraction(try Money.zero(desk.currency).minus(amount))
        let sides = [(standing.posting.lot, minus), (posting.lot, Fraction(amount))]
        edit.newTransactions.append(
            BookTransaction(
                guid: guid, currency: desk.commodity, posted: day, entered: desk.entered,
                text: standing.customer.name,
                splits: sides.map { lot, value in
                    BookSplit(
                        guid: .random(using: &guids), account: standing.posting.account, value: value,
                        memo: "Offset between documents: \(standing.invoice.id)", action: "Lot Link", lot: lot)
                },
                slots: slots))
        standing.owed = try standing.owed.minus(amount)
    }

    // MARK: - Called off

    /// Takes back all that is left of an invoice whose order came to nothing, account by account.
    func callOff(
        _ standing: inout Standing, _ edit: inout BookEdit, _ written: inout Written
    ) throws(Stop) {
        let key = "credit/\(order.state.rawValue)"
        if let known = desk.known(key, &written) {
            written.roles[key] = known
            return
        }
        let rest = try desk.remainder(
            of: standing.posting.transaction, receivable: standing.posting.account, edit)
        guard rest.total.minorUnits > 0 else { return }
        let day = desk.today
        let posting = try credit(
            key, "\(standing.invoice.id)-C", rest.total, rest.lines(in: book), on: day,
            notes: "The order was \(order.state.rawValue).", standing, &edit, &written)
        try offset(order.state.rawValue, rest.total, posting, on: day, &standing, &edit)
        written.remarks.append(
            "\(order.title) was \(order.state.rawValue) after it was booked: \(rest.total) taken back by credit note")
    }
}
