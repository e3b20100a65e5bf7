import Testing
import Wire

@Suite("Addresses")
struct AddressTests {
    @Test(
        arguments: [
            ("https://shop.example", "https", "shop.example", nil, "/", ""),
            ("HTTP://Shop.Example/", "http", "shop.example", nil, "/", ""),
            (
                "https://shop.example:8443/wp-json/wc/v3?a=1&b=2#top", "https", "shop.example", 8443, "/wp-json/wc/v3",
                "a=1&b=2"
            ),
            ("http://127.0.0.1:8008/x%20y", "http", "127.0.0.1", 8008, "/x%20y", ""),
            ("http://[::1]/", "http", "[::1]", nil, "/", ""),
            ("http://[2001:DB8::1]:80/a", "http", "[2001:db8::1]", 80, "/a", ""),
            ("https://shop.example?q=1", "https", "shop.example", nil, "/", "q=1"),
            ("https://shop.example#f", "https", "shop.example", nil, "/", ""),
            ("https://shop.example/a?b=c?d/e", "https", "shop.example", nil, "/a", "b=c%3Fd%2Fe"),
            ("https://bücher.example/", "https", "bücher.example", nil, "/", ""),
            ("https://shop.example/a@b:c", "https", "shop.example", nil, "/a@b:c", ""),
        ] as [(String, String, String, Int?, String, String)])
    func anAddressIsReadIntoItsParts(
        text: String, scheme: String, host: String, port: Int?, path: String, query: String
    ) throws {
        let address = try #require(HTTPAddress(text))

        #expect(address.scheme == scheme)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.path == path)
        #expect(address.encodedQuery == query)
        #expect(HTTPAddress(address.text) == address)
    }

    @Test(arguments: [
        "", "shop.example", "//shop.example", "/path", "ftp://shop.example", "file:///etc/passwd",
        "javascript:alert(1)",
        "https://", "https:///path", "https://?q", "https://#f", "https://user@shop.example",
        "https://user:pw@shop.example/",
        "https://shop.example:0", "https://shop.example:65536", "https://shop.example:", "https://shop.example:80a",
        "https://shop.example:+80", "https://shop.example:-1", "https://shop.example:８０", "https://:80", "https://::1/",
        "https://[::1", "https://[::1]x:80", "https://[::1]80", "https://[]:80", "https://[shop.example]/",
        "https://]/",
        "https://shop .example/", "https://shop.example/a b", "https://shop.example/a\r\nX: y",
        "https://shop.example\n",
        "https://shop.example/\u{0}", "https://shop\\.example", "https://sh%6Fp.example", "https://<shop>.example",
        " https://shop.example",
    ])
    func anythingElseIsNoAddress(text: String) {
        #expect(HTTPAddress(text) == nil)
    }

    @Test func aQueryIsDecodedInOrderAndRepeatsAreKept() {
        let items = HTTPAddress.query("b=2&a=1&b=%C3%A9+x&flag&=empty&c=%zz&d=a=b&&")

        #expect(items.map(\.name) == ["b", "a", "b", "flag", "", "c", "d"])
        #expect(items.map(\.value) == ["2", "1", "é x", "", "empty", "%zz", "a=b"])
    }

    @Test func theTextIsPutTogetherFromTheParts() {
        let address = HTTPAddress(
            scheme: "https", host: "shop.example", port: 8443, path: "/wp-json",
            query: [.init("per page", "a&b"), .init("é", "")])

        #expect(address.origin == "https://shop.example:8443")
        #expect(address.text == "https://shop.example:8443/wp-json?per%20page=a%26b&%C3%A9=")
    }
}

@Suite("Percent-encoding")
struct PercentTests {
    @Test func everyByteButTheUnreservedOnesIsEncoded() {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        for value in 0..<0x80 {
            let character = Character(Unicode.Scalar(UInt8(value)))
            let hex = String(value, radix: 16, uppercase: true)
            let expected = unreserved.contains(character) ? String(character) : "%" + (hex.count < 2 ? "0" : "") + hex
            #expect(Percent.encoded(String(character)) == expected)
        }
        #expect(Percent.encoded("é€😀") == "%C3%A9%E2%82%AC%F0%9F%98%80")
        #expect(Percent.encoded("") == "")
    }

    @Test func whatIsEncodedDecodesToItself() {
        for text in ["", "a b+c", "100%", "é€😀", "\u{0}\r\n", "%41", "~-._"] {
            #expect(Percent.decoded(Percent.encoded(text)) == text)
        }
    }

    @Test(arguments: [
        ("%", "%"), ("%4", "%4"), ("%41", "A"), ("%4g", "%4g"), ("%%41", "%A"), ("a+b", "a b"), ("%2B", "+"),
        ("%c3%a9", "é"),
        ("%C3", "\u{FFFD}"), ("%e2%82", "\u{FFFD}"),
    ])
    func aBrokenEscapeStaysAsItIs(text: String, expected: String) {
        #expect(Percent.decoded(text) == expected)
    }
}
