import Commerce
import Wire

/// Whom the shop calls, how long it waits, and what it counts as a failure.
extension WooCommerceSandbox {
    /// How long the shop waits for a receiver's answer, in seconds.
    static let answerSeconds = 60.0
    /// The only ports it calls.
    static let receiverPorts = [80, 443, 8080]
    /// How many failures in a row a webhook survives.
    static let failureLimit = 5

    /// Hands back how the receiver answered.
    ///
    /// 200 to 302 counts as delivered. Anything else counts against the webhook and is never tried again; the
    /// seventh failure in a row switches the webhook off.
    ///
    /// - Parameters:
    ///   - id: the delivery's number, `OutgoingWebhook.id`.
    ///   - status: the status of the answer; nil when there was none.
    ///   - now: the true time.
    public mutating func webhookAnswered(_ id: Int, status: Int?, at now: Moment) {
        setClock(now)
        guard let sent = queue.unanswered.removeValue(forKey: id) else { return }
        if sent.isPing {
            if status == 200 { save(sent.webhook) { $0.isPingPending = false } }
        } else if (200...302).contains(status ?? 0) {
            if webhooks[sent.webhook]?.failures ?? 0 > 0 { save(sent.webhook) { $0.failures = 0 } }
        } else {
            countFailure(of: sent.webhook)
        }
    }

    mutating func countFailure(of webhook: Int) {
        save(webhook) { row in
            if row.failures > Self.failureLimit { row.status = "disabled" } else { row.failures += 1 }
        }
    }

    /// Staff, or a plugin, take all webhooks away or switch them off; nobody is told.
    ///
    /// - Returns: how many called before.
    @discardableResult
    public mutating func loseWebhooks(isForgotten: Bool, at now: Moment) -> Int {
        setClock(now)
        let active = webhooks.rows.filter { $0.status == "active" }.map(\.id)
        for id in active {
            if isForgotten { webhooks.remove(id) } else { save(id) { $0.status = "disabled" } }
        }
        return active.count
    }

    /// Whether any webhook calls.
    public var hasActiveWebhooks: Bool { webhooks.rows.contains { $0.status == "active" } }

    /// Saves a webhook. While its ping is not answered, every save pings again.
    mutating func save(_ id: Int, _ change: (inout WebhookRow) -> Void) {
        let second = clock
        webhooks.update(id) { row in
            change(&row)
            row.modified = second
        }
        if webhooks[id]?.isPingPending ?? false { queue.pings.append(id) }
    }

    /// Whether a receiver that has not answered yet keeps the queue from running. One that takes longer than a minute
    /// has failed, and the queue goes on.
    mutating func isHeldUp(at now: Moment) -> Bool {
        guard options.waitsForAnswers else { return false }
        let late = queue.unanswered.filter { now.seconds(since: $0.value.since) >= Self.answerSeconds }
        for id in late.keys.sorted() { webhookAnswered(id, status: nil, at: now) }
        return queue.unanswered.contains { !$0.value.isPing }
    }

    /// Whether WordPress refuses to call an address: a private host or another port, unless it is the shop's own.
    func isRefused(_ url: String) -> Bool {
        guard options.refusesPrivateReceivers else { return false }
        guard let receiver = HTTPAddress(url), let shop = HTTPAddress(options.siteURL) else { return true }
        if receiver.host.hasPrefix("[") { return true }
        let isOwnHost = receiver.host == shop.host
        if !isOwnHost, Self.isPrivate(receiver.host) { return true }
        guard let port = receiver.port, !Self.receiverPorts.contains(port) else { return false }
        return !(isOwnHost && port == shop.port)
    }

    private static func isPrivate(_ host: String) -> Bool {
        if host == "localhost" { return true }
        let numbers = host.split(separator: ".").compactMap { Int($0) }
        guard numbers.count == 4 else { return false }
        let isTwelveBits = numbers[0] == 172 && (16...31).contains(numbers[1])
        let isSixteenBits = numbers[0] == 192 && numbers[1] == 168
        return [0, 10, 127].contains(numbers[0]) || isTwelveBits || isSixteenBits
    }
}
