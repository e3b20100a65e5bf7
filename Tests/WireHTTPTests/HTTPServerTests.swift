import Testing
import Wire

@testable import WireHTTP

@Suite("Outside world: HTTP server", .timeLimit(.minutes(2)))
struct HTTPServerTests {
    let transport = HTTPTransport(version: "1", allowedPrivateHosts: ["127.0.0.1"])
    let threads = BlockingThreads(count: 4)

    func say(_ text: String, to port: Int) async throws -> String {
        try await threads.run {
            guard let caller = RawCaller(port: port) else { return "no connection" }
            caller.say(text)
            return caller.hearAll()
        }
    }

    static let fine: HTTPServer.Handler = { _ in HTTPResponse(status: 200, body: Array("fine".utf8)) }

    @Test func theHandlerSeesTheWholeRequest() async throws {
        let seen = Locked<HTTPRequest?>(nil)
        _ = try await serving(handler: { request in
            seen.withLock { $0 = request }
            return HTTPResponse(status: 200)
        }) { port, _ in
            try await say(
                "POST /a/b%2Fc?x=1&y=%20z HTTP/1.1\r\nHost: hub.example:8008\r\nX-Two: a\r\nContent-Length: 3\r\n"
                    + "Connection: close\r\n\r\nabc", to: port)
        }
        let request = try #require(seen.withLock { $0 })

        #expect(request.method == "POST")
        #expect(request.address.host == "hub.example")
        #expect(request.address.port == 8008)
        #expect(request.address.path == "/a/b%2Fc")
        #expect(request.address.query == [.init("x", "1"), .init("y", " z")])
        #expect(request.headers["x-two"] == "a")
        #expect(request.body == Array("abc".utf8))
        #expect(request.peer == "127.0.0.1")
    }

    /// They are no part of it (RFC 9110, section 5.5): what is signed of a value is signed without them.
    @Test func blanksAroundTheValueOfAHeaderAreNotHeard() async throws {
        let seen = Locked<HTTPRequest?>(nil)
        _ = try await serving(handler: { request in
            seen.withLock { $0 = request }
            return HTTPResponse(status: 200)
        }) { port, _ in
            try await say(
                "GET / HTTP/1.1\r\nHost:  hub.example \t\r\nX-Two: \t a b \t \r\nX-None: \t \r\n"
                    + "Connection: close \r\n\r\n", to: port)
        }
        let request = try #require(seen.withLock { $0 })

        #expect(request.address.host == "hub.example")
        #expect(request.headers["X-Two"] == "a b")
        #expect(request.headers["X-None"] == "")
    }

    /// A proxy may be asked so (RFC 9112, section 3.2.2).
    @Test(arguments: [
        ("http://x/a/b?c=d", "/a/b", 1), ("http://x", "/", 0), ("http://x?c=d", "/", 1), ("http://x/a#b", "/a", 0),
        ("/http://x/a", "/http://x/a", 0),
    ])
    func ofAWholeAddressThePathIsAskedFor(target: String, path: String, queryCount: Int) async throws {
        let seen = Locked<HTTPRequest?>(nil)
        _ = try await serving(handler: { request in
            seen.withLock { $0 = request }
            return HTTPResponse(status: 200)
        }) { port, _ in
            try await say("GET \(target) HTTP/1.1\r\nHost: hub.example\r\nConnection: close\r\n\r\n", to: port)
        }
        let request = try #require(seen.withLock { $0 })

        #expect(request.address.path == path)
        #expect(request.address.query.count == queryCount)
        #expect(request.address.host == "hub.example")
        #expect(request.headers["Host"] == nil)
    }

