import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request body does not arrive in time or whose answer is not read in time, and tells when
/// the caller has gone. Keeps count, for the crowd, of whether anything is asked here.
///
/// A request that is there at once costs nothing: the timer is set only when a read ended in the middle of a request.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ServerLimits
    private let presence: Presence
    private let crowd: Crowd
    private var isReading = false
    private var readTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?

    init(limits: ServerLimits, presence: Presence, crowd: Crowd) {
        self.limits = limits
        self.presence = presence
        self.crowd = crowd
    }

    func handlerAdded(context: ChannelHandlerContext) { crowd.enter(context.channel) }

    func handlerRemoved(context: ChannelHandlerContext) { crowd.leave(context.channel) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReading = true
        case .body: break
        case .end:
            isReading = false
            // Only now: a head whose body never comes asks nothing either.
            crowd.asks(context.channel)
            readTimer?.cancel()
            readTimer = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReading, readTimer == nil { readTimer = closing(context, afterSeconds: limits.requestSeconds) }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { crowd.isAnswered(context.channel) }
        context.write(data, promise: promise)
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
