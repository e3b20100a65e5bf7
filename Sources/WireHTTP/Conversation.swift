import NIOCore
import NIOHTTP1
import Wire

/// The requests and answers of one connection, one after the other.
struct Conversation: Sendable {
    /// After a refusal, that much of an oversized body is still read and thrown away, so that the answer is not lost
    /// with a reset connection.
    static let lingerBytes = 1 << 20

    /// How much room is made on a caller's word alone.
    static let trustedBytes = 64 << 10

    let limits: ServerLimits
    let serving: Presence
    let presence: Presence
    let handler: ServerChannel.Handler
    let date: ServerDate
    let scheme: String
    let proxies: TrustedProxies
    let peer: String?
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

    typealias Inbound = NIOAsyncChannelInboundStream<HTTPServerRequestPart>

    private enum Body {
        case whole([UInt8])
        case tooLarge
        case cut
    }

    func run(_ inbound: Inbound) async throws {
        var parts = inbound.makeAsyncIterator()
        do {
            while case .head(let head)? = try await parts.next() {
                guard try await answer(head, &parts) else { return }
            }
        } catch let error as CancellationError {
            throw error
        } catch is LateBody {
            try await write(ServerRefusal.late(limits.requestSeconds).response, to: .GET, closes: true)
        } catch {
            // The head could not be read as HTTP, or was over the limits. If the connection is gone, so is this answer.
            try await write(ServerRefusal.unreadable.response, to: .GET, closes: true)
        }
    }

    /// Answers one request. Whether the connection goes on.
    private func answer(_ head: HTTPRequestHead, _ parts: inout Inbound.AsyncIterator) async throws -> Bool {
        guard scheme == "https" || proxies.maySpeakPlainly(peer) else {
            // Nothing of it is read: what it says may be a token that everybody on the way could read.
            try await write(ServerRefusal.stranger.response, to: head.method, closes: true)
            try await linger(&parts)
            return false
        }
        guard head.namesOneHost else {
            try await write(ServerRefusal.hosts.response, to: head.method, closes: true)
            try await linger(&parts)
            return false
        }
        let headers = head.fields
        switch try await body(after: headers, &parts) {
        case .cut: return false
        case .tooLarge:
            try await write(ServerRefusal.tooLarge(limits.bodyBytes).response, to: head.method, closes: true)
            try await linger(&parts)
            return false
        case .whole(let bytes):
            let response = await handler(
                proxies.judged(Wire.HTTPRequest(head, headers, body: bytes, scheme: scheme, peer: peer)))
            let closes = headers["Connection"]?.lowercased() == "close"
            try await write(response, to: head.method, closes: closes)
            return !closes && response.stream == nil
        }
    }

    private func body(
        after headers: Wire.HTTPHeaders, _ parts: inout Inbound.AsyncIterator
    ) async throws -> Body {
        let stated = headers["Content-Length"].flatMap { Int($0) }
        if let stated, stated > limits.bodyBytes { return .tooLarge }
        if headers["Expect"]?.lowercased() == "100-continue" {
            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
        }
        var bytes: [UInt8] = []
        // What is stated may be a lie: many who state much and send nothing must not take the memory.
        bytes.reserveCapacity(min(stated ?? 0, Self.trustedBytes))
        while let part = try await parts.next() {
            switch part {
            case .head: return .cut
            case .body(let chunk):
                guard bytes.count + chunk.readableBytes <= limits.bodyBytes else { return .tooLarge }
                bytes.append(contentsOf: chunk.readableBytesView)
            case .end: return .whole(bytes)
            }
        }
        return .cut
    }

    private func linger(_ parts: inout Inbound.AsyncIterator) async throws {
        outbound.finish()
        var read = 0
        while case .body(let chunk)? = try await parts.next() {
            read += chunk.readableBytes
            if read > Self.lingerBytes { return }
        }
    }

    private func write(_ response: Wire.HTTPResponse, to method: HTTPMethod, closes: Bool) async throws {
        let head = response.head(closes: closes || response.stream != nil, date: date.text)
        guard method != .HEAD, !response.body.isEmpty || response.stream != nil else {
            return try await outbound.write(contentsOf: [.head(head), .end(nil)])
        }
        guard let stream = response.stream else {
            return try await outbound.write(contentsOf: [.head(head), Self.part(response.body), .end(nil)])
        }
        try await outbound.write(contentsOf: [.head(head), Self.part(response.body)])
        try await write(stream)
        try await outbound.write(.end(nil))
    }

    private static func part(_ bytes: [UInt8]) -> HTTPServerResponsePart {
        .body(.byteBuffer(ByteBuffer(bytes: bytes)))
    }

    /// Sends the chunks as they come, until there are no more, the caller has gone, or the server stops.
    private func write(_ stream: AsyncStream<[UInt8]>) async throws {
        let (over, end) = AsyncStream<Never>.makeStream()
        let first = serving.whenEnded { end.finish() }
        let second = presence.whenEnded { end.finish() }
        defer {
            serving.forget(first)
            presence.forget(second)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await chunk in stream { try await outbound.write(Self.part(chunk)) }
            }
            group.addTask { for await _ in over {} }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
