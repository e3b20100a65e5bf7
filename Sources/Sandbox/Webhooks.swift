import Commerce
import Wire

extension WooCommerceSandbox {
    func listWebhooks(_ call: Call) -> Reply {
        let query = query(call, order: "date")
        let status = call.text("status") ?? "all"
        let code = StatusCode.of(status)
        let found = find(
            webhooks, query, isShown: { (status == "all" || $0.status == code) && query.admits($0) })
        return listReply(found.rows.map { node($0, call.view) }, total: found.total, query, call)
    }

    mutating func createWebhook(_ call: Call) throws(ShopError) -> Reply {
        let topic = call.body["topic"]?.string ?? ""
        guard Self.isTopic(topic) else { throw Self.badTopic }
        let url = call.body["delivery_url"]?.string ?? ""
        guard HTTPAddress(url) != nil else { throw Self.badAddress }
        let given = call.body["secret"]?.string ?? ""
        lastWebhook += 1
        let row = WebhookRow(
            id: lastWebhook, name: ShopText.plain(call.body["name"]?.string ?? "Webhook created"),
            status: call.body["status"]?.string ?? "active", topic: topic, url: url,
            secret: given.isEmpty ? options.webhookSecret : given, created: clock)
        webhooks.insert(row)
        // The answer to this ping is not waited for: the webhook is made, whoever is there.
        queue.pings.append(row.id)
        return .created(node(row, call.view), at: "\(call.base)\(Call.root)/webhooks/\(row.id)")
    }

    private static let badTopic = ShopError(
        400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid.")
    private static let badAddress = ShopError(
        400, "woocommerce_rest_shop_webhook_invalid_delivery_url",
        "Webhook delivery URL must be a valid URL starting with http:// or https://.")

    private static func isTopic(_ topic: String) -> Bool {
        let halves = topic.split(separator: ".", maxSplits: 1).map(String.init)
        guard halves.count == 2 else { return false }
        let events = ["created", "updated", "deleted", "restored"]
        return halves[0] == "action" || (hooks.keys.contains(halves[0]) && events.contains(halves[1]))
    }

    mutating func oneWebhook(_ call: Call, _ id: Int) throws(ShopError) -> Reply {
        guard let row = webhooks[id] else {
            throw .invalidID("shop_webhook", ["GET", "DELETE"].contains(call.method) ? 404 : 400)
        }
        switch call.method {
        case "GET": return Reply(node: node(row, call.view))
        case "DELETE":
            guard call.flag("force") else {
                throw ShopError(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
            }
            webhooks.remove(id)
            return Reply(node: node(row, call.view))
        default: return try changeWebhook(call, row)
        }
    }

    private mutating func changeWebhook(_ call: Call, _ row: WebhookRow) throws(ShopError) -> Reply {
        let body = call.body
        if let topic = body["topic"]?.string, !Self.isTopic(topic) { throw Self.badTopic }
        if let url = body["delivery_url"]?.string, HTTPAddress(url) == nil { throw Self.badAddress }
        // Switching a webhook on again does not reset its failures: the next one switches it off.
        save(row.id) { row in
            if let text = body["name"]?.string { row.name = ShopText.plain(text) }
            if let text = body["status"]?.string { row.status = text }
            if let text = body["topic"]?.string { row.topic = text }
            if let text = body["delivery_url"]?.string { row.url = text }
            if let text = body["secret"]?.string, !text.isEmpty { row.secret = text }
        }
        return Reply(node: node(webhooks[row.id] ?? row, call.view))
    }

    /// A webhook as it is shown: never with its secret.
    private func node(_ row: WebhookRow, _ view: View) -> Node {
        let hooks = Self.hooks[row.resource]?[row.event] ?? []
        return [
            "id": .int(row.id), "name": .text(row.name), "status": .text(row.status), "topic": .text(row.topic),
            "resource": .text(row.resource), "event": .text(row.event), "hooks": .list(hooks.map(Node.text)),
            "delivery_url": .text(row.url), "date_created": local(row.created), "date_created_gmt": gmt(row.created),
            "date_modified": local(row.modified), "date_modified_gmt": gmt(row.modified),
            "_links": view.links("/webhooks/\(row.id)", of: "/webhooks"),
        ]
    }

    /// The places in the shop's code each topic listens to, as the shop shows them.
    private static let hooks: [String: [String: [String]]] = [
        "product": [
            "created": [
                "woocommerce_process_product_meta", "woocommerce_new_product", "woocommerce_new_product_variation",
            ],
            "updated": [
                "woocommerce_process_product_meta", "woocommerce_update_product",
                "woocommerce_update_product_variation",
            ],
            "deleted": ["wp_trash_post"], "restored": ["untrashed_post"],
        ],
        "order": [
            "created": ["woocommerce_new_order"],
            "updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
            "deleted": ["wp_trash_post", "woocommerce_trash_order"],
            "restored": ["untrashed_post", "woocommerce_untrash_order"],
        ],
        "customer": [
            "created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
            "updated": ["profile_update", "woocommerce_update_customer"], "deleted": ["delete_user"],
        ],
        "coupon": [
            "created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
            "updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
            "deleted": ["wp_trash_post"], "restored": ["untrashed_post"],
        ],
    ]
}
