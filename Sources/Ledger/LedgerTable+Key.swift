import Store

/// The word by which a store knows its key.
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
}
