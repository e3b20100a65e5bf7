import Commerce
import Wire

/// What kind of shop a stand-in plays, and how closely it keeps to the real one's bad habits.
public struct SandboxOptions: Hashable, Sendable {
    /// The shop's own address, without a slash at its end. OAuth signatures are checked against it, whatever the
    /// request's `Host` says, as the real shop does.
    public var siteURL: String
    /// The currency of all prices; its exponent is the shop's number of decimals.
    public var currency: Currency
    /// Minutes the shop's clock on the wall is ahead of UTC: +05:30 is 330.
    public var utcOffsetMinutes: Int
    /// ISO 3166-1 alpha-2 code of the shop's country.
    public var country: String
    /// The one tax rate in percent, on everything sold; nil for a shop without tax.
    public var taxRatePercent: ExactDecimal?
    /// The label of the tax.
    public var taxLabel: String
    /// Who may ask.
    public var keys: [SandboxKey]
    /// The secret of webhooks that are registered without one.
    public var webhookSecret: String
    /// Where all chance comes from.
    public var seed: UInt64
    /// Whether webhooks are sent as time passes. The real shop sends them only when somebody visits it (false).
    public var deliversWithoutTraffic: Bool
    /// The shortest time between two runs of the webhook queue, in seconds; 60 in the real shop.
    public var queuePaceSeconds: Double
    /// For this long after a write the next one does not see it: a second customer with the same e-mail gets
    /// through, a second `inventory_delta` counts from the same quantity. 0 for a shop without races.
    public var raceSeconds: Double
    /// Whether the queue stands still while a receiver has not answered, for a minute at most, as in the real shop.
    /// Only for a sender that hands every answer back.
    public var waitsForAnswers: Bool
    /// Whether private hosts and ports other than 80, 443 and 8080 are never called, as in the real shop. A stand-in
    /// that is tried on one machine calls them (false).
    public var refusesPrivateReceivers: Bool
    /// Pictures whose address contains this cannot be fetched.
    public var unreachableImageMarker: String

    /// A shop in Colombo that sells in rupees, with one key that may read and write.
    public init(
        siteURL: String = "http://127.0.0.1:8080", currency: Currency = .lkr, key: String = "ck_sandbox",
        secret: String = "cs_sandbox", webhookSecret: String = "sandbox-webhook-secret", seed: UInt64 = 1
    ) {
        self.siteURL = siteURL.hasSuffix("/") ? String(siteURL.dropLast()) : siteURL
        self.currency = currency
        self.utcOffsetMinutes = 330
        self.country = "LK"
        self.taxRatePercent = ExactDecimal(18)
        self.taxLabel = "VAT"
        self.keys = [SandboxKey(key: key, secret: secret, access: .readWrite)]
        self.webhookSecret = webhookSecret
        self.seed = seed
        self.deliversWithoutTraffic = false
        self.queuePaceSeconds = 60
        self.raceSeconds = 0
        self.waitsForAnswers = false
        self.refusesPrivateReceivers = false
        self.unreachableImageMarker = "nope"
    }
}

/// A consumer key of a stand-in shop. It guards nothing: it exists to be shown in tests and demos.
public struct SandboxKey: Hashable, Sendable {
    /// What a key may do.
    public enum Access: String, Hashable, Sendable {
        case read
        case write
        case readWrite
    }

    /// `ck_...`
    public var key: String
    /// `cs_...`
    public var secret: String
    /// What it may do.
    public var access: Access

    /// A key.
    public init(key: String, secret: String, access: Access) {
        self.key = key
        self.secret = secret
        self.access = access
    }
}
