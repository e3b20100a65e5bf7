import Ledger
import Store

extension Hub {
    private static let keyWord = Array("crossdock".utf8)

    /// Makes sure that this hub's key is that of all who use the store: what one seals, another must open.
    ///
    /// - Throws: `HubError` when it is another key, `StoreFailure`.
    public func checkKey() async throws {
        let organization = organization
        let known = try await store.read { session in
            let table = LedgerTable(session, organization: organization)
            return (word: try table.sealedWord(), first: try table.integrations().first)
        }
        if let word = known.word {
            guard (try? vault.open(word, context: "key check")) == Self.keyWord else { throw Self.otherKey }
            return
        }
        // A store from before there was such a word knows its key by what is sealed there.
        if let first = known.first, (try? vault.open(first.settings, context: first.publicID)) == nil {
            throw Self.otherKey
        }
        let word = try vault.seal(Self.keyWord, context: "key check")
        try await store.write { try LedgerTable($0, organization: organization).keep(sealedWord: word) }
        let kept = try await store.read { try LedgerTable($0, organization: organization).sealedWord() }
        guard let kept, (try? vault.open(kept, context: "key check")) != nil else { throw Self.otherKey }
    }

    private static let otherKey = HubError(
        "this store is sealed with another encryption key; give every hub of one store the same "
            + "CROSSDOCK_ENCRYPTION_KEY, or the same key file")
}
