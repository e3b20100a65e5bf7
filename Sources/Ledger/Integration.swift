import Reconcile
import Store
import Wire

/// A configured connector of an organization.
public struct Integration: Hashable, Sendable {
    public var id: Int64
    public var name: String
    /// The connector's name: `woocommerce`.
    public var connector: String
    public var state: IntegrationState
    /// Why it is not active, for its owner.
    public var reason: String?
    /// Its settings, sealed.
    public var settings: [UInt8]
    public var options: IntegrationOptions
    /// The id in its webhook address; says nothing about the organization.
    public var publicID: String
    /// How far its clock is ahead of ours, in milliseconds; nil when that was never measured.
    public var clockOffsetMilliseconds: Int64?
    /// What was last found out about its webhooks.
    public var webhookState: String?
    public var webhookAt: Moment?
    public var createdAt: Moment

    /// An integration.
    public init(
        id: Int64, name: String, connector: String, settings: [UInt8], options: IntegrationOptions, publicID: String,
        createdAt: Moment, state: IntegrationState = .active
    ) {
        self.id = id
        self.name = name
        self.connector = connector
        self.state = state
        self.settings = settings
        self.options = options
        self.publicID = publicID
        self.createdAt = createdAt
    }

    /// Whether it is inactive for a reason, and not because somebody wanted it so.
    public var isResting: Bool { state == .paused && reason != nil }
}

/// Whether an integration works.
public enum IntegrationState: String, Hashable, Sendable {
    case active
    /// By a person, or for a reason that is told.
    case paused
    /// The far side refuses our credentials; a person must mend them.
    case refused
}

/// How the hub learns what changed at a far side.
public enum IntegrationType: String, Hashable, Sendable, CaseIterable {
    /// The far side calls; it is read once a day besides, because calls get lost.
    case webhook
    /// It is read again and again, and not asked to call.
    case polling
    /// It calls where it can, and is read again and again.
    case hybrid

    /// Reads a seed's words, whatever their case; `sync` is hybrid (C-08).
    public init?(word: String) {
        let word = word.lowercased()
        self.init(rawValue: word == "sync" ? "hybrid" : word)
    }
}

/// What the hub does with an integration, beside the connector's own settings.
public struct IntegrationOptions: Hashable, Sendable {
    public var type = IntegrationType.hybrid
    /// How often each kind is read, in seconds; `*` for the rest.
    public var intervals: [String: Int]
    /// Which way each kind travels; `*` for the rest.
    public var directions: [String: String]
    /// What decides when both sides changed a part: `customer.phone`, `product.*`, `*`.
    public var policies: [String: String]
    /// The kinds that travel only when a person asks for it.
    public var byHand: Set<String> = []
    /// How often a failed call is repeated quickly before the slow schedule; nil is the hub's own schedule.
    public var quickRetries: Int?
    /// The wait before the first repeat, in seconds; nil is the hub's own.
    public var firstRetrySeconds: Double?
    /// The cron line of its settings; nil where it is read at intervals.
    public var cronLine: String?
    /// What of the stock is offered there: by SKU (folded), `*` for the rest.
    public var stock: [String: OfferTerms] = [:]
    /// How much of what is seldom meant it may do at once.
    public var guardTerms = GuardTerms()
    /// The settings it had before, while calls that were signed with their secrets are still on their way.
    public var previous: PreviousSettings?
    /// Since when each of its secrets is what it is, by the setting's name (`group.name` within a group).
    public var secretTimes: [String: Moment] = [:]

    /// How often a kind is read when nothing is said, in seconds (C-13).
    public static let standardIntervalSeconds = 900
    /// How often a kind is read that calls tell of, when nothing is said, in seconds.
    public static let besideCallsSeconds = 86_400
    /// The shortest time between two pulls of a kind, in seconds.
    public static let shortestIntervalSeconds = 60

    /// Options; every kind both ways, every 15 minutes.
    public init(
        intervals: [String: Int] = [:], directions: [String: String] = [:], policies: [String: String] = [:]
    ) {
        self.intervals = intervals
        self.directions = directions
        self.policies = policies
    }

    /// How often a kind is read, in seconds.
    public func intervalSeconds(_ kind: RecordKind) -> Int {
        intervals[kind.rawValue] ?? intervals["*"]
            ?? (type == .webhook ? Self.besideCallsSeconds : Self.standardIntervalSeconds)
    }

