/// How a call proves that it is the hub's: Standard Webhooks over id, time and body, and, where the secret is shared,
/// beside it the plain `sha256=` over the body that older receivers know.
public enum NoticeSignature {
    /// What secrets of the standard's own form begin with.
    public static let prefix = "whsec_"
    /// The shortest secret, in bytes.
    public static let shortest = 16
    /// The longest, in bytes.
    public static let longest = 128

    /// A secret made of random bytes.
    public static func secret(of bytes: [UInt8]) -> String { prefix + Signature.base64(bytes) }

    /// What a secret cannot be; nil when it can be one. Never says it.
    public static func problem(of secret: String) -> String? {
        if NoticeSigning(secret: secret) == .pair {
            return NoticePair.pair(of: secret) == nil
                ? "what follows whsk_ must be base64 of an Ed25519 seed, alone or with its public key" : nil
        }
        if secret.hasPrefix(prefix), Signature.bytes(base64: String(secret.dropFirst(prefix.count))) == nil {
            return "what follows whsec_ must be base64"
        }
        return (shortest...longest).contains(key(of: secret).count)
            ? nil : "must have from \(shortest) to \(longest) bytes"
    }

    /// The bytes that sign: of `whsec_...` what the base64 behind it stands for, else the text itself.
    static func key(of secret: String) -> [UInt8] {
        if secret.hasPrefix(prefix), let bytes = Signature.bytes(base64: String(secret.dropFirst(prefix.count))) {
            return bytes
        }
        return Array(secret.utf8)
    }

    /// The standard's signature, in the form of the secret.
    public static func standard(id: String, seconds: Int64, body: [UInt8], secret: String) -> String {
        let signed = Array("\(id).\(seconds).".utf8) + body
        if let pair = NoticePair.pair(of: secret), let signature = pair.signature(of: signed) {
            return "v1a," + Signature.base64(signature)
        }
        return "v1," + Signature.base64(Signature.hmacSHA256(signed, key: key(of: secret)))
    }

    /// The plain signature over the body alone.
    public static func plain(body: [UInt8], secret: String) -> String {
        "sha256=" + Signature.hex(Signature.hmacSHA256(body, key: key(of: secret)))
    }

    /// The headers of a call at that time. While a secret is on its way out, the standard's header has both
    /// signatures, and the plain one of the old secret has a header of its own. Of a pair there is no plain one.
    public static func headers(
        id: String, event: String, body: [UInt8], secrets: [String], now: Moment
    ) -> [(name: String, value: String)] {
        let seconds = now.milliseconds / 1000
        var headers = [
            ("webhook-id", id), ("webhook-timestamp", String(seconds)),
            (
                "webhook-signature",
                secrets.map { standard(id: id, seconds: seconds, body: body, secret: $0) }.joined(separator: " ")
            ),
            ("X-Webhook-Event", event), ("X-Webhook-Timestamp", now.description),
        ]
        let names = ["X-Webhook-Signature", "X-Webhook-Signature-Previous"]
        for (name, secret) in zip(names, secrets) where NoticeSigning(secret: secret) == .shared {
            headers.append((name, plain(body: body, secret: secret)))
        }
        return headers
    }

    /// Headers that a listener may not set: the call's own, and what would change how it is sent.
    public static func isReserved(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("webhook-") || name.hasPrefix("x-webhook-")
            || ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"]
                .contains(name)
    }
}
