import ConnectorKit

/// The shop's words to canonical records. Pure: no clock, no network, no state.
struct CustomTranslator: Sendable {
    /// The currency of amounts that name none.
    let currency: Currency?

    /// A product, as far as the event tells of it.
    ///
    /// - Throws: `CustomProblem`.
    func product(_ id: String, _ json: JSON) throws(CustomProblem) -> Draft {
        let payload = try CustomPayload.reading(json, "data", else: currency)
        var draft = try sellable(.product, id, payload)
        if let name = try payload.text("name", "title") { draft.parts[ProductPart.name] = try filled(name, payload) }
        if let type = try payload.word("type", of: ["simple": "simple", "variable": "variable"]) {
            draft.parts[ProductPart.type] = type
        }
        if let summary = try payload.text("summary", "shortDescription") { draft.parts[ProductPart.summary] = summary }
        if let ids = json["categoryIds"] {
            var references: [Reference] = []
            for element in ids.array ?? [] {
                guard let text = element.scalarText, OwnEvent.isID(text) else {
                    throw payload.problem("categoryIds", "a list of ids", ids)
                }
                references.append(.external(.category, text))
            }
            guard ids.array != nil else { throw payload.problem("categoryIds", "a list of ids", ids) }
            draft.parts[ProductPart.categories] = references.sorted { $0.json.text < $1.json.text }
        }
        draft.title = draft.parts[ProductPart.name] ?? draft.naturalKey ?? id
        return draft
    }

    /// A variant.
    ///
    /// - Throws: `CustomProblem`.
    func variant(_ id: String, _ json: JSON) throws(CustomProblem) -> Draft {
        let payload = try CustomPayload.reading(json, "data", else: currency)
        var draft = try sellable(.variant, id, payload)
        if let product = try payload.id("productId") { draft.parts[VariantPart.product] = .external(.product, product) }
        if let options = json["options"] {
            guard let table = options.object, table.values.allSatisfy({ $0.string != nil }) else {
                throw payload.problem("options", "an object of texts", options)
            }
            draft.parts[VariantPart.options] = table.sorted { $0.key < $1.key }.map {
                OptionValue(name: $0.key, value: $0.value.string ?? "")
            }
        }
        draft.title = try payload.text("name", "title") ?? draft.naturalKey ?? id
        return draft
    }

    /// A category.
    ///
    /// - Throws: `CustomProblem`.
    func category(_ id: String, _ json: JSON) throws(CustomProblem) -> Draft {
        let payload = CustomPayload(json: json, place: "data", currency: nil)
        var draft = Draft(kind: .category, externalID: id, reference: try payload.text("reference"))
        if let name = try payload.text("name", "title") {
            draft.parts[CategoryPart.name] = try filled(name, payload)
            draft.title = name
        }
        if let slug = try payload.text("slug"), !slug.isEmpty {
            draft.parts[CategoryPart.slug] = slug
            draft.naturalKey = slug
        }
        if let text = try payload.text("description") { draft.parts[CategoryPart.description] = text }
        if payload.says("parentId") {
            draft.parts[CategoryPart.parent] = try payload.id("parentId").map { .external(.category, $0) }
        }
        return draft
    }

    // MARK: - What products and variants share

    private func sellable(_ kind: RecordKind, _ id: String, _ payload: CustomPayload) throws(CustomProblem) -> Draft {
        var draft = Draft(kind: kind, externalID: id, reference: try payload.text("reference"))
        if let sku = try payload.text("sku") {
            draft.naturalKey = sku.isEmpty ? nil : sku
            draft.parts[ProductPart.sku] = draft.naturalKey
        }
        if let barcode = try payload.text("barcode", "gtin") {
            draft.parts[ProductPart.barcode] = barcode.isEmpty ? nil : barcode
        }
        if let text = try payload.text("description") { draft.parts[ProductPart.description] = text }
        if let status = try payload.text("status") {
            guard CustomCodes.productStatuses.contains(status) else {
                throw payload.problem(
                    "status", "one of \(CustomCodes.productStatuses.sorted().joined(separator: ", "))", .string(status))
            }
            draft.parts[ProductPart.status] = status
        }
        if payload.says("price", "salePrice", "saleFrom", "saleTo") {
            draft.parts[ProductPart.price] = try price(payload)
        }
        if let stock = try payload.decimal("stock", "stockQuantity", "stock_quantity", "quantity") {
            draft.parts[ProductPart.stock] = StockLevel(isTracked: stock != nil, quantity: stock)
        }
        if let weight = try payload.decimal("weight") {
            let unit = try payload.text("weightUnit") ?? "kg"
            draft.parts[ProductPart.weight] = weight.map { Measure(value: $0, unit: unit) }
        }
        return draft
    }

    /// Price, sale and its dates are one: a call that names one of them says what all of them are.
    private func price(_ payload: CustomPayload) throws(CustomProblem) -> Price {
        let regular = try payload.amount("price")
        let sale = try payload.amount("salePrice")
        guard let currency = payload.currency else {
            throw CustomProblem(reason: "the price is in no currency: say \"currency\" beside it, or set it here")
        }
        for amount in [regular, sale].compactMap(\.self) where amount.minorUnits < 0 {
            throw CustomProblem(reason: "a price of \(amount) is below zero")
        }
        return Price(
            regular: regular, sale: sale, currency: currency, saleFrom: try payload.moment("saleFrom"),
            saleTo: try payload.moment("saleTo"))
    }

    func filled(_ text: String, _ payload: CustomPayload) throws(CustomProblem) -> String {
        guard !text.allSatisfy(\.isWhitespace) else {
            throw CustomProblem(reason: "\"\(payload.place).name\" must not be empty")
        }
        return text
    }
}
