/// The upper bounds of a server. Each protects against a caller that sends too much, too slowly, or too often.
public struct ServerLimits: Hashable, Sendable {
    /// The largest request body, in bytes; a larger one is answered 413.
    public var bodyBytes = 5 << 20
    /// All header lines of a request together, in bytes; more is answered 400.
    public var headerBytes = 32 << 10
    /// Header lines of a request.
    public var headerCount = 100
    /// Connections open at a time; further ones wait until one closes. Where few are left, who has been silent longest
    /// is closed.
    public var connections = 1024
    /// How long a connection may be silent between requests, and a request's head may take, in seconds.
    public var idleSeconds = 30
    /// How long a request's body may take to arrive, in seconds; a later one is answered 408.
    public var requestSeconds = 30
    /// How long a caller may leave an answer unread, in seconds.
    public var unreadSeconds = 30
    /// How long a stop waits for answers under way, in seconds.
    public var drainSeconds = 10

    /// The usual bounds.
    public init() {}
}
