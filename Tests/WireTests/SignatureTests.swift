import Testing
import Wire

@Suite("Signatures")
struct SignatureTests {
    /// Source: FIPS 180-2, appendix B.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256GivesThePublishedDigests(text: String, digest: String) {
        #expect(Signature.hex(Signature.sha256(Array(text.utf8))) == digest)
        #expect(Signature.hex(Signature.sha256(AnySequence(text.utf8))) == digest)
    }

    /// Source: RFC 4231, test cases 1 to 4, 6 and 7.
    @Test(
        arguments: [
            (
                Array(repeating: UInt8(0x0b), count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                Array(repeating: 0xaa, count: 20), Array(repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                Array(1...25), Array(repeating: 0xcd, count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                Array(repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            (
                Array(repeating: 0xaa, count: 131),
                Array(
                    ("This is a test using a larger than block-size key and a larger than block-size data. "
                        + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
            ),
        ] as [([UInt8], [UInt8], String)])
    func hmacGivesThePublishedCodes(key: [UInt8], message: [UInt8], code: String) {
        #expect(Signature.hex(Signature.hmacSHA256(message, key: key)) == code)
    }

    @Test func equalityIsThatOfTheBytesWhereverTheyDiffer() {
        let code = Signature.sha256(Array("a".utf8))

        #expect(Signature.areEqual(code, code))
        #expect(Signature.areEqual([], []))
        #expect(!Signature.areEqual(code, code.dropLast()))
        #expect(!Signature.areEqual([], code))
        for place in code.indices {
            for bit in 0..<8 {
                var other = code
                other[place] ^= 1 << UInt8(bit)
                #expect(!Signature.areEqual(code, other))
            }
        }
    }

    @Test func base64IsReadAndWrittenWithPadding() {
        for bytes: [UInt8] in [[], [0], [255, 254], [1, 2, 3], Array(0...255)] {
            #expect(Signature.bytes(base64: Signature.base64(bytes)) == bytes)
        }
        #expect(Signature.base64([1]) == "AQ==")
        for text in ["A", "A===", "@@@@", "AQ=", "AQ==\n", "é"] {
            #expect(Signature.bytes(base64: text) == nil, "\(text)")
        }
    }
}

@Suite("Secrets")
struct SecretTests {
    struct Holder {
        let name = "shop"
        let key = Secret("s3cret-value")
        let maybe: Secret? = Secret("s3cret-value")
        let list = [Secret("s3cret-value")]
    }

    @Test func aSecretPrintsDotsHoweverItIsPrinted() {
        var dumped = ""
        dump(Holder(), to: &dumped)
        dump(Secret("s3cret-value"), to: &dumped)

        let shown = [
            "\(Secret("s3cret-value"))", String(reflecting: Secret("s3cret-value")), "\(Holder())", dumped,
            String(describing: Secret?.some(Secret("s3cret-value"))), "\(["k": Secret("s3cret-value")])",
        ]

        for text in shown { #expect(!text.contains("s3cret") && text.contains("••••"), "\(text)") }
    }

    @Test func itsValueIsThereForWhoAsks() {
        #expect(Secret("s3cret-value").reveal == "s3cret-value")
        #expect(Secret("a") == Secret("a"))
    }
}
