import Testing
import Wire

@testable import WireHTTP

/// Addresses that somebody may give to have the hub reach what only the hub can reach.
@Suite("Outside world: addresses that others give", .timeLimit(.minutes(2)))
struct OutgoingGuardTests {
    /// Every way of writing an address that is not to be reached: plain, packed, wrapped, disguised.
    static let closed: [String] = [
        // Loopback, in the forms that the C library reads.
        "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://127.255.255.254/", "https://2130706433/",
        "https://0x7f000001/", "https://0x7f.0x0.0x0.0x1/", "https://0177.0.0.1/", "https://017700000001/",
        "https://0x7f.1/", "https://0177.0x0.0.1/", "https://localhost/", "https://LOCALHOST/",
        "https://0/", "https://0.0.0.0/", "https://00.0.0.0/",
        // Private, shared, link-local, metadata.
        "https://10.0.0.1/", "https://10.255.255.255/", "https://167772161/", "https://0xa000001/",
        "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.0.1/", "https://192.168.257/",
        "https://0300.0250.0.1/", "https://100.64.0.1/", "https://100.127.255.255/", "https://169.254.169.254/",
        "https://2852039166/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/", "https://169.254.43518/",
        // Of nobody: documentation, benchmarks, multicast, reserved.
        "https://192.0.0.8/", "https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/",
        "https://198.18.0.1/", "https://198.19.255.255/", "https://192.88.99.1/", "https://224.0.0.1/",
        "https://239.255.255.255/", "https://240.0.0.1/", "https://255.255.255.255/",
        // IPv6.
        "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[0000::0001]/",
        "https://[fe80::1]/", "https://[febf::1]/", "https://[fc00::1]/", "https://[fdff::1]/", "https://[fec0::1]/",
        "https://[ff02::1]/", "https://[100::1]/", "https://[2001:db8::1]/", "https://[2001::1]/",
        "https://[3fff::1]/", "https://[5f00::1]/", "https://[fd00:ec2::254]/",
        // An IPv4 address wrapped in one: mapped, compatible, NAT64, 6to4.
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:0:127.0.0.1]/",
        "https://[::127.0.0.1]/", "https://[::10.0.0.1]/", "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1::10.0.0.1]/", "https://[2002:7f00:1::]/",
        "https://[2002:a9fe:a9fe::1]/", "https://[2002:c0a8:1::]/",
    ]

    /// What is no address for the hub, though others may read one in it.
    static let unreadable: [String] = [
        "https://user@127.0.0.1/", "https://user:word@good.example/", "https://good.example@127.0.0.1/",
        "https://127.0.0.1\\@good.example/", "https://good.example\\.evil.example/", "https://127.0.0.1%00.example/",
        "https://%31%32%37.0.0.1/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1/",
        "https://::1/", "https:///path", "https://", "https:/127.0.0.1/", "//127.0.0.1/", "file:///etc/passwd",
        "gopher://127.0.0.1/", "ftp://127.0.0.1/", "javascript:alert(1)", "https://127.0.0.1:0/",
        "https://127.0.0.1:99999/", "https://127.0.0.1:80:443/", "https://127.0.0.1:+80/", "https://a b/",
        "https://good.example\u{0}/", "https://good.example\r\nHost: evil/", "https://good.example/\ta",
    ]

    /// Hosts that are not ASCII: other programs fold these to 127.0.0.1, or to a dot.
    static let foreign: [String] = [
        "https://１２７.０.０.１/", "https://127。0。0。1/", "https://①②⑦.0.0.1/", "https://ⓛocalhost/", "https://127.0.0.１/",
        "https://٢٣٤.0.0.1/", "https://loc\u{00AD}alhost/",
    ]

    private let transport = HTTPTransport(version: "1", requiresTLS: true)

    private func refusal(_ url: String) async throws -> String {
        let address = try #require(HTTPAddress(url), "\(url)")
        do {
            _ = try await transport.send(HTTPRequest("POST", address))
            return "it was reached"
        } catch {
            guard case .notSent(let text) = error else { return "\(error)" }
            return text
        }
    }

    @Test(arguments: closed)
    func anAddressOfNoOpenHostIsRefusedHoweverItIsWritten(url: String) async throws {
        let why = try await refusal(url)

        #expect(why.contains("private address"), "\(why)")
    }

    /// With the dot of the root at its end a host is the same, or is not found.
    @Test(arguments: ["https://127.0.0.1./", "https://localhost./", "https://169.254.169.254./"])
    func aDotAtTheEndLeadsNowhereElse(url: String) async throws {
        let why = try await refusal(url)

        #expect(why.contains("private address") || why.contains("cannot be found"), "\(why)")
    }

    @Test(arguments: unreadable)
    func whatTwoReadersTakeForTwoAddressesIsNone(url: String) { #expect(HTTPAddress(url) == nil) }

    @Test(arguments: foreign)
    func aHostOfOtherSignsIsNotFoldedIntoAnAddress(url: String) async throws {
        let why = try await refusal(url)

        #expect(why.contains("not a usable address"), "\(why)")
    }

    @Test func theTableIsAsLongAsItSays() {
        let all = Self.closed + Self.unreadable + Self.foreign

        #expect(Set(all).count == all.count)
        #expect(Self.closed.count >= 60)
    }

    @Test func nobodyIsReachedWithoutTLSUnlessTheHostIsOnTheList() throws {
        let list = HTTPTransport(version: "1", allowedPrivateHosts: ["erp.local", "10.0.0.9:8080"], requiresTLS: true)
        func problem(_ url: String) throws -> String? { list.problem(of: try #require(HTTPAddress(url))) }

        #expect(try problem("http://shop.example/hook")?.contains("must begin with https://") == true)
        #expect(try problem("https://shop.example/hook") == nil)
        #expect(try problem("http://erp.local/hook") == nil)
        #expect(try problem("http://erp.local./hook") == nil)
        #expect(try problem("http://10.0.0.9:8080/hook") == nil)
        #expect(try problem("http://10.0.0.9/hook") != nil)
        #expect(try problem("https://10.0.0.8/hook")?.contains("private address") == true)
        #expect(try problem("https://erp.local.evil.example/hook") == nil)
    }

    /// A name is looked up once, and where that look led is the only place a call can go, whatever the name says next.
    @Test func aNameThatChangesItsAddressLeadsNowhereElse() async throws {
        let here = try #require(IPAddress("127.0.0.1"))
        let elsewhere = try #require(IPAddress("10.0.0.1"))
        let (lookups, reached) = (Locked(0), Locked(0))
        try await serving(handler: { _ in
            reached.withLock { $0 += 1 }
            return HTTPResponse(status: 200)
        }) { port, _ in
            let transport = HTTPTransport(
                version: "1", allowedPrivateHosts: ["rebinding.example"], requiresTLS: true
            ) { _ in
                lookups.withLock { count in
                    count += 1
                    return count == 1 ? [here] : [elsewhere]
                }
            }
            var request = get(port)
            request.address.host = "rebinding.example"
            _ = try await transport.send(request)
            #expect(lookups.withLock { $0 } == 1)

            // A name that may not be private is refused at the look after which it is.
            request.address.scheme = "https"
            request.address.host = "rebound.example"
            let other = request
            let failure = await #expect(throws: TransportFailure.self) { try await transport.send(other) }
            guard case .notSent(let why)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(why.contains("private address"))
            await transport.shutdown()
        }

        #expect(reached.withLock { $0 } == 1)
    }

    @Test(arguments: ["http://169.254.169.254/latest/meta-data/", "http://localhost/", "//127.0.0.1/"])
    func aRedirectToAClosedAddressIsAnAnswerAndIsNotFollowed(place: String) async throws {
        let transport = HTTPTransport(version: "1", allowedPrivateHosts: ["127.0.0.1"], requiresTLS: true)
        let calls = Locked(0)
        let answer = try await serving(handler: { _ in
            calls.withLock { $0 += 1 }
            return HTTPResponse(status: 307, headers: ["Location": place])
        }) { port, _ in try await transport.send(get(port)) }
        await transport.shutdown()

        #expect(answer.status == 307)
        #expect(calls.withLock { $0 } == 1)
    }
}
