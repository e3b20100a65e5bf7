/// Words by which somebody is known who is erased: sentences of vendors may have them.
public struct ErasedWords: Hashable, Sendable {
    /// What stands in the place of a sentence that had one.
    public static let left = "(this sentence named somebody who was erased)"
    /// Shorter words stand in sentences of others, too, in bytes.
    static let fewestBytes = 4

    private let words: [String]

    /// Words; those that are too short, and what is no word, are left out.
    public init(_ texts: some Sequence<String>) {
        words = Set(texts.map { $0.lowercased() }).filter { text in
            text.utf8.count >= Self.fewestBytes && text.contains { $0.isLetter || $0.isNumber }
        }.sorted()
    }

    /// Takes every sentence away that has one of them, from one column of a table.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(
        _ table: String, _ column: String, in session: any StoreSession, _ organization: Int64
    ) throws {
        for word in words {
            try session.run(
                """
                UPDATE \(table) SET \(column) = ?2 WHERE organization_id = ?1 AND lower(\(column)) LIKE ?3 ESCAPE '!'
                """, [.integer(organization), .text(Self.left), .text("%\(Self.escaped(word))%")])
        }
    }

    private static func escaped(_ word: String) -> String {
        word.replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
    }
}
