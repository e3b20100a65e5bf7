import Crypto
import CryptoExtras
import Foundation
import Wire

/// How much work it is to try a password.
public struct PasswordCost: Hashable, Sendable {
    /// The power of two of scrypt's N, its block size r and its lanes p.
    public let exponent: Int
    public let block: Int
    public let lanes: Int

    /// A cost. It stands with each hash, so that it can be raised later.
    public init(exponent: Int, block: Int, lanes: Int) {
        self.exponent = exponent
        self.block = block
        self.lanes = lanes
    }

    /// A tenth of a second of a core and 16 MiB (OWASP, Password Storage Cheat Sheet, "scrypt": N = 2^14, r = 8,
    /// p = 5).
    public static let standard = PasswordCost(exponent: 14, block: 8, lanes: 5)

    /// Whether a hash may be of that cost: none may make the hub use up its memory.
    var isBearable: Bool { (10...17).contains(exponent) && (1...16).contains(block) && (1...16).contains(lanes) }
}

/// How a password is kept: not at all, but as what scrypt makes of it and a salt.
public struct PasswordHash: Hashable, Sendable {
    /// `$scrypt$ln=14,r=8,p=5$salt$hash`, salt and hash in base64.
    public let text: String

    private struct Parts {
        let cost: PasswordCost
        let salt: [UInt8]
        let hash: [UInt8]
    }

    /// A hash as it was kept.
    public init(text: String) { self.text = text }

    /// The hash of a password.
    ///
    /// - Throws: what the library throws when it cannot derive a key.
    public init(of password: String, salt: [UInt8], cost: PasswordCost = .standard) throws {
        self.init(try Self.derived(password, salt: salt, cost: cost), salt: salt, cost)
    }

    /// A hash that no password has, at which is looked as long as at any other.
    public static func ofNone(cost: PasswordCost) -> PasswordHash {
        PasswordHash([UInt8](repeating: 0, count: hashBytes), salt: [UInt8](repeating: 0, count: saltBytes), cost)
    }

    private init(_ hash: [UInt8], salt: [UInt8], _ cost: PasswordCost) {
        let terms = "ln=\(cost.exponent),r=\(cost.block),p=\(cost.lanes)"
        text = "$scrypt$\(terms)$\(Signature.base64(salt))$\(Signature.base64(hash))"
    }

    /// How many bytes a salt has.
    public static let saltBytes = 16
    private static let hashBytes = 32

    /// Whether this is the password. Takes as long for a wrong one.
    public func isOf(_ password: String) -> Bool {
        guard let parts, let made = try? Self.derived(password, salt: parts.salt, cost: parts.cost) else {
            return false
        }
        return Signature.areEqual(made, parts.hash)
    }

    /// Whether it was made at another cost, and should be made anew when the password is next known.
    public func isOutdated(for cost: PasswordCost = .standard) -> Bool { parts?.cost != cost }

    private var parts: Parts? {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[1] == "scrypt", let salt = Signature.bytes(base64: String(fields[3])),
            let hash = Signature.bytes(base64: String(fields[4])), hash.count == Self.hashBytes
        else { return nil }
        let numbers = fields[2].split(separator: ",").compactMap { field -> Int? in
            field.split(separator: "=").last.flatMap { Int($0) }
        }
        guard numbers.count == 3 else { return nil }
        let cost = PasswordCost(exponent: numbers[0], block: numbers[1], lanes: numbers[2])
        return cost.isBearable ? Parts(cost: cost, salt: salt, hash: hash) : nil
    }

    /// A password is the same however its accents were typed.
    private static func derived(_ password: String, salt: [UInt8], cost: PasswordCost) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            from: Array(password.precomposedStringWithCanonicalMapping.utf8), salt: salt, outputByteCount: hashBytes,
            rounds: 1 << cost.exponent, blockSize: cost.block, parallelism: cost.lanes)
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
