import Foundation
import Store
import StorePostgres
import TestStores
import Testing

@testable import Backup

/// A store with a few tables of all types, and a folder for backups of it.
struct Stock: Sendable {
    let folder: String

    static let migrations = [
        Migration(
            "0001-things",
            """
            CREATE TABLE organization (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL) STRICT;
            INSERT INTO organization (id, name) VALUES (1, 'default');
            CREATE TABLE record (
                organization_id INTEGER NOT NULL REFERENCES organization (id), id INTEGER NOT NULL, title TEXT NOT NULL,
                body BLOB, PRIMARY KEY (organization_id, id)
            ) STRICT;
            CREATE TABLE job (
                id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, "key" TEXT, at INTEGER
            ) STRICT;
            """),
        Migration("0002-empty", "CREATE TABLE empty (name TEXT PRIMARY KEY NOT NULL) STRICT;"),
    ]

    init() throws {
        folder = NSTemporaryDirectory() + "crossdock-backup-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func sqlite(_ name: String, _ migrations: [Migration] = Self.migrations) throws -> any Store {
        try SQLiteStore(path: path(name), migrations: migrations)
    }

    /// Puts rows in: texts of any sort, bytes, nulls, numbers from end to end.
    static func fill(_ store: any Store, records: Int = 3_000) async throws {
        try await store.write { session in
            let record = Upsert("record", ["organization_id", "id", "title", "body"])
            let job = Upsert("job", ["id", "organization_id", "\"key\"", "at"])
            try session.save(
                (0..<records).map { number in
                    let bytes = (0..<number % 700).map { UInt8(truncatingIfNeeded: $0 * number) }
                    return [
                        .integer(1), .integer(Int64(number)), .text("ආයුබෝවන් '\"\\ \(number)"),
                        number % 3 == 0 ? .null : .blob(bytes),
                    ]
                }, as: record)
            try session.save(
                [
                    [.integer(7), .integer(1), .text(""), .integer(.min)],
                    [.integer(8), .integer(1), .null, .integer(.max)],
                ], as: job)
        }
    }

    static func sums(_ store: any Store) async throws -> Set<TableSum> {
        let dialect = store.dialect
        return try await store.read { session in
            Set(try TableShape.all(session, dialect).map { try TableSum.of($0, session) })
        }
    }

    /// Bytes that are drawn anew for each file.
    static let random: @Sendable (Int) -> [UInt8] = { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }

    static func make(_ backup: Backup, of store: any Store, at milliseconds: Int64 = 1_000) async throws
        -> Backup.Content
    {
        try await backup.make(
            of: store, version: "1.2.3", now: Moment(milliseconds: milliseconds), random: Stock.random)
    }
}

@Suite("A backup")
struct BackupTests {
    static let keys = [nil, BackupKey([UInt8](repeating: 7, count: 32))]

    @Test(arguments: [false, true])
    func everythingIsThereAgainInAnotherStore(isEncrypted: Bool) async throws {
        let stock = try Stock()
        let source = try stock.sqlite("a.sqlite")
        try await Stock.fill(source)
        let backup = Backup(stock.path("a.backup"), key: isEncrypted ? Self.keys[1] : nil)

        let made = try await Stock.make(backup, of: source)
        let target = try stock.sqlite("b.sqlite")
        try await backup.restore(into: target, replaces: false)

        #expect(try await Stock.sums(source) == Stock.sums(target))
        #expect(Set(made.tables) == (try await Stock.sums(source)))
        #expect(made.tables.map(\.table) == ["organization", "empty", "job", "record"])
        #expect(made.rows == 3_003)
        #expect(try backup.verify() == made)
        #expect(made.head.schema == ["0001-things", "0002-empty"])
        let rights = try FileManager.default.attributesOfItem(atPath: backup.path)[.posixPermissions] as? Int
        #expect(rights == 0o600)
    }

    /// From a file to a server and back to a file.
    @Test func bothKindsOfStoreReadWhatTheOtherWrote() async throws {
        let place = TestStore.Place()
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        let stock = try Stock()
        let source = try stock.sqlite("a.sqlite")
        try await Stock.fill(source)
        let server = try place.open(Stock.migrations)
        let (first, second) = (Backup(stock.path("a.backup")), Backup(stock.path("b.backup"), key: Self.keys[1]))

        let away = try await Stock.make(first, of: source)
        try await first.restore(into: server, replaces: false)
        let back = try await Stock.make(second, of: server)
        let target = try stock.sqlite("c.sqlite")
        try await second.restore(into: target, replaces: false)

        #expect(Set(away.tables) == Set(back.tables))
        #expect(try await Stock.sums(source) == Stock.sums(target))
        #expect(back.head.dialect == "postgres")
        await server.close()
    }

