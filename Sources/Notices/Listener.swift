@_exported import Commerce
@_exported import Wire

/// Whether a listener is told anything.
public enum ListenerState: String, Hashable, Sendable, CaseIterable {
    /// It is told what it asked for.
    case active
    /// Nothing is told; a person, or the hub, has switched it off. What happens meanwhile can be told afterwards.
    case disabled
}

/// Somebody outside who asked to be told what happens: a webhook of the hub's own.
public struct Listener: Hashable, Sendable {
    public var id: Int64
    /// By which people and programs know it; says nothing.
    public var publicID: String
    /// The integration whose records it hears of; 0 for all.
    public var integration: Int64
    public var name: String
    public var url: String
    /// `POST`, `PUT` or `PATCH`.
    public var method: String
    /// The events it asked for, by the names it used.
    public var events: [String]
    /// Headers and secrets, sealed.
    public var settings: [UInt8]
    public var options: ListenerOptions
    public var state: ListenerState
    /// Why it is disabled.
    public var reason: String?
    /// The number of the last change it was told of, or that did not concern it.
    public var toldNumber: Int64
    /// Since when nothing got through; nil when the last call did.
    public var failingSince: Moment?
    public var createdAt: Moment

    /// A listener that is told everything from that change on.
    public init(
        id: Int64, publicID: String, integration: Int64 = 0, name: String, url: String, method: String = "POST",
        events: [String], settings: [UInt8], options: ListenerOptions = ListenerOptions(), toldNumber: Int64,
        createdAt: Moment
    ) {
        self.id = id
        self.publicID = publicID
        self.integration = integration
        self.name = name
        self.url = url
        self.method = method
        self.events = events
        self.settings = settings
        self.options = options
        state = .active
        self.toldNumber = toldNumber
        self.createdAt = createdAt
    }

    /// What its sealed settings are bound to.
    public var sealContext: String { "listener \(publicID)" }
}

/// How a listener wants to be told.
public struct ListenerOptions: Hashable, Sendable {
    /// How long one call may take, in seconds.
    public var timeoutSeconds = 30
    /// How often a call that failed is repeated; nil: as often as the schedule says.
    public var retries: Int?
    /// Whether notices of one record come one after the other, each only when the one before it has come or was given
    /// up. Other records do not wait for them.
    public var keepsOrder = false

    /// The longest and the shortest time of one call, in seconds (seed 000's `timeout`).
    public static let timeouts = 1...60

    /// As usual.
    public init() {}
}

/// What of a listener is nobody else's business.
public struct ListenerSecrets: Hashable, Sendable {
    /// Headers that are sent with every call.
    public var headers: [String: String]
    /// What calls are signed with.
    public var secret: String
    /// What they were signed with before, and until when they are signed with that, too.
    public var previous: Previous?

    /// A secret that is on its way out.
    public struct Previous: Hashable, Sendable {
        public var secret: String
        public var until: Moment

        /// A secret and its end.
        public init(secret: String, until: Moment) {
            self.secret = secret
            self.until = until
        }
    }

    /// Headers and a secret.
    public init(headers: [String: String], secret: String, previous: Previous? = nil) {
        self.headers = headers
        self.secret = secret
        self.previous = previous
    }

    /// The secrets that are good at that time, the current one first.
    public func good(at now: Moment) -> [String] {
        [secret] + (previous.map { now < $0.until ? [$0.secret] : [] } ?? [])
    }

    /// Reads what was sealed; nil when it is something else.
    public init?(json: JSON) {
        guard let secret = json["secret"]?.string else { return nil }
        self.secret = secret
        headers = (json["headers"]?.object ?? [:]).compactMapValues(\.string)
        if let old = json["previous"]?.string, let until = json["previousUntil"]?.integer {
            previous = Previous(secret: old, until: Moment(milliseconds: Int64(until)))
        }
    }

    /// As it is sealed.
    public var json: JSON {
        var members: [String: JSON] = [
            "secret": .string(secret), "headers": .object(headers.mapValues(JSON.string)),
        ]
        if let previous {
            members["previous"] = .string(previous.secret)
            members["previousUntil"] = .integer(previous.until.milliseconds)
        }
        return .object(members)
    }
}
