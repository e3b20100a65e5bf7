/// Words by which somebody is known who is erased: sentences of vendors may have them.
public struct ErasedWords: Hashable, Sendable {
    /// What stands in the place of a sentence that had one.
    public static let left = "(this sentence named somebody who was erased)"
    /// Shorter words stand in sentences of others, too, in bytes.
    static let fewestBytes = 4

    private let words: [String]

    /// Words; those that are too short, and what is no word, are left out.
    public init(_ texts: some Sequence<String>) {
        // A file's database makes only ASCII letters small, a server's all: both forms are looked for.
        words = Set(texts.flatMap { [$0, $0.lowercased()] }).filter { text in
            text.utf8.count >= Self.fewestBytes && text.contains { $0.isLetter || $0.isNumber }
        }.sorted().prefix(Self.most).map(\.self)
    }

    /// How many words are looked for: of somebody who moved often, the first.
    static let most = 200

    /// Takes every sentence away that has one of them, from one column of a table: in one look through it.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(
        _ table: String, _ column: String, in session: any StoreSession, _ organization: Int64
    ) throws {
        guard !words.isEmpty else { return }
        let condition = words.indices.map { "lower(\(column)) LIKE ?\($0 + 3) ESCAPE '!'" }.joined(separator: " OR ")
        try session.run(
            "UPDATE \(table) SET \(column) = ?2 WHERE organization_id = ?1 AND (\(condition))",
            [.integer(organization), .text(Self.left)] + words.map { .text("%\(Self.escaped($0))%") })
    }

    private static func escaped(_ word: String) -> String {
        word.replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
    }
}
