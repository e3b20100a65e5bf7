import ConnectorKit

/// Variants, read under their products: of every variable product that changed. A variant's change moves its product's
/// time of change too (recorded), so no variant is missed.
struct VariantSource: RecordSource {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    /// Products a page: each costs a call of its own.
    static let productsPerPage = 10
    /// The most pages of variants one product may have: 5,000 variants.
    static let pagesPerProduct = 50
    private static let query = [("status", "any"), ("context", "edit")]

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let query = [("status", "any"), ("type", "variable"), ("_fields", "id,date_modified_gmt")]
        let window = ModifiedWindow(client: client, path: "products", query: query)
        let (position, currency) = try await client.position(request)
        let reading = try await window.read(at: position, limit: min(Self.productsPerPage, max(1, request.limit)))
        var page = Page(reading)
        page.total = nil
        for product in reading.records.map({ Payload($0).text("id") }) {
            for json in try await variations(of: product) {
                page.take(.variant, json) { json throws(PayloadError) in
                    try translator.variant(json, parent: product, currency)
                }
            }
        }
        return page
    }

    /// All variations of one product; none when it was deleted meanwhile.
    private func variations(of product: String) async throws(ConnectorFailure) -> [JSON] {
        let scan = IDScan(client: client, path: "products/\(product)/variations", query: Self.query)
        var all: [JSON] = []
        var position: String?
        for _ in 0..<Self.pagesPerProduct {
            do {
                let reading = try await scan.read(position)
                all += reading.records
                guard let next = reading.next else { return all }
                position = next
            } catch {
                if case .gone = error { return all }
                throw error
            }
        }
        throw .unreadable(detail: "product \(product) lists more than \(Self.pagesPerProduct) pages of variations")
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        let currency = try await client.currency()
        let known = ids.compactMap(VariantID.init)
        var found: [String: JSON] = [:]
        for (product, some) in Dictionary(grouping: known, by: \.product).sorted(by: { $0.key < $1.key }) {
            let path = "products/\(product)/variations"
            for (id, json) in try await records(path, some.map(\.variation)) {
                found[VariantID(product: product, variation: id).text] = json
            }
        }
        return ids.map { id in
            Fetched(.variant, id, found[id]) { json throws(PayloadError) in
                try translator.variant(json, parent: VariantID(id)?.product, currency)
            }
        }
    }

    private func records(_ path: String, _ ids: [String]) async throws(ConnectorFailure) -> [String: JSON] {
        do {
            return try await client.records(path, ids, Self.query)
        } catch {
            // The product itself is gone, and its variations with it.
            if case .gone = error { return [:] }
            throw error
        }
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        let query = [("status", "any"), ("type", "variable"), ("_fields", "id,variations")]
        let reading = try await IDScan(client: client, path: "products", query: query).read(position)
        let ids = reading.records.flatMap { json in
            (json["variations"]?.array ?? []).compactMap(\.scalarText).map {
                VariantID(product: Payload(json).text("id"), variation: $0).text
            }
        }
        return CensusPage(ids: ids, next: reading.next)
    }
}
