import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Wire

/// Why a server could not start.
public enum HTTPServerFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The address is taken, not ours, or needs rights we lack.
    case cannotBind(host: String, port: Int, reason: String)

    /// What happened and what can be done.
    public var description: String {
        switch self {
        case .cannotBind(let host, let port, let reason):
            "cannot listen on \(host):\(port): \(reason); choose another with --port or --bind, or stop what uses it"
        }
    }
}

/// Lets the outside ask the hub: HTTP/1.1 on one address, each request a value, each answer a value.
public final class HTTPServer: Sendable {
    /// Answers a request. Never throws: what went wrong is an answer too.
    public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    private let host: String
    private let wishedPort: Int
    private let limits: ServerLimits
    private let onBound: @Sendable (Int) async -> Void
    private let serving = Presence()
    private let running: any ServerRun
    private let bound = Bound()

    /// A server that is not listening yet.
    ///
    /// Port 0 takes any free one; `onBound` is told which, once the server listens. `tls`: with it nothing else is
    /// spoken; `proxies`: whom it believes who called.
    public init(
        host: String, port: Int, limits: ServerLimits = ServerLimits(), tls: ServerTLS? = nil,
        proxies: TrustedProxies = TrustedProxies(),
        onBound: @escaping @Sendable (Int) async -> Void = { _ in }, handler: @escaping Handler
    ) {
        self.host = host
        self.wishedPort = port
        self.limits = limits
        self.onBound = onBound
        var logger = Logger(label: "crossdock.http")
        logger.logLevel = .critical
        let bound = bound
        running = Server(
            childChannelSetup: ServerChannel(
                limits: limits, serving: serving, tls: tls, proxies: proxies, handler: handler,
                crowd: Crowd(of: limits.connections)),
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                bound.set(port)
                await onBound(port)
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    /// The port, once the server listens; nil when it has ended without.
    public var port: Int? { get async { await bound.value } }

    /// Listens and answers until `shutdown()` or until the task is cancelled. Then it takes no new connection, ends
    /// streams, and waits for answers under way, at most `drainSeconds`.
    ///
    /// - Throws: `HTTPServerFailure.cannotBind`.
    public func run() async throws {
        // Tasks of their own, awaited here: cancelling this one must begin a drain, not cut answers short.
        let work = Task { [running] in try await running.run() }
        let drain = Task { [serving, running, limits] in
            await serving.ended()
            await Self.drain(running, work, limits)
        }
        let result: Result<Void, any Error> = await withTaskCancellationHandler {
            let result = await work.result
            let wasAskedToStop = serving.hasEnded
            serving.end()
            await drain.value
            return wasAskedToStop ? .success(()) : result
        } onCancel: {
            serving.end()
        }
        bound.set(nil)
        if case .failure(let error) = result {
            throw HTTPServerFailure.cannotBind(host: host, port: wishedPort, reason: Self.reason(error))
        }
    }

    /// Begins to stop: `run()` returns when the last answer is out.
    public func shutdown() { serving.end() }

    private static func drain(_ running: any ServerRun, _ work: Task<Void, any Error>, _ limits: ServerLimits) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await running.shutdownGracefully()
                _ = await work.result
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(limits.drainSeconds))
                work.cancel()
            }
            await group.next()
            group.cancelAll()
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return String(describing: error) }
        return error.errnoCode == 98 ? "the address is in use" : error.description
    }
}

/// A server that can be run and stopped, whatever its channel.
private protocol ServerRun: Sendable {
    func run() async throws
    func shutdownGracefully() async throws
}

extension Server: ServerRun {}

/// A port that becomes known once.
private final class Bound: Sendable {
    private enum State {
        case open([CheckedContinuation<Int?, Never>])
        case known(Int?)
    }

    private let state = Mutex(State.open([]))

    var value: Int? {
        get async {
            await withCheckedContinuation { continuation in
                let known: Int?? = state.withLock { state in
                    switch state {
                    case .known(let port): return .some(port)
                    case .open(let waiting):
                        state = .open(waiting + [continuation])
                        return nil
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    func set(_ port: Int?) {
        let waiting: [CheckedContinuation<Int?, Never>] = state.withLock { state in
            guard case .open(let waiting) = state else { return [] }
            state = .known(port)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }
}
