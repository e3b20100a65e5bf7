import Commerce
import Notices
import Testing
import Wire

/// Signatures as the reference implementation of Standard Webhooks makes them (its Python package, 1.1.0, with secrets
/// made up for this).
@Suite("Webhooks out: signatures")
struct NoticeSignatureTests {
    static let secret = "whsec_GBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc="
    static let seconds: Int64 = 1_674_087_231

    @Test(arguments: [
        (
            "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
            #"{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1f81eb52-5198-4599-803"#
                + #"e-771906343485"}}"#, "v1,jXoNmmhY/NaLCPcuwpNzZryp0BjsrQwO+KY3xLEW/yI="
        ), ("msg_1", "", "v1,tsGg4xdNh8TiVgWbSR9nz79zWP7xdZ5JhnXmoZwhO/s="),
        ("msg_2", #"{"name":"ශ්‍රී ලංකා ☕"}"#, "v1,A9/VUxkwwLHyrxp9bjeNHih02CnJ935Nb6JM5JzhZdI="),
        ("msg_3", "{\n  \"a\": 1 \n}\n", "v1,aacLELhqkJx6OutSs5hKptdj2qTKT1+C0CNIT3EBfvw="),
    ])
    func aCallIsSignedAsTheReferenceSignsIt(id: String, body: String, expected: String) {
        let signature = NoticeSignature.standard(
            id: id, seconds: Self.seconds, body: Array(body.utf8), secret: Self.secret)

        #expect(signature == expected)
    }

    @Test func anotherSecretSignsOtherwise() {
        let signature = NoticeSignature.standard(
            id: "msg_2", seconds: Self.seconds, body: Array(#"{"x":1}"#.utf8),
            secret: "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=")

        #expect(signature == "v1,1rbxAZ4laxY7d/PkpJuNZhj2tB3Lw99JSzYIBObUXcc=")
    }

    /// RFC 4231, test case 2, in the seeds' form.
    @Test func thePlainSignatureIsOverTheBodyAlone() {
        let signature = NoticeSignature.plain(body: Array("what do ya want for nothing?".utf8), secret: "Jefe")

        #expect(signature == "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func whileASecretIsOnItsWayOutBothSign() {
        let now = Moment(seconds: Self.seconds)
        let body = Array("{}".utf8)
        let secrets = ListenerSecrets(
            headers: [:], secret: Self.secret,
            previous: .init(secret: "an older secret of ours", until: now.adding(seconds: 60)))
        func headers(at moment: Moment) -> [String: String] {
            Dictionary(
                NoticeSignature.headers(
                    id: "msg_9", event: "order.created", body: body, secrets: secrets.good(at: moment), now: moment
                ).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        }

        let both = headers(at: now)
        #expect(both["webhook-signature"]?.split(separator: " ").count == 2)
        #expect(both["X-Webhook-Signature"] == NoticeSignature.plain(body: body, secret: Self.secret))
        #expect(
            both["X-Webhook-Signature-Previous"]
                == NoticeSignature.plain(body: body, secret: "an older secret of ours"))
        #expect(both["webhook-id"] == "msg_9" && both["webhook-timestamp"] == "1674087231")

        let later = headers(at: now.adding(seconds: 60))
        #expect(later["webhook-signature"]?.split(separator: " ").count == 1)
        #expect(later["X-Webhook-Signature-Previous"] == nil)
    }

    @Test(arguments: ["short", "whsec_not base64!", "whsec_c2hvcnQ=", String(repeating: "x", count: 129)])
    func aSecretThatIsNoneIsRefusedWithoutBeingSaid(secret: String) throws {
        let problem = try #require(NoticeSignature.problem(of: secret))

        #expect(!problem.contains(secret))
    }

    @Test(arguments: ["your_webhook_secret", "webhook_secret_key", NoticeSignatureTests.secret])
    func theSecretsOfTheSeedsCanBeUsed(secret: String) { #expect(NoticeSignature.problem(of: secret) == nil) }
}
