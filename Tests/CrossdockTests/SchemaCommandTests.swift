import Foundation
import GRDB
import Pipeline
import Store
import StorePostgres
import TestStores
import Testing

@testable import crossdock

/// `crossdock migrate` and `crossdock schema`.
@Suite("The schema from the command line")
struct SchemaCommandTests {
    private static let names = Hub.migrations.map(\.name)

    @Test func aSchemaIsMadeOnceAndSaidFromWhichToWhich() async throws {
        let program = try Program()
        defer { program.close() }

        let first = try await program.run(["migrate"])
        #expect(first.status == 0, "\(first.said)")
        let last = try #require(Self.names.last)
        #expect(first.lines.last == "the schema went from nothing to \(last)")
        #expect(first.lines.count == Self.names.count + 1)

        let second = try await program.run(["migrate"])
        #expect(second.output == "the schema is at \(last); there was nothing to do\n", "\(second.said)")
        let json = try JSON(parsing: try await program.run(["migrate", "--json"]).output)
        #expect(json == ["from": .string(last), "to": .string(last), "applied": []])
    }

    @Test func anOlderSchemaIsBroughtForward() async throws {
        let program = try Program()
        defer { program.close() }
        try FileManager.default.createDirectory(atPath: program.path("hub"), withIntermediateDirectories: true)
        let path = program.path("hub/crossdock.sqlite")
        let before = Array(Hub.migrations.dropLast(2))
        _ = try SQLiteStore.migrate(path: path, migrations: before)

        let state = try await program.run(["schema"])
        #expect(state.lines.count { $0.hasSuffix(" missing") } == 2, "\(state.said)")
        let answer = try await program.run(["migrate"])
        #expect(
            answer.lines.last == "the schema went from \(before.last?.name ?? "") to \(Self.names.last ?? "")",
            "\(answer.said)")
        let after = try await program.run(["schema"])
        #expect(after.lines.count { $0.hasSuffix(" applied") } == Self.names.count, "\(after.said)")
    }

    @Test func severalAtOnceDoItOnce() async throws {
        let program = try Program()
        defer { program.close() }
        let place = TestStore.Place()
        try place.make()
        for options in [["--data", program.path("many")], ["--store", place.url]] {
            let running = try (0..<4).map { _ in try program.start(["migrate"] + options) }
            var applied = 0
            for process in running {
                #expect(try await process.ended(withinSeconds: 60) == 0, "\(process.errors)")
                applied += process.output.split(separator: "\n").count { $0.hasPrefix("applied ") }
            }
            #expect(applied == Self.names.count)
        }
    }

    @Test func aNewerSchemaIsRefusedAndLeftAsItIs() async throws {
        let program = try Program()
        defer { program.close() }
        try FileManager.default.createDirectory(atPath: program.path("hub"), withIntermediateDirectories: true)
        let future = Migration("9999-future", "CREATE TABLE future (id INTEGER PRIMARY KEY) STRICT;")
        _ = try SQLiteStore.migrate(
            path: program.path("hub/crossdock.sqlite"), migrations: [Hub.migrations[0], future])

        let answer = try await program.run(["migrate"])
        #expect(answer.status == 1, "\(answer.said)")
        #expect(answer.errors.contains("made by a newer Crossdock (9999-future)"), "\(answer.said)")
        #expect(
            try SQLiteStore.migrations(at: program.path("hub/crossdock.sqlite"))
                == [Hub.migrations[0].name, "9999-future"])
        #expect(try await program.run(["schema"]).output.contains("of a newer Crossdock"))
    }

    @Test func thePrintedSchemaMakesTheSameFile() async throws {
        let program = try Program()
        defer { program.close() }
        let printed = try await program.run(["schema", "--print", "--dialect", "sqlite"])
        #expect(printed.status == 0 && printed.errors.isEmpty, "\(printed.errors)")
        #expect(!FileManager.default.fileExists(atPath: program.path("hub")), "no store is opened")
        try FileManager.default.createDirectory(atPath: program.path("hub"), withIntermediateDirectories: true)
        let (loaded, made) = (program.path("hub/crossdock.sqlite"), program.path("made.sqlite"))
        try await DatabaseQueue(path: loaded).writeWithoutTransaction { try $0.execute(sql: printed.output) }
        _ = try SQLiteStore.migrate(path: made, migrations: Hub.migrations)

        let (left, right) = (try Self.objects(loaded), try Self.objects(made))
        #expect(left == right)
        #expect(left.count > 40)
        // The hub takes it as its own.
        #expect(try await program.run(["migrate"]).output.contains("nothing to do"))
        #expect(try await program.run(["status"]).status == 0)
    }

    private static func objects(_ path: String) throws -> [String] {
        try DatabaseQueue(path: path).read { database in
            try String.fetchAll(
                database, sql: "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1")
        }
    }

    @Test func thePrintedSchemaMakesTheSameTablesOnAServer() async throws {
        let (loaded, made) = (TestStore.Place(), TestStore.Place())
        _ = try #require(loaded.server, "POSTGRES_FOR_TESTS names no server; run make test")
        let program = try Program()
        defer { program.close() }
        let printed = try await program.run(["schema", "--print", "--dialect", "postgres"])
        try loaded.make()
        try made.make()
        try PostgresStore.run(printed.output, at: try PostgresAddress(loaded.url))
        _ = try PostgresStore.migrate(try PostgresAddress(made.url), migrations: Hub.migrations)

        let (left, right) = (try await Self.columns(loaded), try await Self.columns(made))
        #expect(left == right)
        #expect(left.count > 150)
        let answer = try await program.run(["migrate", "--store", loaded.url])
        #expect(answer.output.contains("nothing to do"), "\(answer.said)")
    }

    /// Columns with their types, indexes and constraints.
    private static func columns(_ place: TestStore.Place) async throws -> [String] {
        let store = try place.open(Hub.migrations)
        let rows = try await store.read { session in
            try session.rows(
                """
                SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
                    || coalesce(column_default, '') || ' ' || coalesce(collation_name, '')
                FROM information_schema.columns WHERE table_schema = current_schema()
                UNION ALL
                SELECT replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = current_schema()
                UNION ALL
                SELECT CAST(conrelid AS regclass) || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = CAST(current_schema() AS regnamespace)
                ORDER BY 1
                """, [])
        }
        await store.close()
        return rows.map { $0.text(0) }
    }

    @Test(arguments: [
        (["schema", "--dialect", "sqlite"], "--dialect needs --print"),
        (["schema", "--print", "--dialect", "oracle"], "--dialect oracle: must be sqlite or postgres"),
        (["schema", "--print", "--json"], "--print writes SQL; it does not go with --json"),
        (["schema", "--print", "--data", "a", "--store", "b"], "--data and --store both name the store"),
        (["migrate", "--store", "mysql://a/b"], "mysql is no store of the hub"),
    ])
    func aWrongWordIsRefused(arguments: [String], sentence: String) async throws {
        let program = try Program()
        defer { program.close() }
        let answer = try await program.run(arguments)
        #expect(answer.status == 2 && answer.errors.contains(sentence), "\(answer.said)")
    }
}
