import Commerce
import Wire

/// Something that happened to an object of the shop.
struct Event: Hashable, Sendable {
    var topic: String
    var id: Int
}

/// What waits to be sent, and what was sent and not answered yet.
struct WebhookQueue: Sendable {
    /// A webhook that has to tell of an object. Its payload is made when the queue runs, not when it is put there.
    struct Job: Hashable, Sendable {
        var webhook: Int
        var object: Int
    }

    var jobs: [Job] = []
    var known: Set<Job> = []
    var pings: [Int] = []
    var lastRun: Moment?
    var unanswered: [Int: (webhook: Int, isPing: Bool, since: Moment)] = [:]

    /// How many sent requests are remembered until their answer is handed back.
    static let unansweredLimit = 10_000
}

extension WooCommerceSandbox {
    mutating func fire(_ events: [Event]) {
        for event in events { fire(event.topic, event.id) }
    }

    /// Queues a job for every active webhook of that topic. A job that waits already is not queued again: three
    /// changes before the queue runs are one delivery, of the last state.
    mutating func fire(_ topic: String, _ id: Int) {
        for webhook in webhooks.rows where webhook.status == "active" && webhook.topic == topic {
            let job = WebhookQueue.Job(webhook: webhook.id, object: id)
            if queue.known.insert(job).inserted { queue.jobs.append(job) }
        }
    }

    /// What a visit of the site sets going: `/wp-cron.php` runs the queue at once, any other page when it is due.
    mutating func trafficRan(_ request: HTTPRequest, at now: Moment) -> [OutgoingWebhook] {
        request.address.path == "/wp-cron.php" ? runQueue(at: now, isDue: true) : runQueueIfDue(at: now)
    }

    mutating func runQueueIfDue(at now: Moment) -> [OutgoingWebhook] {
        let isDue = queue.lastRun.map { now.seconds(since: $0) >= options.queuePaceSeconds } ?? true
        return runQueue(at: now, isDue: isDue)
    }

    mutating func runQueue(at now: Moment, isDue: Bool) -> [OutgoingWebhook] {
        guard isDue, !isHeldUp(at: now) else { return [] }
        queue.lastRun = now
        let jobs = queue.jobs
        queue.jobs = []
        queue.known = []
        return meetingWebhookFaults(jobs.compactMap { deliver($0, at: now) })
    }

    private mutating func deliver(_ job: WebhookQueue.Job, at now: Moment) -> (topic: String, OutgoingWebhook)? {
        guard let webhook = webhooks[job.webhook], webhook.status == "active" else { return nil }
        guard !isRefused(webhook.url) else {
            countFailure(of: webhook.id)
            return nil
        }
        let body = payload(of: webhook, job.object).bytes
        let key = Array(ShopText.decodedEntities(webhook.secret).utf8)
        let headers: HTTPHeaders = [
            "User-Agent": Self.agent, "Accept": "*/*", "Content-Type": "application/json",
            "X-WC-Webhook-Source": options.siteURL + "/", "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": webhook.resource, "X-WC-Webhook-Event": webhook.event,
            "X-WC-Webhook-Signature": Signature.base64(Signature.hmacSHA256(body, key: key)),
            "X-WC-Webhook-ID": String(webhook.id), "X-WC-Webhook-Delivery-ID": deliveryID(webhook.id),
        ]
        return (webhook.topic, outgoing(webhook, headers: headers, body: body, isPing: false, at: now))
    }

    static let agent = "WooCommerce/\(version) Hookshot (WordPress/7.0.4)"

    /// Made of the webhook and the second alone: two deliveries of one webhook in one second share it.
    private func deliveryID(_ webhook: Int) -> String {
        String(Signature.hex(Signature.sha256(Array("\(webhook) \(clock)".utf8))).prefix(32))
    }

    private mutating func outgoing(
        _ webhook: WebhookRow, headers: HTTPHeaders, body: [UInt8], isPing: Bool, at now: Moment
    ) -> OutgoingWebhook {
        lastDelivery += 1
        if queue.unanswered.count >= WebhookQueue.unansweredLimit { queue.unanswered = [:] }
        queue.unanswered[lastDelivery] = (webhook.id, isPing, now)
        return OutgoingWebhook(
            id: lastDelivery, url: webhook.url, headers: headers, body: body, notBefore: now, followsRedirects: isPing)
    }

    /// The object as it is now; where it is gone, the REST error that says so, with a valid signature.
    private func payload(of webhook: WebhookRow, _ id: Int) -> Node {
        if webhook.event == "deleted" { return ["id": .int(id)] }
        let view = View(base: options.siteURL, context: .view, isAnswerToWrite: false)
        switch webhook.resource {
        case "product": return products[id].map { node($0, view) } ?? ShopError.invalidID("product", 404).node
        case "order": return orders[id].map { node($0, view) } ?? ShopError.invalidID("shop_order", 404).node
        case "customer":
            return customers[id].map { node($0, view) }
                ?? ShopError(404, "wc_user_invalid_id", "Invalid user ID.").node
        default: return ["id": .int(id)]
        }
    }

    // MARK: - Pings

    /// The unsigned form that is sent when a webhook is saved and its receiver has not answered one with 200 yet.
    mutating func pings(at now: Moment) -> [OutgoingWebhook] {
        let wanted = queue.pings
        queue.pings = []
        return wanted.compactMap { id in
            guard let webhook = webhooks[id], !isRefused(webhook.url) else { return nil }
            let headers: HTTPHeaders = [
                "User-Agent": Self.agent, "Accept": "*/*", "Content-Type": "application/x-www-form-urlencoded",
            ]
            return outgoing(webhook, headers: headers, body: Array("webhook_id=\(id)".utf8), isPing: true, at: now)
        }
    }
}