    @Test func whatIsNoNameOfAHeaderIsLeftOutOfTheAnswer() async throws {
        let answer = try await serving(handler: { _ in
            HTTPResponse(
                status: 200, headers: ["X Bad": "1", "X:Bad": "2", "": "3", "X-Good": "4", "Content-Length": "99"],
                body: Array("fine".utf8))
        }) { port, _ in try await say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", to: port) }

        #expect(!answer.contains("Bad"))
        #expect(answer.contains("\r\nX-Good: 4\r\n"))
        #expect(answer.contains("\r\nContent-Length: 4\r\n"))
        #expect(!answer.contains("99"))
        #expect(!answer.contains("\r\n: "))
    }

    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] as [(Int64, String)])
    func anAnswerSaysItsTimeInTheFormOfTheStandard(seconds: Int64, text: String) async throws {
        #expect(ServerDate.text(of: Moment(seconds: seconds)) == text)
        let answer = try await serving(handler: Self.fine) { port, _ in try await transport.send(get(port)) }
        #expect(answer.headers["Date"]?.hasSuffix(" GMT") == true)
    }

    @Test func aConnectionServesOneRequestAfterTheOther() async throws {
        let answers = try await serving(handler: { HTTPResponse(status: 200, body: Array($0.address.path.utf8)) }) {
            port, _ in
            try await say(
                "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                to: port)
        }

        #expect(answers.contains("/one"))
        #expect(answers.contains("/two"))
    }

    @Test func anAnswerToHEADHasALengthAndNoBody() async throws {
        let answer = try await serving(handler: Self.fine) { port, _ in
            try await say("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", to: port)
        }

        #expect(answer.lowercased().contains("content-length: 4"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [
        "Content-Length: 2000\r\n\r\n" + String(repeating: "x", count: 2000),
        "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + String(repeating: "x", count: 2000) + "\r\n0\r\n\r\n",
    ])
    func aBodyAboveTheLimitIsAnswered413InTheErrorForm(rest: String) async throws {
        var limits = ServerLimits()
        limits.bodyBytes = 1000
        let calls = Locked(0)
        let answer = try await serving(
            limits: limits,
            handler: { _ in
                calls.withLock { $0 += 1 }
                return HTTPResponse(status: 200)
            }
        ) { port, _ in try await say("POST / HTTP/1.1\r\nHost: x\r\n\(rest)", to: port) }

        #expect(answer.hasPrefix("HTTP/1.1 413"))
        #expect(answer.contains(#""code":"PAYLOAD_TOO_LARGE""#))
        #expect(answer.contains(#""success":false"#))
        #expect(calls.withLock { $0 } == 0)
    }

    @Test func aStatedLengthAboveTheLimitIsRefusedBeforeTheBodyIsRead() async throws {
        let answer = try await serving(handler: Self.fine) { port, _ in
            try await threads.run {
                guard let caller = RawCaller(port: port) else { return "" }
                caller.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
                return caller.hear(until: "requestId")
            }
        }

        #expect(answer.hasPrefix("HTTP/1.1 413"))
    }

    @Test(arguments: [
        "this is no HTTP\r\n\r\n", "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 40_000) + "\r\n\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 200) + "\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    ])
    func aHeadThatCannotBeReadIsAnswered400AndTheConnectionIsClosed(text: String) async throws {
        let answer = try await serving(handler: Self.fine) { port, _ in try await say(text, to: port) }

        #expect(answer.hasPrefix("HTTP/1.1 400"))
        #expect(answer.contains(#""code":"BAD_REQUEST""#))
    }

    @Test(arguments: ["", "GET / HT"])
    func aHeadThatDoesNotArriveIsCutOff(beginning: String) async throws {
        var limits = ServerLimits()
        limits.idleSeconds = 1
        let heard = try await serving(limits: limits, handler: Self.fine) { port, _ in
            try await say(beginning, to: port)
        }

        #expect(heard.isEmpty)
    }

    @Test(arguments: [
        "Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "Content-Length: 1\r\n\r\n",
    ])
    func aBodyThatDoesNotArriveIsAnswered408AndTheConnectionIsClosed(rest: String) async throws {
        var limits = ServerLimits()
        (limits.idleSeconds, limits.requestSeconds) = (1, 1)
        let calls = Locked(0)
        let answer = try await serving(
            limits: limits,
            handler: { _ in
                calls.withLock { $0 += 1 }
                return HTTPResponse(status: 200)
            }
        ) { port, _ in try await say("POST / HTTP/1.1\r\nHost: x\r\n\(rest)", to: port) }

        #expect(answer.hasPrefix("HTTP/1.1 408"))
        #expect(answer.contains(#""code":"REQUEST_TIMEOUT""#) && answer.contains("\r\nConnection: close\r\n"))
        #expect(calls.withLock { $0 } == 0)
    }

    @Test func aBodyThatIsTooLargeAndDoesNotArriveIsAnsweredOnce() async throws {
        var limits = ServerLimits()
        (limits.bodyBytes, limits.idleSeconds, limits.requestSeconds) = (1000, 1, 1)
        let answer = try await serving(limits: limits, handler: Self.fine) { port, _ in
            try await say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\nabc", to: port)
        }

        #expect(answer.hasPrefix("HTTP/1.1 413") && !answer.contains("HTTP/1.1 408"))
    }

    @Test func noValueOfAHeaderBeginsAnotherLineOfTheAnswer() async throws {
        let answer = try await serving(handler: { _ in
            HTTPResponse(status: 200, headers: ["X-Said": "a\r\nX-Made: b\0\nc"], body: Array("fine".utf8))
        }) { port, _ in try await say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", to: port) }

        #expect(answer.contains("\r\nX-Said: a\r\n") && !answer.contains("X-Made"))
    }

    @Test func aConnectionOnWhichNobodyAsksAnyMoreIsClosed() async throws {
        var limits = ServerLimits()
        limits.idleSeconds = 1
        let heard = try await serving(limits: limits, handler: Self.fine) { port, _ in
            try await say("GET / HTTP/1.1\r\nHost: x\r\n\r\n", to: port)
        }

        #expect(heard.hasSuffix("fine"))
    }

    @Test func connectionsBeyondTheLimitWaitUntilOneCloses() async throws {
        var limits = ServerLimits()
        limits.connections = 1
        let answer = try await serving(limits: limits, handler: Self.fine) { port, _ in
            try await threads.run {
                guard let first = RawCaller(port: port), let second = RawCaller(port: port) else { return "none" }
                first.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = first.hear(until: "fine")
                second.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                first.hangUp()
                return second.hear(until: "fine")
            }
        }

        #expect(answer.hasSuffix("fine"))
    }

    enum Stop: CaseIterable {
        case shutdown
        case cancellation
    }

    @Test(arguments: Stop.allCases)
    func aStopWaitsForTheAnswerUnderWay(stop: Stop) async throws {
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let server = HTTPServer(host: "127.0.0.1", port: 0) { _ in
            begin.yield()
            for await _ in released { break }
            return HTTPResponse(status: Task.isCancelled ? 500 : 200, body: Array("late".utf8))
        }
        let running = Task { try await server.run() }
        let port = try #require(await server.port)
        async let answer = transport.send(get(port))
        for await _ in begun { break }
        if stop == .cancellation { running.cancel() } else { server.shutdown() }
        // A stopped server takes no new connection; only then is the answer let out.
        while try await threads.run({ RawCaller(port: port) != nil }) {}
        release.yield()

        #expect(try await answer.status == 200)
        try await running.value
    }

    @Test func aStopEndsAConnectionThatAsksNothing() async throws {
        var limits = ServerLimits()
        limits.drainSeconds = 3_600
        let heard = try await serving(limits: limits, handler: Self.fine) { port, server in
            try await threads.run {
                guard let caller = RawCaller(port: port) else { return "no connection" }
                caller.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = caller.hear(until: "fine")
                server.shutdown()
                return answer + caller.hearAll()
            }
        }

        #expect(heard.hasSuffix("fine"))
    }

    @Test func aStopDoesNotWaitForEver() async throws {
        var limits = ServerLimits()
        limits.drainSeconds = 1
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (never, _) = AsyncStream<Void>.makeStream()
        let server = HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { _ in
            begin.yield()
            for await _ in never {}
            return HTTPResponse(status: 200)
        }
        let running = Task { try await server.run() }
        let port = try #require(await server.port)
        let answer = Task { try await transport.send(get(port)) }
        for await _ in begun { break }
        server.shutdown()

        try await running.value
        await #expect(throws: TransportFailure.self) { try await answer.value }
    }

    @Test func aTakenPortIsSaid() async throws {
        try await serving(handler: Self.fine) { port, _ in
            let second = HTTPServer(host: "127.0.0.1", port: port, handler: Self.fine)

            await #expect(
                throws: HTTPServerFailure.cannotBind(host: "127.0.0.1", port: port, reason: "the address is in use")
            ) { try await second.run() }
            #expect(await second.port == nil)
        }
    }
}
