import Audit
import ConnectorKit
import Ledger
import Store
import Synchronization

/// The hub's keys. Master keys are given from outside and are never in the store; data keys lie in the store, each
/// sealed with a master key, and seal the credentials. In a store that has no data key the master key seals by itself.
final class KeyRing: Sendable {
    private let given: Vault
    private let masters: (@Sendable () throws -> [[UInt8]])?
    private let held: Mutex<Vault>

    /// A ring of the keys given. `masters` gives the master keys as they are now, the current one first.
    init(_ given: Vault, masters: (@Sendable () throws -> [[UInt8]])?) {
        self.given = given
        self.masters = masters
        held = Mutex(given)
    }

    var vault: Vault { held.withLock { $0 } }

    /// The master keys alone, as they are now.
    func outside() throws -> (vault: Vault, older: [[UInt8]]) {
        guard let all = try masters?(), let first = all.first else { return (given, []) }
        return (Vault(bytes: first).adding(Array(all.dropFirst())), Array(all.dropFirst()))
    }

    /// Opens data keys; one that no master key opens is left out.
    func hold(_ keys: [DataKey]) throws {
        var vault = try outside().vault
        for key in keys {
            guard let bytes = try? vault.open(key.sealed, context: Self.context(key.id)) else { continue }
            vault = vault.adding([bytes], current: key.isRetired ? nil : bytes)
        }
        let opened = vault
        held.withLock { $0 = opened }
    }

    static func context(_ id: String) -> String { "data key \(id)" }
}

/// What changing keys did.
public struct KeyRotation: Hashable, Sendable {
    /// The key that seals from now on.
    public var key: String
    /// How many integrations' credentials were sealed anew.
    public var resealed: Int
    /// How many data keys were sealed with another master key.
    public var rewrapped: Int
}

extension Hub {
    private static let keyWord = Array("crossdock".utf8)
    private static let keyWordContext = "key check"

    /// The keys as this process knows them.
    var vault: Vault { keyRing.vault }

    /// Makes sure that this hub's master key is that of all who use the store: what one seals, another must open.
    ///
    /// - Throws: `HubError` when it is another key, `StoreFailure`.
    public func checkKey() async throws {
        try await checkMasterKey()
        try await learnSealing()
    }

    private func checkMasterKey() async throws {
        let organization = organization
        let known = try await store.read { session in
            let table = LedgerTable(session, organization: organization)
            return (word: try table.sealedWord(), first: try table.integrations().first)
        }
        let outside = try keyRing.outside().vault
        if let word = known.word {
            guard (try? outside.open(word, context: Self.keyWordContext)) == Self.keyWord else { throw Self.otherKey }
            return try await refreshKeys()
        }
        // A store from before there was such a word knows its key by what is sealed there.
        if let first = known.first, (try? vault.open(first.settings, context: first.publicID)) == nil {
            throw Self.otherKey
        }
        let word = try outside.seal(Self.keyWord, context: Self.keyWordContext)
        try await store.write { try LedgerTable($0, organization: organization).keep(sealedWord: word) }
        let kept = try await store.read { try LedgerTable($0, organization: organization).sealedWord() }
        guard let kept, (try? outside.open(kept, context: Self.keyWordContext)) != nil else { throw Self.otherKey }
    }

    private static let otherKey = HubError(
        "this store is sealed with another encryption key; give every hub of one store the same "
            + "CROSSDOCK_ENCRYPTION_KEY, or the same key file")

    /// Reads the data keys anew: another process may have made one.
    ///
    /// - Throws: `StoreFailure`, and what reading the master keys throws.
    public func refreshKeys() async throws { try keyRing.hold(try await dataKeys()) }

    /// The data keys, the oldest first; none where the master key seals by itself.
    ///
    /// - Throws: `StoreFailure`.
    public func dataKeys() async throws -> [DataKey] {
        let organization = organization
        return try await store.read { try LedgerTable($0, organization: organization).dataKeys() }
    }

    /// The data key that seals; nil where the master key does.
    ///
    /// - Throws: `StoreFailure`.
    public func currentKey() async throws -> DataKey? { try await dataKeys().last { !$0.isRetired } }

    // MARK: Changing keys

