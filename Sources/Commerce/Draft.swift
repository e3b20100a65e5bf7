/// A translated payload that is not merged yet: what one side showed of one record at one time.
public struct Draft: Hashable, Sendable {
    /// The kind of record.
    public var kind: RecordKind
    /// The far side's id, always a text.
    public var externalID: String
    /// What may match it with a record the hub already has from elsewhere (SKU, e-mail); nil when there is none.
    public var naturalKey: String?
    /// The far side's own revision, comparable as text only with revisions of the same record; nil when there is none.
    public var revision: String?
    /// The far side's stamp of its last change, by the far side's clock.
    public var changedAt: Moment?
    /// Our own reference, where the far side keeps the one we gave it at creation: it names the hub's record surely.
    public var reference: String?
    /// What it showed. An absent part takes no part in the merge.
    public var parts: Parts
    /// What an operator would call it: a name, an order number. Never a key.
    public var title: String
    /// Remarks about what could not be taken over exactly, for a person to read.
    public var remarks: [String]
    /// Why the record must wait for a person before it travels on; nil when it need not.
    public var hold: String?
    /// The parts that the far side keeps and did not tell this time (a member was missing, null or of another type).
    public var untold: Set<String> = []

    /// A draft.
    public init(
        kind: RecordKind, externalID: String, naturalKey: String? = nil, revision: String? = nil,
        changedAt: Moment? = nil, reference: String? = nil, parts: Parts = Parts(), title: String = "",
        remarks: [String] = [], hold: String? = nil
    ) {
        self.kind = kind
        self.externalID = externalID
        self.naturalKey = naturalKey
        self.revision = revision
        self.changedAt = changedAt
        self.reference = reference
        self.parts = parts
        self.title = title
        self.remarks = remarks
        self.hold = hold
    }
}

/// A payload that cannot be used. It is handed back with a reason and does not stop its page.
public struct Rejection: Hashable, Sendable {
    /// The kind of record.
    public var kind: RecordKind
    /// The far side's id, or nil when not even that could be read.
    public var externalID: String?
    /// What is wrong, in words a merchant can read; the offending text is quoted.
    public var reason: String

    /// A rejection.
    public init(kind: RecordKind, externalID: String?, reason: String) {
        self.kind = kind
        self.externalID = externalID
        self.reason = reason
    }
}
