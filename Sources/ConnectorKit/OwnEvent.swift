/// What a call in the hub's own words says: what happened, when, and to what.
///
/// Four forms are read, told apart by the member that names the event: `{eventType, data}` (seed 002), `{topic, data}`
/// and `{id, type, action, data, timestamp}` (seed 003), `{webhook_event, data}` (seed 004) (C-11).
public struct OwnEvent: Hashable, Sendable {
    /// `product.updated`; empty where the call names none.
    public let type: String
    /// When it happened, by the sender's clock: as the event says, else when the call was signed. Nil where neither is
    /// said.
    public let at: Moment?
    /// What it is about.
    public let data: JSON

    /// The longest id that is taken, in bytes.
    public static let idLength = 64

    /// An event.
    public init(type: String, at: Moment? = nil, data: JSON) {
        self.type = type
        self.at = at
        self.data = data
    }

    /// What a call says.
    ///
    /// - Throws: `JSONError` where its body is no JSON.
    public init(_ call: WebhookCall) throws(JSONError) {
        let json = try JSON(parsing: call.body)
        type = Self.type(of: json)
        let said = json["occurredAt"]?.scalarText ?? json["timestamp"]?.scalarText
        at = (said ?? call.headers[OwnScheme.timeHeader]).flatMap(OwnScheme.moment)
        data = json["data"] ?? .null
    }

    /// The event a body names, whichever of the forms it has; empty where it names none.
    static func type(of body: JSON) -> String {
        let named = ["eventType", "topic", "webhook_event"].lazy.compactMap { body[$0]?.string }.first
        if let named { return named }
        guard let subject = body["type"]?.string, let action = body["action"]?.string else { return "" }
        return "\(subject).\(pasts[action.lowercased()] ?? action)"
    }

    /// What is done, as what has happened.
    private static let pasts = ["create": "created", "update": "updated", "delete": "deleted", "change": "changed"]

    /// Whether it only tries the way.
    public var isTest: Bool { type == "test" }
    /// What it is about: `product`.
    public var subject: String { (type.split(separator: ".", maxSplits: 1).first ?? "").lowercased() }
    /// What happened to it: `updated`; empty where nothing is said.
    public var action: String { type.split(separator: ".", maxSplits: 1).dropFirst().first?.lowercased() ?? "" }

    /// Whether a text can be an id: it may become part of an address.
    public static func isID(_ text: String) -> Bool {
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
}

/// Reads events of a side that tells the hub all it is to know: it is not asked again, so what it says is taken for
/// what it shows. Pure.
public protocol EventReader: Sendable {
    /// What an event says. Of one that can never be used the sender is told so.
    func read(_ event: OwnEvent) -> WebhookMeaning
}
