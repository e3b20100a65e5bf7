import Foundation
import Wire

/// A secret that is handed out once and kept only as its digest: an API key, or what renews a sign-in.
///
/// `cdk_` and 16 hexadecimal digits of its id, `_`, and 32 random bytes in base64 with `-` and `~` for `+` and `/`.
/// 256 random bits cannot be guessed, so a plain digest does.
public struct IssuedSecret: Hashable, Sendable {
    /// What it is for; its text begins with it.
    public enum Purpose: String, Sendable {
        case apiKey = "cdk"
        case refresh = "cdr"
        case browser = "cds"
    }

    public let purpose: Purpose
    /// Which one; no secret.
    public let id: String
    private let secret: [UInt8]

    static let idBytes = 8
    static let secretBytes = 32

    /// A new one. `random` gives so many random bytes.
    public init(_ purpose: Purpose, id: String? = nil, random: (Int) -> [UInt8]) {
        self.purpose = purpose
        self.id = id ?? Signature.hex(random(Self.idBytes))
        secret = random(Self.secretBytes)
    }

    /// What was handed out; nil where the text has not this form.
    public init?(_ text: String) {
        // Looked at byte by byte: every request brings one, or a token, which is longer.
        guard text.utf8.count == Self.textBytes else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "_"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let purpose = Purpose(rawValue: String(Substring(parts[0]))),
            Signature.bytes(hex: Substring(parts[1]))?.count == Self.idBytes,
            let bytes = Self.bytes(parts[2]), bytes.count == Self.secretBytes
        else { return nil }
        self.purpose = purpose
        id = String(Substring(parts[1]))
        secret = bytes
        // The last letter has bits to spare: only the form that is handed out is taken.
        guard self.text == text else { return nil }
    }

    /// What is handed out, once.
    public var text: String {
        let word = Signature.base64(secret).utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "~")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }
        return "\(purpose.rawValue)_\(id)_\(String(decoding: word, as: UTF8.self))"
    }

    /// What is kept.
    public var digest: [UInt8] { Signature.sha256(secret) }

    /// `_` parts the text, so the alphabet has `~` in its place.
    private static func bytes(_ word: Substring.UTF8View) -> [UInt8]? {
        let plain = word.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "~"): UInt8(ascii: "/")
            default: byte
            }
        }
        return Signature.bytes(base64: String(decoding: plain, as: UTF8.self) + "=")
    }

    /// How long what is handed out is, in bytes.
    private static let textBytes = 4 + 2 * idBytes + 1 + 43
}