    init(json: JSON) {
        func table(_ name: String) -> [String: String] { json[name]?.object?.compactMapValues(\.string) ?? [:] }
        self.init(
            intervals: json["intervals"]?.object?.compactMapValues(\.integer) ?? [:], directions: table("directions"),
            policies: table("policies"))
        type = json["type"]?.string.flatMap(IntegrationType.init(rawValue:)) ?? .hybrid
        byHand = Set(json["byHand"]?.array?.compactMap(\.string) ?? [])
        quickRetries = json["quickRetries"]?.integer
        cronLine = json["cron"]?.string
        guardTerms = GuardTerms(json: json["guard"])
        stock = (json["stock"]?.object ?? [:]).compactMapValues(OfferTerms.init(json:))
        firstRetrySeconds = json["firstRetryMilliseconds"]?.integer.map { Double($0) / 1000 }
        previous = json["previous"].flatMap(PreviousSettings.init(json:))
        secretTimes = (json["secretTimes"]?.object ?? [:]).compactMapValues(\.integer).mapValues {
            Moment(milliseconds: Int64($0))
        }
    }

    /// Whether a kind waits for a person.
    public func isByHand(_ kind: RecordKind) -> Bool { byHand.contains(kind.rawValue) }

    /// The options for people to see; of settings before it says nothing.
    public var withoutSecrets: JSON {
        var copy = self
        copy.previous = nil
        copy.secretTimes = [:]
        return copy.json
    }

    var json: JSON {
        var members: [String: JSON] = [
            "intervals": .object(intervals.mapValues { JSON.integer($0) }),
            "directions": .object(directions.mapValues(JSON.string)),
            "policies": .object(policies.mapValues(JSON.string)),
        ]
        if !byHand.isEmpty { members["byHand"] = .array(byHand.sorted().map(JSON.string)) }
        if type != .hybrid { members["type"] = .string(type.rawValue) }
        members["cron"] = cronLine.map(JSON.string)
        members["quickRetries"] = quickRetries.map { JSON.integer($0) }
        if !stock.isEmpty { members["stock"] = .object(stock.mapValues(\.json)) }
        if guardTerms != GuardTerms() { members["guard"] = guardTerms.json }
        members["previous"] = previous?.json
        if !secretTimes.isEmpty {
            members["secretTimes"] = .object(secretTimes.mapValues { .integer($0.milliseconds) })
        }
        members["firstRetryMilliseconds"] = firstRetrySeconds.map { JSON.integer(Int($0 * 1000)) }
        return .object(members)
    }
}

/// The settings an integration had before it was given others.
public struct PreviousSettings: Hashable, Sendable {
    /// Sealed, as its settings are.
    public var settings: [UInt8]
    /// Until when a call that is signed with a secret of theirs is taken.
    public var until: Moment
    /// Whether the vendor still has to be told of the secret its calls are to be signed with.
    public var isToBeTold: Bool

    /// Settings that calls may still be signed by.
    public init(settings: [UInt8], until: Moment, isToBeTold: Bool = true) {
        (self.settings, self.until, self.isToBeTold) = (settings, until, isToBeTold)
    }

    init?(json: JSON) {
        guard let settings = json["settings"]?.string.flatMap(Signature.bytes(base64:)),
            let until = json["until"]?.integer
        else { return nil }
        self.init(
            settings: settings, until: Moment(milliseconds: Int64(until)), isToBeTold: json["toBeTold"]?.bool ?? false)
    }

    var json: JSON {
        [
            "settings": .string(Signature.base64(settings)), "until": .integer(Int(until.milliseconds)),
            "toBeTold": .bool(isToBeTold),
        ]
    }
}

extension Integration {
    static let columns = [
        "organization_id", "id", "name", "connector", "state", "reason", "settings", "options", "public_id",
        "clock_offset_ms", "webhook_state", "webhook_at", "created_at",
    ]
    static let columnList = columns.joined(separator: ", ")
    static let upsert = Upsert(
        "integration", columns, key: ["organization_id", "id"],
        updates: columns.filter { !["organization_id", "id", "created_at", "public_id"].contains($0) })

    init?(_ row: Row) {
        guard let state = IntegrationState(rawValue: row.text(4)) else { return nil }
        self.init(
            id: row.integer(1), name: row.text(2), connector: row.text(3), settings: row.blob(6),
            options: IntegrationOptions(json: row.json(7)), publicID: row.text(8),
            createdAt: row.moment(12) ?? Moment(milliseconds: 0))
        self.state = state
        reason = row.optionalText(5)
        clockOffsetMilliseconds = row.optionalInteger(9)
        webhookState = row.optionalText(10)
        webhookAt = row.moment(11)
    }

    func row(_ organization: Int64) -> [SQLValue] {
        [
            .integer(organization), .integer(id), .text(name), .text(connector), .text(state.rawValue),
            SQLValue(reason), .blob(settings), SQLValue(options.json), .text(publicID),
            SQLValue(clockOffsetMilliseconds), SQLValue(webhookState), SQLValue(webhookAt), SQLValue(createdAt),
        ]
    }
}
