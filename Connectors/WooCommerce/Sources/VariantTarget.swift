import ConnectorKit

/// Writes variants: one batch for each product, because the shop keeps them under it.
struct VariantTarget: RecordTarget {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    var batchLimit: Int { client.shop.batchSize }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        let currency = try await client.currency(for: requests)
        let writing = WooCommerceWriting(
            weightUnit: translator.weightUnit, dimensionUnit: translator.dimensionUnit, currency: currency)
        var results: [Int: WriteResult] = [:]
        var groups: [String: [Int]] = [:]
        for (place, request) in requests.enumerated() {
            if let product = Self.product(of: request) {
                groups[product, default: []].append(place)
            } else {
                results[place] = .held("\(request.title): its product is not in the shop yet")
            }
        }
        for (product, places) in groups.sorted(by: { $0.key < $1.key }) {
            let some = places.map { ($0, requests[$0]) }
            results.merge(await write(some, product, writing, currency)) { $1 }
        }
        return try requests.indices.map { results[$0] ?? .held("not written") }.orThrow()
    }

    /// The shop's id of the product a variant belongs to.
    private static func product(of request: WriteRequest) -> String? {
        if let id = request.externalID { return VariantID(id)?.product }
        let parts = request.changes[VariantPart.product] != nil ? request.changes : request.record
        guard case .external(.product, let id)? = parts[VariantPart.product], Int(id) ?? 0 > 0 else { return nil }
        return id
    }

    private func write(
        _ requests: [(Int, WriteRequest)], _ product: String, _ writing: WooCommerceWriting, _ currency: Currency
    ) async -> [Int: WriteResult] {
        var results: [Int: WriteResult] = [:]
        var entries: [BatchWriting.Entry] = []
        do {
            let attributes = try await attributes(of: product, for: requests.map(\.1))
            for (place, request) in requests {
                do {
                    entries.append(try entry(request, place, attributes, writing))
                } catch {
                    results[place] = Settled(error).result
                }
            }
        } catch {
            return Dictionary(requests.map { ($0.0, .failed(error)) }) { $1 }
        }
        let batch = BatchWriting(client: client, path: "products/\(product)/variations/batch")
        let outcomes = await batch.send(entries.filter { $0.isNew || $0.body.count > 1 })
        for (place, request) in requests where results[place] == nil {
            results[place] = await result(request, outcomes[place], product, currency)
                .remarking(writing.foreignPrice(request))
        }
        return results
    }

    /// What the product's variants differ in; read only where a variant's values are written.
    private func attributes(
        of product: String, for requests: [WriteRequest]
    ) async throws(ConnectorFailure) -> Attributes {
        guard requests.contains(where: { $0.changes[VariantPart.options.shape.name] != nil }) else {
            return Attributes([])
        }
        let answer = try await client.get("products/\(product)", [("_fields", "id,attributes")])
        return Attributes(answer.json["attributes"]?.array ?? [])
    }

    private func entry(
        _ request: WriteRequest, _ place: Int, _ attributes: Attributes, _ writing: WooCommerceWriting
    ) throws(WriteRefusal) -> BatchWriting.Entry {
        var body = try writing.variant(request)
        if let values = try writing.value(VariantPart.options, request.changes) {
            body["attributes"] = attributes.written(values)
        }
        if request.changes[VariantPart.status] == "archived" {
            throw .waits("\(request.title): the shop has no bin for variations; delete it there or hide it")
        }
        guard let id = request.externalID else {
            body["meta_data"] = ReferenceField.json(request.reference)
            return BatchWriting.Entry(place: place, body: body, isNew: true)
        }
        guard let variation = VariantID(id).flatMap({ Int($0.variation) }) else {
            throw .waits("\"\(id)\" is no variant of this shop")
        }
        body["id"] = .integer(variation)
        return BatchWriting.Entry(place: place, body: body, isNew: false)
    }

    private func result(
        _ request: WriteRequest, _ outcome: BatchWriting.Outcome?, _ product: String, _ currency: Currency
    ) async -> WriteResult {
        switch outcome {
        case .failed(let failure): return .failed(failure)
        case .refused(let error): return await refused(request, error, product, currency)
        case .answered(let json):
            do {
                let draft = try translator.variant(json, parent: product, currency)
                return .written(Written(externalID: draft.externalID, answer: draft, remarks: draft.remarks))
            } catch {
                let variation = Payload(json).filled("id")
                let id = variation.map { VariantID(product: product, variation: $0).text } ?? request.externalID ?? ""
                return .written(
                    Written(externalID: id, remarks: ["the shop's answer cannot be read: \(error.reason)"]))
            }
        case nil: return .written(Written(externalID: request.externalID ?? ""))
        }
    }

    private func refused(
        _ request: WriteRequest, _ error: EntryError, _ product: String, _ currency: Currency
    ) async -> WriteResult {
        let isTaken =
            WooCommerceCodes.takenCodes.contains(error.code) || WooCommerceCodes.raceCodes.contains(error.code)
        guard request.externalID == nil else { return request.keeping(error) ?? .failed(error.failure) }
        guard isTaken, request.sku != nil else { return .failed(error.failure) }
        do {
            let found = try await find(request)
            guard found.count == 1, let draft = found.first, VariantID(draft.externalID)?.product == product else {
                let holder = error.resource.map { " It is held by record \($0) of the shop" } ?? ""
                return .failed(.refused(code: error.code, detail: error.message + holder))
            }
            return .written(Written(externalID: draft.externalID, answer: draft, isAdopted: true))
        } catch {
            return .failed(error)
        }
    }

    /// By SKU: the list of products finds variations by it, too. Without one, by our reference among the product's own.
    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        let source = VariantSource(client: client, translator: translator)
        if let sku = request.sku, !sku.contains(",") {
            let found = try await client.candidates(request).filter { Payload($0).text("type") == "variation" }
            let ids = found.compactMap { json in
                Payload(json).pointer("parent_id").map {
                    VariantID(product: $0, variation: Payload(json).text("id")).text
                }
            }
            return ids.isEmpty ? [] : try await source.fetch(ids).drafts
        }
        guard let product = Self.product(of: request) else { return [] }
        let path = "products/\(product)/variations"
        let query = ProductSource.query + [("per_page", String(WooCommerceClient.pageMaximum))]
        let ours = try await client.list(path, query).list.filter {
            Payload($0).meta(WooCommerceCodes.referenceField) == request.reference
        }
        let currency = try await client.currency(for: [request])
        return try ours.allRead { json throws(PayloadError) in
            try translator.variant(json, parent: product, currency)
        }
    }

    func normalForm(of part: String, _ value: JSON) -> JSON {
        guard part == VariantPart.options.shape.name else { return NormalForm.of(part, value) }
        return .array((value.array ?? []).sorted { $0.text < $1.text })
    }
}

extension [Fetched] {
    /// Those that were found.
    var drafts: [Draft] {
        compactMap { if case .found(let draft) = $0 { draft } else { nil } }
    }
}
