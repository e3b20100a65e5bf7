import Foundation

/// What the words of our tables are called in PostgreSQL. The hub's schema is written once, in the few words that have
/// an equal there.
enum PostgresWords {
    /// In order: longer ones before what they are made of.
    private static let words = [
        // On SQLite the id alone is the row's number; on a server that is shared by organizations it stands behind one.
        (
            "id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL",
            "id bigint NOT NULL, organization_id bigint NOT NULL, PRIMARY KEY (organization_id, id)"
        ),
        (") STRICT, WITHOUT ROWID", ")"), (") STRICT", ")"),
        ("lower(hex(randomblob(5)))", "substr(md5(CAST(gen_random_uuid() AS text)), 1, 10)"),
    ]

    /// Types, as whole words. Texts are ordered by their bytes on both.
    private static let types = [("INTEGER", "bigint"), ("TEXT", "text COLLATE \"C\""), ("BLOB", "bytea")]

    static func translated(_ sql: String) -> String {
        let plain = words.reduce(sql) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        return types.reduce(plain) {
            $0.replacingOccurrences(of: "\\b\($1.0)\\b", with: $1.1, options: .regularExpression)
        }
    }
}
