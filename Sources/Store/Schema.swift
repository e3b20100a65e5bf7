/// Which database keeps a store.
public enum StoreDialect: String, Sendable, CaseIterable {
    case sqlite
    case postgres
}

/// What bringing a schema up to date did.
public struct SchemaChange: Hashable, Sendable {
    /// The migrations that were there, in order; none where there was no store.
    public let before: [String]
    /// Those that were applied now, in order.
    public let applied: [String]

    /// A change.
    public init(before: [String], applied: [String]) {
        self.before = before
        self.applied = applied
    }

    /// The migrations that are there now, in order.
    public var after: [String] { before + applied }
}

extension Migration {
    /// Why a program that does not know these migrations cannot work on a store that has them.
    public static func refusal(of unknown: [String]) -> String {
        "was made by a newer Crossdock (\(unknown.joined(separator: ", "))), and what it changed is not for this one; "
            + "use that one"
    }

    /// The whole schema as one text: what stands before the first migration, with its `BEGIN`, then each with its name,
    /// as if the hub had applied it. Loaded into an empty place it is a store that the hub takes as its own.
    public static func script(
        of migrations: [Migration], head: String, _ text: (Migration) -> String
    ) -> String {
        let parts = migrations.map { migration in
            """
            -- \(migration.name)

            \(text(migration).trimmed)
            INSERT INTO migration (name, serves_older) VALUES ('\(migration.name)', \(migration.servesOlder ? 1 : 0));

            """
        }
        return (["\(head)\n"] + parts + ["COMMIT;\n"]).joined(separator: "\n")
    }
}

extension String {
    /// Without blank lines at its end.
    fileprivate var trimmed: Substring { self[..<(lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex)] }
}
