import Backup
import Foundation
import Pipeline
import Store
import TestStores
import Testing

/// The program on a PostgreSQL server, whose address is in `POSTGRES_FOR_TESTS` (scripts/test starts one).
@Suite("The program on a server")
struct PostgresProgramTests {
    private let place = TestStore.Place()

    private func program() throws -> Program {
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        try place.make()
        return try Program()
    }

    private static let shop = [
        "connect", "woocommerce", "--name", "shop", "--set", "siteUrl=https://shop.example", "--set",
        "consumerKey=ck_a", "--secret", "consumerSecret=cs_b",
    ]

    @Test func aHubIsMovedFromAFileAndIsThere() async throws {
        let program = try program()
        defer { program.close() }
        let connected = try await program.run(Self.shop + ["--secret", "webhookSecret=whs_of_the_shop"])
        #expect(connected.status == 0, "\(connected.said)")
        // What a vendor said lies in a table that a server makes in its own way.
        let call = try await program.run(["deliveries", "test", "shop"])
        #expect(call.status == 0, "\(call.said)")
        let words = ["move", "--from", "sqlite:" + program.path("hub/crossdock.sqlite"), "--to", place.url]

        let moved = try await program.run(words)
        #expect(moved.status == 0, "\(moved.said)")
        #expect(moved.lines.contains { $0.hasPrefix("integration  1 rows") }, "\(moved.said)")
        #expect(moved.lines.contains { $0.hasPrefix("delivery_body  1 rows") }, "\(moved.said)")

        // The key lies beside the file that was moved; CROSSDOCK_DATA names its folder.
        let there = try await program.run(["integrations", "--store", place.url, "--json"])
        #expect(there.status == 0, "\(there.said)")
        #expect(there.output.contains(#""name":"shop""#), "\(there.said)")
        let again = try await program.run(words)
        #expect(again.status == 2, "\(again.said)")
        #expect(again.errors.contains("the target is in use"), "\(again.said)")
    }

    /// What a move compares and a backup reads, whatever the table.
    @Test func everyTableIsReadPageByPageByItsKeyWithoutBeingSorted() async throws {
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        let store = try place.open(Hub.migrations)
        let plans = try await store.read { session in
            // Empty tables are cheaper to sort; what is asked here is whether their keys give the order.
            for way in ["seqscan", "bitmapscan", "sort"] {
                _ = try session.rows("SELECT set_config('enable_\(way)', 'off', TRUE)", [])
            }
            return try TableShape.all(session, .postgres).flatMap { table in
                try [true, false].map { isFirst in
                    let query = table.key.indices.reduce(table.pageQuery(isFirst: isFirst, limit: 1000)) {
                        $0.replacing("?\($1 + 1)", with: "'1'")
                    }
                    return (table.name, try session.rows("EXPLAIN " + query, []).map { $0.text(0) })
                }
            }
        }
        #expect(plans.count > 50)
        for (name, plan) in plans {
            #expect(!plan.contains { $0.contains("Sort  (") }, "\(name): \(plan)")
            #expect(plan.contains { $0.contains("Index") }, "\(name): \(plan)")
        }
        await store.close()
    }

    /// The seeds' names: in one text, in parts, with the password beside it or in a file.
    @Test func aServerMayBeNamedInEachOfTheWaysThereAre() async throws {
        let program = try program()
        defer { program.close() }
        let url = try #require(URLComponents(string: place.server ?? ""))
        let (host, port, user) = (url.host ?? "", String(url.port ?? 0), url.user ?? "")
        let (password, base) = (url.password ?? "", String(url.path.dropFirst()))
        let plain = "postgres://\(user)@\(host):\(port)/\(base)"
        let parts = ["DB_HOST": host, "DB_PORT": port, "DB_USERNAME": user, "DB_NAME": base]
        try program.write(password + "\n", to: "word")
        try program.write("wrong", to: "wrong-word")
        // The schema of this test; the database is shared.
        let schema = try #require(place.url.split(separator: "%3D").last)
        let path = ["PGOPTIONS": "-csearch_path=\(schema)"]

        for (named, isRight) in [
            (["DATABASE_URL": "\(plain.replacing("@", with: ":\(password)@"))"], true),
            (["DATABASE_URL": plain, "DB_PASSWORD": password], true),
            (["CROSSDOCK_STORE": plain, "CROSSDOCK_STORE_PASSWORD_FILE": "word"], true),
            (["CROSSDOCK_STORE": plain, "DB_PASSWORD_FILE": "word"], true),
            (parts.merging(["DB_PASSWORD": password]) { $1 }, true),
            (parts.merging(["DB_PASSWORD_FILE": "word"]) { $1 }, true),
            (parts.merging(["DB_PASSWORD_FILE": "wrong-word"]) { $1 }, false),
            (parts.merging(["DB_PASSWORD": "wrong"]) { $1 }, false),
        ] {
            let answer = try await program.run(["migrate"], environment: named.merging(path) { $1 })
            #expect(answer.status == (isRight ? 0 : 1), "\(named.keys.sorted()): \(answer.said)")
            #expect(isRight || answer.errors.contains("refuses the password"), "\(answer.said)")
            #expect(!answer.said.contains(password), "\(named.keys.sorted())")
        }
        let applied = try await program.run(["schema", "--store", place.url, "--json"])
        #expect(!applied.output.contains("missing"), "\(applied.said)")
    }

