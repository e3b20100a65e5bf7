import Reconcile
import Store

/// What a record is called in one integration, and what both sides last agreed on.
public struct HubLink: Hashable, Sendable {
    public var id: Int64
    public var record: Int64
    public var integration: Int64
    public var kind: RecordKind
    /// `record` for the counterpart itself; `payment/7`, `credit/2` for other things made for it.
    public var role: String
    public var externalID: String
    public var parts: [String: LinkedPart]
    /// The digest of the last draft that was merged whole; nil when the next one must be looked at.
    public var digest: String?
    public var revision: String?
    /// The number of our last settled write to it.
    public var settled: Int64
    /// Whether a write is on its way whose outcome is not known yet.
    public var isInFlight: Bool
    public var seenAt: Moment?
    /// Since when the far side does not list it.
    public var missingSince: Moment?
    /// False once the far side has deleted its counterpart.
    public var isActive: Bool
    /// When the far side last told of each part, by its own clock; empty where it is asked.
    public var toldAt: [String: Moment] = [:]

    /// The role of the counterpart itself.
    public static let mainRole = "record"

    /// A link without parts.
    public init(
        id: Int64, record: Int64, integration: Int64, kind: RecordKind, role: String = mainRole, externalID: String
    ) {
        self.id = id
        self.record = record
        self.integration = integration
        self.kind = kind
        self.role = role
        self.externalID = externalID
        parts = [:]
        settled = 0
        isInFlight = false
        isActive = true
    }
}

extension HubLink {
    /// Whether its counterpart was not there when it was last asked for: what now bears its id may be something else.
    public var isDoubtful: Bool { !isActive || missingSince != nil }

    /// The link of a counterpart that is gone, and whose id stands for something else from now on. It stays, for what
    /// was taken away there is not given again.
    public var withoutID: HubLink {
        var link = self
        link.externalID = "\(externalID)#\(id)"
        (link.isActive, link.isInFlight, link.digest) = (false, false, nil)
        return link
    }

    /// The link as a call left it, upon what it became meanwhile. While a call is out, a person may decide a conflict
    /// and a sale may move stock: what the call did not touch stays as it is now.
    ///
    /// - Parameters:
    ///   - now: The link as it is kept now.
    ///   - before: The link as it was when the call was decided on.
    /// - Returns: The link to keep.
    public func upon(_ now: HubLink, since before: HubLink) -> HubLink {
        var link = now
        link.isInFlight = isInFlight
        link.parts.merge(parts.filter { $0.value != before.parts[$0.key] }) { $1 }
        for (part, known) in now.parts where known.isHeld { link.parts[part]?.isHeld = true }
        if digest == nil { link.digest = nil }
        guard settled != before.settled else { return link }
        (link.externalID, link.settled, link.revision) = (externalID, settled, revision)
        (link.seenAt, link.isActive) = (seenAt, isActive)
        return link
    }
}

extension HubLink {
    static let columns = [
        "organization_id", "id", "record_id", "integration_id", "kind", "role", "external_id", "parts", "digest",
        "revision", "settled", "in_flight", "seen_at", "missing_since", "is_active", "told",
    ]
    static let columnList = columns.joined(separator: ", ")
    static let upsert = Upsert(
        "link", columns, key: ["organization_id", "id"],
        updates: columns.filter { !["organization_id", "id"].contains($0) })

    init?(_ row: Row) {
        guard let kind = RecordKind(rawValue: row.text(4)) else { return nil }
        self.init(
            id: row.integer(1), record: row.integer(2), integration: row.integer(3), kind: kind, role: row.text(5),
            externalID: row.text(6))
        parts = (row.json(7).object ?? [:]).mapValues(LinkedPart.init(stored:))
        digest = row.optionalText(8)
        revision = row.optionalText(9)
        settled = row.integer(10)
        isInFlight = row.integer(11) == 1
        seenAt = row.moment(12)
        missingSince = row.moment(13)
        isActive = row.integer(14) == 1
        toldAt = (row.json(15).object ?? [:]).compactMapValues(\.integer).mapValues {
            Moment(milliseconds: Int64($0))
        }
    }

    func row(_ organization: Int64) -> [SQLValue] {
        [
            .integer(organization), .integer(id), .integer(record), .integer(integration), .text(kind.rawValue),
            .text(role), .text(externalID), SQLValue(JSON.object(parts.mapValues(\.stored))), SQLValue(digest),
            SQLValue(revision), .integer(settled), .integer(isInFlight ? 1 : 0), SQLValue(seenAt),
            SQLValue(missingSince), .integer(isActive ? 1 : 0),
            toldAt.isEmpty ? .null : SQLValue(JSON.object(toldAt.mapValues { .integer($0.milliseconds) })),
        ]
    }
}

extension LinkedPart {
    init(stored: JSON) {
        let both = stored["b"]
        self.init(
            sent: stored["s"] ?? both, seen: stored["n"] ?? both, isAccepted: stored["r"] == nil,
            isPinned: stored["p"] != nil, isFreed: stored["f"] != nil, isHeld: stored["h"] != nil)
    }

    var stored: JSON {
        var members: [String: JSON] = [:]
        if let sent, sent == seen {
            members["b"] = sent
        } else {
            members["s"] = sent
            members["n"] = seen
        }
        if !isAccepted { members["r"] = true }
        if isPinned { members["p"] = true }
        if isFreed { members["f"] = true }
        if isHeld { members["h"] = true }
        return .object(members)
    }
}
