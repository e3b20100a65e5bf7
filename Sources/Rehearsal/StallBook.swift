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
            if let sent = request.sent[OrderPart.content], sent.bookedLines != content.bookedLines {
                guard habits.corrects else {
                    return .held(
                        "\(request.title) was edited after it was booked; it is now \(content.total). What is booked "
                            + "is not rewritten: correct it in the book, or undo the edit in the shop")
                }
                try await correct(id, content.total)
            }
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

    /// How often a correction is tried that somebody else's came before.
    private static let tries = 3

    /// Books by how much an order came to more or less since it was booked. The book takes each correction by its
    /// number once, so that one whose answer was lost is never made twice.
    private func correct(_ id: String, _ total: Money) async throws(ConnectorFailure) {
        for _ in 0..<Self.tries {
            let json = try await client.call("GET", "/documents", [("chain", id)]).json
            let rows = json["documents"]?.array ?? []
            let amounts = rows.compactMap {
                $0["total"]?.scalarText.flatMap { try? Money(parsing: $0, currency: .lkr) }
            }
            guard !rows.isEmpty, amounts.count == rows.count, let booked = try? Money.sum(amounts, .lkr),
                let difference = try? total.subtracting(booked)
            else { throw .unavailable(mayHaveHappened: false, detail: "document \(id) was not shown whole") }
            if difference.minorUnits == 0 { return }
            let body: JSON = [
                "corrects": .string(id), "number": .integer(rows.count), "total": .string(difference.amount),
            ]
            let answer = try await client.call("POST", "/documents", body: body)
            if answer.status < 300 { return }
        }
        throw .unavailable(mayHaveHappened: true, detail: "document \(id) is corrected by others all the time")
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

extension OrderContent {
    /// What a book keeps of an order: each line with its pieces and its amount, and what it all came to.
    fileprivate var bookedLines: [String] {
        lines.map { "\($0.key): \($0.quantity) for \($0.total.amount)" } + [total.amount]
    }
}
