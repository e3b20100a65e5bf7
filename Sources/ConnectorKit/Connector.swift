@_exported import Commerce
@_exported import Mapping
@_exported import Wire

/// A configured connector: what one integration can do. A kind that is missing from a table, or a nil, is a thing the
/// vendor does not offer.
public struct Connector: Sendable {
    /// What can be read.
    public var sources: [RecordKind: any RecordSource]
    /// What can be written.
    public var targets: [RecordKind: any RecordTarget]
    /// How the vendor's calls are proved and read.
    public var webhooks: (any WebhookReceiver)?
    /// How events in the hub's own words are read, of a side that only tells and is never asked; nil for all others.
    public var events: (any EventReader)?
    /// How the vendor is told to call us.
    public var subscriptions: (any WebhookSubscriptions)?
    /// Whether the vendor can be reached and lets us in.
    public var check: any ConnectionCheck
    /// Where the far side lives, as its own calls name it (a shop's address); nil where it has none.
    public var address: String?
    /// The file the far side is, by its whole path without links; nil where it is none.
    public var file: String?
    /// The card's kinds as the settings narrow them; nil where they change nothing.
    public var kinds: [KindCard]?

    /// A connector from its capabilities.
    public init(
        sources: [RecordKind: any RecordSource] = [:], targets: [RecordKind: any RecordTarget] = [:],
        webhooks: (any WebhookReceiver)? = nil, events: (any EventReader)? = nil,
        subscriptions: (any WebhookSubscriptions)? = nil, check: any ConnectionCheck, address: String? = nil,
        file: String? = nil, kinds: [KindCard]? = nil
    ) {
        self.events = events
        self.sources = sources
        self.targets = targets
        self.webhooks = webhooks
        self.subscriptions = subscriptions
        self.check = check
        self.address = address
        self.file = file
        self.kinds = kinds
    }
}

/// What a connector is handed to reach the world with. It makes no tasks, sleeps or clocks of its own.
public struct ConnectorSurroundings: Sendable {
    /// The outside world.
    public var transport: any Transport
    /// The hub's clock.
    public var now: @Sendable () -> Moment
    /// That many random bytes (nonces, ids).
    public var random: @Sendable (Int) -> [UInt8]
    /// Where blocking work runs.
    public var blocking: any BlockingWork
    /// The folders whose files a connector may be pointed at; nil: no limit.
    public var folders: [String]?

    /// Surroundings.
    public init(
        transport: any Transport, now: @escaping @Sendable () -> Moment,
        random: @escaping @Sendable (Int) -> [UInt8], blocking: any BlockingWork, folders: [String]? = nil
    ) {
        self.folders = folders
        self.transport = transport
        self.now = now
        self.random = random
        self.blocking = blocking
    }
}

/// A kind of connector: its card, and how to make one from settings.
public protocol ConnectorType: Sendable {
    /// What it is and what it needs.
    static var card: Card { get }
    /// Makes a connector from settings that its card has accepted. Reaches nothing.
    ///
    /// - Throws: `SettingsError` for a combination the card alone cannot see.
    static func make(_ settings: Settings, _ surroundings: ConnectorSurroundings) throws(SettingsError) -> Connector
    /// What the connector's own settings say of the hub's habits with it.
    static func habits(_ settings: Settings) -> Habits
    /// Where a person lets the hub in, and where the hub gets its tokens (OAuth 2); nil where credentials are settings.
    static func authorization(_ settings: Settings) -> OAuthTerms?
}

extension ConnectorType {
    /// Nothing said.
    public static func habits(_ settings: Settings) -> Habits { Habits() }
    /// Credentials are settings.
    public static func authorization(_ settings: Settings) -> OAuthTerms? { nil }
}

/// What a connector's settings (a seed's names) say of how the hub works with it.
public struct Habits: Hashable, Sendable {
    /// How often it is read, in seconds; nil where nothing is said.
    public var intervalSeconds: Int?
    /// A cron line by which it is read, with its zone as crontabs name it (`CRON_TZ=Asia/Colombo 0 2 * * *`); nil where
    /// nothing is said.
    public var cronLine: String?
    /// The word of the policy that decides conflicts; nil where nothing is said.
    public var conflictPolicy: String?
    /// The kinds that travel only when a person asks for it (`crossdock sync`).
    public var byHand: Set<RecordKind>
    /// How often a call that failed is repeated on the quick schedule; nil where nothing is said.
    public var quickRetries: Int?
    /// The wait before the first repeat, in seconds; nil where nothing is said.
    public var firstRetrySeconds: Double?

    /// Habits.
    public init(
        intervalSeconds: Int? = nil, cronLine: String? = nil, conflictPolicy: String? = nil,
        byHand: Set<RecordKind> = [], quickRetries: Int? = nil, firstRetrySeconds: Double? = nil
    ) {
        self.intervalSeconds = intervalSeconds
        self.cronLine = cronLine
        self.conflictPolicy = conflictPolicy
        self.byHand = byHand
        self.quickRetries = quickRetries
        self.firstRetrySeconds = firstRetrySeconds
    }
}

/// Whether the far side can be reached.
public protocol ConnectionCheck: Sendable {
    /// Reaches the far side once and says what was found ("WooCommerce 11.0.1, 207 products").
    ///
    /// - Throws: `ConnectorFailure`.
    func check() async throws(ConnectorFailure) -> String
}
