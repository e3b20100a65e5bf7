import ConnectorKit

extension CustomTranslator {
    /// A customer.
    ///
    /// - Throws: `CustomProblem`.
    func customer(_ id: String, _ json: JSON) throws(CustomProblem) -> Draft {
        try customer(id, CustomPayload(json: json, place: "data", currency: nil), isGuest: false)
    }

    private func customer(_ id: String, _ payload: CustomPayload, isGuest: Bool) throws(CustomProblem) -> Draft {
        var draft = Draft(kind: .customer, externalID: id, reference: try payload.text("reference"))
        if let email = try payload.text("email") {
            guard email.isEmpty || email.contains("@") else {
                throw CustomProblem(reason: "\"\(payload.place).email\" is no e-mail address")
            }
            // A guest is a customer of his order alone, and never joined to another by his address.
            draft.naturalKey = email.isEmpty || isGuest ? nil : email.lowercased()
            draft.parts[CustomerPart.email] = email.isEmpty ? nil : email
        }
        if let name = try name(payload) { draft.parts[CustomerPart.name] = name.line.isEmpty ? nil : name }
        if let company = try payload.text("company") { draft.parts[CustomerPart.company] = company }
        if let phone = try payload.text("phone") { draft.parts[CustomerPart.phone] = phone }
        if let billing = try payload.object("billing", "billingAddress") {
            draft.parts[CustomerPart.billing] = try address(billing)
        }
        if let shipping = try payload.object("shipping", "shippingAddress") {
            draft.parts[CustomerPart.shipping] = try address(shipping)
        }
        draft.parts[CustomerPart.isGuest] = isGuest
        let words = [draft.parts[CustomerPart.name]?.line, draft.parts[CustomerPart.email]]
        draft.title = words.compactMap(\.self).first { !$0.isEmpty } ?? id
        return draft
    }

    private func name(_ payload: CustomPayload) throws(CustomProblem) -> PersonName? {
        if payload.says("firstName", "lastName") {
            return PersonName(
                first: try payload.text("firstName") ?? "", last: try payload.text("lastName") ?? "")
        }
        guard let line = try payload.text("name") else { return nil }
        guard let space = line.lastIndex(of: " ") else { return PersonName(first: line, last: "") }
        return PersonName(first: String(line[..<space]), last: String(line[line.index(after: space)...]))
    }

    func address(_ payload: CustomPayload) throws(CustomProblem) -> Address {
        Address(
            name: try name(payload)?.line ?? "", company: try payload.text("company") ?? "",
            line1: try payload.text("line1", "address1", "street") ?? "",
            line2: try payload.text("line2", "address2") ?? "", city: try payload.text("city") ?? "",
            region: try payload.text("region", "state") ?? "",
            postcode: try payload.text("postcode", "postalCode", "zip") ?? "",
            country: try payload.text("country") ?? "", phone: try payload.text("phone") ?? "",
            email: try payload.text("email") ?? "")
    }

    /// An order, and the customer it tells of. One without lines and total tells of its states alone.
    ///
    /// - Throws: `CustomProblem`.
    func order(_ id: String, _ event: OwnEvent) throws(CustomProblem) -> [Draft] {
        let payload = try CustomPayload.reading(event.data, "data", else: currency)
        var draft = Draft(kind: .order, externalID: id, title: try payload.text("number", "orderNumber") ?? id)
        if let state = try payload.word("status", "state", of: CustomCodes.orderStates) ?? states[event.action] {
            draft.parts[OrderPart.state] = state
        }
        if let paid = try payload.word("paymentStatus", of: CustomCodes.payments) ?? payments[event.action] {
            draft.parts[OrderPart.payment] = paid
        }
        if let sent = try payload.word("fulfilmentStatus", "fulfillmentStatus", of: CustomCodes.fulfilments)
            ?? fulfilments[event.action]
        {
            draft.parts[OrderPart.fulfilment] = sent
        }
        let lines = try payload.list("lines", "items")
        guard let lines else {
            guard !draft.parts.values.isEmpty else {
                throw CustomProblem(reason: "the order names neither \"lines\" nor a state")
            }
            return [draft]
        }
        let content = try content(id, payload, lines)
        draft.parts[OrderPart.content] = content
        draft.hold = hold(content)
        if draft.parts[OrderPart.state] == nil { draft.parts[OrderPart.state] = .pending }
        if let payments = try payload.list("payments") { draft.parts[OrderPart.payments] = try self.payments(payments) }
        let customer = try buyer(id, payload)
        draft.parts[OrderPart.customer] = .external(.customer, customer.id)
        return customer.draft.map { [$0, draft] } ?? [draft]
    }

    private var states: [String: OrderState] { ["cancelled": .cancelled, "completed": .completed] }
    private var payments: [String: PaymentState] { ["paid": .paid] }
    private var fulfilments: [String: FulfilmentState] { ["fulfilled": .fulfilled] }

