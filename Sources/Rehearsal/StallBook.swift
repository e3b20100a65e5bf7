import ConnectorKit

/// Books orders as documents.
struct StallBookTarget: RecordTarget {
    let client: StallClient
    let habits: StallHabits
    var batchLimit: Int { 1 }

    func write(_ requests: [WriteRequest]) async throws(ConnectorFailure) -> [WriteResult] {
        var results: [WriteResult] = []
        for request in requests {
            do throws(ConnectorFailure) {
                results.append(try await write(request))
            } catch {
                results.append(.failed(error))
            }
        }
        return results
    }

    private func write(_ request: WriteRequest) async throws(ConnectorFailure) -> WriteResult {
        let refunds = request.record[OrderPart.refunds] ?? []
        guard let refunded = try? Money.sum(refunds.map(\.amount), .lkr),
            let state = request.record[OrderPart.state], let content = request.record[OrderPart.content]
        else { return .held("\(request.title) cannot be booked: it is not whole") }
        var body: [String: JSON] = ["state": .string(state.rawValue), "refunded": .string(refunded.amount)]
        if let id = request.externalID {
            _ = try await client.call("PUT", "/documents/\(id)", body: .object(body))
            return .written(Written(externalID: id))
        }
        guard let issuer = request.issuer else { return .held("\(request.title) was issued by nobody") }
        body["source"] = .string("\(issuer.integration)/\(issuer.externalID)")
        body["total"] = .string(content.total.amount)
        body["reference"] = .string(request.reference)
        var headers: HTTPHeaders = [:]
        if case .keyed = habits.creation { headers["Idempotency-Key"] = request.reference }
        let answer = try await client.call("POST", "/documents", body: .object(body), headers: headers)
        guard let id = answer.json["id"]?.scalarText else {
            throw .unavailable(mayHaveHappened: true, detail: "the stall answered without an id")
        }
        return .written(Written(externalID: id))
    }

    func find(_ request: WriteRequest) async throws(ConnectorFailure) -> [Draft] {
        let query: [(String, String)]
        switch habits.creation {
        case .findable: query = [("reference", request.reference)]
        case .listable: query = []
        case .keyed, .blind: return []
        }
        let json = try await client.call("GET", "/documents", query).json
        let source = request.issuer.map { "\($0.integration)/\($0.externalID)" }
        var found: [Draft] = []
        for row in json["documents"]?.array ?? [] {
            guard let id = row["id"]?.scalarText, let issuer = row["source"]?.string else {
                throw .unreadable(detail: "what was found cannot be read")
            }
            if issuer == source { found.append(Draft(kind: .order, externalID: id)) }
        }
        return found
    }
}
