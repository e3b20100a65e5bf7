import ConnectorKit

/// Tells the shop what is to change there: one call for each record, of nothing but what differs.
struct CustomTarget: RecordTarget {
    let kind: RecordKind
    let client: CustomClient
    let translator: CustomTranslator
    let batchLimit = 1

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        var results: [WriteResult] = []
        for request in requests { results.append(try await write(request)) }
        return results
    }

    private func write(_ request: WriteRequest) async throws(ConnectorFailure) -> WriteResult {
        let writing = CustomWriting(request)
        var data: [String: JSON]
        do throws(CustomProblem) {
            data = try writing.members()
        } catch {
            return .failed(.refused(code: "crossdock_invalid", detail: "\(error.reason); nothing was sent"))
        }
        guard let id = request.externalID else { return try await create(request, data) }
        if data.isEmpty { return .written(Written(externalID: id)) }
        data[writing.idMember] = .string(id)
        let answer = try await client.tell("\(kind.rawValue).updated", data, reference: request.reference)
        return .written(Written(externalID: id, answer: draft(answer, id)))
    }

    private func create(
        _ request: WriteRequest, _ data: [String: JSON]
    ) async throws(ConnectorFailure) -> WriteResult {
        guard kind != .order else { return .held("\(request.title): orders are made in the shop, not sent to it") }
        let answer = try await client.tell("\(kind.rawValue).created", data, reference: request.reference)
        guard let id = (answer[CustomWriting.idMember(of: kind)] ?? answer["id"])?.scalarText, OwnEvent.isID(id) else {
            // It may have made it, and did not say as what.
            throw .unavailable(
                mayHaveHappened: true,
                detail: "the answer to \(kind.rawValue).created names no \(CustomWriting.idMember(of: kind))")
        }
        let isKnown = answer["existing"]?.bool ?? false
        return .written(Written(externalID: id, answer: draft(answer, id), isAdopted: isKnown))
    }

    /// The record as the answer shows it; nil where it shows nothing beside the id, or what cannot be read: then what
    /// was written counts as seen.
    private func draft(_ answer: JSON, _ id: String) -> Draft? {
        let draft: Draft?
        switch kind {
        case .product: draft = try? translator.product(id, answer)
        case .variant: draft = try? translator.variant(id, answer)
        case .category: draft = try? translator.category(id, answer)
        case .customer: draft = nil
        default: draft = nil
        }
        return draft.flatMap { $0.parts.values.isEmpty ? nil : $0 }
    }

    /// Nothing can be asked.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] { [] }

    /// What is empty and what is not there are one.
    func normalForm(of part: String, _ value: JSON) -> JSON { value == "" ? .null : value }
}

/// The changed parts of a record in the shop's words: the same members its own calls have.
struct CustomWriting {
    let request: WriteRequest

    init(_ request: WriteRequest) { self.request = request }

    var idMember: String { Self.idMember(of: request.kind) }

    static func idMember(of kind: RecordKind) -> String { "\(kind.rawValue)Id" }

    /// The members.
    ///
    /// - Throws: `CustomProblem` for a part that does not hold what its name promises.
    func members() throws(CustomProblem) -> [String: JSON] {
        var data: [String: JSON] = [:]
        for (part, json) in request.changes.values.sorted(by: { $0.key < $1.key }) {
            data.merge(try members(of: part, json)) { $1 }
        }
        return data
    }

    private func members(of part: String, _ json: JSON) throws(CustomProblem) -> [String: JSON] {
        switch (request.kind, part) {
        case (_, "price"): try price(read(part, json))
        case (_, "stock"): try stock(read(part, json))
        case (_, "weight"): try weight(read(part, json))
        case (.product, "categories"): ["categoryIds": .array((json.array ?? []).compactMap(external))]
        case (.variant, "product"): ["productId": external(json) ?? .null]
        case (.category, "parent"): ["parentId": external(json) ?? .null]
        case (.variant, "options"): try options(read(part, json))
        case (.customer, "name"): try name(read(part, json))
        case (.order, "state"): try state(read(part, json))
        default: [part: json]
        }
    }

    private func read<Value: PartValue>(_ part: String, _ json: JSON) throws(CustomProblem) -> Value? {
        if json.isNull { return nil }
        do throws(PartError) {
            return try Value(json: json)
        } catch {
            throw CustomProblem(reason: "\(part): \(error.description)")
        }
    }

    private func price(_ price: Price?) -> [String: JSON] {
        [
            "price": .text(price?.regular?.amount), "salePrice": .text(price?.sale?.amount),
            "currency": .text(price?.currency.code), "saleFrom": .text(price?.saleFrom?.description),
            "saleTo": .text(price?.saleTo?.description),
        ]
    }

    private func stock(_ level: StockLevel?) -> [String: JSON] {
        guard let level, level.isTracked, let quantity = level.quantity else { return ["stock": .null] }
        return ["stock": .number(quantity.description)]
    }

    private func weight(_ measure: Measure?) -> [String: JSON] {
        guard let measure else { return ["weight": .null] }
        return ["weight": .number(measure.value.description), "weightUnit": .string(measure.unit)]
    }

    private func options(_ values: [OptionValue]?) -> [String: JSON] {
        let pairs = (values ?? []).map { ($0.name, JSON.string($0.value)) }
        return ["options": .object(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))]
    }

    private func name(_ name: PersonName?) -> [String: JSON] {
        ["firstName": .string(name?.first ?? ""), "lastName": .string(name?.last ?? "")]
    }

    private func state(_ state: OrderState?) throws(CustomProblem) -> [String: JSON] {
        guard let word = state.flatMap({ CustomCodes.orderWords[$0] }) else {
            throw CustomProblem(reason: "state: nothing is no state of an order")
        }
        return ["status": .string(word)]
    }

    private func external(_ json: JSON) -> JSON? {
        guard case .external(_, let id)? = try? Reference(json: json) else { return nil }
        return .string(id)
    }
}
