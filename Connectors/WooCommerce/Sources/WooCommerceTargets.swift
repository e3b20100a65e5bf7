import ConnectorKit

/// Writes categories. The shop keeps no field of ours with them; name and parent are unique there.
struct CategoryTarget: RecordTarget {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    var batchLimit: Int { client.shop.batchSize }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        let writing = WooCommerceWriting(weightUnit: "", dimensionUnit: "", currency: nil)
        let write = EntryWriting(client: client, path: "products/categories")
        return try await write.send(requests) { request throws(WriteRefusal) in
            let body = try writing.category(request)
            guard request.externalID != nil || body["name"] != nil else {
                throw .waits("\(request.title): a category needs a name")
            }
            return body
        } translate: { json throws(PayloadError) in
            try translator.category(json)
        } adopt: { request, error async throws(ConnectorFailure) in
            guard error.code == "term_exists", let id = error.resource,
                let json = try await client.record("products/categories", id, [])
            else { return nil }
            return try? translator.category(json)
        }
    }

    /// By its slug or, without one, by its name under the same parent.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        let parts = request.record.values.isEmpty ? request.changes : request.record
        if let slug = parts[CategoryPart.slug], !slug.isEmpty {
            return try await drafts([("slug", slug)])
        }
        guard let name = parts[CategoryPart.name], !name.isEmpty else { return [] }
        return try await drafts([("search", name), ("per_page", "100")]).filter {
            $0.parts[CategoryPart.name] == name
                && $0.parts[CategoryPart.parent.shape.name] == parts[CategoryPart.parent.shape.name] ?? .null
        }
    }

    private func drafts(_ query: [(String, String)]) async throws(ConnectorFailure) -> [Draft] {
        try await client.list("products/categories", query).list.allRead { json throws(PayloadError) in
            try translator.category(json)
        }
    }

    func normalForm(of part: String, _ value: JSON) -> JSON {
        part == CategoryPart.slug.shape.name ? value : NormalForm.of(part, value)
    }
}

/// Writes customers with an account.
struct CustomerTarget: RecordTarget {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    var batchLimit: Int { client.shop.batchSize }
    /// Bytes of a new customer's password, which nobody learns: he sets his own by "lost password".
    static let passwordBytes = 24

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        let write = EntryWriting(client: client, path: "customers")
        let accounts = requests.indices.filter { !isGuest(requests[$0]) }
        let results = try await write.send(accounts.map { requests[$0] }) { request throws(WriteRefusal) in
            try body(request)
        } translate: { json throws(PayloadError) in
            try translator.customer(json)
        } adopt: { request, error async throws(ConnectorFailure) in
            guard WooCommerceCodes.mailTakenCodes.contains(error.code) else { return nil }
            let found = try await find(request)
            return found.count == 1 ? found.first : nil
        }
        let byPlace = Dictionary(zip(accounts, results)) { $1 }
        return requests.indices.map { byPlace[$0] ?? .skipped(skipped(requests[$0])) }
    }

    /// One who bought without an account, here or elsewhere: he has none to be written to, and none is made for him.
    private func isGuest(_ request: WriteRequest) -> Bool {
        if let id = request.externalID { return GuestID.order(id) != nil }
        return (request.changes[CustomerPart.isGuest] ?? request.record[CustomerPart.isGuest]) == true
    }

    private func skipped(_ request: WriteRequest) -> String {
        guard let order = request.externalID.flatMap(GuestID.order) else {
            return "\(request.title) bought as a guest elsewhere; no account is made for him in this shop"
        }
        return "\(request.title) is a guest: his details stand in order \(order), which belongs to the shop"
    }

    private func body(_ request: WriteRequest) throws(WriteRefusal) -> [String: JSON] {
        var body = try CustomerWriting(request).members()
        guard request.externalID == nil else { return body }
        guard body["email"]?.string?.contains("@") == true else {
            throw .waits("\(request.title): the shop keeps no customer without an e-mail; add one or leave him out")
        }
        body["password"] = .string(Signature.hex(client.surroundings.random(Self.passwordBytes)))
        body["meta_data"] = ReferenceField.json(request.reference)
        return body
    }

    /// By e-mail. It is not safe from races at the shop: two found are two, and a person decides.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        let parts = request.record.values.isEmpty ? request.changes : request.record
        guard let email = request.naturalKey ?? parts[CustomerPart.email], email.contains("@") else { return [] }
        let found = try await client.list("customers", CustomerSource.query + [("email", email)]).list
        return try found.allRead { json throws(PayloadError) in try translator.customer(json) }
            .filter { $0.naturalKey == email.lowercased() }
    }

    func normalForm(of part: String, _ value: JSON) -> JSON {
        switch part {
        case CustomerPart.billing.shape.name, CustomerPart.shipping.shape.name:
            guard var address = try? Address(json: value) else { return value }
            if part == CustomerPart.billing.shape.name {
                address.phone = ""
                address.company = ""
            }
            return address.isEmpty ? .null : address.json
        case CustomerPart.email.shape.name: return value.string.map { .string($0.lowercased()) } ?? value
        default: return value == "" ? .null : value
        }
    }
}

