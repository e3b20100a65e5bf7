import Queue

extension JobReport {
    /// Why it waits, as far as the row itself tells; `Hub.why(job:)` looks at all that may stand in the way.
    public func why(now: Moment) -> String {
        switch state {
        case .scheduled, .retryable:
            let seconds = Int(max(0, runAt.seconds(since: now).rounded(.up)))
            return "\(reason ?? "waits for its time"); again in \(seconds) s"
        case .available: return reason ?? "waits for a worker"
        case .running: return "is being done"
        default: return reason ?? ""
        }
    }

    /// As commands and the API show it.
    public var json: JSON {
        var members: [String: JSON] = [
            "id": .integer(id), "state": .string(state.rawValue), "queue": .string(queue.rawValue),
            "integration": .string(integration), "kind": .text(kind?.rawValue), "title": .string(title),
            "priority": .integer(priority), "attempt": .integer(attempt), "runAt": .string(runAt.description),
            "reason": .text(reason),
        ]
        members["trace"] = trace.map(JSON.string)
        return .object(members)
    }
}

extension Hub {
    /// A job in words; nil when there is none of that id.
    ///
    /// - Throws: `StoreFailure`.
    public func job(_ id: Int64) async throws -> JobReport? {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            return try words.jobs([words.jobs.job(id)].compactMap { $0 }).first
        }
    }
}
