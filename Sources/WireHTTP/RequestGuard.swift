import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request body does not arrive in time or whose answer is not read in time, and tells when
/// the caller has gone.
///
/// A request that is there at once costs nothing: the timer is set only when a read ended in the middle of a request.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ServerLimits
    private let presence: Presence
    private var isReading = false
    private var readTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?

    init(limits: ServerLimits, presence: Presence) {
        self.limits = limits
        self.presence = presence
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReading = true
        case .body: break
        case .end:
            isReading = false
            readTimer?.cancel()
            readTimer = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReading, readTimer == nil { readTimer = closing(context, afterSeconds: limits.requestSeconds) }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = context.channel.isWritable ? nil : closing(context, afterSeconds: limits.unreadSeconds)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { presence.end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        readTimer?.cancel()
        writeTimer?.cancel()
        presence.end()
        context.fireChannelInactive()
    }

    private func closing(_ context: ChannelHandlerContext, afterSeconds seconds: Int) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(seconds))) { context.close(promise: nil) }
    }
}
