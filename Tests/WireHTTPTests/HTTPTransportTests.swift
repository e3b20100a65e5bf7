import Testing
import Wire

@testable import WireHTTP

@Suite("Outside world: HTTP transport", .timeLimit(.minutes(2)))
struct HTTPTransportTests {
    let transport = HTTPTransport(version: "9.9", allowedPrivateHosts: ["127.0.0.1"])

    /// What went wrong, or nil when an answer came.
    func failure(of request: HTTPRequest, by transport: HTTPTransport? = nil) async -> TransportFailure? {
        do {
            _ = try await (transport ?? self.transport).send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func aRequestIsSentWholeAndAnsweredWhole() async throws {
        let echo: HTTPServer.Handler = { request in
            HTTPResponse(
                status: 207,
                headers: [
                    "X-Agent": request.headers["user-agent"] ?? "", "X-Sent": request.headers["X-Mine"] ?? "",
                    "X-Line": "\(request.method) \(request.address.path)?\(request.address.encodedQuery)",
                ], body: request.body)
        }

        let answer = try await serving(handler: echo) { port, _ in
            var request = get(port, "/a%20b")
            request.method = "PUT"
            request.address.query = [.init("q", "x&y")]
            request.headers["X-Mine"] = "yes"
            request.body = Array(repeating: 7, count: 300_000)
            return try await transport.send(request)
        }

        #expect(answer.status == 207)
        #expect(answer.headers["X-Agent"] == "Crossdock/9.9")
        #expect(answer.headers["X-Sent"] == "yes")
        #expect(answer.headers["X-Line"] == "PUT /a%20b?q=x%26y")
        #expect(answer.body == Array(repeating: 7, count: 300_000))
    }

    @Test func aRedirectIsAnAnswerAndIsNotFollowed() async throws {
        let calls = Locked(0)
        let answer = try await serving(handler: { _ in
            calls.withLock { $0 += 1 }
            return HTTPResponse(status: 302, headers: ["Location": "/elsewhere"])
        }) { port, _ in try await transport.send(get(port)) }

        #expect(answer.status == 302)
        #expect(answer.headers["Location"] == "/elsewhere")
        #expect(calls.withLock { $0 } == 1)
    }

    @Test(arguments: [true, false])
    func anAnswerAboveItsLimitIsTooLarge(isLengthStated: Bool) async throws {
        let server = try OddServer { say, hold in
            say("HTTP/1.1 200 OK\r\n" + (isLengthStated ? "Content-Length: 5000\r\n\r\n" : "Connection: close\r\n\r\n"))
            say(String(repeating: "x", count: 5000))
            if isLengthStated { hold() }
        }
        var request = get(server.port)
        request.answerLimit = 4999

        #expect(await failure(of: request) == .tooLarge(limit: 4999))
    }

    @Test func aRefusedConnectionWasNotSent() async throws {
        // A port that was free a moment ago and is closed again.
        let port = try await serving(handler: { _ in HTTPResponse(status: 200) }) { port, _ in port }

        guard case .notSent(let text)? = await failure(of: get(port)) else {
            Issue.record("a refused connection must say that nothing was sent")
            return
        }
        #expect(text.contains("refused"))
    }

    @Test func aFailedTLSHandshakeWasNotSent() async throws {
        let server = try OddServer { say, _ in say("this is not TLS at all, it is plain text\r\n\r\n") }
        var request = get(server.port)
        request.address.scheme = "https"

        guard case .notSent? = await failure(of: request) else {
            Issue.record("a failed handshake must say that nothing was sent")
            return
        }
    }

    @Test func aServerThatHangsUpAfterTheRequestMayHaveActed() async throws {
        let server = try OddServer { _, _ in }

        guard case .noAnswer? = await failure(of: get(server.port)) else {
            Issue.record("a lost answer must say that the request may have had its effect")
            return
        }
    }

    /// The server holds until the test ends: that there is a failure at all says that it was given up.
    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"])
    func anAnswerThatDoesNotComeWholeInTimeIsGivenUp(begin: String) async throws {
        let server = try OddServer { say, hold in
            say(begin)
            hold()
        }

        guard case .noAnswer(let text)? = await failure(of: get(server.port, timeoutSeconds: 1)) else {
            Issue.record("an answer that does not come may have had its effect")
            return
        }
        #expect(text.contains("within 1 s"))
    }

    /// The client beneath would ask "/" in its place.
    @Test(arguments: ["/a%c0%afb", "/%ff", "/a%E2%82"])
    func anAddressWhoseEscapesAreNoTextIsNotAsked(path: String) async throws {
        let asked = Locked(0)
        let found = try await serving(handler: { _ in
            asked.withLock { $0 += 1 }
            return HTTPResponse(status: 200)
        }) { port, _ in await failure(of: get(port, path)) }

        guard case .notSent? = found else {
            Issue.record("\(path): \(String(describing: found))")
            return
        }
        #expect(asked.withLock { $0 } == 0)
    }

    @Test func aCutAnswerIsNoAnswer() async throws {
        let server = try OddServer { say, _ in say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") }

        guard case .noAnswer? = await failure(of: get(server.port)) else {
            Issue.record("half a body is no answer")
            return
        }
    }

    @Test func aCancelledRequestSaysSo() async throws {
        let (reached, reach) = AsyncStream<Void>.makeStream()
        let server = try OddServer { _, hold in
            reach.yield()
            hold()
        }
        let request = get(server.port)
        let call = Task { await failure(of: request) }
        for await _ in reached { break }
        call.cancel()

        #expect(await call.value == .cancelled)
    }

    @Test func afterShutdownNothingIsSent() async throws {
        let mine = HTTPTransport(version: "1", allowedPrivateHosts: ["127.0.0.1"])
        try await serving(handler: { _ in HTTPResponse(status: 200) }) { port, _ in
            #expect(await failure(of: get(port), by: mine) == nil)
            await mine.shutdown()
            #expect(await failure(of: get(port), by: mine) == .notSent("the hub is stopping"))
        }
    }

    @Test func aClientInUseIsNotClosedAndARefusalSaysThatThereIsNoRoom() async throws {
        let cache = ClientCache()
        func nest(_ depth: Int) async throws -> Bool {
            guard depth <= ClientCache.limit else { return false }
            return try await cache.with(.init(host: "h\(depth)", address: "192.0.2.1")) { _ in
                try await nest(depth + 1)
            }
        }

        #expect(try await nest(1) == false)
        await #expect(throws: TransportFailure.notSent("\(ClientCache.limit) endpoints are being called already")) {
            try await cache.with(.init(host: "h0", address: "192.0.2.1")) { _ in _ = try await nest(1) }
        }
        await cache.close()
    }
}