    /// As the bodies of vendors' calls, which a server keeps sliced by their time.
    @Test func aTableWhoseColumnsStandInAnotherOrderOnAServerIsTheSameTable() async throws {
        let place = TestStore.Place()
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        let stock = try Stock()
        let migrations =
            Stock.migrations + [
                Migration(
                    "0003-body",
                    """
                    CREATE TABLE delivery (id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL) STRICT;
                    CREATE TABLE body (
                        id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, said TEXT NOT NULL
                    ) STRICT;
                    """,
                    postgres: """
                        CREATE TABLE delivery (organization_id bigint NOT NULL, id bigint PRIMARY KEY);
                        CREATE TABLE body (
                            organization_id bigint NOT NULL, said text COLLATE "C" NOT NULL, id bigint NOT NULL,
                            PRIMARY KEY (organization_id, id)
                        );
                        """)
            ]
        let source = try stock.sqlite("a.sqlite", migrations)
        let rows: [[SQLValue]] = (1...9).map { [.integer($0 * 7), .integer(1), .text("said \($0)")] }
        try await source.write { try $0.save(rows, as: Upsert("body", ["id", "organization_id", "said"])) }
        let server = try place.open(migrations)
        let (first, second) = (Backup(stock.path("a.backup")), Backup(stock.path("b.backup")))

        _ = try await Stock.make(first, of: source)
        try await first.restore(into: server, replaces: false)
        _ = try await Stock.make(second, of: server)
        let target = try stock.sqlite("c.sqlite", migrations)
        try await second.restore(into: target, replaces: false)

        #expect(try await Stock.sums(source) == Stock.sums(target))
        await server.close()
    }

    @Test func whatIsWrittenMeanwhileIsInItWholeOrNotAtAll() async throws {
        let place = TestStore.Place()
        let stock = try Stock()
        for store in [try stock.sqlite("a.sqlite"), try place.open(Stock.migrations)] {
            try await Stock.fill(store)
            let backup = Backup(stock.path("\(store.dialect).backup"))
            let writing = Task {
                // Each step writes one row of each of two tables.
                var number: Int64 = 10_000
                while !Task.isCancelled {
                    number += 1
                    let id = number
                    try await store.write { session in
                        try session.run(
                            "INSERT INTO record (organization_id, id, title) VALUES (1, ?1, 'x')", [.integer(id)])
                        try session.run("INSERT INTO job (id, organization_id) VALUES (?1, 1)", [.integer(id)])
                    }
                }
            }
            for _ in 0..<5 {
                let made = try await Stock.make(backup, of: store)
                let rows = Dictionary(uniqueKeysWithValues: made.tables.map { ($0.table, $0.rows) })
                #expect((rows["record"] ?? 0) - 3_000 == (rows["job"] ?? 0) - 2)
            }
            writing.cancel()
            _ = try? await writing.value
            await store.close()
        }
    }

    @Test func aStoreThatIsInUseIsLeftAsItIsUnlessItIsToBeReplaced() async throws {
        let stock = try Stock()
        let (source, target) = (try stock.sqlite("a.sqlite"), try stock.sqlite("b.sqlite"))
        try await Stock.fill(source)
        try await Stock.fill(target, records: 5)
        let before = try await Stock.sums(target)
        let backup = Backup(stock.path("a.backup"))
        _ = try await Stock.make(backup, of: source)

        await #expect(throws: BackupFailure.inUse(table: "job")) {
            try await backup.restore(into: target, replaces: false)
        }
        #expect(try await Stock.sums(target) == before)

        try await backup.restore(into: target, replaces: true)
        #expect(try await Stock.sums(target) == Stock.sums(source))
    }

    @Test func aNewerSchemaIsRefused() async throws {
        let stock = try Stock()
        let future = Migration("9999-future", "CREATE TABLE future (id INTEGER PRIMARY KEY) STRICT;")
        let backup = Backup(stock.path("a.backup"))
        _ = try await Stock.make(backup, of: try stock.sqlite("a.sqlite", Stock.migrations + [future]))

        #expect(throws: BackupFailure.newer(backup.path, what: "9999-future")) {
            try backup.schema(among: Stock.migrations)
        }
        #expect(try backup.schema(among: Stock.migrations + [future]).count == 3)
    }

    @Test func onlyAnOlderBackupIsWrittenOver() async throws {
        let stock = try Stock()
        let store = try stock.sqlite("a.sqlite")

        await #expect(throws: BackupFailure.self) {
            _ = try await Stock.make(Backup(stock.path("a.sqlite")), of: store)
        }
        let backup = Backup(stock.path("a.backup"))
        _ = try await Stock.make(backup, of: store, at: 1)
        let second = try await Stock.make(backup, of: store, at: 2)
        #expect(second.head.at == Moment(milliseconds: 2))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: stock.folder).filter { $0.contains("backup") }.count
                == 1)
    }

    @Test func theNewestStayAndOlderOnesGo() async throws {
        let stock = try Stock()
        let store = try stock.sqlite("a.sqlite")
        let folder = try BackupFolder(stock.path("kept"), kept: 2)
        for day in 1...4 {
            let now = Moment(milliseconds: Int64(day) * 86_400_000)
            _ = try await Stock.make(Backup(folder.name(at: now)), of: store, at: now.milliseconds)
            folder.forgetOld(now: now)
        }
        try "left".write(
            toFile: folder.name(at: Moment(milliseconds: 0)) + ".abcdef", atomically: true, encoding: .utf8)
        try "mine".write(toFile: stock.path("kept/notes.txt"), atomically: true, encoding: .utf8)
        folder.forgetOld(now: Moment(milliseconds: 253_402_300_799_000))

        #expect(
            folder.all.map { ($0 as NSString).lastPathComponent } == [
                "crossdock-19700104T000000Z.backup", "crossdock-19700105T000000Z.backup",
            ])
        #expect(folder.newest == Moment(milliseconds: 4 * 86_400_000))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
        #expect(FileManager.default.fileExists(atPath: stock.path("kept/notes.txt")))
    }
}
