import ConnectorKit

/// Proves and reads the shop's calls.
struct WooCommerceWebhooks: WebhookReceiver {
    let shop: ShopSettings
    let translator: WooCommerceTranslator
    private let key: SigningKey?

    /// Nil where there is no secret and the settings do not say that none is needed: then no call is taken.
    init?(shop: ShopSettings, translator: WooCommerceTranslator) {
        guard shop.webhookSecret != nil || !shop.asksProof else { return nil }
        (self.shop, self.translator) = (shop, translator)
        key = shop.webhookSecret.map { SigningKey(Array($0.reveal.utf8)) }
    }

    /// Signed over the raw body: base64 of HMAC-SHA256 with the secret.
    ///
    /// The delivery id alone is no key: the shop makes it of webhook and second, so two events of one second share it
    /// (recorded), and dropping the second would lose it.
    func prove(_ call: WebhookCall) -> WebhookProof {
        guard let signature = call.headers["X-WC-Webhook-Signature"] else {
            return isPing(call) ? .ping(status: 200) : .forged("no signature")
        }
        guard let given = Signature.bytes(base64: signature), given.count == 32 else {
            return .forged("the signature is no base64 of 32 bytes")
        }
        guard let key, Signature.areEqual(given, key.code(of: call.body)) else {
            return .forged("the signature does not fit the body")
        }
        return genuine(call)
    }

    var asksNoProof: Bool { !shop.asksProof }

    func unproved(_ call: WebhookCall) -> WebhookProof {
        asksNoProof ? genuine(call) : .forged("no signature")
    }

    private func genuine(_ call: WebhookCall) -> WebhookProof {
        let webhook = call.headers["X-WC-Webhook-ID"] ?? ""
        let delivery = call.headers["X-WC-Webhook-Delivery-ID"] ?? ""
        return .genuine(
            repeatKey: "\(webhook)/\(delivery)/\(Signature.hex(Signature.sha256(call.body)))",
            topic: topic(of: call, try? JSON(parsing: call.body)))
    }

    /// Its topic is of no record, so nothing comes of it.
    func sample(_ mark: String, now: Moment) -> WebhookCall? {
        guard let key else { return nil }
        let body = JSON.object(["action": "crossdock_test", "mark": .string(mark)]).bytes
        return WebhookCall(
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-Topic": "action.crossdock_test",
                "X-WC-Webhook-ID": "0", "X-WC-Webhook-Delivery-ID": mark,
                "X-WC-Webhook-Signature": Signature.base64(key.code(of: body)),
            ], body: body)
    }

    /// A relay may wrap the shop's body as {topic, data}; then the topic stands inside (C-06).
    private func topic(of call: WebhookCall, _ body: @autoclosure () -> JSON?) -> String {
        call.headers["X-WC-Webhook-Topic"] ?? body()?["topic"]?.string ?? ""
    }

    /// The shop's test call when a webhook is made: a form `webhook_id=N`, unsigned and without any header of its own.
    /// Unless it is answered 200, every later save of that webhook sends it again.
    private func isPing(_ call: WebhookCall) -> Bool {
        let type = call.headers["Content-Type"]?.lowercased() ?? ""
        let isShops = call.headers.list.contains { $0.name.lowercased().hasPrefix("x-wc-") }
        let text = String(decoding: call.body.prefix(64), as: UTF8.self)
        let digits = text.dropFirst("webhook_id=".count)
        return type.hasPrefix("application/x-www-form-urlencoded") && !isShops && call.body.count < 64
            && text.hasPrefix("webhook_id=") && !digits.isEmpty && digits.allSatisfy { "0123456789".contains($0) }
    }

    func read(_ call: WebhookCall) -> WebhookMeaning {
        let whole: Result<JSON, JSONError> = Result { () throws(JSONError) -> JSON in try JSON(parsing: call.body) }
        let topic = topic(of: call, try? whole.get())
        let words = topic.split(separator: ".").map(String.init)
        guard words.count == 2, let kind = Self.kinds[words[0]] else {
            return .nothing("topic \"\(topic)\" is not used")
        }
        let json: JSON
        switch whole {
        case .success(let body): json = body["topic"] == nil ? body : body["data"] ?? body
        case .failure(let error):
            return .rejected(Rejection(kind: kind, externalID: nil, reason: error.description))
        }
        let payload = Payload(json)
        if payload.pointer("id") == nil, let code = payload.filled("code") {
            // Recorded: the object was deleted before the shop built the delivery; no id stands anywhere in it.
            return .nothing("the shop could not read the record any more (\(code)); the census finds which one is gone")
        }
        guard let id = payload.pointer("id") else {
            return .rejected(Rejection(kind: kind, externalID: nil, reason: "the delivery names no record"))
        }
        if words[1] == "deleted" { return .gone(kind, id) }
        switch kind {
        case .product: return product(json, payload, id)
        case .customer: return customer(json, id)
        default: return order(json, payload, id)
        }
    }

    private static let kinds: [String: RecordKind] = ["product": .product, "order": .order, "customer": .customer]

    private func product(_ json: JSON, _ payload: Payload, _ id: String) -> WebhookMeaning {
        let isVariation = payload.text("type") == "variation"
        if isVariation, payload.pointer("parent_id") == nil {
            return .nothing("variation \(id) names no product; the poll reads it")
        }
        // The body does not say in which currency its prices are.
        guard let currency = shop.currency, isWhole(payload, ["name", "status", "regular_price"]) else {
            return isVariation
                ? .fetch(.variant, [VariantID(product: payload.text("parent_id"), variation: id).text])
                : .fetch(.product, [id])
        }
        do {
            let draft =
                isVariation
                ? try translator.variant(json, currency, isRendered: true)
                : try translator.product(json, currency, isRendered: true)
            return .records([draft])
        } catch {
            return .rejected(Rejection(kind: isVariation ? .variant : .product, externalID: id, reason: error.reason))
        }
    }

    private func customer(_ json: JSON, _ id: String) -> WebhookMeaning {
        let payload = Payload(json)
        guard isWhole(payload, ["email", "billing", "role"]) else { return .fetch(.customer, [id]) }
        guard WooCommerceCodes.isCustomer(payload) else {
            return .nothing("account \(id) is of the shop's staff (\(payload.text("role"))) and has bought nothing")
        }
        do {
            return .records([try translator.customer(json)])
        } catch {
            return .rejected(Rejection(kind: .customer, externalID: id, reason: error.reason))
        }
    }

    private func order(_ json: JSON, _ payload: Payload, _ id: String) -> WebhookMeaning {
        guard !WooCommerceCodes.draftStatuses.contains(payload.text("status")) else {
            return .nothing("order \(id) is a checkout that was not finished")
        }
        // The body lists refunds by their sums; their lines stand in a list of their own.
        guard isWhole(payload, ["line_items", "total", "refunds"]), payload.list("refunds").isEmpty else {
            return .fetch(.order, [id])
        }
        do {
            let order = try translator.order(json, refunds: [])
            let isGuests = payload.pointer("customer_id") == nil
            return .records(isGuests ? [try translator.guest(ofOrder: json), order] : [order])
        } catch {
            return .rejected(Rejection(kind: .order, externalID: id, reason: error.reason))
        }
    }

    private func isWhole(_ payload: Payload, _ members: [String]) -> Bool {
        members.allSatisfy { payload.json[$0] != nil }
    }
}
