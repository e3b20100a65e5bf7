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
    /// What stands for a key file that is gone while the store is sealed. It opens nothing and is never written.
    private var standIn: [UInt8]?

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

    /// Looks whether a key that the store is sealed with is missing; then none is made in its place, for it would be
    /// taken for the store's own and kept. Who only looks at the store goes on without one.
    ///
    /// - Throws: `StoreFailure`.
    mutating func look(at place: StorePlace) throws {
        // Another process that makes both writes the key first.
        guard isMissing, try place.isSealed(), isMissing else { return }
        standIn = OpenHub.systemRandom(32)
        Terminal.note(missing)
    }

    private var isMissing: Bool { given == nil && !FileManager.default.fileExists(atPath: file) }

    private var missing: String {
        "the encryption key \(file) is not there, and the store is sealed with one; put back the copy that was kept of "
            + "it, or give it in CROSSDOCK_ENCRYPTION_KEY: without it no credential can be read"
    }

    /// All there are, the current one first; a key file is made where there is none and no store is sealed. Read anew
    /// each time.
    ///
    /// - Throws: `Refusal`.
    func all() throws -> [[UInt8]] {
        if let given { return [given] + [old].compactMap { $0 } }
        if let standIn { return [standIn] }
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
        guard standIn == nil else { throw Refusal(missing) }
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
