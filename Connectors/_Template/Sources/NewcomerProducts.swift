import ConnectorKit

/// Reads products: fetch, translate, hand back.
struct NewcomerProducts: RecordSource {
    let client: NewcomerClient

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let position = request.position ?? "1"
        let answer = try await client.get(
            "/products", [.init("page", position), .init("limit", String(request.limit))])
        guard let products = answer["products"]?.array else {
            throw .unreadable(detail: "no list \"products\" in the answer")
        }
        var page = Page(drafts: [], next: answer["next"]?.scalarText)
        for product in products {
            switch NewcomerTranslator.product(product) {
            case .success(let draft): page.drafts.append(draft)
            case .failure(let refusal): page.rejections.append(refusal.rejection(of: .product))
            }
        }
        return page
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        var found: [Fetched] = []
        for id in ids { found.append(try await fetch(id)) }
        return found
    }

    private func fetch(_ id: String) async throws(ConnectorFailure) -> Fetched {
        do {
            switch NewcomerTranslator.product(try await client.get("/products/\(Percent.encoded(id))")) {
            case .success(let draft): return .found(draft)
            case .failure(let refusal): return .rejected(refusal.rejection(of: .product))
            }
        } catch {
            guard case .gone = error else { throw error }
            return .gone(id)
        }
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? { nil }
}