    /// Another store of the same key, and empty, stands for the replica: so it shows who is asked.
    @Test func commandsThatOnlyLookAskTheReplicaAndOthersDoNot() async throws {
        let program = try program()
        defer { program.close() }
        let other = TestStore.Place()
        try other.make()
        let connected = try await program.run(Self.shop + ["--store", place.url])
        #expect(connected.status == 0, "\(connected.said)")
        #expect(try await program.run(["migrate", "--store", other.url]).status == 0)
        let (store, replica) = (try place.open(Hub.migrations), try other.open(Hub.migrations))
        let key = try await store.read { try $0.rows("SELECT reference_key FROM organization", [])[0].text(0) }
        _ = try await replica.write { session in
            try session.run("UPDATE organization SET reference_key = ?1", [.text(key)])
        }
        await store.close()
        await replica.close()

        let named = ["CROSSDOCK_READ_REPLICA": other.url]
        for words in [["integrations"], ["status"]] {
            let answer = try await program.run(words + ["--json", "--store", place.url], environment: named)
            #expect(answer.status == 0 && !answer.output.contains(#""name":"shop""#), "\(words): \(answer.said)")
        }
        let limits = try await program.run(["limits", "shop", "--store", place.url], environment: named)
        #expect(limits.status == 0, "\(limits.said)")
        for words in [["jobs"], ["dead"], ["conflicts"], ["batches"], ["schedules"]] {
            let answer = try await program.run(words + ["--store", place.url], environment: named)
            #expect(answer.status == 0, "\(words): \(answer.said)")
        }
        // One that is away is left alone.
        let away = try await program.run(
            ["integrations", "--json", "--store", place.url],
            environment: ["CROSSDOCK_READ_REPLICA": "postgres://nobody@127.0.0.1:1/none"])
        #expect(away.output.contains(#""name":"shop""#), "\(away.said)")
    }

    @Test func aHubWithAnotherKeyIsRefused() async throws {
        let program = try program()
        defer { program.close() }
        let first = try await program.run(Self.shop + ["--store", place.url])
        #expect(first.status == 0, "\(first.said)")
        let other = try await program.run(
            ["serve", "--port", "0", "--store", place.url],
            environment: ["CROSSDOCK_ENCRYPTION_KEY": String(repeating: "k", count: 32)])
        #expect(other.status == 2, "\(other.said)")
        #expect(other.errors.contains("sealed with another encryption key"), "\(other.said)")
        // A machine that has no key makes none of its own for a store that has one.
        let without = try await program.run(
            ["serve", "--port", "0", "--store", place.url],
            environment: ["CROSSDOCK_DATA": program.path("elsewhere")])
        #expect(without.status == 2, "\(without.said)")
        #expect(without.errors.contains("is not there, and the store is sealed with one"), "\(without.said)")
    }

    @Test func pagesAndWorkersRunApart() async throws {
        let program = try program()
        defer { program.close() }
        let first = try await program.run(["status", "--store", place.url])
        #expect(first.status == 0, "\(first.said)")
        let worker = try program.start(["serve", "--role", "worker", "--store", place.url])
        let pages = try program.start(["serve", "--role", "api", "--port", "0", "--store", place.url])
        _ = try await pages.port()
        let works = try await eventually(withinSeconds: 30) { worker.errors.contains(" works ") ? true : nil }
        #expect(works == true, "\(worker.errors)")
        pages.send(SIGTERM)
        worker.send(SIGTERM)
        #expect(try await pages.ended(withinSeconds: 30) == 0)
        #expect(try await worker.ended(withinSeconds: 30) == 0)
    }
}
