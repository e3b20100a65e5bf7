/// A pointer from one record to another.
///
/// A draft points by the far side's id; the Ledger turns that into the hub's own record id, and Deliver turns the
/// record id into the id the target knows.
public enum Reference: Hashable, Sendable, PartValue {
    /// The id by which the draft's own integration knows it.
    case external(RecordKind, String)
    /// The hub's record.
    case record(RecordKind, Int64)

    /// The kind of record pointed to.
    public var kind: RecordKind {
        switch self {
        case .external(let kind, _), .record(let kind, _): kind
        }
    }

    /// Reads `{"kind":"category","external":"31"}` or `{"kind":"category","record":17}`.
    public init(json: JSON) throws(PartError) {
        guard let kind = json["kind"]?.string.flatMap(RecordKind.init(rawValue:)) else {
            throw PartError("expected a reference, found \(json.text)")
        }
        if let external = json["external"]?.string {
            self = .external(kind, external)
        } else if let record = json["record"]?.integer {
            self = .record(kind, Int64(record))
        } else {
            throw PartError("expected a reference, found \(json.text)")
        }
    }

    /// The JSON form.
    public var json: JSON {
        switch self {
        case .external(let kind, let id): ["kind": .string(kind.rawValue), "external": .string(id)]
        case .record(let kind, let id): ["kind": .string(kind.rawValue), "record": .integer(id)]
        }
    }
}
