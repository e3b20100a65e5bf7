import Crypto
import Foundation
import Wire

/// The key that backups are encrypted with: 32 bytes, in a file of their own.
public struct BackupKey: Sendable {
    private let bytes: [UInt8]

    /// A key.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The key in a file: 32 bytes, or their hex or base64 form.
    ///
    /// - Throws: `BackupFailure.file`.
    public init(file path: String) throws(BackupFailure) {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw .file(path, reason: "the file of the backup's key cannot be read; see that it is there")
        }
        if content.count == 32 {
            bytes = Array(content)
        } else if let text = String(bytes: content, encoding: .utf8), let key = try? Vault.keyBytes(text) {
            bytes = key
        } else {
            throw .file(
                path, reason: "the key must be 32 bytes, or their hex or base64 form; make one: openssl rand -hex 32")
        }
    }

    /// By what a key is known without being shown.
    var id: String { Signature.hex(Signature.sha256(Array("crossdock backup key id".utf8) + bytes).prefix(4)) }

    /// The key of one file: no two files share one, so the numbers of chunks may begin anew in each.
    func ofFile(salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: bytes), salt: salt, info: Array("crossdock backup".utf8),
            outputByteCount: 32)
    }
}

/// Makes each chunk of a file fast to its place and to what stands before it: a chunk that is changed, moved, left out
/// or taken from another file does not open, and only the last says that it is the last.
struct ChunkSeal {
    private enum Way {
        /// AES-256-GCM; the chunk's number is the nonce.
        case encrypted(SymmetricKey)
        /// SHA-256 over the hash of the chunk before and this one.
        case chained
    }

    private let way: Way
    private var number: UInt64 = 0
    private var last: [UInt8]

    /// How many bytes stand behind a chunk.
    var tagBytes: Int { if case .encrypted = way { 16 } else { 32 } }

    /// For the chunks behind a head. `key`: where they are encrypted.
    init(head: [UInt8], key: SymmetricKey?) {
        way = key.map(Way.encrypted) ?? .chained
        last = Signature.sha256(head)
    }

    /// The chunk as it stands in the file, with its tag behind it.
    mutating func seal(_ bytes: [UInt8], _ label: [UInt8]) throws -> [UInt8] {
        defer { number += 1 }
        switch way {
        case .chained:
            last = Signature.sha256(last + label + bytes)
            return bytes + last
        case .encrypted(let key):
            let box = try AES.GCM.seal(bytes, using: key, nonce: nonce, authenticating: last + label)
            return Array(box.ciphertext) + Array(box.tag)
        }
    }

    /// The chunk that was sealed; nil where it is not as it was.
    mutating func open(_ sealed: [UInt8], _ label: [UInt8]) -> [UInt8]? {
        guard sealed.count >= tagBytes else { return nil }
        defer { number += 1 }
        let (bytes, tag) = (Array(sealed.dropLast(tagBytes)), Array(sealed.suffix(tagBytes)))
        switch way {
        case .chained:
            last = Signature.sha256(last + label + bytes)
            return Signature.areEqual(last, tag) ? bytes : nil
        case .encrypted(let key):
            guard let nonce = try? nonce, let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: bytes, tag: tag)
            else { return nil }
            return (try? AES.GCM.open(box, using: key, authenticating: last + label)).map { Array($0) }
        }
    }

    private var nonce: AES.GCM.Nonce {
        get throws {
            try AES.GCM.Nonce(data: [0, 0, 0, 0] + withUnsafeBytes(of: number.bigEndian) { Array($0) })
        }
    }
}
