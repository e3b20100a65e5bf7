import ConnectorKit
import GnuCashBook

/// Writes customers into the book, one save for a batch.
struct CustomerTarget: RecordTarget {
    let client: GnuCashClient

    var batchLimit: Int { 200 }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        try await client.writeEach(requests) {
            [settings = client.settings] request, open, edit throws(Stop) in
            try CustomerWriting(settings: settings, open: open).write(request, into: &edit)
        }
    }

    /// Customers of the same e-mail that this hub has not written under this reference. One that it has is found by the
    /// reference when the write is repeated, in the same save that brings it up to date.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        try await client.read { open in
            guard open.own.customer(request.reference) == nil, let key = request.naturalKey?.lowercased(), !key.isEmpty
            else { return [] }
            // A customer that carries a reference was made for another record of a hub.
            return open.book.customers.filter { !$0.isGuest && $0.slots.own[OwnSlot.customer] == nil }
                .map(CustomerWording.draft)
                .filter { $0.naturalKey == key }
        }
    }

    func normalForm(of part: String, _ value: JSON) -> JSON { CustomerWording.normalForm(of: part, value) }
}

extension GnuCashClient {
    /// Writes a batch in one save: an entry that does not go stops none of the others.
    ///
    /// An edit that the book refuses as a whole is cut in halves, until the entry at fault stands alone.
    func writeEach(
        _ requests: [WriteRequest],
        _ one: @escaping @Sendable (WriteRequest, OpenBook, inout BookEdit) throws(Stop) -> Written
    ) async throws(ConnectorFailure) -> [WriteResult] {
        let outcome = try await write { open, edit in
            requests.map { request in
                var trial = edit
                do throws(Stop) {
                    let written = try one(request, open, &trial)
                    edit = trial
                    return WriteResult.written(written)
                } catch {
                    return error.result
                }
            }
        }
        switch outcome {
        case .success(let results): return results
        case .failure(let fault):
            guard requests.count > 1 else {
                return [.failed(.refused(code: "edit", detail: "\(fault) Nothing was written."))]
            }
            let half = requests.count / 2
            return try await writeEach(Array(requests[..<half]), one) + writeEach(Array(requests[half...]), one)
        }
    }
}

/// Writes one customer into an edit.
struct CustomerWriting {
    let settings: BookSettings
    let open: OpenBook

    func write(_ request: WriteRequest, into edit: inout BookEdit) throws(Stop) -> Written {
        if let id = request.externalID {
            guard let guid = GUID(id), let customer = open.book.customer(guid) else {
                throw .failed(.gone(detail: "the customer \(id) is not in the book any more"))
            }
            return update(customer, by: request, in: &edit)
        }
        if let guid = open.own.customer(request.reference), let customer = open.book.customer(guid) {
            return update(customer, by: request, in: &edit)
        }
        guard settings.createsCustomers else {
            throw .held(
                "\(request.title) is not in the book, and auto_create_customers is off: make the customer in GnuCash, "
                    + "or switch it on.")
        }
        var guids = SeededGUIDs(request.reference)
        var customer = try blank(guids.nextGUID(), in: edit)
        customer.slots.set(.string(request.reference), at: [Slots.ownFrame, OwnSlot.customer])
        CustomerWording.lay(request.changes, of: request.record, over: &customer)
        edit.newCustomers.append(customer)
        return Written(externalID: customer.guid.description, answer: CustomerWording.draft(of: customer))
    }

    /// A customer made for one order whose buyer the shop does not keep.
    func guest(of order: BookedOrder, into edit: inout BookEdit) throws(Stop) -> BookCustomer {
        var guids = SeededGUIDs("\(order.reference)/customer")
        let guid = guids.nextGUID()
        let made = edit.newCustomers.first { $0.guid == guid }
        if let known = open.book.customer(guid) ?? made { return known }
        let billing = order.content.billing
        var parts = Parts()
        parts[CustomerPart.name] = CustomerWording.person(billing.name)
        parts[CustomerPart.company] = billing.company
        parts[CustomerPart.email] = billing.email
        parts[CustomerPart.phone] = billing.phone
        parts[CustomerPart.billing] = billing
        parts[CustomerPart.shipping] = order.content.shippingAddress
        var customer = try blank(guid, in: edit)
        customer.slots.set(.string(order.reference), at: [Slots.ownFrame, OwnSlot.guestOf])
        CustomerWording.lay(parts, of: parts, over: &customer)
        edit.newCustomers.append(customer)
        return customer
    }

    private func update(_ customer: BookCustomer, by request: WriteRequest, in edit: inout BookEdit) -> Written {
        var changed = customer
        CustomerWording.lay(request.changes, of: request.record, over: &changed)
        if changed != customer { edit.changedCustomers.append(changed) }
        return Written(externalID: customer.guid.description, answer: CustomerWording.draft(of: changed))
    }

    private func blank(_ guid: GUID, in edit: BookEdit) throws(Stop) -> BookCustomer {
        guard let currency = MappedAccounts(book: open.book, settings: settings).currency else {
            let detail = "The book has no account in a currency; give \"currency\"."
            throw .failed(.refused(code: "currency", detail: detail))
        }
        return BookCustomer(guid: guid, id: nextNumber(edit), name: "", currency: .currency(currency.code))
    }

    /// The first number behind all that begin with our prefix.
    private func nextNumber(_ edit: BookEdit) -> String {
        let prefix = settings.customerPrefix
        let taken = (open.book.customers.map(\.id) + edit.newCustomers.map(\.id))
            .compactMap { $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count)) : nil }
        let digits = String((taken.max() ?? 0) + 1)
        return prefix + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
