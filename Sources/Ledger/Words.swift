import Reconcile

/// What an operator would call a record.
enum TitleWords {
    static func title(name: JSON, fallback: String) -> String {
        if let text = name.string, !text.isEmpty { return text }
        if let person = try? PersonName(json: name), !person.line.isEmpty { return person.line }
        return fallback
    }
}

/// Our own references, as far sides keep them: `xd-<key of this hub's organization>-<record>`.
public struct HubReference: Hashable, Sendable {
    private let key: String

    /// References under a key.
    public init(key: String) { self.key = key }

    /// The reference of a record.
    public func text(_ record: Int64) -> String { "xd-\(key)-\(record)" }

    /// The record a reference names; nil when it is another hub's, or no reference at all.
    public func record(in text: String) -> Int64? {
        let start = "xd-\(key)-"
        return text.hasPrefix(start) ? Int64(text.dropFirst(start.count)) : nil
    }
}

extension PartEvent {
    /// Why the part is as it is, for the change log.
    var words: String {
        switch self {
        case .took(let rule), .kept(_, let rule): rule
        case .tookAgainstArrows: "the issuer's state, against the usual order"
        case .agreed: "both sides agree"
        case .conflict: "conflict: both sides changed it"
        case .merged: "both changes joined"
        case .added(_, let clashing): clashing.isEmpty ? "entries added" : "entries added, \(clashing.count) clash"
        case .counted: "counted there"
        case .pinnedMoved: "changed again while in conflict"
        case .refused(let reason, _): reason
        case .resolved: "decided by a person"
        }
    }

    var isConflict: Bool {
        if case .conflict = self { true } else { false }
    }
}