    /// Who bought: one who has an account there, with what the order tells of him, or a guest of this order.
    private func buyer(_ order: String, _ payload: CustomPayload) throws(CustomProblem) -> (id: String, draft: Draft?) {
        let told = try payload.object("customer")
        var account = try payload.id("customerId")
        if account == nil { account = try told?.id("customerId", "id") }
        if let id = account {
            guard let told else { return (id, nil) }
            return (id, try customer(id, told, isGuest: false))
        }
        let id = "guest/" + order
        var details = told
        if details == nil { details = try payload.object("billing", "billingAddress") }
        let empty = CustomPayload(json: [:], place: payload.place, currency: nil)
        return (id, try customer(id, details ?? empty, isGuest: true))
    }

    private func content(
        _ id: String, _ payload: CustomPayload, _ lines: [CustomPayload]
    ) throws(CustomProblem) -> OrderContent {
        guard let total = try payload.amount("total"), let currency = payload.currency else {
            throw CustomProblem(reason: "\"data.total\" is missing: what the buyer pays")
        }
        guard let placed = try payload.moment("placedAt", "createdAt") else {
            throw CustomProblem(reason: "\"data.placedAt\" is missing: when the order was placed")
        }
        var all: [OrderLine] = []
        for (index, line) in lines.enumerated() { all.append(try self.line(line, index, currency)) }
        var shipping: [OrderCharge] = []
        if let amount = try payload.amount("shippingTotal") {
            shipping.append(OrderCharge(key: "shipping", name: "Shipping", total: amount, tax: .zero(currency)))
        }
        let tax = try payload.amount("taxTotal") ?? .zero(currency)
        let billing = try payload.object("billing", "billingAddress")
        let ship = try payload.object("shipping", "shippingAddress")
        return OrderContent(
            number: try payload.text("number", "orderNumber") ?? id, currency: currency, placedAt: placed,
            billing: try billing.map { payload throws(CustomProblem) in try address(payload) } ?? Address(),
            shippingAddress: try ship.map { payload throws(CustomProblem) in try address(payload) } ?? Address(),
            lines: all, shipping: shipping, taxTotal: tax, total: total, customerNote: try payload.text("note") ?? "",
            paymentMethod: try payload.text("paymentMethod") ?? "")
    }

    /// A line: its net total as it is said, or quantity times price where no total is.
    private func line(_ line: CustomPayload, _ index: Int, _ currency: Currency) throws(CustomProblem) -> OrderLine {
        guard let quantity = try line.decimal("quantity").flatMap(\.self), quantity.mantissa > 0 else {
            throw CustomProblem(reason: "\"\(line.place).quantity\" is missing or not above zero")
        }
        let said = try line.amount("total")
        let total = if let said { said } else { try product(quantity, line) }
        var item = try line.id("variantId")
        if item == nil { item = try line.id("productId") }
        return OrderLine(
            key: try line.id("lineId", "id") ?? String(index + 1), name: try line.text("name", "title") ?? "",
            sku: try line.text("sku") ?? "", item: item,
            quantity: quantity, subtotal: try line.amount("subtotal") ?? total, total: total,
            tax: try line.amount("tax") ?? .zero(currency))
    }

    private func product(_ quantity: ExactDecimal, _ line: CustomPayload) throws(CustomProblem) -> Money {
        guard let price = try line.amount("price"), let count = quantity.whole else {
            throw CustomProblem(reason: "\"\(line.place)\" needs \"total\", or \"price\" and a whole \"quantity\"")
        }
        let (units, isOver) = price.minorUnits.multipliedReportingOverflow(by: Int64(count))
        guard !isOver else { throw CustomProblem(reason: "\"\(line.place)\" comes to more than can be counted") }
        return Money(minorUnits: units, currency: price.currency)
    }

    private func payments(_ payloads: [CustomPayload]) throws(CustomProblem) -> [Payment] {
        var all: [Payment] = []
        for payment in payloads {
            guard let key = try payment.id("paymentId", "id"), let amount = try payment.amount("amount"),
                let at = try payment.moment("at", "paidAt")
            else { throw CustomProblem(reason: "\"\(payment.place)\" needs \"paymentId\", \"amount\" and \"at\"") }
            all.append(
                Payment(
                    key: key, amount: amount, at: at, method: try payment.text("method") ?? "",
                    reference: try payment.text("reference") ?? ""))
        }
        return all
    }

    /// An order that does not add up is kept, and waits for a person before it is booked anywhere.
    private func hold(_ content: OrderContent) -> String? {
        guard let difference = try? content.difference() else { return "its amounts cannot be added up" }
        return difference.minorUnits == 0
            ? nil
            : "its lines, shipping and tax are off its total by \(difference); correct it there, or let it through"
    }
}
