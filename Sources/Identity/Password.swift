import Crypto
import CryptoExtras
import Foundation
import Wire

/// How a password is kept: not at all, but as what scrypt makes of it and a salt.
///
/// It takes a tenth of a second of a core and 16 MiB each time, on purpose. Parameters: OWASP, Password Storage Cheat
/// Sheet, "scrypt", N = 2^14, r = 8, p = 5. They stand with each hash, so that they can be raised later.
public struct PasswordHash: Hashable, Sendable {
    /// `$scrypt$ln=14,r=8,p=5$salt$hash`, salt and hash in base64.
    public let text: String

    private struct Parts {
        let cost: Int
        let block: Int
        let lanes: Int
        let salt: [UInt8]
        let hash: [UInt8]
    }

    /// A hash as it was kept.
    public init(text: String) { self.text = text }

    /// The hash of a password.
    ///
    /// - Throws: what the library throws when it cannot derive a key.
    public init(of password: String, salt: [UInt8]) throws {
        let (cost, block, lanes) = (Self.cost, Self.block, Self.lanes)
        let hash = try Self.derived(password, salt: salt, cost: cost, block: block, lanes: lanes)
        text =
            "$scrypt$ln=\(cost),r=\(block),p=\(lanes)$\(Signature.base64(salt))$\(Signature.base64(hash))"
    }

    /// The cost that is used now: the power of two of N.
    static let cost = 14
    static let block = 8
    static let lanes = 5
    /// How many bytes a salt has.
    public static let saltBytes = 16
    private static let hashBytes = 32

    /// Whether this is the password. Takes as long for a wrong one.
    public func isOf(_ password: String) -> Bool {
        guard let parts,
            let made = try? Self.derived(
                password, salt: parts.salt, cost: parts.cost, block: parts.block, lanes: parts.lanes)
        else { return false }
        return Signature.areEqual(made, parts.hash)
    }

    /// Whether it was made at another cost than is used now, and should be made anew when the password is next known.
    public var isOutdated: Bool {
        parts.map { ($0.cost, $0.block, $0.lanes) != (Self.cost, Self.block, Self.lanes) } ?? true
    }

    private var parts: Parts? {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[1] == "scrypt", let salt = Signature.bytes(base64: String(fields[3])),
            let hash = Signature.bytes(base64: String(fields[4])), hash.count == Self.hashBytes
        else { return nil }
        let numbers = fields[2].split(separator: ",").compactMap { field -> Int? in
            field.split(separator: "=").last.flatMap { Int($0) }
        }
        // No kept hash may make the hub use up its memory.
        guard numbers.count == 3, (10...17).contains(numbers[0]), (1...16).contains(numbers[1]),
            (1...16).contains(numbers[2])
        else { return nil }
        return Parts(cost: numbers[0], block: numbers[1], lanes: numbers[2], salt: salt, hash: hash)
    }

    /// A password is the same however its accents were typed.
    private static func derived(
        _ password: String, salt: [UInt8], cost: Int, block: Int, lanes: Int
    ) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            from: Array(password.precomposedStringWithCanonicalMapping.utf8), salt: salt, outputByteCount: hashBytes,
            rounds: 1 << cost, blockSize: block, parallelism: lanes)
        return key.withUnsafeBytes { Array($0) }
    }
}

/// What may be a password. Length is what counts (NIST SP 800-63B, 5.1.1.2).
public enum PasswordRule {
    public static let shortest = 12
    public static let longestBytes = 256

    /// Why a password will not do; nil where it will.
    public static func problem(_ password: String, name: String) -> String? {
        if password.count < shortest { return "a password has \(shortest) characters or more" }
        if password.utf8.count > longestBytes { return "a password has at most \(longestBytes) bytes" }
        if Set(password).count < 4 { return "a password has at least four different characters" }
        if password.lowercased().contains(name.lowercased()), name.count > 3 {
            return "a password does not hold the name of its account"
        }
        return nil
    }
}
