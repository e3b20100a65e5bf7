import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Telemetry
import Wire

/// The outside world over the network: one request, one answer.
///
/// Redirects are answers, never followed. A host that resolves to a private, loopback, link-local or metadata address
/// is refused unless it is on the list; the address that was checked is the one connected to. Certificates are
/// verified.
public struct HTTPTransport: Transport {
    /// Threads for name lookups.
    static let lookupThreads = 2

    private let guardian: AddressGuard
    private let resolver: Resolver
    private let clients = ClientCache()
    private let userAgent: String

    /// A transport.
    ///
    /// - Parameters:
    ///   - version: the hub's version, told to every vendor as `User-Agent: Crossdock/<version>`.
    ///   - allowedPrivateHosts: hosts (`host` or `host:port`) that may be reached although their address is private.
    ///   - requiresTLS: whether nobody but those hosts is reached without TLS.
    public init(version: String, allowedPrivateHosts: [String] = [], requiresTLS: Bool = false) {
        self.init(
            version: version, allowedPrivateHosts: allowedPrivateHosts, requiresTLS: requiresTLS,
            lookup: Resolver.system)
    }

    init(
        version: String, allowedPrivateHosts: [String], requiresTLS: Bool = false, lookup: @escaping Resolver.Lookup
    ) {
        guardian = AddressGuard(allowedPrivateHosts: allowedPrivateHosts, requiresTLS: requiresTLS)
        resolver = Resolver(threads: BlockingThreads(count: Self.lookupThreads, name: "lookup"), lookup: lookup)
        userAgent = "Crossdock/\(version)"
    }

    /// Closes all connections; requests under way fail, later ones are not sent.
    public func shutdown() async { await clients.close() }

    /// Why nothing is sent to an address, as far as the address itself tells; nil where its name must be looked up
    /// first, or nothing is against it.
    public func problem(of address: HTTPAddress) -> String? { guardian.problem(of: address) }

    /// Sends one request and returns the whole answer.
    ///
    /// - Throws: `TransportFailure`: `.notSent` when nothing can have happened (no such host, refused address, no
    ///   connection, failed TLS handshake), `.tooLarge` beyond `answerLimit`, `.cancelled`, `.noAnswer` for all else.
    public func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let progress = Progress()
        do {
            return try await within(seconds: max(1, request.timeoutSeconds)) {
                try await attempt(request, progress)
            }
        } catch {
            throw TransportFailure(error, mayHaveLeft: progress.mayHaveLeft, request: request)
        }
    }

    private func attempt(_ request: HTTPRequest, _ progress: Progress) async throws -> HTTPResponse {
        if let problem = guardian.problem(of: request.address) { throw TransportFailure.notSent(problem) }
        // Of an address whose escapes are no UTF-8 the client would ask "/" instead.
        guard URL(string: request.address.text)?.path.isEmpty == false else {
            throw TransportFailure.notSent("the address has escapes (%) that are no UTF-8")
        }
        let resolved = try await resolver.addresses(of: request.address.host)
        let address = try guardian.choose(from: resolved, for: request.address)
        let endpoint = ClientCache.Endpoint(host: request.address.host, address: address.text)
        let outgoing = prepared(request)
        return try await clients.with(endpoint) { client in
            try Task.checkCancellation()
            progress.leave()
            // The deadline that counts is the one around this; the client is given a later one.
            let answer = try await client.execute(outgoing, timeout: .seconds(Int64(request.timeoutSeconds) + 60))
            return try await whole(answer, limit: request.answerLimit)
        }
    }

    private func prepared(_ request: HTTPRequest) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: request.address.text)
        outgoing.method = NIOHTTP1.HTTPMethod(rawValue: request.method)
        for field in request.headers.list { outgoing.headers.add(name: field.name, value: field.value) }
        if request.headers["User-Agent"] == nil { outgoing.headers.add(name: "User-Agent", value: userAgent) }
        if let trace = Trace.current, request.headers["traceparent"] == nil {
            outgoing.headers.add(name: "traceparent", value: trace.traceparent(Self.span()))
        }
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        return outgoing
    }

    /// The name of one call within its trace.
    private static func span() -> [UInt8] {
        withUnsafeBytes(of: UInt64.random(in: 1...UInt64.max)) { Array($0) }
    }

    private func whole(_ answer: HTTPClientResponse, limit: Int) async throws -> HTTPResponse {
        var headers = HTTPHeaders()
        for field in answer.headers { headers.add(field.name, field.value) }
        if let stated = answer.headers.first(name: "Content-Length").flatMap({ Int($0) }), stated > limit {
            throw TransportFailure.tooLarge(limit: limit)
        }
        var body: [UInt8] = []
        for try await chunk in answer.body {
            guard body.count + chunk.readableBytes <= limit else { throw TransportFailure.tooLarge(limit: limit) }
            body.append(contentsOf: chunk.readableBytesView)
        }
        return HTTPResponse(status: Int(answer.status.code), headers: headers, body: body)
    }

    /// Runs the call and gives it up when the time is over.
    private func within<Value: Sendable>(
        seconds: Int, _ call: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await call() }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw DeadlineOver()
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}

/// The time of a request is over.
struct DeadlineOver: Error {}

/// How far a request has come.
private final class Progress: Sendable {
    private let left = Mutex(false)

    /// Whether the request was handed to the network.
    var mayHaveLeft: Bool { left.withLock { $0 } }

    func leave() { left.withLock { $0 = true } }
}
