import Synchronization
import Wire
import WireHTTP

/// Runs a server on a free port for as long as the body runs.
func serving<Value: Sendable>(
    limits: ServerLimits = ServerLimits(), handler: @escaping HTTPServer.Handler,
    _ body: @escaping @Sendable (Int, HTTPServer) async throws -> Value
) async throws -> Value {
    let server = HTTPServer(host: "127.0.0.1", port: 0, limits: limits, handler: handler)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            try await server.run()
            return nil
        }
        group.addTask {
            defer { server.shutdown() }
            guard let port = await server.port else { throw NoPort() }
            return try await body(port, server)
        }
        var value: Value?
        while let next = try await group.next() { value = next ?? value }
        guard let value else { throw NoPort() }
        return value
    }
}

struct NoPort: Error {}

func get(_ port: Int, _ path: String = "/", timeoutSeconds: Int = 20) -> HTTPRequest {
    HTTPRequest(
        "GET", HTTPAddress(scheme: "http", host: "127.0.0.1", port: port, path: path), timeoutSeconds: timeoutSeconds)
}

/// A value that several tasks change.
final class Locked<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
        value.withLock { value in
            var copy = value
            let result = change(&copy)
            value = copy
            return result
        }
    }
}
