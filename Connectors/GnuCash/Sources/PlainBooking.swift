import ConnectorKit
import GnuCashBook

/// Books an order as one transaction of many splits, its payments and refunds as transactions of their own.
///
/// For merchants who do not use GnuCash's invoices. The tax stands as the shop states it; no customer is needed.
struct PlainBooking {
    let desk: BookingDesk

    private var order: BookedOrder { desk.order }
    private var book: Book { desk.book }

    /// Adds all that is missing in the book to the edit.
    func book(into edit: inout BookEdit) throws(Stop) -> Written {
        var written = Written(externalID: "")
        let booked: BookTransaction
        if let known = try known() {
            booked = known
            let owed = known.splits.first { $0.account == known.ownReceivable }?.value
            try desk.checkUnchanged(known.slots, booked: owed.flatMap { Money($0, desk.currency) })
            written.isAdopted = known.slots.own[OwnSlot.reference]?.text != reference
        } else {
            try desk.checkBookable()
            booked = try post(into: &edit, &written)
        }
        written.externalID = booked.guid.description
        guard let receivable = booked.ownReceivable else {
            throw .held("The transaction of \(order.title) does not say any more which account it is owed on.")
        }
        var received = Money.zero(desk.currency)
        for payment in order.payments { try pay(payment, receivable, &received, &edit, &written) }
        try desk.checkRefunds()
        for refund in order.refunds { try giveBack(refund, receivable, &received, &edit, &written) }
        if order.isCalledOff { try callOff(booked, receivable, &edit, &written) }
        return written
    }

    private var reference: String { "\(order.reference)/\(BookingDesk.invoiceKey)" }

    private func known() throws(Stop) -> BookTransaction? {
        if let id = order.externalID {
            guard let found = GUID(id).flatMap(book.transaction) else {
                throw .held(
                    "The transaction of \(order.title) was deleted in GnuCash (\(id)). It is not booked again: "
                        + "put the safety copy of the book back or enter it by hand, then drop this task.")
            }
            return found
        }
        if let found = desk.transaction(BookingDesk.invoiceKey) { return found }
        let others = (desk.open.plainOrders[order.issuer] ?? []).compactMap(book.transaction)
            .filter { $0.slots.own[OwnSlot.key]?.text == BookingDesk.invoiceKey }
        guard let other = others.first else { return nil }
        guard others.count == 1, other.slots.own[OwnSlot.content]?.text == order.digest else {
            throw .held(
                "The book holds a transaction for \(order.issuer) that another hub wrote, with other amounts. "
                    + "\(order.title) is not booked again: compare the two, then link or book it by hand.")
        }
        return other
    }

    private func post(into edit: inout BookEdit, _ written: inout Written) throws(Stop) -> BookTransaction {
        let receivable = try desk.accounts.account(.receivables, for: order.title, desk.currency)
        let made = try desk.orderLines(in: &edit)
        written.remarks += made.remarks
        let text = [order.title, CustomerWording.line(order.content.billing.name)].filter { !$0.isEmpty }
        return try add(
            BookingDesk.invoiceKey, text.joined(separator: ", "), on: desk.day(order.content.placedAt),
            [(receivable.guid, order.content.total, order.title)] + (try desk.sides(made.lines, sign: -1)), to: &edit)
    }

    private func pay(
        _ payment: Payment, _ receivable: GUID, _ received: inout Money, _ edit: inout BookEdit,
        _ written: inout Written
    ) throws(Stop) {
        let key = "payment/\(payment.key)"
        if let known = desk.known(key, &written) {
            written.roles[key] = known
            if desk.transaction(key) != nil { received = try received.plus(payment.amount) }
            return
        }
        guard payment.amount.minorUnits > 0 else { return }
        let title = "payment \(payment.key) of \(order.title)"
        guard let bank = try desk.accounts.bank(method: payment.method, for: title, desk.currency) else {
            written.remarks.append("\(title) is not booked: account_mapping names no bank_account")
            return
        }
        let memo = CustomerWording.line(payment.reference)
        let owed = try Money.zero(desk.currency).minus(payment.amount)
        written.roles[key] = try add(
            key, title, on: desk.day(payment.at), [(bank.guid, payment.amount, memo), (receivable, owed, memo)],
            to: &edit
        ).guid.description
        received = try received.plus(payment.amount)
    }

