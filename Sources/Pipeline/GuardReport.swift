import Commerce
import Ledger
import Reconcile
import Store

/// What the guard holds of one sort, in words.
public struct GuardReport: Sendable {
    public var id: Int64
    public var integration: String
    public var kind: RecordKind
    public var sort: GuardSort
    public var state: GuardState
    /// How many records wait, and of how many that are linked there.
    public var count: Int
    public var total: Int
    public var terms: GuardTerms
    public var openedAt: Moment
    /// Some of them, or all.
    public var items: [GuardedChange]

    /// One of them.
    public struct GuardedChange: Sendable {
        public var record: Int64
        public var title: String
        public var externalID: String
        public var part: String
        public var old: JSON?
        public var new: JSON?
    }

    /// How many are shown as examples.
    public static let exampleLimit = 3

    /// What happened, in one sentence.
    public var sentence: String {
        let what =
            switch sort {
            case .zeroed: "would fall to no stock at once, by counts that no sale explains"
            case .repriced:
                terms.pricePercent == 0
                    ? "would change their price at once" : "would change their price by \(terms.pricePercent)% or more"
            case .deleted: "are said to be gone"
            }
        return "\(integration): \(count) of \(total) \(kind.plural) \(what)"
    }

    /// What the hub does, in one sentence.
    public var consequence: String {
        let kept =
            switch sort {
            case .zeroed: "the stock the hub had"
            case .repriced: "the prices the hub had"
            case .deleted: "all links"
            }
        guard state == .open else {
            return "It waits until no more of it comes; then it is let through, or you are asked."
        }
        return
            "More than \(terms.sharePercent)% at once is taken from nobody unasked: none of it was taken or sent on, "
            + "and \(kept) stay until you decide. More of the same that comes meanwhile waits with it."
    }

    /// What a person can do, as commands.
    public var choices: [String] {
        let no = sort == .deleted ? "keep the links, and look again" : "keep what the hub has, and give it back there"
        return [
            "crossdock guard show \(id)      all of it",
            "crossdock guard release \(id)   it is meant: let it through, once",
            "crossdock guard discard \(id)   it is not meant: \(no)",
        ]
    }

    /// The report as JSON, in the names of the API.
    public var json: JSON {
        [
            "id": .integer(id), "integration": .string(integration), "kind": .string(kind.rawValue),
            "sort": .string(sort.rawValue), "state": .string(state.rawValue), "count": .integer(count),
            "total": .integer(total), "terms": terms.json, "openedAt": .string(openedAt.description),
            "sentence": .string(sentence), "consequence": .string(consequence),
            "examples": .array(
                items.map {
                    [
                        "title": .string($0.title), "externalId": .string($0.externalID), "part": .string($0.part),
                        "old": $0.old ?? .null, "new": $0.new ?? .null,
                    ]
                }),
        ]
    }
}

extension Hub {
    /// What the guard holds undecided, in words, the oldest first, each with some examples.
    ///
    /// - Throws: `StoreFailure`.
    public func guardReports() async throws -> [GuardReport] {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            return try words.holds(words.ledger.undecidedHolds(), limit: GuardReport.exampleLimit)
        }
    }

    /// The most changes of one hold that are listed.
    public static let guardListLimit = 10_000

    /// One hold with all that waits in it; nil when no such hold is undecided.
    ///
    /// - Throws: `StoreFailure`.
    public func guardReport(_ id: Int64) async throws -> GuardReport? {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            guard let hold = try words.ledger.hold(id), hold.state.isUndecided else { return nil }
            return try words.holds([hold], limit: Self.guardListLimit).first
        }
    }
}

extension ReportWords {
    func holds(_ holds: [GuardHold], limit: Int) throws -> [GuardReport] {
        try holds.map { hold in
            let items = try ledger.waiting(in: hold.id, limit: limit)
            let titles = try titles(items.map(\.record))
            return GuardReport(
                id: hold.id, integration: name(hold.integration), kind: hold.key.kind, sort: hold.key.sort,
                state: hold.state, count: try ledger.waitingCount(in: hold.id), total: hold.total,
                terms: terms(hold.integration), openedAt: hold.openedAt,
                items: items.map { item in
                    GuardReport.GuardedChange(
                        record: item.record, title: titles[item.record] ?? "", externalID: item.name.externalID,
                        part: item.name.part, old: item.old, new: item.new)
                })
        }
    }
}
