import Testing
import Wire

@Suite("Pairs of keys that sign")
struct SigningPairTests {
    /// Source: RFC 8032, section 7.1, tests 1 and 2: seed, public key, what is signed, signature.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0"
                + "595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eae"
                + "b4302aeeb00d291612bb0c00"
        ),
    ])
    func aPairSignsAsThePublishedOnesDo(seed: String, publicKey: String, message: String, signature: String) throws {
        func bytes(_ hex: String) throws -> [UInt8] { try #require(Signature.bytes(hex: hex)) }
        let pair = try #require(SigningPair(seed: try bytes(seed)))

        #expect(Signature.hex(pair.publicKey) == publicKey)
        let made = try #require(pair.signature(of: try bytes(message)))
        #expect(Signature.hex(made) == signature)
        #expect(SigningPair.isValid(made, of: try bytes(message), publicKey: pair.publicKey))
        #expect(!SigningPair.isValid(made, of: try bytes(message) + [0], publicKey: pair.publicKey))
    }

    @Test(arguments: [0, 31, 33, 64])
    func aSeedOfAnotherLengthIsNone(length: Int) {
        #expect(SigningPair(seed: [UInt8](repeating: 7, count: length)) == nil)
        #expect(!SigningPair.isValid([], of: [], publicKey: [UInt8](repeating: 7, count: length)))
    }
}
