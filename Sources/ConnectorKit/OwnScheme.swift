/// How calls are signed by those who speak the hub's own words (seed 002; C-09).
///
/// `X-Webhook-Timestamp` says when, in ISO 8601 or in seconds since 1970; `X-Webhook-Signature` is `sha256=` and, in
/// hexadecimal, HMAC-SHA256 with the secret over that text, a point, and the raw body. A call that is five minutes too
/// old or too early is refused. Signed over the body alone it could be sent again for ever, so that is taken only where
/// an integration says so.
public struct OwnScheme: Hashable, Sendable {
    /// What is signed.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// The time and the body.
        case timestamped
        /// The body alone, or both.
        case body
    }

    public static let signatureHeader = "X-Webhook-Signature"
    public static let timeHeader = "X-Webhook-Timestamp"
    /// How far the time of a call may be from the hub's, either way, in seconds.
    public static let windowSeconds = 300.0

    private let secret: Secret
    private let form: Form

    /// A scheme with a secret.
    public init(secret: Secret, form: Form = .timestamped) {
        self.secret = secret
        self.form = form
    }

    /// Why a call is not proved; nil where it is.
    public func problem(with call: WebhookCall, now: Moment) -> String? {
        for name in [Self.signatureHeader, Self.timeHeader]
        where call.headers.list.count(where: { $0.name.lowercased() == name.lowercased() }) > 1 {
            return "\(name) stands twice"
        }
        guard let text = call.headers[Self.signatureHeader] else { return "no signature" }
        guard text.hasPrefix("sha256="), let given = Signature.bytes(hex: text.dropFirst("sha256=".count)),
            given.count == 32
        else { return "the signature is not sha256= and 64 hexadecimal digits" }
        let time = call.headers[Self.timeHeader]
        if let time {
            guard let at = Self.moment(time) else { return "the time is neither ISO 8601 nor seconds since 1970" }
            let seconds = now.seconds(since: at)
            guard abs(seconds) <= Self.windowSeconds else {
                return seconds > 0 ? "it was signed more than five minutes ago" : "it is signed for a time to come"
            }
            if Signature.areEqual(given, code(Self.signed(time, call.body))) { return nil }
        }
        guard form == .body else { return time == nil ? "no time" : "the signature does not fit time and body" }
        return Signature.areEqual(given, code(call.body)) ? nil : "the signature does not fit the body"
    }

    /// The call with a time and its signature.
    public func sign(_ body: [UInt8], at now: Moment) -> WebhookCall {
        let time = now.description
        return WebhookCall(
            headers: [
                "Content-Type": "application/json", Self.timeHeader: time,
                Self.signatureHeader: "sha256=" + Signature.hex(code(Self.signed(time, body))),
            ], body: body)
    }

    private static func signed(_ time: String, _ body: [UInt8]) -> [UInt8] { Array(time.utf8) + [0x2E] + body }

    private func code(_ bytes: [UInt8]) -> [UInt8] {
        Signature.hmacSHA256(bytes, key: Array(secret.reveal.utf8))
    }

    /// When a call says it was made.
    public static func moment(_ text: String) -> Moment? {
        let digits = text.utf8
        guard (1...11).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return Moment(iso: text)
        }
        return Int64(text).map(Moment.init(seconds:))
    }
}
