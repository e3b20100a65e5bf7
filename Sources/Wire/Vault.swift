import Crypto
import Foundation
import Synchronization

/// Seals secrets with AES-256-GCM. What is sealed carries the id of its key, so keys can be changed one by one.
public struct Vault: Sendable {
    private let keys: [String: SymmetricKey]
    private let current: String
    private let derived = DerivedKeys()

    /// Why something sealed cannot be opened.
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case badKey
        case unknownKey(String)
        case damaged

        /// One sentence for an operator.
        public var description: String {
            switch self {
            case .badKey: "the encryption key must be 32 bytes, or their hex or base64 form"
            case .unknownKey(let id): "sealed with the key \(id), which is not among the keys given"
            case .damaged: "the sealed value is damaged, or was sealed with another key"
            }
        }
    }

    /// A vault with that key: 32 bytes, or their hex or base64 form.
    ///
    /// - Throws: `Failure.badKey`.
    public init(key text: String) throws(Failure) { self.init(bytes: try Self.keyBytes(text)) }

    /// The 32 bytes of a key given as such, or in hex or base64.
    ///
    /// - Throws: `Failure.badKey`.
    public static func keyBytes(_ text: String) throws(Failure) -> [UInt8] {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if let hex = Signature.bytes(hex: trimmed), hex.count == 32 { return hex }
        if let decoded = Signature.bytes(base64: trimmed), decoded.count == 32 { return decoded }
        if trimmed.utf8.count == 32 { return Array(trimmed.utf8) }
        throw .badKey
    }

    /// A vault with a key of 32 bytes that is known to be one.
    public init(bytes: [UInt8]) {
        let id = Self.id(of: bytes)
        keys = [id: SymmetricKey(data: bytes)]
        current = id
    }

    /// This vault with more keys of 32 bytes. What is sealed from now on is sealed with `current`, if one is named.
    public func adding(_ more: [[UInt8]], current bytes: [UInt8]? = nil) -> Vault {
        var keys = keys
        for bytes in more + [bytes].compactMap({ $0 }) { keys[Self.id(of: bytes)] = SymmetricKey(data: bytes) }
        return Vault(keys: keys, current: bytes.map(Self.id) ?? current)
    }

    private init(keys: [String: SymmetricKey], current: String) {
        self.keys = keys
        self.current = current
    }

    /// The id of a key: eight hex digits that say nothing about it.
    public static func id(of bytes: [UInt8]) -> String {
        Signature.hex(Signature.sha256(Array("crossdock key id".utf8) + bytes).prefix(4))
    }

    /// The id of the key that something is sealed with; nil where it is nothing sealed.
    public static func key(of sealed: [UInt8]) -> String? {
        sealed.count > 9 && sealed[0] == 1 ? String(decoding: sealed[1..<9], as: UTF8.self) : nil
    }

    /// The id of the key that things are sealed with.
    public var currentKey: String { current }

    /// Whether something is sealed with a key that is here.
    public func hasKey(of sealed: [UInt8]) -> Bool { Self.key(of: sealed).map { keys[$0] != nil } ?? false }

    /// The sealed form: a version byte, the key's id, and AES-GCM's nonce, text and tag. `context` must be given again
    /// to open it, so a sealed value cannot be moved to another place. The current key seals, unless another is named.
    ///
    /// - Throws: `Failure.unknownKey`, `.damaged` when sealing is impossible.
    public func seal(_ bytes: [UInt8], context: String, key id: String? = nil) throws(Failure) -> [UInt8] {
        let id = id ?? current
        guard let key = keys[id] else { throw .unknownKey(id) }
        guard let box = try? AES.GCM.seal(bytes, using: key, authenticating: Array(context.utf8)),
            let all = box.combined
        else { throw .damaged }
        return [1] + Array(id.utf8) + Array(all)
    }

    /// A key sealed as `seal` does, with a nonce that is made of it: what is sealed here is random itself, and a step
    /// that is run again writes the same.
    ///
    /// - Throws: as `seal`.
    public func wrap(_ bytes: [UInt8], context: String) throws(Failure) -> [UInt8] {
        guard let key = keys[current] else { throw .unknownKey(current) }
        let code = try code(for: bytes, context: "nonce \(context)").code
        guard let nonce = try? AES.GCM.Nonce(data: code.prefix(12)),
            let box = try? AES.GCM.seal(bytes, using: key, nonce: nonce, authenticating: Array(context.utf8)),
            let all = box.combined
        else { throw .damaged }
        return [1] + Array(current.utf8) + Array(all)
    }

    /// What was sealed.
    ///
    /// - Throws: `Failure.unknownKey`, `.damaged`.
    public func open(_ sealed: [UInt8], context: String) throws(Failure) -> [UInt8] {
        guard let id = Self.key(of: sealed) else { throw .damaged }
        guard let key = keys[id] else { throw .unknownKey(id) }
        guard let box = try? AES.GCM.SealedBox(combined: sealed[9...]),
            let bytes = try? AES.GCM.open(box, using: key, authenticating: Array(context.utf8))
        else { throw .damaged }
        return Array(bytes)
    }

    /// A code that only who has the key can make, of bytes that themselves stay readable, and the id of its key: the
    /// current one unless another is named. HMAC-SHA256, with a key of its own for each context (HKDF).
    ///
    /// - Throws: `Failure.unknownKey`.
    public func code(
        for bytes: [UInt8], context: String, key id: String? = nil
    ) throws(Failure) -> (key: String, code: [UInt8]) {
        let id = id ?? current
        guard let key = keys[id] else { throw .unknownKey(id) }
        var own = derived.start(of: context, id) {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key, info: Array("crossdock code \(context)".utf8), outputByteCount: 32)
        }
        own.update(data: bytes)
        return (id, own.finalize().withUnsafeBytes { Array($0) })
    }
}

/// Codes that have taken in their keys, which were made of others: few are needed again and again, and both the key and
/// its part of the code take longer to make than a code of a few hundred bytes (measured).
private final class DerivedKeys: Sendable {
    private struct Name: Hashable {
        let context: String
        let id: String
    }

    private static let limit = 64
    private let starts = Mutex<[Name: HMAC<SHA256>]>([:])

    func start(of context: String, _ id: String, make: () -> SymmetricKey) -> HMAC<SHA256> {
        let name = Name(context: context, id: id)
        if let known = starts.withLock({ $0[name] }) { return known }
        let made = HMAC<SHA256>(key: make())
        starts.withLock { starts in
            if starts.count >= Self.limit { starts.removeAll(keepingCapacity: true) }
            starts[name] = made
        }
        return made
    }
}
