import Files
import Foundation
import Wire

/// The master keys from outside the store: from the environment, or from the key file beside the store.
///
/// While the key is being changed there are two of them: the old one in `CROSSDOCK_ENCRYPTION_KEY_OLD`, or the new one
/// in a file of its own until the store is sealed with it.
struct MasterKeys: Sendable {
    private let given: [UInt8]?
    private let old: [UInt8]?
    private let folder: String
    /// Whether a new key file seals already: while the key is being changed.
    var prefersNew = false

    private var file: String { folder + "/crossdock.key" }
    private var newFile: String { file + ".new" }
    private var oldFile: String { file + ".old" }

    /// The keys as the environment names them.
    ///
    /// - Throws: `Refusal`, `Vault.Failure.badKey`.
    init(_ environment: HubEnvironment, folder: String) throws {
        self.folder = folder
        given = try environment.value(["CROSSDOCK_ENCRYPTION_KEY", "ENCRYPTION_KEY"]).map { try Vault.keyBytes($0) }
        old = try environment.value(["CROSSDOCK_ENCRYPTION_KEY_OLD"]).map { try Vault.keyBytes($0) }
        guard given != nil || old == nil else {
            throw Refusal(
                "CROSSDOCK_ENCRYPTION_KEY_OLD is given without CROSSDOCK_ENCRYPTION_KEY; give the new key there")
        }
        guard old == nil || old != given else {
            throw Refusal("CROSSDOCK_ENCRYPTION_KEY and CROSSDOCK_ENCRYPTION_KEY_OLD are the same key")
        }
    }

    /// All there are, the current one first; a key file is made where there is none. Read anew each time.
    ///
    /// - Throws: `Refusal`.
    func all() throws -> [[UInt8]] {
        if let given { return [given] + [old].compactMap { $0 } }
        let current = try HubKey.bytes(given: nil, folder: folder)
        guard let data = FileManager.default.contents(atPath: newFile) else { return [current] }
        guard data.count == 32 else { throw Refusal("\(newFile) must hold 32 bytes; it holds \(data.count)") }
        return prefersNew ? [Array(data), current] : [current, Array(data)]
    }

    /// Makes the new key, unless one was made and not put in its place yet. Keys of the environment are changed there.
    ///
    /// - Throws: `Refusal`.
    func prepareNew() throws {
        if given != nil {
            guard old == nil else { return }
            throw Refusal(
                "the encryption key is given by CROSSDOCK_ENCRYPTION_KEY: put the new key there and the old one in "
                    + "CROSSDOCK_ENCRYPTION_KEY_OLD, start every hub of the store anew with both, then run this again")
        }
        _ = try HubKey.bytes(given: nil, folder: folder)
        _ = try HubKey.make(OpenHub.systemRandom(32), at: newFile)
    }

    /// Puts the new key file in the place of the old one, which stays beside it. Answers where; nil where the
    /// environment holds the keys.
    ///
    /// - Throws: `Refusal`.
    func finishNew() throws -> String? {
        guard given == nil else { return nil }
        unlink(oldFile)
        guard link(file, oldFile) == 0, rename(newFile, file) == 0 else {
            throw Refusal(
                "\(newFile) cannot be put in the place of \(file): \(String(cString: strerror(errno))); the store is "
                    + "sealed with it already, so keep it and run this again")
        }
        Folder.sync(of: file)
        return oldFile
    }
}
