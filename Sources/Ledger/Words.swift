import Reconcile

/// What an operator would call a record.
enum TitleWords {
    static func title(name: JSON, fallback: String) -> String {
        if let text = name.string, !text.isEmpty { return text }
        if let person = try? PersonName(json: name), !person.line.isEmpty { return person.line }
        return fallback
    }
}

/// Our own reference, as far sides keep it: `xd-<organization>-<record>`.
public enum HubReference {
    /// The reference of a record.
    public static func text(organization: Int64, record: Int64) -> String { "xd-\(organization)-\(record)" }

    /// The record a reference names; nil when it is not one of ours.
    public static func record(in text: String) -> Int64? {
        let words = text.split(separator: "-")
        guard words.count == 3, words[0] == "xd" else { return nil }
        return Int64(words[2])
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
