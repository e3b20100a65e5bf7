import ConnectorKit
import GnuCashBook

/// Books orders, one save of the book for a batch.
struct OrderTarget: RecordTarget {
    let client: GnuCashClient

    var batchLimit: Int { 200 }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        let now = client.surroundings.now()
        return try await client.writeEach(requests) {
            [settings = client.settings] request, open, edit throws(Stop) in
            let order = try BookedOrder(request)
            let desk = BookingDesk(order: order, settings: settings, open: open, now: now)
            let before = edit.newTransactions.count
            let written =
                switch settings.form {
                case .invoices: try InvoiceBooking(desk: desk).book(into: &edit)
                case .transactions: try PlainBooking(desk: desk).book(into: &edit)
                }
            if edit.newTransactions.count > before { desk.accounts.remember(in: &edit) }
            return written
        }
    }

    /// Nothing: what we booked ourselves is found by our reference when the write is repeated, in the same save that
    /// adds what came since; a buyer's invoice has no other key.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] { [] }
}

/// What booking one order works with, in either form.
struct BookingDesk {
    let order: BookedOrder
    let settings: BookSettings
    let open: OpenBook
    let now: Moment

    /// The key of the document that books the order itself.
    static let invoiceKey = "invoice"

    var book: Book { open.book }
    var accounts: MappedAccounts { MappedAccounts(book: open.book, settings: settings) }
    var currency: Currency { order.content.currency }
    var commodity: BookCommodity { .currency(currency.code) }
    var entered: BookTime { BookTime(now) }
    var today: BookDay { day(now) }

    /// The day of a moment where the merchant is.
    func day(_ moment: Moment) -> BookDay {
        let local = moment.adding(seconds: Double(settings.zoneOffsetMinutes) * 60)
        return BookDay(local.day) ?? BookDay(daysSince1970: 0)
    }

    /// The transaction written for this order under a key at an earlier attempt or run; nil when there is none.
    func transaction(_ key: String) -> BookTransaction? {
        open.own.transaction("\(order.reference)/\(key)").flatMap(book.transaction)
    }

    /// The GUID of what was written under a key; nil when it is still to be written.
    ///
    /// What the hub remembers and the book no longer has was taken out by a person, and is not written again.
    func known(_ key: String, _ written: inout Written) -> String? {
        let reference = "\(order.reference)/\(key)"
        if let found = open.own.invoice(reference) ?? open.own.transaction(reference) { return found.description }
        guard let remembered = order.roles[key] else { return nil }
        written.remarks.append("\(order.title): its \(key) was taken out of the book by hand and is not booked again")
        return remembered
    }

    /// Stops at an order that is not to be booked, or not yet.
    func checkBookable() throws(Stop) {
        guard !order.isCalledOff else {
            throw .skipped("\(order.title) is \(order.state.rawValue) and was never booked: there is nothing to do.")
        }
        guard settings.bookWhen.contains(order.state) else {
            let states = settings.bookWhen.map(\.rawValue).sorted().joined(separator: " or ")
            throw .skipped("\(order.title) is \(order.state.rawValue): it is booked once it is \(states).")
        }
        if !settings.booksUnknownProducts, let line = order.content.lines.first(where: { $0.item == nil }) {
            throw .held(
                "\(order.title) sells \"\(line.name)\", which is no product the shop knows. It is not booked. Name the "
                    + "product in the shop, or set \"unknown_products\" to \"book\".")
        }
        guard !(order.content.lines.isEmpty && order.content.shipping.isEmpty && order.content.fees.isEmpty) else {
            throw .held("\(order.title) has no lines: there is nothing to book.")
        }
    }

    /// Stops at refunds that come to more than the order.
    func checkRefunds() throws(Stop) {
        let refunded = try Money.total(order.refunds.map(\.amount), currency)
        guard refunded.minorUnits <= order.content.total.minorUnits else {
            throw .held(
                "The refunds of \(order.title) come to \(refunded), more than its total of \(order.content.total). "
                    + "Nothing is booked; correct it in the shop.")
        }
    }

    /// Stops at an order that was edited since it was booked.
    func checkUnchanged(_ slots: Slots, booked: Money?) throws(Stop) {
        guard let digest = slots.own[OwnSlot.content]?.text, digest != order.digest else { return }
        let was = booked.map { " at \($0)" } ?? ""
        throw .held(
            "\(order.title) was edited after it was booked\(was); it is now \(order.content.total). A booked order is "
                + "not rewritten: write a credit note or a second invoice in GnuCash, or undo the edit in the shop.")
    }

    /// The lines of the order itself.
    func orderLines(in edit: inout BookEdit) throws(Stop) -> DocumentLines.Made {
        let content = order.content
        let added: Money
        do {
            added = try content.computedTotal()
        } catch {
            throw .held("\(order.title): its amounts cannot be added up: \(error.description).")
        }
        let charges = Charge.all(lines: content.lines, shipping: content.shipping, fees: content.fees)
        return try DocumentLines(
            order: order, accounts: accounts, book: book, charges: charges, total: content.total, added: added,
            title: order.title
        ).make(in: &edit)
    }

    /// The lines of a refund; what was given back beyond them stands in a line of its own.
    func refundLines(_ refund: Refund, in edit: inout BookEdit) throws(Stop) -> DocumentLines.Made {
        let title = "refund \(refund.key) of \(order.title)"
        var charges = Charge.all(lines: refund.lines, shipping: refund.shipping, fees: refund.fees)
            .filter { $0.net.minorUnits != 0 || $0.tax.minorUnits != 0 }
        var added = try Money.total(charges.flatMap { [$0.net, $0.tax] }, currency)
        let rest = try refund.amount.minus(added)
        var remarks: [String] = []
        if rest.minorUnits > DocumentLines.tolerance(lines: charges.count) || charges.isEmpty {
            let text = refund.reason.isEmpty ? "Refund of \(order.title)" : "Refund: \(refund.reason)"
            charges.append(
                Charge(
                    text: text, action: "Refund", quantity: ExactDecimal(1), subtotal: rest, net: rest,
                    tax: .zero(currency), taxes: [], role: .sales))
            added = refund.amount
            remarks.append("\(title): \(rest) of it names no goods and no tax; it is booked against sales, without tax")
        }
        var made = try DocumentLines(
            order: order, accounts: accounts, book: book, charges: charges, total: refund.amount, added: added,
            title: title
        ).make(in: &edit)
        made.remarks += remarks
        return made
    }
}
