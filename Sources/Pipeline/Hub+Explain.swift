import Ledger
import Reconcile
import Store

/// Where the value of a part came from, and where it went.
public struct Explanation: Sendable {
    public var record: Int64
    public var kind: RecordKind
    public var title: String
    public var hold: String?
    public var parts: [PartExplanation]
    public var receipts: [ReceiptReport]
}

/// One part, explained.
public struct PartExplanation: Sendable {
    public var part: String
    public var value: JSON
    /// The integration it came from; nil for a person or the hub.
    public var origin: String?
    public var changed: ChangeInterval
    /// What each integration last showed and was last given.
    public var sides: [SideExplanation]
    public var history: [ChangeReport]
    /// Whether what is somebody's own was taken out of it.
    public var isWithheld = false
}

/// What one integration knows of a part.
public struct SideExplanation: Sendable {
    public var integration: String
    public var externalID: String
    public var seen: JSON?
    public var sent: JSON?
    /// False when it shows something else than it was given.
    public var isAccepted: Bool
    /// Whether a conflict waits for a person.
    public var isPinned: Bool
    /// Whether the guard holds what it shows.
    public var isHeld: Bool
    public var isLinked: Bool
}

/// A write, in words.
public struct ReceiptReport: Sendable {
    public var at: Moment
    public var integration: String
    public var outcome: String
    public var parts: JSON
    public var remarks: [String]
    /// The trace of what asked for it; nil where it began by itself.
    public var trace: String?
}

extension Hub {
    /// Explains the record of a kind that a word means, or one part of it.
    ///
    /// - Throws: `HubError` when the word means nothing or too much, `StoreFailure`.
    public func explain(_ kind: RecordKind, _ word: String, part: String? = nil) async throws -> Explanation {
        let organization = organization
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            let found = try words.ledger.find(kind, word)
            guard let record = found.first else {
                throw HubError("no \(kind.rawValue) is known by \"\(word)\" (a key, a far id, a title or the hub's id)")
            }
            guard found.count == 1 else {
                let ids = found.map { "\($0.id) (\($0.title))" }.joined(separator: ", ")
                throw HubError("\"\(word)\" means \(found.count) records; name one by the hub's id: \(ids)")
            }
            if let part, !record.parts.keys.contains(where: { $0 == part || ScopedName($0).part == part }) {
                let known = record.parts.keys.sorted().joined(separator: ", ")
                throw HubError("\(record.title) has no part \"\(part)\"; it has: \(known)")
            }
            return try words.explanation(of: record, part: part)
        }
    }
}

extension ReportWords {
    func explanation(of record: HubRecord, part: String?) throws -> Explanation {
        let links = try ledger.links(ofRecords: [record.id]).filter { $0.role == HubLink.mainRole }
        let order = record.kind.parts.flatMap { shape in
            record.parts.keys.filter { ScopedName($0).part == shape.name }.sorted()
        }.filter { part == nil || part == $0 || part == ScopedName($0).part }
        let parts = try order.compactMap { name -> PartExplanation? in
            guard let hub = record.parts[name] else { return nil }
            return PartExplanation(
                part: name, value: hub.value, origin: hub.origin.map(self.name), changed: hub.changed,
                sides: links.compactMap { link in
                    guard let linked = link.parts[name] else { return nil }
                    return SideExplanation(
                        integration: self.name(link.integration), externalID: link.externalID, seen: linked.seen,
                        sent: linked.sent, isAccepted: linked.isAccepted, isPinned: linked.isPinned,
                        isHeld: linked.isHeld, isLinked: link.isActive)
                }, history: try changes(ledger.changes(of: record.id, part: name, limit: 10)))
        }
        let receipts = try ledger.receipts(of: record.id).filter { receipt in
            order.contains { receipt.parts[$0] != nil } || part == nil
        }
        return Explanation(
            record: record.id, kind: record.kind, title: record.title, hold: record.hold, parts: parts,
            receipts: receipts.map {
                ReceiptReport(
                    at: $0.at, integration: name($0.integration), outcome: $0.outcome, parts: $0.parts,
                    remarks: $0.remarks, trace: $0.trace)
            })
    }
}
