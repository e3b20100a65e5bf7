import NIOCore
import NIOHTTP1

/// The body of a request did not arrive in time.
struct LateBody: Error {}

/// Ends a request whose body does not arrive in time with `LateBody`, closes a connection whose answer is not read in
/// time, or on which nobody asks anything for long, and one that asks nothing when the server stops. Tells when the
/// caller has gone, and keeps count, for the crowd, of whether anything is asked here.
///
/// A request that is there at once costs nothing: the timer is set only when a read ended in the middle of a request.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ServerLimits
    private let presence: Presence
    private let crowd: Crowd
    private var isReading = false
    /// Requests of which a part came and that are not answered yet.
    private var openCount = 0
    private var isStopping = false
    private var lastHeard = NIODeadline.now()
    private var readTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?
    private var idleTimer: Scheduled<Void>?

    init(limits: ServerLimits, presence: Presence, crowd: Crowd) {
        self.limits = limits
        self.presence = presence
        self.crowd = crowd
    }

    func handlerAdded(context: ChannelHandlerContext) {
        crowd.enter(context.channel)
        watchSilence(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        crowd.leave(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = .now()
        switch unwrapInboundIn(data) {
        case .head:
            isReading = true
            openCount += 1
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
        if isReading, readTimer == nil {
            readTimer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(limits.requestSeconds))) {
                context.fireErrorCaught(LateBody())
            }
        }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        crowd.isAnswered(context.channel)
        openCount -= 1
        lastHeard = .now()
        guard isStopping, openCount <= 0 else { return context.write(data, promise: promise) }
        context.writeAndFlush(data, promise: promise)
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = context.channel.isWritable ? nil : closing(context, afterSeconds: limits.unreadSeconds)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            isStopping = true
            if openCount == 0 { context.close(promise: nil) }
            return
        }
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { presence.end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        readTimer?.cancel()
        writeTimer?.cancel()
        idleTimer?.cancel()
        presence.end()
        context.fireChannelInactive()
    }

    private func closing(_ context: ChannelHandlerContext, afterSeconds seconds: Int) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(seconds))) { context.close(promise: nil) }
    }

    /// Closes the connection once nothing was heard for so long; while a request is read or answered, that is looked at
    /// again.
    private func watchSilence(_ context: ChannelHandlerContext) {
        let limit = TimeAmount.seconds(Int64(limits.idleSeconds))
        let end = (openCount > 0 ? .now() : lastHeard) + limit
        guard end > .now() else { return context.close(promise: nil) }
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: end) { self.watchSilence(context) }
    }
}
