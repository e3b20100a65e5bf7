import CSQLiteSetup
import Foundation
import GRDB

/// The schema of a store in a file.
extension SQLiteStore {
    private static let own = """
        CREATE TABLE IF NOT EXISTS migration (
            name TEXT PRIMARY KEY NOT NULL, serves_older INTEGER NOT NULL DEFAULT 0
        ) STRICT
        """

    /// Brings the schema of a file up to date, made when it is not there, and says what was done.
    ///
    /// - Throws: `StoreFailure` as `init(path:migrations:)`.
    public static func migrate(path: String, migrations: [Migration]) throws -> SchemaChange {
        do {
            let pool = try pool(path)
            defer { try? pool.close() }
            return try migrate(pool, migrations)
        } catch let error as DatabaseError {
            throw StoreFailure(error, at: path)
        }
    }

    /// The migrations that were applied to a file, in order; nil where no store is. Nothing is changed.
    ///
    /// - Throws: `StoreFailure` when the file cannot be read or is no database.
    public static func migrations(at path: String) throws -> [String]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            return try queue.read { database in
                try database.tableExists("migration") ? try names(database) : nil
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error, at: path)
        }
    }

    /// Whether a table of a file is there and holds anything; false where no store is. Nothing is changed.
    ///
    /// - Throws: `StoreFailure` when the file cannot be read or is no database.
    public static func hasRows(_ table: String, at path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        do {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            return try queue.read { database in
                guard try database.tableExists(table) else { return false }
                return try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM \(table))") ?? false
            }
        } catch let error as DatabaseError {
            throw StoreFailure(error, at: path)
        }
    }

    /// The schema as one text for SQLite's own program.
    public static func script(_ migrations: [Migration]) -> String {
        let head = """
            -- The store of Crossdock on SQLite 3.37 or later. Into a new file: sqlite3 crossdock.sqlite <schema.sql
            BEGIN;
            \(own);
            """
        return Migration.script(of: migrations, head: head) { $0.sql }
    }

    /// Whether any process has the store in a file open, this one too. Nobody can open it meanwhile.
    ///
    /// - Throws: `StoreFailure` when the file cannot be read or is no database.
    public static func isOpen(path: String) throws -> Bool {
        do {
            var configuration = Configuration()
            configuration.busyMode = .immediateError
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            // Only who is alone with a file may leave the write-ahead log; the next who opens it takes it up again.
            let mode = try queue.writeWithoutTransaction { database in
                try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            }
            return mode != "delete"
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return true
        } catch let error as DatabaseError {
            throw StoreFailure(error, at: path)
        }
    }

    /// What holds for SQLite in the whole process, once it was asked for.
    static let isSetUp =
        crossdock_sqlite_counts_no_memory() == 0 && crossdock_sqlite_statement_journal(statementJournalBytes) == 0
    /// Below zero: in memory, whatever a statement changes; the hub's change sets that have a bound. Past SQLite's own
    /// 64 KiB it writes a file, and a set is then no cheaper than its rows one by one (measured). A larger bound will
    /// not do: SQLite hands such a file as much at once as the bound says, and its own way to write takes at most
    /// 131,071 bytes at once; what is more comes back as a disk that is full.
    private static let statementJournalBytes: Int32 = -1

    static func pool(_ path: String) throws -> DatabasePool {
        // Where something else has used SQLite before, it goes on as it is.
        _ = isSetUp
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.maximumReaderCount = readerCount
        configuration.prepareDatabase { database in try database.execute(sql: "PRAGMA cache_size = -8000") }
        // Of several who make a file new one alone can turn on its log, and SQLite tells the others at once, however
        // long they would wait.
        let limit = ContinuousClock.now + .seconds(busyTimeoutSeconds)
        while true {
            do {
                return try DatabasePool(path: path, configuration: configuration)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < limit {
                Thread.sleep(forTimeInterval: openingPause)  // SAFETY: who opens a store has nothing else to do.
            }
        }
    }

    /// How long who found others at the opening of a file waits, in seconds.
    private static let openingPause = 0.01

    static func migrate(_ pool: DatabasePool, _ migrations: [Migration]) throws -> SchemaChange {
        var change = SchemaChange(before: [], applied: [])
        try pool.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                try database.execute(sql: own)
                let before = try names(database)
                let hasMarks = try database.columns(in: "migration").contains { $0.name == "serves_older" }
                try refuseNewer(before, migrations, hasMarks: hasMarks, database)
                let missing = migrations.filter { !before.contains($0.name) }
                if !hasMarks, !missing.isEmpty {
                    try database.execute(
                        sql: "ALTER TABLE migration ADD COLUMN serves_older INTEGER NOT NULL DEFAULT 0")
                }
                for migration in missing {
                    try database.execute(sql: migration.sql)
                    try database.execute(
                        sql: "INSERT INTO migration (name, serves_older) VALUES (?, ?)",
                        arguments: [migration.name, migration.servesOlder ? 1 : 0])
                }
                change = SchemaChange(before: before, applied: missing.map(\.name))
                return .commit
            }
        }
        return change
    }

    /// A store that has more migrations than are known is worked on only where each of them says that it may be.
    private static func refuseNewer(
        _ applied: [String], _ known: [Migration], hasMarks: Bool, _ database: Database
    ) throws {
        var unknown = Set(applied).subtracting(known.map(\.name))
        if hasMarks, !unknown.isEmpty {
            let marked = "SELECT name FROM migration WHERE serves_older = 1"
            unknown.subtract(try String.fetchAll(database, sql: marked))
        }
        if !unknown.isEmpty { throw StoreFailure.unavailable("it " + Migration.refusal(of: unknown.sorted())) }
    }

    private static func names(_ database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT name FROM migration ORDER BY name")
    }
}
