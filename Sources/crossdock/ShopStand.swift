import Commerce
import Foundation
import Sandbox
import Wire
import WireHTTP

/// A stand-in shop that listens: the pure machine of the Sandbox behind a real port, with its webhooks really sent.
actor ShopStand {
    private var shop: WooCommerceSandbox
    private let transport: any Transport
    /// Webhooks the shop has made and that are not sent yet.
    private var waiting: [OutgoingWebhook] = []

    /// How often the shop's own queue is looked at, in milliseconds.
    static let pumpMilliseconds = 250

    init(_ shop: WooCommerceSandbox, transport: any Transport) {
        self.shop = shop
        self.transport = transport
    }

    /// The address under which the shop stands; its links and signatures name it.
    func settle(at url: String) { shop.options.siteURL = url }

    /// Answers a request as the shop would. Where the fault plan says that no answer comes, the connection is held as
    /// long as the plan says, and what comes then says nothing.
    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let answer = shop.respond(to: request, at: OpenHub.systemNow())
        waiting += answer.webhooks
        if answer.delaySeconds > 0 { try? await Task.sleep(for: .seconds(answer.delaySeconds)) }
        return answer.response ?? HTTPResponse(status: 504)
    }

    /// Something done in the shop, by its shoppers or its staff.
    func act<Value: Sendable>(_ action: @Sendable (inout WooCommerceSandbox, Moment) -> Value) -> Value {
        action(&shop, OpenHub.systemNow())
    }

    /// Sends webhooks as they fall due, until cancelled.
    func pump() async {
        while !Task.isCancelled {
            let now = OpenHub.systemNow()
            waiting += shop.advance(to: now)
            let due = waiting.filter { $0.notBefore <= now }
            waiting.removeAll { $0.notBefore <= now }
            await send(due)
            try? await Task.sleep(for: .milliseconds(Self.pumpMilliseconds))
        }
    }

    private func send(_ webhooks: [OutgoingWebhook]) async {
        for webhook in webhooks {
            guard let request = webhook.request else { continue }
            let answer = await answer(to: request, following: webhook.followsRedirects)
            shop.webhookAnswered(webhook.id, status: answer?.status, at: OpenHub.systemNow())
        }
    }

    /// The answer to a webhook; nil when none came. A ping follows one redirect, as WordPress does for it alone.
    private func answer(to request: HTTPRequest, following: Bool) async -> HTTPResponse? {
        guard let first = try? await transport.send(request) else { return nil }
        guard following, (300..<400).contains(first.status), let place = first.headers["location"],
            let address = HTTPAddress(place)
        else { return first }
        return try? await transport.send(
            HTTPRequest(
                request.method, address, headers: request.headers, body: request.body,
                timeoutSeconds: request.timeoutSeconds))
    }
}
