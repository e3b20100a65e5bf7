/// The form in which calls are signed.
public enum NoticeSigning: String, Hashable, Sendable, CaseIterable {
    /// With a secret both sides have: HMAC-SHA256.
    case shared = "v1"
    /// With a pair of keys of which the receiver has the public one: Ed25519. Who checks cannot sign.
    case pair = "v1a"

    /// The form that a secret signs in: `whsk_...` is the secret one of a pair, all else is shared.
    public init(secret: String) { self = secret.hasPrefix(NoticePair.secretPrefix) ? .pair : .shared }

    /// A secret of this form, made of `SigningPair.seedBytes` random bytes.
    public func secret(of bytes: [UInt8]) -> String {
        switch self {
        case .shared: NoticeSignature.secret(of: bytes)
        case .pair: NoticePair.secretPrefix + Signature.base64(bytes)
        }
    }
}

/// Keys in the form of Standard Webhooks: `whsk_` and base64 of the seed, alone or with the public key behind it;
/// `whpk_` and base64 of the public key.
public enum NoticePair {
    static let secretPrefix = "whsk_"
    static let publicPrefix = "whpk_"

    /// The pair of a secret; nil where it is none.
    static func pair(of secret: String) -> SigningPair? {
        guard secret.hasPrefix(secretPrefix),
            let bytes = Signature.bytes(base64: String(secret.dropFirst(secretPrefix.count))),
            let pair = SigningPair(seed: Array(bytes.prefix(SigningPair.seedBytes)))
        else { return nil }
        let rest = bytes.dropFirst(SigningPair.seedBytes)
        return rest.isEmpty || Array(rest) == pair.publicKey ? pair : nil
    }

    /// What a receiver checks calls with; nil where the secret is shared.
    public static func publicKey(of secret: String) -> String? {
        pair(of: secret).map { publicPrefix + Signature.base64($0.publicKey) }
    }
}