    /// Makes a new data key and seals every credential with it. Other processes learn of the key when they meet
    /// something that is sealed with it. Older keys stay, to open what they have sealed.
    ///
    /// - Throws: `HubError` when this hub's master key is not the store's, `StoreFailure`, `Vault.Failure`.
    public func rotateKeys(by actor: AuditActor = .hub) async throws -> KeyRotation {
        try await checkKey()
        let (bytes, now, organization) = (surroundings.random(32), now, organization)
        let id = Vault.id(of: bytes)
        let sealed = try keyRing.outside().vault.seal(bytes, context: KeyRing.context(id))
        try await store.write { session in
            let table = LedgerTable(session, organization: organization)
            // The latest seals, also where the clock was set back or stands.
            let last = try table.dataKeys().last?.createdAt.milliseconds ?? 0
            let createdAt = Moment(milliseconds: max(now.milliseconds, last + 1))
            try table.save(DataKey(id: id, sealed: sealed, createdAt: createdAt))
            try self.note(AuditNote(.keyRotated, "key", id), by: actor, at: now, in: session)
        }
        try await refreshKeys()
        return KeyRotation(key: id, resealed: try await resealCredentials(), rewrapped: 0)
    }

    /// Brings everything under the current master key: data keys are sealed with it, and what older master keys have
    /// sealed by themselves is sealed with a data key. Then the older master keys need not be given any more; they stay
    /// in the store, sealed, to open what remains of them. It can be broken off and made again.
    ///
    /// - Throws: as `rotateKeys`.
    public func rotateMasterKey(by actor: AuditActor = .hub) async throws -> KeyRotation {
        var done = try await rotateKeys(by: actor)
        let outside = try keyRing.outside()
        let master = outside.vault.currentKey
        let adopted = try outside.older.map { bytes in
            let id = Vault.id(of: bytes)
            return DataKey(
                id: id, sealed: try outside.vault.seal(bytes, context: KeyRing.context(id)),
                createdAt: Moment(seconds: 0),
                isRetired: true)
        }
        let word = try outside.vault.seal(Self.keyWord, context: Self.keyWordContext)
        let rewrapped = try await dataKeys().filter { Vault.key(of: $0.sealed) != master }.map { key in
            var key = key
            let bytes = try outside.vault.open(key.sealed, context: KeyRing.context(key.id))
            key.sealed = try outside.vault.seal(bytes, context: KeyRing.context(key.id))
            return key
        }
        let (organization, now) = (organization, now)
        try await store.write { session in
            let table = LedgerTable(session, organization: organization)
            for key in rewrapped + adopted { try table.save(key) }
            try table.replace(sealedWord: word)
            try self.note(AuditNote(.keyRotated, "master key", master), by: actor, at: now, in: session)
        }
        try await refreshKeys()
        done.rewrapped = rewrapped.count
        return done
    }

    /// Seals with the current key whatever credential another one has sealed, and answers of how many integrations.
    private func resealCredentials() async throws -> Int {
        let (vault, organization) = (vault, organization)
        var count = 0
        for integration in try await integrations() {
            var sealed = integration
            sealed.settings = try vault.resealed(integration.settings, context: integration.publicID)
            if let previous = integration.options.previous {
                sealed.options.previous?.settings = try vault.resealed(
                    previous.settings, context: integration.publicID)
            }
            guard sealed != integration else { continue }
            let anew = sealed
            try await store.write { session in
                _ = try LedgerTable(session, organization: organization).change(integration.id) { known in
                    // Settings that are given meanwhile are sealed with the current key already.
                    if known.settings == integration.settings { known.settings = anew.settings }
                    if known.options.previous == integration.options.previous {
                        known.options.previous = anew.options.previous
                    }
                }
            }
            count += 1
        }
        try await resealListeners()
        try await resealGrants()
        addressBook.forget()
        try await rewrapPersonalKeys()
        return count
    }

    /// Seals the keys of persons with the current key, wherever another one has.
    private func rewrapPersonalKeys() async throws {
        let (vault, organization) = (vault, organization)
        var last: Int64? = -1
        while let after = last {
            last = try await store.write(.bulk) { session in
                try LedgerTable(session, organization: organization).rewrapPersonalKeys(after: after) { id, sealed in
                    try vault.resealed(sealed, context: PersonalRing.context(organization, id))
                }
            }
        }
    }

    /// Whether everything that an integration keeps secret can be opened.
    func canOpen(_ integration: Integration) -> Bool {
        vault.hasKey(of: integration.settings)
            && (integration.options.previous.map { vault.hasKey(of: $0.settings) } ?? true)
    }
}

extension Vault {
    /// The same, sealed with the current key.
    fileprivate func resealed(_ sealed: [UInt8], context: String) throws(Failure) -> [UInt8] {
        guard Self.key(of: sealed) != currentKey else { return sealed }
        return try seal(open(sealed, context: context), context: context)
    }
}
