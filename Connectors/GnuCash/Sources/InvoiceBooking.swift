import ConnectorKit
import GnuCashBook

/// Books an order as a posted invoice, its payments as payments of it, its refunds as credit notes.
///
/// All of an order is written in one save or not at all, under references of its own. What a reference names in the
/// book already is taken as done, so a save whose answer was lost is not repeated.
struct InvoiceBooking {
    let desk: BookingDesk

    /// The invoice an order became, and how it stands.
    struct Standing {
        var invoice: BookInvoice
        var customer: BookCustomer
        var posting: BookInvoice.Posting
        /// Still owed on the invoice.
        var owed: Money
        /// Money booked as received for the order, less what was booked as given back.
        var received: Money
        /// Whether the invoice was in the book before this save.
        var isOld: Bool
    }

    var order: BookedOrder { desk.order }
    var book: Book { desk.book }

    /// Adds all that is missing in the book to the edit.
    func book(into edit: inout BookEdit) throws(Stop) -> Written {
        var written = Written(externalID: "")
        var standing: Standing
        if let invoice = try known() {
            standing = try self.standing(of: invoice)
            written.isAdopted = invoice.slots.own[OwnSlot.reference]?.text != reference
        } else {
            standing = try post(into: &edit, &written)
        }
        written.externalID = standing.invoice.guid.description
        for payment in order.payments { try pay(payment, &standing, &edit, &written) }
        try desk.checkRefunds()
        for refund in order.refunds { try giveBack(refund, &standing, &edit, &written) }
        if order.isCalledOff { try callOff(&standing, &edit, &written) }
        return written
    }

    private var reference: String { "\(order.reference)/\(BookingDesk.invoiceKey)" }

    // MARK: - The invoice

    /// The invoice of this order that is in the book already, by any way we may know it; nil when there is none.
    private func known() throws(Stop) -> BookInvoice? {
        if let id = order.externalID {
            guard let invoice = GUID(id).flatMap(book.invoice) else {
                throw .held(
                    "The invoice of \(order.title) was deleted in GnuCash (\(id)). It is not booked again: put "
                        + "the safety copy of the book back or enter it by hand, then drop this task.")
            }
            return invoice
        }
        if let guid = desk.open.own.invoice(reference) { return book.invoice(guid) }
        let others = (desk.open.own.orders[order.issuer] ?? []).compactMap(book.invoice)
            .filter { $0.slots.own[OwnSlot.key]?.text == BookingDesk.invoiceKey }
        guard let other = others.first else { return nil }
        guard others.count == 1, other.slots.own[OwnSlot.content]?.text == order.digest else {
            throw .held(
                "The book holds an invoice \(other.id) for \(order.issuer) that another hub wrote, with other amounts. "
                    + "\(order.title) is not booked again: compare the two, then link or book it by hand.")
        }
        return other
    }

    private func standing(of invoice: BookInvoice) throws(Stop) -> Standing {
        guard let posting = invoice.posting, let customer = book.customer(of: invoice) else {
            throw .held(
                "The invoice \(invoice.id) of \(order.title) was unposted in GnuCash. Nothing is written to it: post "
                    + "it again, and the next change is booked.")
        }
        let split = book.transaction(posting.transaction)?.splits.first { $0.lot == posting.lot }
        try desk.checkUnchanged(invoice.slots, booked: split.flatMap { Money($0.value, desk.currency) })
        let open = desk.open.balance(ofLot: posting.lot) ?? .zero
        guard let owed = Money(open, desk.currency) else {
            throw .held("What is owed on invoice \(invoice.id) (\(open)) is no amount in \(desk.currency).")
        }
        var received = Money.zero(desk.currency)
        for payment in order.payments where desk.transaction(Self.paymentKey(payment)) != nil {
            received = try received.plus(payment.amount)
        }
        for refund in order.refunds { received = try received.minus(paidBack(refund)) }
        return Standing(
            invoice: invoice, customer: customer, posting: posting, owed: owed, received: received, isOld: true)
    }

