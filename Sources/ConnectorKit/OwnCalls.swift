/// Calls in the hub's own words beside those of a vendor: `{eventType, data: {productId, ...}}` (seed 002), signed as
/// `OwnScheme` says, or with a key of the hub's where the integration takes these.
///
/// Of a side that can be read such a call is a hint: what it names is fetched there, and nothing else it says is
/// believed. A side that only tells brings a reader of events, and is taken at its word.
public struct OwnCalls: WebhookReceiver {
    /// What the hub writes on a call that came with a key, before it is stored without that key. One that comes with it
    /// from outside loses it at the door.
    public static let markHeader = "X-Crossdock-Proof"
    /// What stands there.
    public static let keyMark = "api-key"

    private let scheme: OwnScheme?
    private let vendor: (any WebhookReceiver)?
    private let reader: (any EventReader)?
    /// The kinds that can be fetched.
    private let kinds: Set<RecordKind>
    private let now: @Sendable () -> Moment

    /// The calls of a connector, and beside them those in the hub's own words. Without a scheme only a key proves
    /// these.
    public init(_ scheme: OwnScheme?, beside connector: Connector, now: @escaping @Sendable () -> Moment) {
        self.scheme = scheme
        self.now = now
        vendor = connector.webhooks
        reader = connector.events
        kinds = Set(connector.sources.keys)
    }

    private func isOwn(_ call: WebhookCall) -> Bool {
        call.headers[OwnScheme.signatureHeader] != nil || call.headers[Self.markHeader] == Self.keyMark
    }

    /// Proves a call by the header it carries: a call is either the vendor's or the hub's own.
    public func prove(_ call: WebhookCall) -> WebhookProof {
        guard call.headers[OwnScheme.signatureHeader] != nil else {
            return vendor?.prove(call) ?? .forged("no signature")
        }
        guard let scheme else { return .forged("no secret is set for calls that are signed") }
        if let problem = scheme.problem(with: call, now: now()) { return .forged(problem) }
        return trusted(call)
    }

    /// What a call is whose sender has shown by a key who he is.
    public func trusted(_ call: WebhookCall) -> WebhookProof {
        let body = try? JSON(parsing: call.body)
        return .genuine(repeatKey: repeatKey(of: call, body, now()), topic: body.map(OwnEvent.type) ?? "")
    }

    /// Whether the vendor's calls need no proof; those in the hub's own words always do.
    public var asksNoProof: Bool { vendor?.asksNoProof ?? false }

    /// What a call of the vendor's is of which nothing is proved.
    public func unproved(_ call: WebhookCall) -> WebhookProof {
        guard !isOwn(call), let vendor else { return .forged("no signature") }
        return vendor.unproved(call)
    }

    /// What says its own id is one event however often it is signed. Else the time it was signed for makes it one; and
    /// where there is no time either, the same body within five minutes is one. Of a side that only tells nothing is
    /// guessed: a price that goes up and down again is told by the same body twice, and a repeat does no harm.
    private func repeatKey(of call: WebhookCall, _ body: JSON?, _ now: Moment) -> String {
        let digest = Signature.hex(Signature.sha256(call.body))
        if let id = body?["eventId"]?.scalarText ?? body?["id"]?.scalarText {
            return "own/id/\(id.prefix(OwnEvent.idLength))/\(digest)"
        }
        if let time = call.headers[OwnScheme.timeHeader].flatMap(OwnScheme.moment) {
            return "own/\(time.milliseconds)/\(digest)"
        }
        if reader != nil { return "own/at/\(now.milliseconds)/\(digest)" }
        return "own/\(now.milliseconds / Int64(OwnScheme.windowSeconds * 1000))/\(digest)"
    }

    /// Who only tells, and is never asked, is told at once what of it can never be used.
    public func problem(with call: WebhookCall) -> String? {
        guard isOwn(call), reader != nil else { return vendor?.problem(with: call) }
        switch read(call) {
        case .rejected(let rejection): return rejection.reason
        case .records, .fetch, .gone, .nothing: return nil
        }
    }

    /// What a proved call says.
    public func read(_ call: WebhookCall) -> WebhookMeaning {
        guard isOwn(call) else { return vendor?.read(call) ?? .nothing("the vendor's calls are not taken any more") }
        let event: OwnEvent
        do throws(JSONError) {
            event = try OwnEvent(call)
        } catch {
            return .rejected(Rejection(kind: .product, externalID: nil, reason: error.description))
        }
        if event.isTest { return .nothing("a test") }
        if let reader { return reader.read(event) }
        guard let subject = Self.subjects[event.subject], kinds.contains(subject.kind) else {
            return .nothing("the event \"\(event.type.prefix(60))\" is not used")
        }
        guard let id = (event.data[subject.member] ?? event.data["id"])?.scalarText, OwnEvent.isID(id) else {
            let reason = "the event \(event.type.prefix(60)) names no \(subject.member)"
            return .rejected(Rejection(kind: subject.kind, externalID: nil, reason: reason))
        }
        return event.action == "deleted" ? .gone(subject.kind, id) : .fetch(subject.kind, [id])
    }

    /// What events are about, by their first word, and which member of their data names it.
    public static let subjects: [String: (kind: RecordKind, member: String)] = [
        "product": (.product, "productId"), "inventory": (.product, "productId"), "stock": (.product, "productId"),
        "price": (.product, "productId"), "variant": (.variant, "variantId"), "order": (.order, "orderId"),
        "customer": (.customer, "customerId"), "category": (.category, "categoryId"),
    ]

    /// The vendor's test call where one can be made, else one in the hub's own words.
    public func sample(_ mark: String, now: Moment) -> WebhookCall? {
        vendor?.sample(mark, now: now)
            ?? scheme?.sign(JSON.object(["eventType": "test", "data": ["mark": .string(mark)]]).bytes, at: now)
    }
}
