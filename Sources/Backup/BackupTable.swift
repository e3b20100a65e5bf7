import Commerce
import Store

/// How the backups of a store go, as every process on it and every command sees it.
public struct BackupState: Hashable, Sendable {
    /// When the last one was made; nil: none yet.
    public var madeAt: Moment?
    /// Its file.
    public var file: String?
    /// Why the last try failed, and since when they do; nil where it did not.
    public var problem: String?
    public var failingSince: Moment?

    /// Nothing made, nothing failed.
    public init() {}
}

/// The one row about backups.
public struct BackupTable {
    private let session: any StoreSession
    private let organization: Int64

    /// The table it is kept in.
    public static let migrations = [
        Migration(
            "0400-backup",
            """
            -- When the last scheduled backup was made, where, and why the last try failed.
            CREATE TABLE backup (
                organization_id INTEGER NOT NULL PRIMARY KEY, made_at INTEGER, file TEXT, problem TEXT,
                failing_since INTEGER
            ) STRICT;
            """)
    ]

    /// The row of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    /// How it stands; nil where none was ever tried.
    ///
    /// - Throws: `StoreFailure`.
    public func state() throws -> BackupState? {
        try session.rows(
            "SELECT made_at, file, problem, failing_since FROM backup WHERE organization_id = ?1",
            [.integer(organization)]
        ).first.map { row in
            var state = BackupState()
            state.madeAt = row.moment(0)
            state.file = row.optionalText(1)
            state.problem = row.optionalText(2)
            state.failingSince = row.moment(3)
            return state
        }
    }

    /// One was made.
    ///
    /// - Throws: `StoreFailure`.
    public func made(_ file: String, at now: Moment) throws {
        try session.run(
            """
            INSERT INTO backup (organization_id, made_at, file) VALUES (?1, ?2, ?3)
            ON CONFLICT (organization_id) DO UPDATE SET made_at = excluded.made_at, file = excluded.file,
                problem = NULL, failing_since = NULL
            """, [.integer(organization), SQLValue(now), .text(file)])
    }

    /// One could not be made.
    ///
    /// - Throws: `StoreFailure`.
    public func failed(_ problem: String, at now: Moment) throws {
        try session.run(
            """
            INSERT INTO backup (organization_id, problem, failing_since) VALUES (?1, ?2, ?3)
            ON CONFLICT (organization_id) DO UPDATE SET problem = excluded.problem,
                failing_since = coalesce(backup.failing_since, excluded.failing_since)
            """, [.integer(organization), .text(problem), SQLValue(now)])
    }
}
