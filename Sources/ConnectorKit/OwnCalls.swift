/// Calls in the hub's own words beside those of a vendor: `{eventType, data: {productId, ...}}` (seed 002), signed as
/// `OwnScheme` says. Such a call is a hint: what it names is fetched from the far side, and nothing else it says is
/// believed.
public struct OwnCalls: WebhookReceiver {
    /// The longest id that is fetched, in bytes.
    private static let idLength = 64

    private let scheme: OwnScheme
    private let vendor: (any WebhookReceiver)?
    /// The kinds that can be fetched.
    private let kinds: Set<RecordKind>
    private let now: @Sendable () -> Moment

    /// The calls of a connector, and beside them those in the hub's own words.
    public init(_ scheme: OwnScheme, beside connector: Connector, now: @escaping @Sendable () -> Moment) {
        self.scheme = scheme
        self.now = now
        vendor = connector.webhooks
        kinds = Set(connector.sources.keys)
    }

    private func isOwn(_ call: WebhookCall) -> Bool { call.headers[OwnScheme.signatureHeader] != nil }

    /// Proves a call by the header it carries: a call is either the vendor's or the hub's own.
    public func prove(_ call: WebhookCall) -> WebhookProof {
        guard isOwn(call) else { return vendor?.prove(call) ?? .forged("no signature") }
        let now = now()
        if let problem = scheme.problem(with: call, now: now) { return .forged(problem) }
        let body = try? JSON(parsing: call.body)
        return .genuine(repeatKey: repeatKey(of: call, body, now), topic: body?["eventType"]?.string ?? "")
    }

    /// What says its own id is one event however often it is signed. Else the time it was signed for makes it one; and
    /// where there is no time either, the same body within five minutes is one.
    private func repeatKey(of call: WebhookCall, _ body: JSON?, _ now: Moment) -> String {
        let digest = Signature.hex(Signature.sha256(call.body))
        if let id = body?["eventId"]?.scalarText ?? body?["id"]?.scalarText {
            return "own/id/\(id.prefix(Self.idLength))/\(digest)"
        }
        if let time = call.headers[OwnScheme.timeHeader].flatMap(OwnScheme.moment) {
            return "own/\(time.milliseconds)/\(digest)"
        }
        return "own/\(now.milliseconds / Int64(OwnScheme.windowSeconds * 1000))/\(digest)"
    }

    /// What a proved call says.
    public func read(_ call: WebhookCall) -> WebhookMeaning {
        guard isOwn(call) else { return vendor?.read(call) ?? .nothing("the vendor's calls are not taken any more") }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: call.body)
        } catch {
            return .rejected(Rejection(kind: .product, externalID: nil, reason: error.description))
        }
        let type = json["eventType"]?.string ?? ""
        if type == "test" { return .nothing("a test") }
        let words = type.split(separator: ".", maxSplits: 1)
        guard let subject = words.first.flatMap({ Self.subjects[$0.lowercased()] }), kinds.contains(subject.kind) else {
            return .nothing("the event \"\(type.prefix(60))\" is not used")
        }
        let data = json["data"]
        guard let id = (data?[subject.member] ?? data?["id"])?.scalarText, Self.isID(id) else {
            let reason = "the event \(type.prefix(60)) names no \(subject.member)"
            return .rejected(Rejection(kind: subject.kind, externalID: nil, reason: reason))
        }
        return words.last == "deleted" ? .gone(subject.kind, id) : .fetch(subject.kind, [id])
    }

    /// It becomes part of an address at the far side.
    private static func isID(_ text: String) -> Bool {
        (1...idLength).contains(text.utf8.count) && !text.contains("..") && !text.hasPrefix("/")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: ":"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }

    /// What events are about, by their first word, and which member of their data names it.
    private static let subjects: [String: (kind: RecordKind, member: String)] = [
        "product": (.product, "productId"), "inventory": (.product, "productId"), "stock": (.product, "productId"),
        "price": (.product, "productId"), "variant": (.variant, "variantId"), "order": (.order, "orderId"),
        "customer": (.customer, "customerId"), "category": (.category, "categoryId"),
    ]

    /// The vendor's test call where one can be made, else one in the hub's own words.
    public func sample(_ mark: String, now: Moment) -> WebhookCall? {
        vendor?.sample(mark, now: now)
            ?? scheme.sign(JSON.object(["eventType": "test", "data": ["mark": .string(mark)]]).bytes, at: now)
    }
}
