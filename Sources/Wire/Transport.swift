/// Why no answer came.
public enum TransportFailure: Error, Hashable, Sendable {
    /// The request never left: nothing can have happened.
    case notSent(String)
    /// It left, or may have, and no whole answer came: it may have had its effect.
    case noAnswer(String)
    /// The answer was larger than the request allowed; it had its effect.
    case tooLarge(limit: Int)
    /// Given up because the hub is stopping; it may have had its effect.
    case cancelled
}

/// The outside world: takes a request, gives an answer. A redirect is an answer like any other, never followed.
public protocol Transport: Sendable {
    /// Sends one request and returns the whole answer.
    ///
    /// - Throws: `TransportFailure`.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse
}

/// Work that blocks (files, databases), run on a thread of its own and never on the cooperative pool.
public protocol BlockingWork: Sendable {
    /// Runs the work elsewhere and returns what it gave.
    ///
    /// - Throws: what the work throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value
}

/// Runs the work where it is called: for tests, the simulator and commands that have nothing else to do.
public struct InlineWork: BlockingWork {
    /// The only kind there is.
    public init() {}

    /// Runs the work at once.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try work()
    }
}
