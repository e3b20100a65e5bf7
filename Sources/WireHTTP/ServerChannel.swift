import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// One accepted connection: its parts, and whether the caller is still there.
struct ServerConnection: ServerChildChannelValue {
    let parts: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
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
        return channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(tls.handler) }
            // What is said one after the other is answered so by whoever reads it; names and values of headers are
            // looked at before they get here.
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits.ofHeads)
            try pipeline.addHandler(RequestGuard(limits: limits, presence: presence, crowd: crowd))
            return ServerConnection(
                parts: try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)),
                presence: presence)
        }
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

extension ServerLimits {
    /// How large the head of a request may be.
    fileprivate var ofHeads: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        (limits.maxHeaderFieldSize, limits.maxHeaderListSize) = (headerBytes, headerBytes)
        limits.maxHeaderFieldCount = headerCount
        return limits
    }
}
