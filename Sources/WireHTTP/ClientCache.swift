import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization
import Wire

/// One client per checked endpoint, each tied to the address that was checked, so that a name which is looked up again
/// cannot lead anywhere else.
final class ClientCache: Sendable {
    /// A host and the address it was checked at.
    struct Endpoint: Hashable, Sendable {
        let host: String
        let address: String
    }

    /// The most endpoints kept at a time; the one unused for longest makes room.
    static let limit = 256
    /// How long an unused connection is kept, in seconds: less than the five after which Apache closes one, so that a
    /// request seldom meets a connection that is just being closed.
    static let idleConnectionSeconds = 4
    /// Connections to one endpoint.
    static let connectionsPerEndpoint = 8
    /// How long a connection may take to be made, its TLS handshake included, in seconds.
    static let connectSeconds = 10

    private struct Entry {
        let client: HTTPClient
        var users = 0
        var lastUse = 0
    }

    private struct State {
        var entries: [Endpoint: Entry] = [:]
        var uses = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    deinit {
        for entry in state.withLock({ $0.entries.values.map { $0 } }) { entry.client.shutdown { _ in } }
    }

    /// Runs the call with the client of that endpoint, which is not closed before the call is over.
    ///
    /// - Throws: what the call throws; `TransportFailure.notSent` when there is no room for another endpoint.
    func with<Value: Sendable>(
        _ endpoint: Endpoint, _ call: (HTTPClient) async throws -> Value
    ) async throws -> Value {
        let (client, retired) = try take(endpoint)
        defer { giveBack(endpoint) }
        retired?.shutdown { _ in }
        return try await call(client)
    }

    /// Closes all connections. Calls that are under way fail.
    func close() async {
        let clients = state.withLock { state in
            state.isClosed = true
            defer { state.entries = [:] }
            return state.entries.values.map(\.client)
        }
        for client in clients { try? await client.shutdown() }
    }

    private func take(_ endpoint: Endpoint) throws(TransportFailure) -> (HTTPClient, retired: HTTPClient?) {
        let result: Result<(HTTPClient, retired: HTTPClient?), TransportFailure> = state.withLock { state in
            guard !state.isClosed else { return .failure(.notSent("the hub is stopping")) }
            var retired: HTTPClient?
            if state.entries[endpoint] == nil, state.entries.count >= Self.limit {
                let idle = state.entries.filter { $0.value.users == 0 }.min { $0.value.lastUse < $1.value.lastUse }
                guard let idle else {
                    return .failure(.notSent("\(Self.limit) endpoints are being called already"))
                }
                retired = state.entries.removeValue(forKey: idle.key)?.client
            }
            state.uses += 1
            var entry = state.entries[endpoint] ?? Entry(client: Self.client(for: endpoint))
            entry.users += 1
            entry.lastUse = state.uses
            state.entries[endpoint] = entry
            return .success((entry.client, retired))
        }
        return try result.get()
    }

    private func giveBack(_ endpoint: Endpoint) {
        state.withLock { $0.entries[endpoint]?.users -= 1 }
    }

    private static func client(for endpoint: Endpoint) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .fullVerification
        tls.minimumTLSVersion = .tlsv12
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(Int64(connectSeconds))))
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [endpoint.host: endpoint.address]
        configuration.connectionPool.idleTimeout = .seconds(Int64(idleConnectionSeconds))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerEndpoint
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
