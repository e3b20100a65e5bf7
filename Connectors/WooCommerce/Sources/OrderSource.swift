import ConnectorKit

/// Orders with their refunds, and the guests who placed them.
struct OrderSource: RecordSource {
    let client: WooCommerceClient
    let translator: WooCommerceTranslator
    private static let query = [("status", "any")]

    /// A guest's draft stands right before his order's, so that the order finds whom it points to.
    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        let window = ModifiedWindow(client: client, path: "orders", query: Self.query)
        // Orders name their currency themselves.
        let position =
            try request.position.map { text throws(ConnectorFailure) in try WindowPosition(text) }
            ?? WindowPosition(currency: "", since: request.since)
        let reading = try await window.read(at: position, limit: client.pageSize(request.limit))
        var page = Page(reading)
        for json in reading.records where !isDraft(json) {
            let refunds = try await refunds(of: json)
            if Payload(json).pointer("customer_id") == nil {
                page.take(.customer, json) { json throws(PayloadError) in try translator.guest(ofOrder: json) }
            }
            page.take(.order, json) { json throws(PayloadError) in try translator.order(json, refunds: refunds) }
        }
        return page
    }

    private func isDraft(_ json: JSON) -> Bool { WooCommerceCodes.draftStatuses.contains(Payload(json).text("status")) }

    /// The refunds with their lines; the order itself lists only id, reason and sum.
    private func refunds(of order: JSON) async throws(ConnectorFailure) -> [JSON] {
        guard order["refunds"]?.array?.isEmpty == false else { return [] }
        let path = "orders/\(Payload(order).text("id"))/refunds"
        do {
            return try await client.list(path, [("per_page", String(WooCommerceClient.pageMaximum))]).list
        } catch {
            if case .gone = error { return [] }
            throw error
        }
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        let found = try await client.records("orders", ids, Self.query)
        var all: [Fetched] = []
        for id in ids {
            var refunds: [JSON] = []
            if let order = found[id] { refunds = try await self.refunds(of: order) }
            all.append(
                Fetched(.order, id, found[id]) { json throws(PayloadError) in
                    try translator.order(json, refunds: refunds)
                })
        }
        return all
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        let scan = IDScan(client: client, path: "orders", query: Self.query + [("_fields", "id,status")])
        let reading = try await scan.read(position)
        let ids = reading.records.filter { !isDraft($0) }.map { Payload($0).text("id") }
        return CensusPage(ids: ids, next: reading.next)
    }
}
