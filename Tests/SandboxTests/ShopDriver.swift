import Commerce
import Foundation
import Sandbox
import Testing
import Wire

/// A shop with a hand on its clock, asked by Basic over TLS.
struct ShopDriver {
    var shop: WooCommerceSandbox
    var now: Moment
    /// Everything the shop sent so far.
    var sent: [OutgoingWebhook] = []

    static let start = Moment(seconds: 1_795_000_000)

    init(_ shop: WooCommerceSandbox = WooCommerceSandbox(), now: Moment = Self.start) {
        self.shop = shop
        self.now = now
    }

    mutating func wait(_ seconds: Double) { now = now.adding(seconds: seconds) }

    /// Asks the shop; the path starts behind `/wp-json/wc/v3`.
    @discardableResult
    mutating func ask(_ method: String, _ path: String, _ body: JSON? = nil) throws -> Shown {
        var request = try Self.request(method, "https://shop.example/wp-json/wc/v3" + path, body)
        request.headers["Authorization"] =
            "Basic " + Foundation.Data("ck_sandbox:cs_sandbox".utf8).base64EncodedString()
        return try send(request)
    }

    @discardableResult
    mutating func send(_ request: HTTPRequest) throws -> Shown {
        let answer = shop.respond(to: request, at: now)
        sent += answer.webhooks
        return Shown(answer)
    }

    static func request(_ method: String, _ url: String, _ body: JSON? = nil) throws -> HTTPRequest {
        let address = try #require(HTTPAddress(url))
        var request = HTTPRequest(method, address, body: body?.bytes ?? [])
        if body != nil { request.headers["Content-Type"] = "application/json" }
        return request
    }

    /// Registers webhooks of these topics and answers their pings.
    mutating func subscribe(_ topics: String...) throws {
        for topic in topics {
            try ask(
                "POST", "/webhooks",
                [
                    "topic": .string(topic), "delivery_url": .string("http://hub.example/\(topic)"),
                    "secret": "a-secret",
                ])
        }
        answerAll(200)
        sent = []
    }

    /// Runs the queue and gives what was sent, by topic.
    mutating func deliveries() -> [(topic: String, body: JSON)] {
        sent = []
        wait(61)
        let run = shop.runQueue(at: now)
        sent = run
        return run.map { ($0.headers["X-WC-Webhook-Topic"] ?? "ping", (try? JSON(parsing: $0.body)) ?? .null) }
    }

    mutating func answerAll(_ status: Int?) {
        for webhook in sent { shop.webhookAnswered(webhook.id, status: status, at: now) }
    }
}

/// An answer with its body read.
struct Shown {
    var status: Int?
    var json: JSON
    var headers: HTTPHeaders
    var delay: Double
    var text: String

    init(_ answer: SandboxAnswer) {
        status = answer.response?.status
        headers = answer.response?.headers ?? [:]
        delay = answer.delaySeconds
        let bytes = answer.response?.body ?? []
        text = String(decoding: bytes, as: UTF8.self)
        json = (try? JSON(parsing: bytes)) ?? .null
    }

    subscript(name: String) -> JSON? { json[name] }
    var code: String? { json["code"]?.string }
    var ids: [Int] { (json.array ?? []).compactMap { $0["id"]?.integer } }
}
