import Commerce

/// What a merchant wants to happen to the hub's record when a far side deletes its counterpart.
public enum DeletionPolicy: String, Hashable, Sendable, Codable {
    /// That channel no longer has it; the record and all other channels stay.
    case unlink
    /// The record is archived, and the other channels are told.
    case archive
    /// The record is deleted, and the other channels are told.
    case delete
}

/// What a deletion comes to.
public enum DeletionStep: Hashable, Sendable {
    case unlink
    case archive
    case delete
    /// Somebody edited these parts of the record since the far side was last in step: a person decides.
    case conflict(parts: [String])
    /// A document is not deleted; a person looks at it.
    case hold(reason: String)
}

extension Reconcile {
    /// What the confirmed deletion of a far counterpart comes to.
    ///
    /// - Parameters:
    ///   - kind: The kind of record.
    ///   - link: What the hub and that side last agreed on.
    ///   - record: The hub's record; nil when it is deleted already.
    ///   - policy: What the merchant wants.
    ///   - isIssuer: Whether the side issued the document.
    ///   - gives: Whether the hub gives a part to that side: only there can an edit have missed it.
    /// - Returns: What is to be done.
    public static func deletion(
        kind: RecordKind, link: [String: LinkedPart], record: [String: HubPart]?, policy: DeletionPolicy,
        isIssuer: Bool, gives: (String) -> Bool
    ) -> DeletionStep {
        guard let record else { return .unlink }
        if kind.nature == .document {
            return isIssuer
                ? .hold(reason: "the side that issued this \(kind.rawValue) deleted it; what was booked stays booked")
                : .unlink
        }
        let missed = outbound(kind: kind, record: record.mapValues(\.value), link: link, gives: gives).values.keys
        let open = link.filter(\.value.isPinned).keys
        let edited = Set(missed).union(open).filter { kind.shape(of: $0).form != .counter }
        if !edited.isEmpty { return .conflict(parts: edited.sorted()) }
        return switch policy {
        case .unlink: .unlink
        case .archive: .archive
        case .delete: .delete
        }
    }

    /// The parts a far side changed that is about to be told of the hub's own deletion. Empty: it may be told. Else
    /// the delete meets an edit, and a person decides.
    public static func editsMeetingDeletion(
        kind: RecordKind, theirs: Parts, link: [String: LinkedPart]
    ) -> [String] {
        theirs.values.filter { part, value in
            let form = kind.shape(of: part).form
            return form != .counter && !form.areSame(link[part]?.seen, value)
        }.keys.sorted()
    }
}
