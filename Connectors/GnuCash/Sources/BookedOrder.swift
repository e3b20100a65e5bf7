import ConnectorKit
import GnuCashBook

/// An order as it is to be booked: what the hub says, checked, in one value.
struct BookedOrder {
    /// Our reference of the order; what is written for it is named after it.
    let reference: String
    /// Where it was issued: `shop/1002`.
    let issuer: String
    let content: OrderContent
    let state: OrderState
    let payments: [Payment]
    let refunds: [Refund]
    /// The customer's GUID in this book; nil for a buyer the shop does not keep.
    let customer: String?
    /// The booking the hub knows of already.
    let externalID: String?
    /// Other documents of the order the hub knows of already, by role.
    let roles: [String: String]

    /// What people call it.
    var title: String { "order \(content.number)" }

    /// Whether the order came to nothing.
    var isCalledOff: Bool { state == .cancelled || state == .failed }

    /// Reads a request.
    ///
    /// - Throws: `Stop.failed` for parts that are missing or of another type, `Stop.held` for amounts that cannot be.
    init(_ request: WriteRequest) throws(Stop) {
        do throws(PartError) {
            let parts = Parts(request.record.values.merging(request.changes.values) { _, changed in changed })
            content = try parts.required(OrderPart.content)
            state = try parts.required(OrderPart.state)
            payments = try Self.log(OrderPart.payments, in: parts)
            refunds = try Self.log(OrderPart.refunds, in: parts)
            customer = try Self.customer(in: parts)
        } catch {
            throw .failed(.refused(code: "content", detail: "\(request.title): \(error.description)"))
        }
        reference = request.reference
        externalID = request.externalID
        roles = request.roles
        issuer = request.issuer.map { "\($0.integration)/\($0.externalID)" } ?? request.reference
        try checkCurrencies()
    }

    /// What tells whether an order was edited since it was booked: only what the books depend on.
    var digest: String {
        var words = [content.number, content.total.description, content.taxTotal.description, content.placedAt.day]
        words += content.lines.map { "\($0.key) \($0.quantity) \($0.subtotal) \($0.total) \($0.tax)" }
        words += (content.shipping + content.fees).map { "\($0.key) \($0.total) \($0.tax)" }
        return "1:" + ContentDigest(of: words.joined(separator: "\n")).description
    }

    /// The slots of a document of this order.
    func slots(_ key: String) -> Slots {
        .own([
            OwnSlot.reference: .string("\(reference)/\(key)"), OwnSlot.order: .string(issuer),
            OwnSlot.orderNumber: .string(content.number), OwnSlot.key: .string(key),
        ])
    }

    /// The GUIDs of a document of this order: the same at every attempt, so that none can be written twice.
    func guids(_ key: String) -> SeededGUIDs { SeededGUIDs("\(reference)/\(key)") }

    private func checkCurrencies() throws(Stop) {
        let lines = content.lines + refunds.flatMap(\.lines)
        let charges = content.shipping + content.fees + refunds.flatMap { $0.shipping + $0.fees }
        let amounts =
            [content.total, content.taxTotal] + lines.flatMap { [$0.subtotal, $0.total, $0.tax] }
            + charges.flatMap { [$0.total, $0.tax] } + payments.map(\.amount) + refunds.map(\.amount)
        if let other = amounts.first(where: { $0.currency != content.currency }) {
            throw .held("\(title) is in \(content.currency), but holds an amount of \(other); it is not booked.")
        }
        if let bad = refunds.first(where: { $0.amount.minorUnits < 0 }) {
            throw .held("The refund \(bad.key) of \(title) is of \(bad.amount), which is no refund; it is not booked.")
        }
        if let bad = payments.first(where: { $0.amount.minorUnits < 0 }) {
            throw .held(
                "The payment \(bad.key) of \(title) is of \(bad.amount), which is no payment; it is not booked.")
        }
    }

    private static func log<Entry: PartValue>(
        _ part: Part<[Entry]>, in parts: Parts
    ) throws(PartError) -> [Entry] {
        guard let json = parts[part.shape.name], !json.isNull else { return [] }
        return try parts.required(part)
    }

    private static func customer(in parts: Parts) throws(PartError) -> String? {
        guard let json = parts[OrderPart.customer.shape.name], !json.isNull else { return nil }
        guard case .external(_, let id) = try parts.required(OrderPart.customer) else {
            throw PartError("customer: not known in this book yet")
        }
        return id
    }
}

extension Money {
    /// The sum, which a document that is off the scale does not have.
    func plus(_ other: Money) throws(Stop) -> Money {
        do { return try adding(other) } catch { throw .held("The amounts cannot be added up: \(error.description).") }
    }

    /// The difference.
    func minus(_ other: Money) throws(Stop) -> Money {
        do {
            return try subtracting(other)
        } catch {
            throw .held("The amounts cannot be added up: \(error.description).")
        }
    }

    /// The sum of many.
    static func total(_ amounts: [Money], _ currency: Currency) throws(Stop) -> Money {
        var sum = Money.zero(currency)
        for amount in amounts { sum = try sum.plus(amount) }
        return sum
    }
}
