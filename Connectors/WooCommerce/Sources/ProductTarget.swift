import ConnectorKit

/// Writes products: by batch, one answer for each, a taken SKU adopted.
struct ProductTarget: RecordTarget {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    var batchLimit: Int { client.shop.batchSize }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        let currency = try await client.currency(for: requests)
        let writing = WooCommerceWriting(
            weightUnit: translator.weightUnit, dimensionUnit: translator.dimensionUnit, currency: currency)
        var results: [Int: WriteResult] = [:]
        var entries: [BatchWriting.Entry] = []
        for (place, request) in requests.enumerated() {
            do {
                if let entry = try await entry(request, place, writing) { entries.append(entry) }
            } catch {
                results[place] = error.result
            }
        }
        let outcomes = await BatchWriting(client: client, path: "products/batch").send(entries)
        var all: [WriteResult] = []
        for (place, request) in requests.enumerated() {
            if let result = results[place] {
                all.append(result)
            } else {
                let result = await result(request, outcomes[place], currency)
                all.append(result.remarking(writing.foreignPrice(request)))
            }
        }
        return try all.orThrow()
    }

    /// What to send for one record; nil when nothing is to be sent in the batch.
    private func entry(
        _ request: WriteRequest, _ place: Int, _ writing: WooCommerceWriting
    ) async throws(Settled) -> BatchWriting.Entry? {
        do {
            var body = try writing.product(request)
            if let options = try writing.value(ProductPart.options, request.changes) {
                let current = try await currentAttributes(request.externalID)
                body["attributes"] = Attributes(current).written(options)
            }
            guard let id = request.externalID else {
                guard body["name"] != nil else { throw WriteRefusal.waits("\(request.title): a product needs a name") }
                body["meta_data"] = ReferenceField.json(request.reference)
                return BatchWriting.Entry(place: place, body: body, isNew: true)
            }
            guard let number = Int(id) else { throw WriteRefusal.waits("\"\(id)\" is no product of this shop") }
            guard !body.isEmpty else { return nil }
            body["id"] = .integer(number)
            return BatchWriting.Entry(place: place, body: body, isNew: false)
        } catch {
            throw Settled(error)
        }
    }

    /// A list is replaced whole, and a shop-wide attribute must be named by its id, so what is there is read first.
    private func currentAttributes(_ id: String?) async throws(ConnectorFailure) -> [JSON] {
        guard let id else { return [] }
        return try await client.get("products/\(id)", [("_fields", "id,attributes")]).json["attributes"]?.array ?? []
    }

    private func result(
        _ request: WriteRequest, _ outcome: BatchWriting.Outcome?, _ currency: Currency
    ) async -> WriteResult {
        switch outcome {
        case .failed(let failure): return .failed(failure)
        case .refused(let error): return await refused(request, error, currency)
        case .answered(let json):
            let written = written(json, currency, request)
            return isToBin(request) ? await bin(written) : .written(written)
        case nil:
            guard let id = request.externalID else { return .held("nothing to write for \(request.title)") }
            let untouched = Written(externalID: id)
            return isToBin(request) ? await bin(untouched) : .written(untouched)
        }
    }

    private func isToBin(_ request: WriteRequest) -> Bool { request.changes[ProductPart.status] == "archived" }

    /// Puts a product in the shop's bin, from which it can be taken out again: a batch would delete it for good.
    private func bin(_ written: Written) async -> WriteResult {
        do {
            _ = try await client.send("DELETE", "products/\(written.externalID)", body: nil)
            // The answer to DELETE shows the product as it was before.
            let fetched = try await ProductSource(client: client, translator: translator).fetch([written.externalID])
            var written = written
            if case .found(let draft)? = fetched.first { written.answer = draft }
            return .written(written)
        } catch {
            return .failed(error)
        }
    }

    private func written(_ json: JSON, _ currency: Currency, _ request: WriteRequest) -> Written {
        do {
            let draft = try translator.product(json, currency)
            return Written(externalID: draft.externalID, answer: draft, remarks: draft.remarks)
        } catch {
            let id = Payload(json).filled("id") ?? request.externalID ?? ""
            return Written(externalID: id, remarks: ["the shop's answer cannot be read: \(error.reason)"])
        }
    }

    private func refused(_ request: WriteRequest, _ error: EntryError, _ currency: Currency) async -> WriteResult {
        guard request.externalID == nil else { return request.keeping(error) ?? .failed(error.failure) }
        do {
            if WooCommerceCodes.takenCodes.contains(error.code), let id = error.resource {
                return try await adopt(id, request, currency, error)
            }
            if WooCommerceCodes.raceCodes.contains(error.code) {
                guard request.sku != nil else { return .failed(error.failure) }
                let found = try await find(request)
                guard found.count == 1, let draft = found.first else {
                    return .failed(.unavailable(mayHaveHappened: false, detail: error.message))
                }
                return .written(Written(externalID: draft.externalID, answer: draft, isAdopted: true))
            }
        } catch {
            return .failed(error)
        }
        return .failed(error.failure)
    }

    /// The shop has a product with this SKU: it is linked as it is, unless it turns out to be something else.
    private func adopt(
        _ id: String, _ request: WriteRequest, _ currency: Currency, _ error: EntryError
    ) async throws(ConnectorFailure) -> WriteResult {
        guard let json = try await client.record("products", id, ProductSource.query),
            Payload(json).text("type") != "variation", request.hasSKU(Payload(json).text("sku")),
            let draft = try? translator.product(json, currency)
        else {
            return .failed(
                .refused(code: error.code, detail: "\(error.message) It is held by record \(id) of the shop"))
        }
        return .written(Written(externalID: draft.externalID, answer: draft, isAdopted: true))
    }

    /// By SKU, which the shop enforces; without one by our reference among the newest products.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        let currency = try await client.currency(for: [request])
        let found = try await client.candidates(request).filter { Payload($0).text("type") != "variation" }
        return try found.allRead { json throws(PayloadError) in try translator.product(json, currency) }
    }

    func normalForm(of part: String, _ value: JSON) -> JSON { NormalForm.of(part, value) }
}