/// Moves orders along at the shop: their status, nothing else. What was ordered belongs to the shop.
struct OrderTarget: RecordTarget {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    var batchLimit: Int { client.shop.batchSize }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        let write = EntryWriting(client: client, path: "orders")
        return try await write.send(requests) { request throws(WriteRefusal) in
            try body(request)
        } translate: { json throws(PayloadError) in
            // The answer names refunds by their sums alone, so what was given back is left to the next read.
            var draft = try translator.order(json, refunds: [])
            draft.parts[OrderPart.refunds.shape.name] = Optional<JSON>.none
            if json["refunds"]?.array?.isEmpty == false {
                draft.parts[OrderPart.payment.shape.name] = Optional<JSON>.none
            }
            return draft
        } adopt: { _, _ async throws(ConnectorFailure) in
            nil
        }
    }

    private func body(_ request: WriteRequest) throws(WriteRefusal) -> [String: JSON] {
        guard request.externalID != nil else {
            throw .waits("\(request.title): orders are made in the shop, not sent to it")
        }
        let state = OrderPart.state.shape.name
        if let other = request.changes.values.keys.sorted().first(where: { $0 != state }) {
            throw .value(part: other, reason: "only the state of a shop's order is written")
        }
        guard let value = request.changes[OrderPart.state] else {
            throw .value(part: "state", reason: "\(request.changes[state]?.text ?? "nothing") is no state of an order")
        }
        guard let status = WooCommerceCodes.orderStatus(for: value) else {
            throw .value(part: "state", reason: "\"\(value.rawValue)\" cannot be set in the shop")
        }
        return ["status": .string(status)]
    }

    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] { [] }
}

/// A customer's changed parts in the shop's words. Members not named stay as they are.
struct CustomerWriting: Sendable {
    let request: WriteRequest
    private let reader = WooCommerceWriting(weightUnit: "", dimensionUnit: "", currency: nil)

    init(_ request: WriteRequest) { self.request = request }

    func members() throws(WriteRefusal) -> [String: JSON] {
        let parts = request.changes
        var body: [String: JSON] = [:]
        var billing: [String: JSON] = [:]
        if let email = try reader.text(CustomerPart.email, parts) {
            guard email.contains("@") else { throw .value(part: "email", reason: "\"\(email)\" is no e-mail address") }
            body["email"] = .string(email)
        }
        if parts[CustomerPart.name.shape.name] != nil {
            let name = try reader.value(CustomerPart.name, parts) ?? PersonName(first: "", last: "")
            body["first_name"] = .string(name.first)
            body["last_name"] = .string(name.last)
        }
        if parts[CustomerPart.billing.shape.name] != nil {
            billing = members(of: try reader.value(CustomerPart.billing, parts) ?? Address())
            billing["phone"] = nil
            billing["company"] = nil
            // An empty e-mail is refused by the shop's own check of this member.
            if billing["email"] == "" { billing["email"] = nil }
        }
        if let phone = try reader.text(CustomerPart.phone, parts) { billing["phone"] = .string(phone) }
        if let company = try reader.text(CustomerPart.company, parts) { billing["company"] = .string(company) }
        if !billing.isEmpty { body["billing"] = .object(billing) }
        if parts[CustomerPart.shipping.shape.name] != nil {
            var shipping = members(of: try reader.value(CustomerPart.shipping, parts) ?? Address())
            shipping["email"] = nil
            body["shipping"] = .object(shipping)
        }
        return body
    }

    private func members(of address: Address) -> [String: JSON] {
        let name = split(address.name)
        return [
            "first_name": .string(name.first), "last_name": .string(name.last), "company": .string(address.company),
            "address_1": .string(address.line1), "address_2": .string(address.line2), "city": .string(address.city),
            "state": .string(address.region), "postcode": .string(address.postcode),
            "country": .string(address.country), "phone": .string(address.phone), "email": .string(address.email),
        ]
    }

    /// A name on one line, parted where the customer's own name is parted, else before its last word.
    private func split(_ line: String) -> PersonName {
        let own = request.changes[CustomerPart.name] ?? request.record[CustomerPart.name]
        if let own, own.line == line { return own }
        guard let space = line.lastIndex(of: " ") else { return PersonName(first: line, last: "") }
        return PersonName(first: String(line[..<space]), last: String(line[line.index(after: space)...]))
    }
}
