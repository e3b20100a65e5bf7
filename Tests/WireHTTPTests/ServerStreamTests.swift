import Testing
import Wire

@testable import WireHTTP

@Suite("Outside world: streams", .timeLimit(.minutes(1)))
struct ServerStreamTests {
    let threads = BlockingThreads(count: 4)
    static let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    /// A stream under the test's control; `hasEnded` yields when nobody reads it any more.
    struct Source: Sendable {
        let stream: AsyncStream<[UInt8]>
        let feed: AsyncStream<[UInt8]>.Continuation
        let hasEnded: AsyncStream<Void>

        init() {
            (stream, feed) = AsyncStream.makeStream()
            let (ended, end) = AsyncStream<Void>.makeStream()
            hasEnded = ended
            feed.onTermination = { _ in end.finish() }
        }

        var handler: HTTPServer.Handler {
            { _ in HTTPResponse(status: 200, headers: ["Content-Type": "text/event-stream"], stream: stream) }
        }
    }

    @Test func chunksArriveAsTheyCome() async throws {
        let source = Source()
        let heard = try await serving(handler: source.handler) { port, _ in
            try await threads.run {
                guard let caller = RawCaller(port: port) else { return "" }
                caller.say(Self.request)
                source.feed.yield(Array("first\n".utf8))
                var heard = caller.hear(until: "first\n")
                source.feed.yield(Array("second\n".utf8))
                heard += caller.hear(until: "second\n")
                source.feed.finish()
                return heard + caller.hearAll()
            }
        }

        #expect(heard.lowercased().contains("transfer-encoding: chunked"))
        #expect(heard.contains("first"))
        #expect(heard.contains("second"))
        #expect(heard.hasSuffix("0\r\n\r\n"))
    }

    @Test func aStreamEndsWhenItsReaderGoes() async throws {
        let source = Source()
        try await serving(handler: source.handler) { port, _ in
            try await threads.run {
                guard let caller = RawCaller(port: port) else { return }
                caller.say(Self.request)
                source.feed.yield(Array("first\n".utf8))
                _ = caller.hear(until: "first\n")
                caller.hangUp()
            }
            for await _ in source.hasEnded {}
        }
    }

    @Test func aStreamEndsWholeWhenTheServerStops() async throws {
        let source = Source()
        let heard = try await serving(handler: source.handler) { port, server in
            try await threads.run {
                guard let caller = RawCaller(port: port) else { return "" }
                caller.say(Self.request)
                source.feed.yield(Array("first\n".utf8))
                _ = caller.hear(until: "first\n")
                server.shutdown()
                return caller.hearAll()
            }
        }

        #expect(heard.hasSuffix("0\r\n\r\n"))
    }
}