/// Our own reference, kept by the shop beside what we created.
enum ReferenceField {
    static func json(_ reference: String) -> JSON {
        [["key": .string(WooCommerceCodes.referenceField), "value": .string(reference)]]
    }
}

/// What products differ in, and the shop-wide attributes behind it.
struct Attributes: Sendable {
    let current: [JSON]

    init(_ current: [JSON]) { self.current = current }

    /// The shop's own id of the attribute of that name; 0 is one this product alone has.
    func id(of name: String) -> Int {
        current.first { WooCommerceText.name(Payload($0).text("name")) == name }?["id"]?.integer ?? 0
    }

    func written(_ options: [ProductOption]) -> JSON {
        .array(
            options.enumerated().map { place, option in
                member(
                    option.name,
                    [
                        "options": .array(option.values.map(JSON.string)), "variation": .bool(option.isForVariants),
                        "visible": true, "position": .integer(place),
                    ])
            })
    }

    /// A variant's values. A value of a shop-wide attribute is understood only with the attribute's id.
    func written(_ values: [OptionValue]) -> JSON {
        .array(values.map { member($0.name, ["option": .string($0.value)]) })
    }

    private func member(_ name: String, _ rest: [String: JSON]) -> JSON {
        let id = id(of: name)
        return .object(rest.merging(id > 0 ? ["id": .integer(id)] : ["name": .string(name)]) { $1 })
    }
}

/// The form in which two values of a part count as the same at the shop.
enum NormalForm {
    static func of(_ part: String, _ value: JSON) -> JSON {
        switch part {
        case ProductPart.name.shape.name: value.string.map { .string(WooCommerceText.name($0)) } ?? value
        case ProductPart.description.shape.name, ProductPart.summary.shape.name:
            value.string.map { .string(WooCommerceText.prose(WooCommerceText.decoded($0))) } ?? ""
        case ProductPart.categories.shape.name, ProductPart.tags.shape.name:
            .array((value.array ?? []).sorted { $0.text < $1.text })
        case ProductPart.sku.shape.name, ProductPart.barcode.shape.name: value == "" ? .null : value
        case ProductPart.taxClass.shape.name: value.isNull ? "" : value
        default: value
        }
    }
}

extension WriteRequest {
    /// The SKU as it is written; the natural key is only its folded form.
    var sku: String? {
        let sku = changes[ProductPart.sku] ?? record[ProductPart.sku] ?? naturalKey
        return sku?.isEmpty == false ? sku : nil
    }

    /// What is left of a write whose SKU another product has; nil where it was refused for something else.
    func keeping(_ error: EntryError) -> WriteResult? {
        let part = ProductPart.sku.shape.name
        guard error.code == WooCommerceCodes.skuTaken, let wanted = changes.values[part]?.string, !wanted.isEmpty
        else { return nil }
        let holder = error.resource.map { " of product \($0) there" } ?? " of another product there"
        return .taken(
            part: part, by: error.resource,
            detail: "\(title): \"\(wanted)\" is the SKU\(holder), and the shop has none twice; it keeps what it has "
                + "until that one is given another")
    }

    /// Whether that is this record's SKU; the shop compares them without regard to case.
    func hasSKU(_ other: String) -> Bool {
        sku.map { $0.lowercased() == WooCommerceText.decoded(other).lowercased() } ?? false
    }
}

extension WooCommerceClient {
    /// The currency for writing: the setting, what the records at the shop are in, else what the shop says.
    func currency(for requests: [WriteRequest]) async throws(ConnectorFailure) -> Currency {
        if let currency = shop.currency { return currency }
        for request in requests {
            if let price = request.seen[ProductPart.price] { return price.currency }
        }
        return try await currency()
    }

    /// What may be the record of a create whose answer was lost.
    func candidates(_ request: WriteRequest) async throws(ConnectorFailure) -> [JSON] {
        // A comma would make the shop look for several; such a product is found by our reference.
        if let sku = request.sku, !sku.contains(",") {
            let found = try await list("products", ProductSource.query + [("sku", sku)]).list
            return found.filter { request.hasSKU(Payload($0).text("sku")) }
        }
        let newest = [("orderby", "date"), ("order", "desc"), ("per_page", String(Self.pageMaximum))]
        let found = try await list("products", ProductSource.query + newest).list
        return found.filter { Payload($0).meta(WooCommerceCodes.referenceField) == request.reference }
    }
}
