import ConnectorKit
import Mail

/// The way to those who are told of changes. Whose address is private, or who is not reached by https, is told nothing
/// unless the hub's owner allows it.
public struct NoticeWay: Sendable {
    /// The outside world.
    public var transport: any Transport
    /// Why calls are not sent to an address, as far as the address itself tells; nil where nothing is known against it.
    public var problem: @Sendable (HTTPAddress) -> String?
    /// How mail is sent; nil where that is not set up.
    public var mailer: (any Mailer)?

    /// A way.
    public init(
        transport: any Transport, mailer: (any Mailer)? = nil, problem: @escaping @Sendable (HTTPAddress) -> String?
    ) {
        self.transport = transport
        self.mailer = mailer
        self.problem = problem
    }

    /// A way on which nobody is reached but by https.
    public static func plain(_ transport: any Transport) -> NoticeWay {
        NoticeWay(transport: transport) { $0.scheme == "https" ? nil : "it must begin with https://" }
    }
}