    private func giveBack(
        _ refund: Refund, _ receivable: GUID, _ received: inout Money, _ edit: inout BookEdit,
        _ written: inout Written
    ) throws(Stop) {
        let key = "credit/\(refund.key)"
        if let known = desk.known(key, &written) {
            written.roles[key] = known
            if let payback = desk.transaction("payback/\(refund.key)") {
                written.roles["payback/\(refund.key)"] = payback.guid.description
                let back = payback.splits.first { $0.account == receivable }.flatMap { Money($0.value, desk.currency) }
                received = try received.minus(back ?? .zero(desk.currency))
            }
            return
        }
        guard refund.amount.minorUnits > 0 else { return }
        let made = try desk.refundLines(refund, in: &edit)
        written.remarks += made.remarks
        let title = "refund \(refund.key) of \(order.title)"
        let memo = CustomerWording.line(refund.reason)
        let minus = try Money.zero(desk.currency).minus(refund.amount)
        let day = desk.day(refund.at)
        written.roles[key] = try add(
            key, title, on: day, [(receivable, minus, memo)] + (try desk.sides(made.lines, sign: 1)), to: &edit
        ).guid.description
        let method = order.payments.first?.method ?? order.content.paymentMethod
        let cash = Money(
            minorUnits: min(refund.amount.minorUnits, max(0, received.minorUnits)), currency: desk.currency)
        guard cash.minorUnits > 0, let bank = try desk.accounts.bank(method: method, for: title, desk.currency) else {
            return
        }
        let out = try Money.zero(desk.currency).minus(cash)
        written.roles["payback/\(refund.key)"] = try add(
            "payback/\(refund.key)", title, on: day, [(bank.guid, out, memo), (receivable, cash, memo)], to: &edit
        ).guid.description
        received = try received.minus(cash)
    }

    private func callOff(
        _ booked: BookTransaction, _ receivable: GUID, _ edit: inout BookEdit, _ written: inout Written
    ) throws(Stop) {
        let key = "credit/\(order.state.rawValue)"
        if let known = desk.known(key, &written) {
            written.roles[key] = known
            return
        }
        let rest = try desk.remainder(of: booked.guid, receivable: receivable, edit)
        guard rest.total.minorUnits > 0 else { return }
        let text = "\(order.title) \(order.state.rawValue)"
        let minus = try Money.zero(desk.currency).minus(rest.total)
        let sides = rest.amounts.map { ($0.account, $0.amount, text) }
        written.roles[key] = try add(
            key, text, on: desk.today, [(receivable, minus, text)] + sides, to: &edit
        ).guid.description
        written.remarks.append(
            "\(order.title) was \(order.state.rawValue) after it was booked: \(rest.total) taken back")
    }

    private func add(
        _ key: String, _ text: String, on day: BookDay, _ sides: [(account: GUID, amount: Money, memo: String)],
        to edit: inout BookEdit
    ) throws(Stop) -> BookTransaction {
        var guids = order.guids(key)
        let guid = guids.nextGUID()
        var slots = order.slots(key)
        if key == BookingDesk.invoiceKey {
            slots.set(.string(order.digest), at: [Slots.ownFrame, OwnSlot.content])
            slots.set(sides.first.map { .guid($0.account) }, at: [Slots.ownFrame, OwnSlot.receivable])
        }
        let transaction = BookTransaction(
            guid: guid, currency: desk.commodity, number: order.content.number, posted: day, entered: desk.entered,
            text: text,
            splits: sides.map { account, amount, memo in
                BookSplit(guid: .random(using: &guids), account: account, value: Fraction(amount), memo: memo)
            },
            slots: slots)
        guard transaction.imbalance?.isZero == true else {
            throw .held("\(order.title) would be booked unbalanced; it is not booked. Report it with the order.")
        }
        edit.newTransactions.append(transaction)
        return transaction
    }
}

extension BookTransaction {
    /// The account that a plain booking of ours puts what is owed on.
    fileprivate var ownReceivable: GUID? {
        guard case .guid(let account)? = slots.own[OwnSlot.receivable] else { return nil }
        return account
    }
}

extension BookingDesk {
    /// What the lines of a document come to, as sides of a transaction.
    fileprivate func sides(
        _ lines: [InvoicePosting.Line], sign: Int64
    ) throws(Stop) -> [(account: GUID, amount: Money, memo: String)] {
        let reckoned: [Fraction]
        do {
            reckoned = try InvoiceArithmetic.totals(
                of: lines.map { InvoiceArithmetic.Line(quantity: $0.quantity, price: $0.price) },
                perUnit: Fraction.parts(of: currency)
            ).lineNets
        } catch {
            throw Stop(error)
        }
        var result: [(account: GUID, amount: Money, memo: String)] = []
        for (line, net) in zip(lines, reckoned) {
            guard let amount = Money(net, currency) else {
                throw .held("An amount of \(order.title) (\(net)) is none in \(currency).")
            }
            let side = Money(minorUnits: sign * amount.minorUnits, currency: currency)
            if side.minorUnits != 0 { result.append((line.account, side, line.text)) }
        }
        return result
    }
}
