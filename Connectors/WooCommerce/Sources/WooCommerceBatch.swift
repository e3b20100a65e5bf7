import ConnectorKit

/// Sends many records in one call and finds each one's answer again.
struct BatchWriting: Sendable {
    let client: WooCommerceClient
    /// `products/batch`, `products/40/variations/batch` and so on.
    let path: String

    /// One record on its way.
    struct Entry: Sendable {
        /// Its place among the requests.
        var place: Int
        var body: [String: JSON]
        /// Whether it is to be created; else its body holds the id.
        var isNew: Bool
    }

    /// What the shop said to one entry.
    enum Outcome: Sendable {
        case answered(JSON)
        case refused(EntryError)
        case failed(ConnectorFailure)
    }

    /// The outcome of every entry, by its place.
    func send(_ entries: [Entry]) async -> [Int: Outcome] {
        var outcomes: [Int: Outcome] = [:]
        var start = 0
        while start < entries.count {
            let some = Array(entries[start..<min(start + client.shop.batchSize, entries.count)])
            outcomes.merge(await sendOnce(some)) { $1 }
            start += some.count
        }
        return outcomes
    }

    private func sendOnce(_ entries: [Entry]) async -> [Int: Outcome] {
        let new = entries.filter(\.isNew)
        let known = entries.filter { !$0.isNew }
        var body: [String: JSON] = [:]
        if !new.isEmpty { body["create"] = .array(new.map { .object($0.body) }) }
        if !known.isEmpty { body["update"] = .array(known.map { .object($0.body) }) }
        do {
            let answer = try await client.send("POST", path, body: .object(body))
            let created = outcomes(of: new, in: answer.json["create"]?.array ?? [])
            return created.merging(outcomes(of: known, in: answer.json["update"]?.array ?? [])) { $1 }
        } catch {
            if case .refused(let code, _) = error, code.hasSuffix("entity_too_large") || code == "status_413",
                entries.count > 1
            {
                let middle = entries.count / 2
                let first = await sendOnce(Array(entries[..<middle]))
                return first.merging(await sendOnce(Array(entries[middle...]))) { $1 }
            }
            return Dictionary(entries.map { ($0.place, .failed(error)) }) { $1 }
        }
    }

    /// Answers stand at the places of their entries; one that is missing may have been carried out.
    private func outcomes(of entries: [Entry], in answers: [JSON]) -> [Int: Outcome] {
        var outcomes: [Int: Outcome] = [:]
        for (index, entry) in entries.enumerated() {
            guard answers.indices.contains(index), answers[index].object != nil else {
                outcomes[entry.place] = .failed(
                    .unavailable(mayHaveHappened: true, detail: "\(path): the shop's answer lacks this entry"))
                continue
            }
            if let error = EntryError(answers[index]) {
                outcomes[entry.place] = .refused(error)
            } else {
                outcomes[entry.place] = .answered(answers[index])
            }
        }
        return outcomes
    }
}

extension [WriteResult] {
    /// The results, or the failure of the call when it is the fate of every single one.
    func orThrow() throws(ConnectorFailure) -> [WriteResult] {
        guard case .failed(let failure)? = first, failure.isOfTheCall, allSatisfy({ $0 == .failed(failure) }) else {
            return self
        }
        throw failure
    }
}

extension ConnectorFailure {
    /// Whether it speaks of the call as a whole rather than of one record.
    fileprivate var isOfTheCall: Bool {
        switch self {
        case .unavailable, .throttled, .unauthorized, .unreadable, .cancelled, .busy: true
        case .refused(let code, _): code == "moved" || code.hasPrefix("status_") || code == "rest_no_route"
        case .gone: false
        }
    }
}
