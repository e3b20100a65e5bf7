@_exported import Commerce
import Reconcile
import Store

/// A canonical record: the one place where the hub's view of a thing stands.
public struct HubRecord: Hashable, Sendable {
    public var id: Int64
    public var kind: RecordKind
    public var naturalKey: String?
    /// What an operator would call it.
    public var title: String
    public var parts: [String: HubPart]
    /// Why it must wait for a person before it travels on; nil when it need not.
    public var hold: String?
    /// For a document: the integration that issued it.
    public var issuer: Int64?
    /// For a document: its id there.
    public var issuerExternalID: String?
    public var isDeleted: Bool
    public var createdAt: Moment
    public var updatedAt: Moment
    /// The customer whose values it holds: himself, or the one of a document; nil where none is known.
    public var person: Int64?
    /// The key that its personal values are sealed with; nil where they are not sealed.
    public var sealKey: Int64?
    /// When what was somebody's own in it was erased; nil: it was not.
    public var erasedAt: Moment?

    /// A record without parts.
    public init(id: Int64, kind: RecordKind, naturalKey: String? = nil, title: String = "", now: Moment) {
        self.id = id
        self.kind = kind
        self.naturalKey = naturalKey
        self.title = title
        parts = [:]
        isDeleted = false
        createdAt = now
        updatedAt = now
    }

    /// With the key that people know it by now. Where a part of it holds that, a new number there is a new key: else
    /// what is put up later under the old one would be taken for this record.
    var keyed: HubRecord {
        guard let part = kind.keyPart, let value = parts[part]?.value else { return self }
        var record = self
        record.naturalKey = value.string.map(NaturalKey.folded).flatMap { $0.isEmpty ? nil : $0 }
        return record
    }

    /// How it is called where anybody may read it.
    public var label: String { Self.label(kind, id, title: title) }

    /// How a record of that title is called where anybody may read it: a customer's title is his name, and that of a
    /// journal entry what a book says of it, which is the name of who bought, too.
    public static func label(_ kind: RecordKind, _ id: Int64, title: String) -> String {
        kind == .customer || kind == .journal ? "\(kind.rawValue) \(id)" : title
    }

    /// Whether it stood for a person whose values were erased: it says nothing any more, and takes nothing.
    public var isErasedPerson: Bool { kind == .customer && erasedAt != nil }

    /// The customer whose values it holds, by what it says.
    var belongsTo: Int64? {
        guard kind == .order else { return kind == .customer ? id : person }
        let value = parts[OrderPart.customer.shape.name]?.value ?? .null
        if case .record(_, let id)? = try? Reference(json: value) { return id }
        return person
    }

    /// The values alone.
    public var values: Parts { Parts(parts.mapValues(\.value)) }
}

extension HubRecord {
    static let columns = [
        "organization_id", "id", "kind", "natural_key", "title", "parts", "hold", "issuer_id", "issuer_external_id",
        "is_deleted", "created_at", "updated_at", "person_id", "seal_key", "erased_at",
    ]
    static let columnList = columns.joined(separator: ", ")
    static let upsert = Upsert(
        "record", columns, key: ["organization_id", "id"],
        updates: columns.filter { !["organization_id", "id", "kind", "created_at"].contains($0) })

    /// A record from a row of `columns`; nil when its kind is unknown to this Crossdock.
    init?(_ row: Row) {
        guard let kind = RecordKind(rawValue: row.text(2)) else { return nil }
        self.init(id: row.integer(1), kind: kind, now: row.moment(10) ?? Moment(milliseconds: 0))
        naturalKey = row.optionalText(3)
        title = row.text(4)
        parts = (row.json(5).object ?? [:]).mapValues(HubPart.init(stored:))
        hold = row.optionalText(6)
        issuer = row.optionalInteger(7)
        issuerExternalID = row.optionalText(8)
        isDeleted = row.integer(9) == 1
        updatedAt = row.moment(11) ?? createdAt
        person = row.optionalInteger(12)
        sealKey = row.optionalInteger(13)
        erasedAt = row.moment(14)
    }

    func row(_ organization: Int64) -> [SQLValue] {
        [
            .integer(organization), .integer(id), .text(kind.rawValue), SQLValue(naturalKey), .text(title),
            SQLValue(JSON.object(parts.mapValues(\.stored))), SQLValue(hold), SQLValue(issuer),
            SQLValue(issuerExternalID), .integer(isDeleted ? 1 : 0), SQLValue(createdAt), SQLValue(updatedAt),
            SQLValue(person), SQLValue(sealKey), SQLValue(erasedAt),
        ]
    }
}

extension HubPart {
    init(stored: JSON) {
        let after = stored["a"]?.integer.map { Moment(milliseconds: Int64($0)) } ?? Moment(milliseconds: 0)
        let before = stored["t"]?.integer.map { Moment(milliseconds: Int64($0)) } ?? after
        self.init(
            value: stored["v"] ?? .null, origin: stored["o"]?.integer.map(Int64.init),
            changed: ChangeInterval(after: after, before: before))
    }

    var stored: JSON {
        var members: [String: JSON] = [
            "v": value, "a": .integer(changed.after.milliseconds), "t": .integer(changed.before.milliseconds),
        ]
        if let origin { members["o"] = .integer(origin) }
        return .object(members)
    }
}
