/// What of a part is somebody's own, and how that stands in a table.
///
/// A sealed value is `{"~": "KEY.FORM.BASE64"}`; of a part that is somebody's own only in some members these stand
/// sealed beside the others, which stay readable. What is empty is not sealed.
enum PersonalForm: Hashable, Sendable {
    case plain
    /// All of the value.
    case whole
    /// The named members of an order's content.
    case orderContent
    /// The named members of a shipment's content.
    case shipmentContent

    /// The member under which sealed values stand.
    static let mark = "~"

    /// The form of a part of that kind.
    init(_ kind: RecordKind, _ part: String) {
        switch (kind, ScopedName(part).part) {
        case (.customer, CustomerPart.isGuest.shape.name), (.customer, "link"): self = .plain
        case (.customer, _): self = .whole
        case (.order, OrderPart.content.shape.name): self = .orderContent
        case (.shipment, ShipmentPart.content.shape.name): self = .shipmentContent
        default: self = .plain
        }
    }

    /// The form of that word.
    init?(word: Substring) {
        switch word {
        case "w": self = .whole
        case "o": self = .orderContent
        case "s": self = .shipmentContent
        default: return nil
        }
    }

    var word: String {
        switch self {
        case .plain: ""
        case .whole: "w"
        case .orderContent: "o"
        case .shipmentContent: "s"
        }
    }

    /// The members that are somebody's own, each as it is where nothing is known.
    var blanks: [String: JSON] {
        switch self {
        case .plain, .whole: [:]
        case .orderContent: Self.orderBlanks
        case .shipmentContent: Self.shipmentBlanks
        }
    }

    private static let nowhere = Address().json
    private static let orderBlanks: [String: JSON] = [
        "billing": nowhere, "shippingAddress": nowhere, "customerNote": "",
    ]
    private static let shipmentBlanks = ["destination": nowhere]

    /// What of a value is to be sealed, and what stays beside it; nil where nothing is.
    func split(_ value: JSON) -> (secret: JSON, rest: [String: JSON])? {
        guard value[Self.mark] == nil else { return nil }
        switch self {
        case .plain: return nil
        case .whole: return value.isNull ? nil : (value, [:])
        case .orderContent, .shipmentContent:
            let blanks = blanks
            guard var rest = value.object else { return nil }
            let own = rest.filter { name, member in blanks[name].map { $0 != member } ?? false }
            guard !own.isEmpty else { return nil }
            for name in blanks.keys { rest[name] = nil }
            return (.object(own), rest)
        }
    }

    /// The value again; `secret` is nil where nobody can open it any more.
    func joined(_ secret: JSON?, _ rest: [String: JSON]) -> JSON {
        guard self != .whole else { return secret ?? .null }
        var members = rest.merging(blanks) { $1 }
        for (name, member) in secret?.object ?? [:] { members[name] = member }
        members[Self.mark] = nil
        return .object(members)
    }

    /// The value without what is somebody's own.
    func blank(_ value: JSON) -> JSON {
        switch self {
        case .plain: value
        case .whole: .null
        case .orderContent, .shipmentContent: value.object.map { joined(nil, $0) } ?? value
        }
    }
}

extension ObservedBatch {
    /// The batch without whole card numbers; e-mail addresses stand only where they are sealed.
    public var redacted: ObservedBatch {
        guard drafts.contains(where: { $0.kind.isPersonal }) else { return self }
        var batch = self
        for index in batch.drafts.indices where batch.drafts[index].kind.isPersonal { batch.drafts[index].redact() }
        return batch
    }
}

extension Draft {
    fileprivate mutating func redact() {
        for (part, value) in parts.values where Redaction.isSuspect(value) {
            let form = PersonalForm(kind, part)
            guard form != .whole else {
                parts[part] = Redaction.withoutCards(value)
                continue
            }
            guard let members = value.object else {
                parts[part] = Redaction.told(value)
                continue
            }
            let own = form.blanks
            var redacted: [String: JSON] = [:]
            for (name, member) in members {
                redacted[name] = own[name] == nil ? Redaction.told(member) : Redaction.withoutCards(member)
            }
            parts[part] = .object(redacted)
        }
    }

    /// The draft without what is somebody's own.
    func withoutPerson() -> Draft {
        var draft = self
        for (part, value) in parts.values { draft.parts[part] = PersonalForm(kind, part).blank(value) }
        return draft
    }
}
