import Testing
import Wire

@testable import WireHTTP

@Suite("Trusted proxies")
struct TrustedProxiesTests {
    private func judged(
        _ proxies: [String], peer: String?, forwarded: [String] = [], proto: String? = nil
    ) throws -> HTTPRequest {
        var headers = HTTPHeaders()
        for value in forwarded { headers.add("X-Forwarded-For", value) }
        if let proto { headers.add("x-forwarded-proto", proto) }
        let address = HTTPAddress(scheme: "http", host: "hub.example", port: nil, path: "/", query: [])
        return try TrustedProxies(proxies).judged(HTTPRequest("GET", address, headers: headers, peer: peer))
    }

    @Test(
        arguments: [
            // Who is not named is not believed.
            ([], "127.0.0.1", ["1.2.3.4"], "127.0.0.1"), (["10.0.0.0/8"], "11.0.0.1", ["1.2.3.4"], "11.0.0.1"),
            (["10.0.0.0/8"], "10.9.9.9", ["1.2.3.4"], "1.2.3.4"), (["10.0.0.7"], "10.0.0.7", ["1.2.3.4"], "1.2.3.4"),
            (["10.0.0.7"], "10.0.0.8", ["1.2.3.4"], "10.0.0.8"),
            // What stands before the address that our proxy saw may be anybody's invention.
            (["10.0.0.0/8"], "10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            (["10.0.0.0/8"], "10.0.0.1", ["6.6.6.6", "1.2.3.4 , 10.0.0.2"], "1.2.3.4"),
            (["10.0.0.0/8"], "10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (["10.0.0.0/8"], "10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
            (["10.0.0.0/8"], "10.0.0.1", ["1.2.3.4:99"], "10.0.0.1"), (["10.0.0.0/8"], "10.0.0.1", [], "10.0.0.1"),
            (["10.0.0.0/8"], "::ffff:10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
            (["fd00::/8"], "fd12::1", ["2001:db8::5"], "2001:db8::5"),
            (["0.0.0.0/0"], "9.9.9.9", ["1.2.3.4"], "1.2.3.4"),
        ] as [([String], String, [String], String)])
    func theCallerIsWhoATrustedProxySays(
        proxies: [String], peer: String, forwarded: [String], caller: String
    ) throws {
        #expect(try judged(proxies, peer: peer, forwarded: forwarded).peer == caller)
    }

    @Test func theSchemeIsWhatATrustedProxySays() throws {
        #expect(try judged(["10.0.0.1"], peer: "10.0.0.1", proto: "https").address.scheme == "https")
        #expect(try judged(["10.0.0.1"], peer: "10.0.0.1", proto: "https, http").address.scheme == "http")
        #expect(try judged(["10.0.0.1"], peer: "10.0.0.1", proto: "gopher").address.scheme == "http")
        #expect(try judged(["10.0.0.1"], peer: "10.0.0.2", proto: "https").address.scheme == "http")
        #expect(try judged(["10.0.0.1"], peer: nil, proto: "https").address.scheme == "http")
    }

    @Test(
        arguments: [
            ([], "9.9.9.9", true), (["10.0.0.0/8"], "10.1.2.3", true), (["10.0.0.0/8"], "11.0.0.1", false),
            (["10.0.0.0/8"], "127.0.0.1", true), (["10.0.0.0/8"], "::1", true),
            (["10.0.0.0/8"], "::ffff:127.0.0.1", true), (["10.0.0.0/8"], "::ffff:11.0.0.1", false),
            (["fd00::/8"], "2001:db8::5", false), (["10.0.0.7"], "nonsense", false),
        ] as [([String], String, Bool)])
    func plainHTTPIsForNamedProxiesAndThisMachineAlone(proxies: [String], peer: String, mayCall: Bool) throws {
        #expect(try TrustedProxies(proxies).maySpeakPlainly(peer) == mayCall)
    }

    @Test(arguments: [
        "", "x", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/9", "10.0.0.0/", "fd00::/129", "a.example",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(throws: TrustedProxies.Unreadable.self) { try TrustedProxies([text]) }
    }
}
