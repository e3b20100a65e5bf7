import Commerce
import Wire

/// What a stand-in gave for one request, all of it as values: nothing was sent, nothing waited.
public struct SandboxAnswer: Sendable {
    /// The answer, or nil when the connection is cut without one.
    public var response: HTTPResponse?
    /// How long to wait before answering (or cutting), in seconds.
    public var delaySeconds: Double
    /// What the request made the stand-in send, in the order of sending.
    public var webhooks: [OutgoingWebhook]

    /// An answer.
    public init(response: HTTPResponse?, delaySeconds: Double = 0, webhooks: [OutgoingWebhook] = []) {
        self.response = response
        self.delaySeconds = delaySeconds
        self.webhooks = webhooks
    }
}

/// One request a stand-in wants to send to a receiver of its webhooks.
public struct OutgoingWebhook: Hashable, Sendable {
    /// The number by which the receiver's answer is handed back, see `WooCommerceSandbox.webhookAnswered`.
    public var id: Int
    /// The receiver's address, as it was registered.
    public var url: String
    /// All headers but those of the connection.
    public var headers: HTTPHeaders
    /// The exact bytes that were signed.
    public var body: [UInt8]
    /// Not to be sent before this moment.
    public var notBefore: Moment
    /// Whether the sender goes where an answer sends it. The ping of a new webhook does; a delivery is done with a
    /// 301 or 302, and what it had to say is lost.
    public var followsRedirects = false

    /// The request to send, or nil when the address is none.
    public var request: HTTPRequest? {
        HTTPAddress(url).map { HTTPRequest("POST", $0, headers: headers, body: body, timeoutSeconds: 60) }
    }
}
