import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Wire

/// One accepted connection: its parts, and whether the caller is still there.
struct ServerConnection: ServerChildChannelValue {
    let parts: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
    let presence: Presence

    var channel: any Channel { parts.channel }
}

/// Turns the parts of a connection into requests, asks the handler, and writes its answers.
struct ServerChannel: ServerChildChannel {
    typealias Handler = @Sendable (Wire.HTTPRequest) async -> Wire.HTTPResponse

    let limits: ServerLimits
    let serving: Presence
    let tls: ServerTLS?
    let proxies: TrustedProxies
    let handler: Handler
    let crowd: Crowd
    let date = ServerDate()

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<ServerConnection> {
        let presence = Presence()
        let (limits, crowd) = (limits, crowd)
        let http = HTTP1Channel(
            responder: { _, _, _ in },
            configuration: .init(
                additionalChannelHandlers: [RequestGuard(limits: limits, presence: presence, crowd: crowd)],
                idleTimeout: .seconds(Int64(limits.idleSeconds)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: limits.headerCount)))
        let secured = channel.eventLoop.makeCompletedFuture {
            if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler) }
        }
        return secured.flatMap { http.setup(channel: channel, logger: logger) }
            .map { ServerConnection(parts: $0, presence: presence) }
    }

    func handle(value connection: ServerConnection, logger: Logger) async {
        await withTaskCancellationHandler {
            do {
                try await withTaskExecutorPreference(LoopExecutor(connection.channel.eventLoop)) {
                    try await talk(on: connection)
                }
            } catch {
                logger.debug("connection ended: \(error)")
            }
        } onCancel: {
            connection.channel.close(promise: nil)
        }
    }

    private func talk(on connection: ServerConnection) async throws {
        try await connection.parts.executeThenClose { inbound, outbound in
            let talk = Conversation(
                limits: limits, serving: serving, presence: connection.presence, handler: handler, date: date,
                scheme: tls == nil ? "http" : "https", proxies: proxies,
                peer: connection.channel.remoteAddress?.ipAddress, outbound: outbound)
            try await talk.run(inbound)
        }
    }
}
