import Commerce
import Store

/// A key that seals what an organization keeps secret; itself sealed with the master key, which is not in the store.
public struct DataKey: Hashable, Sendable {
    public var id: String
    public var sealed: [UInt8]
    public var createdAt: Moment
    /// Whether it only opens what it has sealed, and is never the one that seals.
    public var isRetired: Bool

    /// A data key.
    public init(id: String, sealed: [UInt8], createdAt: Moment, isRetired: Bool = false) {
        self.id = id
        self.sealed = sealed
        self.createdAt = createdAt
        self.isRetired = isRetired
    }
}

/// The word by which a store knows its master key, and the data keys.
extension LedgerTable {
    /// The sealed word; nil in a store that none was kept in yet.
    ///
    /// - Throws: `StoreFailure`.
    public func sealedWord() throws -> [UInt8]? {
        try session.rows("SELECT sealed FROM key_check WHERE id = 1", []).first?.blob(0)
    }

    /// Keeps the sealed word, unless one is there.
    ///
    /// - Throws: `StoreFailure`.
    public func keep(sealedWord word: [UInt8]) throws {
        try session.save([[.integer(1), .blob(word)]], as: Upsert("key_check", ["id", "sealed"], key: ["id"]))
    }

    /// Puts another sealed word in its place: the store has another master key.
    ///
    /// - Throws: `StoreFailure`.
    public func replace(sealedWord word: [UInt8]) throws {
        try session.save([[.integer(1), .blob(word)]], as: Upsert("key_check", key: ["id"], updating: ["sealed"]))
    }

    /// The organization's data keys, the oldest first.
    ///
    /// - Throws: `StoreFailure`.
    public func dataKeys() throws -> [DataKey] {
        try session.rows(
            """
            SELECT id, sealed, created_at, is_retired FROM data_key WHERE organization_id = ?1
            ORDER BY created_at, id
            """, [.integer(organization)]
        ).map { row in
            DataKey(
                id: row.text(0), sealed: row.blob(1), createdAt: row.moment(2) ?? Moment(milliseconds: 0),
                isRetired: row.integer(3) == 1)
        }
    }

    /// Writes a data key: a new one, or one that is sealed anew.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ key: DataKey) throws {
        try session.save(
            [
                [
                    .integer(organization), .text(key.id), .blob(key.sealed), SQLValue(key.createdAt),
                    .integer(key.isRetired ? 1 : 0),
                ]
            ], as: Self.dataKeyUpsert)
    }

    private static let dataKeyUpsert = Upsert(
        "data_key", ["organization_id", "id", "sealed", "created_at", "is_retired"], key: ["organization_id", "id"],
        updates: ["sealed", "is_retired"])
}
