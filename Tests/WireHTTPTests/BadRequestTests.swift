import Foundation
import Testing
import Wire

@testable import WireHTTP

/// What no well-behaved client sends: two readings of one request, lies about its length, and crowds that ask nothing.
@Suite("Outside world: bad requests", .serialized, .timeLimit(.minutes(2)))
struct BadRequestTests {
    let threads = BlockingThreads(count: 4)

    /// Says something to a server, and gives what is answered and the addresses it was asked for.
    private func heard(_ bytes: [UInt8], limits: ServerLimits = ServerLimits()) async throws -> (String, [String]) {
        let asked = Locked<[String]>([])
        let answer = try await serving(
            limits: limits,
            handler: { request in
                asked.withLock { $0.append(request.address.path) }
                return HTTPResponse(status: 200, body: Array("fine".utf8))
            }
        ) { port, _ in
            try await threads.run {
                guard let caller = RawCaller(port: port) else { return "no connection" }
                caller.say(bytes)
                caller.sayNoMore()
                return caller.hearAll()
            }
        }
        return (answer, asked.withLock { $0 })
    }

    private static let hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"

    /// Two servers that read such a request differently can be made to see different requests (RFC 9112, 11.2): it is
    /// refused, and what is hidden in it is not asked.
    @Test(arguments: [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n\r\n", "Content-Length: 0, 44\r\n\r\n",
        "Content-Length: +0\r\n\r\n", "Content-Length: -1\r\n\r\n", "Content-Length: 0x0\r\n\r\n",
        "Content-Length: 0 0\r\n\r\n", "Content-Length: 99999999999999999999999999\r\n\r\n",
        "Content-Length : 44\r\n\r\n", "Content-Length: \r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n", "X: a\r\n b: folded\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nab\r\n0\r\n\r\n", "X\u{0}: a\r\n\r\n", "X: a\u{0}b\r\n\r\n",
        "X\u{B}: a\r\n\r\n", ": a\r\n\r\n", "Host: y\r\n\r\n", "host: x\r\n\r\n",
    ])
    func aRequestThatCanBeReadInTwoWaysIsRefused(rest: String) async throws {
        let (answer, asked) = try await heard(Array(("POST /a HTTP/1.1\r\nHost: x\r\n" + rest + Self.hidden).utf8))

        #expect(!asked.contains("/hidden"), "\(rest.debugDescription)")
        #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(80))")
        #expect(answer.ranges(of: "HTTP/1.1 ").count == 1, "\(answer)")
    }

    @Test func whoSaysNotWhichHostItIsForIsRefusedUnlessItNeedNot() async throws {
        let (answer, asked) = try await heard(Array("GET /a HTTP/1.1\r\nX: y\r\n\r\n".utf8))
        #expect(asked == [] && answer.hasPrefix("HTTP/1.1 400") && answer.contains("Host header"))

        let old = try await heard(Array("GET /a HTTP/1.0\r\nX: y\r\n\r\n".utf8))
        #expect(old.1 == ["/a"] && old.0.contains("200 OK"))
    }

    /// More than was stated is the next request, and must be one; less is no request.
    @Test func aLengthThatIsALieIsNoRequest() async throws {
        let short = try await heard(
            Array("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabcdef\r\n\r\n".utf8))
        let long = try await heard(Array("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc".utf8))

        #expect(short.1 == ["/a"] && short.0.contains("HTTP/1.1 400"))
        #expect(long.1 == [] && !long.0.contains("200 OK"))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\nX: ", "GET /", "GET / HTTP/1.1\r\nHost: x\r\n",
    ])
    func aHeadOfTenMegabytesIsRefusedWhileItComes(beginning: String) async throws {
        let line = beginning.hasSuffix("\n") ? "X: a\r\n" : "a"
        let bytes = Array(beginning.utf8) + Array(String(repeating: line, count: 10_000_000 / line.count).utf8)

        let (answer, asked) = try await heard(bytes)

        // Where the connection was reset while the rest was still being sent, no answer is heard at all.
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(80))")
        #expect(asked == [])
    }

    enum Silence: String, CaseIterable {
        case nothing = ""
        case half = "GET / HT"
        case noBody = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
        case answered = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    }

    /// Who has been silent longest goes for who comes, so that a crowd keeps nobody out.
    @Test(arguments: Silence.allCases)
    func aCrowdThatAsksNothingKeepsNobodyOut(silence: Silence) async throws {
        var limits = ServerLimits()
        limits.connections = 32
        let answer = try await serving(limits: limits, handler: HTTPServerTests.fine) { port, _ in
            try await threads.run {
                let crowd = (0..<100).compactMap { _ in RawCaller(port: port) }
                for caller in crowd {
                    caller.say(silence.rawValue)
                    if silence == .answered { _ = caller.hear(until: "fine") }
                }
                guard let late = RawCaller(port: port) else { return "no connection" }
                late.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = late.hear(until: "fine")
                for caller in crowd { caller.hangUp() }
                return answer
            }
        }

        #expect(answer.hasSuffix("fine"))
    }

    /// Who is being answered is not sent away, however many come.
    @Test func aCrowdCutsNoAnswerShort() async throws {
        var limits = ServerLimits()
        limits.connections = 32
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let answer = try await serving(
            limits: limits,
            handler: { request in
                guard request.address.path == "/slow" else {
                    return HTTPResponse(status: 200, body: Array("fine".utf8))
                }
                begin.yield()
                for await _ in released { break }
                return HTTPResponse(status: 200, body: Array("slow".utf8))
            }
        ) { port, _ in
            let slow = try #require(RawCaller(port: port))
            slow.say("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            for await _ in begun { break }
            try await threads.run {
                let crowd = (0..<100).compactMap { _ in RawCaller(port: port) }
                let late = RawCaller(port: port)
                late?.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = late?.hear(until: "fine")
                for caller in crowd { caller.hangUp() }
            }
            release.yield()
            return try await threads.run { slow.hear(until: "slow") }
        }

        #expect(answer.hasSuffix("slow"))
    }

    /// As many as this machine lets one process open, up to ten thousand.
    @Test func tenThousandIdleSocketsTakeLittleMemoryAndKeepNobodyOut() async throws {
        let wanted = Self.sockets()
        let (answer, came, grown) = try await serving(handler: HTTPServerTests.fine) { port, _ in
            try await threads.run {
                let before = Self.residentKilobytes()
                let crowd = (1...wanted).compactMap { number in
                    let caller = RawCaller(port: port)
                    // Whoever comes faster than they are taken in waits for seconds before he tries once more.
                    if number.isMultiple(of: 100) {
                        caller?.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                        _ = caller?.hear(until: "fine")
                    }
                    return caller
                }
                let late = RawCaller(port: port)
                late?.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = late?.hear(until: "fine") ?? "no connection"
                let grown = Self.residentKilobytes() - before
                for caller in crowd { caller.hangUp() }
                return (answer, crowd.count, grown)
            }
        }

        #expect(answer.hasSuffix("fine"))
        #expect(came == wanted)
        // Other tests run in this process, too, so the bound is wide.
        #expect(grown < 300_000, "\(grown) KiB more for \(wanted) sockets")
    }

    private static func sockets() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 500 }
        // The server holds its share of them too, and the other tests theirs.
        return min(10_000, max(200, Int(clamping: limit.rlim_cur) - 3000))
    }

    private static func residentKilobytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}
