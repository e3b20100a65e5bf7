import Testing
import Wire

@testable import WireHTTP

@Suite("Outside world: which addresses are reached", .timeLimit(.minutes(1)))
struct AddressGuardTests {
    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
        "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1",
        "2001:db8::1", "::127.0.0.1",
    ])
    func anAddressOfNoOpenHostIsClosed(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }

    @Test(arguments: [
        "8.8.8.8", "172.32.0.1", "172.15.0.1", "100.128.0.1", "193.0.0.1", "2606:4700::1111", "::ffff:8.8.8.8",
        "64:ff9b::808:808", "2002:808:808::1",
    ])
    func anAddressOfTheInternetIsOpen(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test func anAddressIsWrittenAsItIsRead() {
        #expect(IPAddress("192.0.2.7")?.text == "192.0.2.7")
        #expect(IPAddress("2001:DB8::1")?.text == "2001:db8::1")
        #expect(IPAddress("256.1.1.1") == nil)
    }

    @Test(arguments: [
        "127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0",
    ])
    func aPrivateHostIsRefusedHoweverItIsWritten(host: String) async {
        let transport = HTTPTransport(version: "1")
        let request = HTTPRequest("GET", HTTPAddress(scheme: "http", host: host, port: 1, path: "/"))

        let failure = await #expect(throws: TransportFailure.self) { try await transport.send(request) }

        guard case .notSent(let text)? = failure else {
            Issue.record("\(host) must not be reached, but: \(String(describing: failure))")
            return
        }
        #expect(text.contains("private address"))
        #expect(text.contains("CROSSDOCK_ALLOW_PRIVATE_HOSTS"))
    }

    @Test func aHostIsAllowedByNameOrByNameAndPort() throws {
        let list = AddressGuard(allowedPrivateHosts: ["Shop.local", "erp.local:8080"])
        let inside = try #require(IPAddress("10.0.0.5"))
        func isReached(_ text: String) throws -> Bool {
            let address = try #require(HTTPAddress(text))
            return (try? list.choose(from: [inside], for: address)) == inside
        }

        #expect(try isReached("http://shop.local:9999/"))
        #expect(try isReached("http://erp.local:8080/"))
        #expect(try !isReached("http://erp.local/"))
        #expect(try !isReached("http://other.local/"))
    }

    @Test func anOpenAddressIsTakenBeforeAPrivateOne() throws {
        let list = AddressGuard(allowedPrivateHosts: [])
        let both = try [#require(IPAddress("10.0.0.5")), #require(IPAddress("8.8.8.8"))]

        #expect(try list.choose(from: both, for: #require(HTTPAddress("http://x.example/"))).text == "8.8.8.8")
    }

    @Test func theAddressThatWasCheckedIsTheOneConnectedTo() async throws {
        // This name exists nowhere: only the checked address can lead to the server.
        let here = try #require(IPAddress("127.0.0.1"))
        let transport = HTTPTransport(version: "1", allowedPrivateHosts: ["shop.invalid"]) { _ in [here] }
        let answer = try await serving(handler: { HTTPResponse(status: 200, body: Array($0.address.host.utf8)) }) {
            port, _ in
            var request = get(port)
            request.address.host = "shop.invalid"
            return try await transport.send(request)
        }
        await transport.shutdown()

        #expect(String(decoding: answer.body, as: UTF8.self) == "shop.invalid")
    }

    @Test func anUnknownHostWasNotSent() async {
        let transport = HTTPTransport(version: "1", allowedPrivateHosts: []) { host throws(TransportFailure) in
            throw .notSent("\(host) cannot be found: Name or service not known")
        }
        let request = HTTPRequest("GET", HTTPAddress(scheme: "http", host: "nowhere.invalid", path: "/"))

        await #expect(throws: TransportFailure.notSent("nowhere.invalid cannot be found: Name or service not known")) {
            try await transport.send(request)
        }
    }

    @Test(arguments: [
        ("good.example", "@evil.example/"), ("good.example\\@127.0.0.1", "/"), ("a b", "/"), ("", "/"),
        ("x.example", "/a b"), ("x.example", "/a\r\nHost: y"),
    ])
    func anAddressThatCouldBeReadInTwoWaysIsNotSent(host: String, path: String) async {
        let transport = HTTPTransport(version: "1", allowedPrivateHosts: []) { _ in [] }
        let request = HTTPRequest("GET", HTTPAddress(scheme: "http", host: host, path: path))

        await #expect(throws: TransportFailure.notSent("\(request.address.origin) is not a usable address")) {
            try await transport.send(request)
        }
    }
}
