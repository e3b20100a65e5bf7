import Crypto

/// A pair of keys of Ed25519 (RFC 8032): with the secret one is signed; the public one checks, and cannot sign.
public struct SigningPair: Sendable {
    /// How many bytes the seed of a pair has.
    public static let seedBytes = 32
    private let key: Curve25519.Signing.PrivateKey

    /// The pair that follows from a seed; nil where that has not 32 bytes.
    public init?(seed: [UInt8]) {
        guard seed.count == Self.seedBytes, let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            return nil
        }
        self.key = key
    }

    /// The public key, 32 bytes.
    public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// A signature, 64 bytes; nil where none could be made.
    public func signature(of bytes: [UInt8]) -> [UInt8]? { (try? key.signature(for: bytes)).map { Array($0) } }

    /// Whether this is who signed these bytes.
    public static func isValid(_ signature: [UInt8], of bytes: [UInt8], publicKey: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
