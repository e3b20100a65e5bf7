import Crypto
import Foundation

/// Digests and keyed digests over raw bytes.
public enum Signature {
    /// SHA-256, 32 bytes.
    public static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = SHA256()
        if bytes.withContiguousStorageIfAvailable({ hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }) == nil {
            hash.update(data: Array(bytes))
        }
        return Array(hash.finalize())
    }

    /// SHA-256, 32 bytes, of bytes that stand together.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { Array($0) }
    }

    /// HMAC-SHA256, 32 bytes.
    public static func hmacSHA256(_ bytes: some Collection<UInt8>, key: some Collection<UInt8>) -> [UInt8] {
        SigningKey(Array(key)).code(of: Array(bytes))
    }

    /// Whether two byte strings are equal, in a time that depends on their lengths alone.
    public static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        areEqual(Array(left), Array(right))
    }

    /// The same of bytes that stand together.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    /// Lower-case hexadecimal.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String { hex(Array(bytes)) }

    /// Lower-case hexadecimal of bytes that stand together.
    public static func hex(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                (text[2 * index], text[2 * index + 1]) = (digit(byte >> 4), digit(byte & 15))
            }
            return bytes.count * 2
        }
    }

    /// The bytes of a hexadecimal text, or nil when it is none.
    public static func bytes(hex text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 2) else { return nil }
        var out: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard let digit = character.hexDigitValue.map(UInt8.init) else { return nil }
            if let first = high {
                out.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return out
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// Base64 with padding.
    public static func base64(_ bytes: some Sequence<UInt8>) -> String { Foundation.Data(bytes).base64EncodedString() }

    /// The bytes of a base64 text, or nil when it is none.
    public static func bytes(base64 text: String) -> [UInt8]? { Foundation.Data(base64Encoded: text).map(Array.init) }
}

/// A key that codes are made with again and again: what a code takes in of its key is worked out once.
public struct SigningKey: Sendable {
    private let start: HMAC<SHA256>

    /// A key of any length.
    public init(_ bytes: [UInt8]) { start = HMAC(key: SymmetricKey(data: bytes)) }

    /// HMAC-SHA256, 32 bytes.
    public func code(of bytes: [UInt8]) -> [UInt8] {
        var code = start
        code.update(data: bytes)
        return code.finalize().withUnsafeBytes { Array($0) }
    }
}

/// A value that must not be seen: it prints as dots wherever it is printed by mistake.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself; ask for it only where it is used.
    public let reveal: String

    /// A secret.
    public init(_ value: String) { reveal = value }

    /// Dots.
    public var description: String { "••••" }
    /// Dots.
    public var debugDescription: String { "••••" }
    /// Nothing inside.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
