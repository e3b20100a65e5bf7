import Notices
import Testing
import Wire

/// Signatures of pairs, with a pair and a signature made by another implementation of Ed25519.
@Suite("Webhooks out: pairs of keys")
struct NoticePairTests {
    static let seed = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let seedAndKey =
        "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="
    static let publicKey = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
    static let signature =
        "v1a,p1fuan1c//10aQ4MaWv1UZye0OxOJOGB/x4hJ2enKTS2fEKkrZZ/RoSW4QTrj9bqrY3Ff22MJwXvqtzQr6v8Bg=="

    @Test(arguments: [seed, seedAndKey])
    func aPairIsReadInBothFormsAndSignsAsAnotherImplementationDoes(secret: String) {
        #expect(NoticeSignature.problem(of: secret) == nil)
        #expect(NoticePair.publicKey(of: secret) == Self.publicKey)
        let signature = NoticeSignature.standard(
            id: "msg_2", seconds: 1_674_087_231, body: Array(#"{"x":1}"#.utf8), secret: secret)
        #expect(signature == Self.signature)
    }

    @Test(arguments: [
        "whsk_", "whsk_not base64!", "whsk_c2hvcnQ=",
        // A public key that is another pair's.
        "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==",
        // One byte too many.
        "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuAA=",
    ])
    func whatIsNoPairIsRefusedWithoutBeingSaid(secret: String) throws {
        let problem = try #require(NoticeSignature.problem(of: secret))

        #expect(secret == "whsk_" || !problem.contains(secret))
        #expect(NoticePair.publicKey(of: secret) == nil)
    }

    @Test func ofAPairNoPlainSignatureIsSentAndOfASharedSecretBesideItThereIs() {
        let headers = NoticeSignature.headers(
            id: "msg_2", event: "order.created", body: Array(#"{"x":1}"#.utf8),
            secrets: [Self.seed, NoticeSignatureTests.secret], now: Moment(seconds: 1_674_087_231))
        let named = Dictionary(headers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })

        #expect(named["webhook-signature"]?.hasPrefix(Self.signature + " v1,") == true)
        #expect(named["X-Webhook-Signature"] == nil)
        #expect(named["X-Webhook-Signature-Previous"]?.hasPrefix("sha256=") == true)
    }
}