    private func post(into edit: inout BookEdit, _ written: inout Written) throws(Stop) -> Standing {
        try desk.checkBookable()
        let receivable = try desk.accounts.account(.receivables, for: order.title, desk.currency)
        let customer = try customer(in: &edit)
        let made = try desk.orderLines(in: &edit)
        written.remarks += made.remarks
        let day = desk.day(order.content.placedAt)
        var guids = order.guids(BookingDesk.invoiceKey)
        var invoice = InvoicePosting(
            guid: guids.nextGUID(), id: desk.settings.invoicePrefix + order.content.number, customer: customer.guid,
            currency: desk.commodity, opened: day, entered: desk.entered, lines: made.lines)
        if book.invoices.contains(where: { $0.id == invoice.id }) {
            written.remarks.append(
                "the book has another invoice \(invoice.id); give \"invoice_id_prefix\" to tell them apart")
        }
        invoice.notes = CustomerWording.paragraph(order.content.customerNote)
        invoice.slots = order.slots(BookingDesk.invoiceKey)
        invoice.slots.set(.string(order.digest), at: [Slots.ownFrame, OwnSlot.content])
        let total = try add(invoice, on: day, receivable, order.content.total, to: &edit, &guids)
        guard let posted = edit.newInvoices.last, let posting = posted.posting else {
            throw .failed(.refused(code: "edit", detail: "the invoice of \(order.title) was not posted"))
        }
        return Standing(
            invoice: posted, customer: customer, posting: posting, owed: total, received: .zero(desk.currency),
            isOld: false)
    }

    /// Adds a posted document, and sees to it that GnuCash comes to the same total as the shop.
    func add(
        _ document: InvoicePosting, on day: BookDay, _ receivable: BookAccount, _ stated: Money,
        to edit: inout BookEdit, _ guids: inout SeededGUIDs
    ) throws(Stop) -> Money {
        let terms = InvoicePosting.Terms(posted: day, due: day, receivable: receivable.guid)
        let totals: InvoiceTotals
        do {
            totals = try document.addPosted(terms, to: &edit, in: book, using: &guids)
        } catch {
            throw Stop(error)
        }
        let owed = document.isCreditNote ? totals.total.negated : totals.total
        guard let total = owed.flatMap({ Money($0, desk.currency) }), total == stated else {
            throw .held(
                "\(order.title) would be booked at \(totals.total) instead of \(stated); it is not booked. This should "
                    + "not happen: report it with the order.")
        }
        return total
    }

    private func customer(in edit: inout BookEdit) throws(Stop) -> BookCustomer {
        if let id = order.customer {
            guard let guid = GUID(id), let customer = book.customer(guid) else {
                throw .held(
                    "The customer of \(order.title) (\(id)) is not in the book any more. It is not booked: make the "
                        + "customer again, or let the hub do so.")
            }
            return customer
        }
        guard desk.settings.createsCustomers else {
            throw .held(
                "\(order.title) names no customer of the book, and auto_create_customers is off. It is not booked: "
                    + "make the customer in GnuCash, or switch it on.")
        }
        return try CustomerWriting(settings: desk.settings, open: desk.open).guest(of: order, into: &edit)
    }

    // MARK: - Payments

    private static func paymentKey(_ payment: Payment) -> String { "payment/\(payment.key)" }

    private func pay(
        _ payment: Payment, _ standing: inout Standing, _ edit: inout BookEdit, _ written: inout Written
    ) throws(Stop) {
        let key = Self.paymentKey(payment)
        if let known = desk.known(key, &written) {
            written.roles[key] = known
            return
        }
        guard payment.amount.minorUnits > 0 else { return }
        let title = "payment \(payment.key) of \(order.title)"
        guard let bank = try desk.accounts.bank(method: payment.method, for: title, desk.currency) else {
            written.remarks.append("\(title) is not booked: account_mapping names no bank_account")
            return
        }
        // On an old invoice somebody may have entered the payment by hand.
        guard !standing.isOld || payment.amount.minorUnits <= standing.owed.minorUnits else {
            throw .held(
                "The \(title) is of \(payment.amount), but only \(standing.owed) is owed on invoice "
                    + "\(standing.invoice.id): it may have been entered by hand. It is not booked; compare the two.")
        }
        let guid = try add(
            key, payment.amount, standing.posting, standing.customer, into: bank, on: desk.day(payment.at),
            memo: payment.reference, to: &edit)
        written.roles[key] = guid.description
        standing.owed = try standing.owed.minus(payment.amount)
        standing.received = try standing.received.plus(payment.amount)
    }

    /// Adds a payment of a document; a negative one gives money back.
    func add(
        _ key: String, _ amount: Money, _ posting: BookInvoice.Posting, _ customer: BookCustomer,
        into bank: BookAccount, on day: BookDay, memo: String, to edit: inout BookEdit
    ) throws(Stop) -> GUID {
        var guids = order.guids(key)
        var payment = PaymentPosting(
            guid: guids.nextGUID(), of: posting, currency: desk.commodity, number: order.content.number, posted: day,
            entered: desk.entered, text: customer.name, memo: CustomerWording.line(memo),
            parts: [.init(account: bank.guid, value: Fraction(amount))])
        payment.slots = order.slots(key)
        do {
            try payment.add(to: &edit, using: &guids)
        } catch {
            throw Stop(error)
        }
        return payment.guid
    }
}
