/// Who may call an integration, and how often: settings that every connector has whose vendor calls.
public struct DoorRules: Hashable, Sendable {
    /// The window of the limit, in milliseconds, and how many calls of one address fall into it, unless set otherwise.
    public static let standard = (windowMilliseconds: 60_000, calls: 100)

    /// The addresses calls may come from; empty: all.
    public let allowed: [AddressBlock]
    public let windowMilliseconds: Int
    public let calls: Int
    /// Whether somebody has set the limit: then it counts every call. Otherwise it counts those that prove nothing, so
    /// that a vendor who has much to say at once is heard.
    public let isLimitSet: Bool
    /// Whether a key of the hub's may stand in for the signature of a call in the hub's own words.
    public let takesKeys: Bool
    /// How calls in the hub's own words are proved; nil where none that is signed is taken.
    public let scheme: OwnScheme?

    /// What a card has besides its own settings.
    public static let shapes = [
        SettingShape(
            "allowedIPs", .list, aliases: ["allowed_ips"],
            "Addresses, and blocks of them (10.0.0.0/8, fd00::/8), that calls may come from; empty: all."),
        SettingShape(
            "rateLimitWindow", .integer(1000...3_600_000), aliases: ["rate_limit_window"],
            "The window in which calls of one address are counted, in milliseconds; 60000 unless set."),
        SettingShape(
            "rateLimitMax", .integer(1...1_000_000), aliases: ["rate_limit_max"],
            "How many calls of one address are taken in a window. Unless set, only calls that prove nothing are "
                + "counted, up to 100."),
        SettingShape(
            "eventSecret", .text, aliases: ["event_secret"], isSecret: true,
            "The secret of calls in the hub's own form, as a platform or a relay of yours may send them "
                + "(X-Webhook-Signature, X-Webhook-Timestamp); without it none are taken."),
        SettingShape(
            "signatureForm", .oneOf(OwnScheme.Form.allCases.map(\.rawValue)), aliases: ["signature_form"],
            "What such calls are signed over: timestamped (time and body, the usual) or body alone."),
        SettingShape(
            "acceptAPIKey", .flag, aliases: ["accept_api_key"],
            "Whether an API key of the hub's that may hand in calls (webhook:write) stands in for their signature."),
    ]

    /// No list, and the limit that nobody has set.
    public init() {
        (allowed, isLimitSet, takesKeys, scheme) = ([], false, false, nil)
        (windowMilliseconds, calls) = Self.standard
    }

    /// What settings say.
    ///
    /// - Throws: `SettingsError` naming what is no address.
    public init(_ settings: Settings) throws(SettingsError) {
        var allowed: [AddressBlock] = []
        var problems: [SettingProblem] = []
        for text in settings.list("allowedIPs") {
            if let block = AddressBlock(text) {
                allowed.append(block)
            } else {
                let sentence =
                    "\"\(text.prefix(60))\" in \"allowedIPs\" is no address and no block of addresses; write it like "
                    + "203.0.113.7, 10.0.0.0/8 or 2001:db8::/32"
                problems.append(SettingProblem("allowedIPs", sentence))
            }
        }
        guard problems.isEmpty else { throw SettingsError(byField: problems) }
        self.allowed = allowed
        windowMilliseconds = settings.integer("rateLimitWindow") ?? Self.standard.windowMilliseconds
        calls = settings.integer("rateLimitMax") ?? Self.standard.calls
        isLimitSet = settings.integer("rateLimitWindow") != nil || settings.integer("rateLimitMax") != nil
        takesKeys = settings.flag("acceptAPIKey") ?? false
        let form = settings.text("signatureForm").flatMap(OwnScheme.Form.init) ?? .timestamped
        scheme = settings.secret("eventSecret").map { OwnScheme(secret: $0, form: form) }
    }

    /// Whether a call may come from there. Where there is a list, who is not known is not on it.
    public func admits(_ peer: String?) -> Bool {
        guard !allowed.isEmpty else { return true }
        guard let address = peer.flatMap(IPAddress.init) else { return false }
        return allowed.contains { $0.contains(address) }
    }
}
