/// Proves and reads the vendor's calls. Pure: no network, no state, and no clock but for a time that is signed.
public protocol WebhookReceiver: Sendable {
    /// Whether the call comes from the vendor, and how a repeat of it is recognised.
    func prove(_ call: WebhookCall) -> WebhookProof

    /// What a proved call says.
    func read(_ call: WebhookCall) -> WebhookMeaning

    /// What a call is whose sender has shown otherwise who he is (with a key of the hub's); forged where that is not
    /// taken.
    func trusted(_ call: WebhookCall) -> WebhookProof

    /// Whether the settings say that calls need no proof (C-10). The hub heeds that only where nobody but its own
    /// machine reaches it.
    var asksNoProof: Bool { get }

    /// What a call is of which nothing is proved, where the settings ask for no proof; forged elsewhere.
    func unproved(_ call: WebhookCall) -> WebhookProof

    /// What is wrong with a proved call, to be told whoever sends it at once; nil where it is stored and looked at
    /// later.
    func problem(with call: WebhookCall) -> String?

    /// A call without meaning, signed as the vendor would, to try the way it goes; nil where that cannot be made.
    /// `mark`: what tells this one from others.
    func sample(_ mark: String, now: Moment) -> WebhookCall?
}

extension WebhookReceiver {
    /// Not taken.
    public func trusted(_ call: WebhookCall) -> WebhookProof { .forged("no signature") }
    /// They do not.
    public var asksNoProof: Bool { false }
    /// Not taken.
    public func unproved(_ call: WebhookCall) -> WebhookProof { .forged("no signature") }
    /// Nothing.
    public func problem(with call: WebhookCall) -> String? { nil }
    /// None.
    public func sample(_ mark: String, now: Moment) -> WebhookCall? { nil }
}

/// A call as it arrived: raw bytes, nothing decoded.
public struct WebhookCall: Hashable, Sendable {
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// The address it came from, as far as that is believed; nil where it is not known (any more).
    public var peer: String?
    /// Whether a program on the hub's own machine sent it, and not for somebody else.
    public var isFromThisMachine = false

    /// A call.
    public init(headers: HTTPHeaders, body: [UInt8], peer: String? = nil) {
        self.headers = headers
        self.body = body
        self.peer = peer
    }
}

/// The verdict on a call.
public enum WebhookProof: Hashable, Sendable {
    /// Signed as it should be. Two calls with one key are one event.
    case genuine(repeatKey: String, topic: String)
    /// A test call without meaning, to be answered with that status and not stored.
    case ping(status: Int)
    /// Not proved: refused with 401, for this reason (for the log; the caller learns nothing).
    case forged(String)
}

/// What a call says.
public enum WebhookMeaning: Hashable, Sendable {
    /// Complete records that may be merged directly.
    case records([Draft])
    /// Something changed there: fetch it.
    case fetch(RecordKind, [String])
    /// Deleted, says the vendor; the hub asks for it before it believes it.
    case gone(RecordKind, String)
    /// A payload that cannot be used.
    case rejected(Rejection)
    /// Nothing to do, for this reason.
    case nothing(String)
}

/// Tells the vendor where to call, and watches that it does.
public protocol WebhookSubscriptions: Sendable {
    /// Makes sure that the vendor calls this address for all that matters: registers what is missing, re-enables what
    /// was switched off. With a new secret, what is registered is told of it, too.
    ///
    /// - Throws: `ConnectorFailure`.
    func ensure(
        at address: String, withNewSecret isNewSecret: Bool
    ) async throws(ConnectorFailure) -> SubscriptionReport
}

/// What was found and done about the vendor's calls.
public struct SubscriptionReport: Hashable, Sendable {
    /// Topics that are now registered and active.
    public var active: [String]
    /// Topics registered just now.
    public var registered: [String]
    /// Topics that had been switched off: calls were lost, so the hub catches up by polling.
    public var reenabled: [String]
    /// What may keep calls from coming though all is registered, in sentences for the operator.
    public var remarks: [String]

    /// A report.
    public init(active: [String], registered: [String] = [], reenabled: [String] = [], remarks: [String] = []) {
        self.active = active
        self.registered = registered
        self.reenabled = reenabled
        self.remarks = remarks
    }
}
