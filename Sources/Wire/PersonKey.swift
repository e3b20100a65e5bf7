import Crypto
import Foundation

/// A key that seals the values of one person, with AES-256-GCM. The nonce is made of the key and of what is sealed
/// (HMAC-SHA256), so a step that is run again writes the same bytes, and one value of one person has one sealed form.
public struct PersonKey: Sendable {
    private let cipher: SymmetricKey
    private let nonces: SymmetricKey
    private let codes: SymmetricKey

    /// AES-GCM's nonce, in bytes.
    private static let nonceBytes = 12

    /// A key of 32 random bytes.
    public init(bytes: [UInt8]) {
        let key = SymmetricKey(data: bytes)
        func part(_ name: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key, info: Array("crossdock person \(name)".utf8), outputByteCount: 32)
        }
        (cipher, nonces, codes) = (part("cipher"), part("nonce"), part("code"))
    }

    /// The bytes of a new key: a seed of 32 random bytes, which is kept nowhere, gives each id another.
    public static func bytes(from seed: [UInt8], for id: Int64) -> [UInt8] {
        Signature.hmacSHA256(Array("crossdock person \(id)".utf8), key: seed)
    }

    /// The sealed form: nonce, text and tag. `context` must be given again to open it.
    ///
    /// - Throws: `Vault.Failure.damaged` when sealing is impossible.
    public func seal(_ bytes: [UInt8], context: String) throws(Vault.Failure) -> [UInt8] {
        let context = Array(context.utf8)
        let code = HMAC<SHA256>.authenticationCode(for: context + [0] + bytes, using: nonces)
        guard let nonce = try? AES.GCM.Nonce(data: Array(code).prefix(Self.nonceBytes)),
            let all = try? AES.GCM.seal(bytes, using: cipher, nonce: nonce, authenticating: context).combined
        else { throw .damaged }
        return Array(all)
    }

    /// What was sealed.
    ///
    /// - Throws: `Vault.Failure.damaged`.
    public func open(_ sealed: [UInt8], context: String) throws(Vault.Failure) -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let bytes = try? AES.GCM.open(box, using: cipher, authenticating: Array(context.utf8))
        else { throw .damaged }
        return Array(bytes)
    }

    /// A code of a text that only who has the key can make: the same for the same text, and telling nothing of it.
    public func code(of text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: codes))
    }
}
