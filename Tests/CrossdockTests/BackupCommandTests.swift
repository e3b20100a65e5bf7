import Backup
import Commerce
import Foundation
import Store
import TestStores
import Testing

@testable import crossdock

/// `crossdock backup` and `crossdock restore`, and the backups a hub makes by itself.
@Suite("Backups from the command line", .serialized)
struct BackupCommandTests {
    private static let shop = [
        "connect", "woocommerce", "--name", "shop", "--set", "siteUrl=https://shop.example", "--set",
        "consumerKey=ck_a", "--secret", "consumerSecret=cs_b",
    ]

    /// A hub with a shop, and a key for its backups.
    private func program() async throws -> Program {
        let program = try Program()
        let connected = try await program.run(Self.shop)
        #expect(connected.status == 0, "\(connected.said)")
        try program.write(String(repeating: "5a", count: 32) + "\n", to: "backup.key")
        return program
    }

    @Test(arguments: [false, true])
    func aHubIsBackedUpAndThereAgainInAnotherFolder(isEncrypted: Bool) async throws {
        let program = try await program()
        defer { program.close() }
        let key = isEncrypted ? ["--encrypt-key-file", "backup.key"] : []

        let made = try await program.run(["backup", "hub.backup"] + key)
        #expect(made.status == 0, "\(made.said)")
        #expect(made.output.contains(isEncrypted ? ", encrypted" : ", not encrypted"), "\(made.said)")
        let whole = try await program.run(["backup", "--verify", "hub.backup"] + key)
        #expect(whole.status == 0 && whole.output.contains("is whole"), "\(whole.said)")
        let restored = try await program.run(["restore", "hub.backup", "--data", "new"] + key)
        #expect(restored.status == 0, "\(restored.said)")
        try FileManager.default.copyItem(
            atPath: program.path("hub/crossdock.key"), toPath: program.path("new/crossdock.key"))
        let there = try await program.run(["integrations", "--data", "new", "--json"])
        #expect(there.output.contains(#""name":"shop""#), "\(there.said)")
        // What was put back is what is backed up again.
        let again = try await program.run(["backup", "again.backup", "--data", "new", "--json"])
        let first = try await program.run(["backup", "--verify", "hub.backup", "--json"] + key)
        #expect(try JSON(parsing: again.output)["tables"] == JSON(parsing: first.output)["tables"])
    }

    @Test func aHubIsMovedToAServerAndBackByItsBackups() async throws {
        let place = TestStore.Place()
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        try place.make()
        let program = try await program()
        defer { program.close() }

        for words in [
            ["backup", "a.backup"], ["restore", "a.backup", "--store", place.url],
            ["backup", "b.backup", "--store", place.url], ["restore", "b.backup", "--data", "back"],
            ["backup", "c.backup", "--data", "back"],
        ] {
            let answer = try await program.run(words)
            #expect(answer.status == 0, "\(words): \(answer.said)")
        }
        let tables = try ["a", "b", "c"].map { try Set(Backup(program.path("\($0).backup")).verify().tables) }
        #expect(tables[0] == tables[1] && tables[1] == tables[2])

        let second = try await program.run(["restore", "a.backup", "--store", place.url])
        #expect(second.status == 2 && second.errors.contains("the store is in use"), "\(second.said)")
        let third = try await program.run(["restore", "a.backup", "--store", place.url, "--replace"])
        #expect(third.status == 0, "\(third.said)")
    }

    @Test func whatCannotBeRestoredIsSaidAndNothingIsChanged() async throws {
        let program = try await program()
        defer { program.close() }
        for words in [["plain.backup"], ["sealed.backup", "--encrypt-key-file", "backup.key"]] {
            #expect(try await program.run(["backup"] + words).status == 0)
        }
        var bytes = Array(try #require(FileManager.default.contents(atPath: program.path("plain.backup"))))
        try Foundation.Data(bytes.dropLast(50)).write(to: URL(filePath: program.path("cut.backup")))
        // A letter of a row: a length that is altered reads as a file that is cut.
        bytes[try #require(Foundation.Data(bytes).range(of: Foundation.Data("default".utf8))).lowerBound] ^= 1
        try Foundation.Data(bytes).write(to: URL(filePath: program.path("changed.backup")))
        try program.write(String(repeating: "5b", count: 32), to: "other.key")
        try program.write("word", to: "short.key")

        for (words, sentence) in [
            (["cut.backup"], "is cut short"), (["changed.backup"], "was altered or damaged"),
            (["sealed.backup"], "is encrypted; give the file of its key"),
            (["sealed.backup", "--encrypt-key-file", "other.key"], "encrypted with another key"),
            (["sealed.backup", "--encrypt-key-file", "short.key"], "openssl rand -hex 32"),
            (["sealed.backup", "--encrypt-key-file", "no.key"], "cannot be read; see that it is there"),
            (["backup.key"], "is no backup of Crossdock"), (["none.backup"], "cannot be read"),
        ] {
            let answer = try await program.run(["restore"] + words + ["--data", "new"])
            #expect(answer.status == 2, "\(words): \(answer.said)")
            #expect(answer.errors.contains(sentence), "\(words): \(answer.said)")
            #expect(!FileManager.default.fileExists(atPath: program.path("new")), "\(words)")
        }
        let inUse = try await program.run(["restore", "plain.backup"])
        #expect(inUse.status == 2 && inUse.errors.contains("say --replace"), "\(inUse.said)")
        let none = try await program.run(["backup", "x.backup", "--data", "nowhere"])
        #expect(none.status == 2 && none.errors.contains("there is no store in"), "\(none.said)")
        let own = try await program.run(["backup", "hub/crossdock.sqlite"])
        #expect(own.status == 2 && own.errors.contains("something else is there"), "\(own.said)")
    }

    @Test func nothingIsRestoredIntoAFileThatAHubHasOpen() async throws {
        let program = try await program()
        defer { program.close() }
        #expect(try await program.run(["backup", "hub.backup"]).status == 0)
        for role in ["all", "worker"] {
            let hub = try program.start(["serve", "--port", "0", "--role", role])
            defer { hub.send(SIGKILL) }
            let isUp = try await eventually(withinSeconds: 30) { hub.errors.contains(" - stop with") ? true : nil }
            #expect(isUp == true, "\(hub.errors)")
            for words in [["restore", "hub.backup"], ["restore", "hub.backup", "--replace"]] {
                let answer = try await program.run(words)
                #expect(answer.status == 2, "\(answer.said)")
                #expect(answer.errors.contains("a hub is at work on this store; stop every hub"), "\(answer.said)")
            }
            hub.send(SIGKILL)
            _ = try await hub.ended(withinSeconds: 20)
        }
        // One that was killed holds nothing any more, and what it left behind is no hindrance.
        let restored = try await program.run(["restore", "hub.backup", "--replace"])
        #expect(restored.status == 0, "\(restored.said)")
        #expect(try await program.run(["integrations", "--json"]).output.contains(#""name":"shop""#))
    }

    /// Whatever it does: also one that only takes calls, and one that runs no schedules.
    @Test func nothingIsRestoredIntoAServersStoreThatAnyHubUses() async throws {
        let place = TestStore.Place()
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        try place.make()
        var program = try await program()
        defer { program.close() }
        #expect(try await program.run(["backup", "hub.backup"]).status == 0)
        program.environment["CROSSDOCK_STORE"] = place.url
        let first = try await program.run(["restore", "hub.backup"])
        #expect(first.status == 0, "\(first.said)")
        for role in ["worker", "api"] {
            // Two of them: one of the workers runs no schedules.
            let hubs = try (0..<2).map { _ in try program.start(["serve", "--port", "0", "--role", role]) }
            defer { hubs.forEach { $0.send(SIGKILL) } }
            for hub in hubs {
                let isUp = try await eventually(withinSeconds: 30) { hub.errors.contains(" - stop with") ? true : nil }
                #expect(isUp == true, "\(hub.errors)")
            }
            for hub in hubs {
                let answer = try await program.run(["restore", "hub.backup", "--replace"])
                #expect(answer.status == 2, "\(role): \(answer.said)")
                #expect(answer.errors.contains("a hub is at work on this store; stop every hub"), "\(answer.said)")
                hub.send(SIGKILL)
                _ = try await hub.ended(withinSeconds: 20)
            }
            // Those that were killed hold nothing any more.
            let restored = try await program.run(["restore", "hub.backup", "--replace"])
            #expect(restored.status == 0, "\(role): \(restored.said)")
        }
    }

    @Test func aServingHubMakesBackupsByItself() async throws {
        let program = try await program()
        defer { program.close() }
        let token = try #require(try await program.run(["token", "--role", "viewer"]).lines.last)
        let hub = try program.start(
            ["serve", "--port", "0", "--backup-dir", "kept", "--backup-every", "daily", "--backup-keep", "2"],
            environment: ["CROSSDOCK_BACKUP_KEY_FILE": program.path("backup.key")])
        defer { hub.send(SIGKILL) }
        let port = try await hub.port()

        let found = try await eventually(withinSeconds: 30) { () -> String? in
            try FileManager.default.contentsOfDirectory(atPath: program.path("kept")).first { $0.hasSuffix(".backup") }
        }
        let file = try #require(found)
        let whole = try await program.run(
            ["backup", "--verify", "kept/\(file)", "--encrypt-key-file", "backup.key"])
        #expect(whole.status == 0 && whole.output.contains(", encrypted"), "\(whole.said)")
        let told = try await eventually(withinSeconds: 30) { () -> String? in
            let status = try await program.run(["status"]).output
            return status.contains("backup     last made at") ? status : nil
        }
        #expect(told != nil)
        let health = try await Web.get(
            "http://127.0.0.1:\(port)/health", ["Authorization": "Bearer \(token)"])
        #expect(try JSON(parsing: health.body)["checks"]?["backup"]?["status"] == "ok")
    }

    @Test func aBackupThatFailsIsSaidInStatusAndHealth() async throws {
        let program = try await program()
        defer { program.close() }
        let token = try #require(try await program.run(["token", "--role", "viewer"]).lines.last)
        let hub = try program.start(
            ["serve", "--port", "0", "--backup-dir", "kept"], environment: ["CROSSDOCK_BACKUP_EVERY": "60"])
        defer { hub.send(SIGKILL) }
        _ = try await hub.port()
        _ = try await eventually(withinSeconds: 30) { () -> Bool? in
            try await program.run(["status"]).output.contains("backup     last made at") ? true : nil
        }
        hub.send(SIGTERM)
        #expect(try await hub.ended(withinSeconds: 20) == 0)

        // The folder becomes one that nobody can write to, not even an administrator.
        try FileManager.default.removeItem(atPath: program.path("kept"))
        try FileManager.default.createSymbolicLink(
            atPath: program.path("kept"), withDestinationPath: "/proc/self/fdinfo")
        let second = try program.start(["serve", "--port", "0", "--backup-dir", "kept"])
        defer { second.send(SIGKILL) }
        let other = try await second.port()
        let told = try await eventually(withinSeconds: 30) { () -> String? in
            let status = try await program.run(["status"]).output
            return status.contains("FAILING since") ? status : nil
        }
        #expect(told?.contains("cannot be written") == true, "\(told ?? "") \(second.errors)")
        let health = try await Web.get("http://127.0.0.1:\(other)/health", ["Authorization": "Bearer \(token)"])
        let json = try JSON(parsing: health.body)
        #expect(health.status == 200 && json["status"] == "degraded", "\(json.text)")
        #expect(json["checks"]?["backup"]?["status"] == "degraded", "\(json.text)")
        let stranger = try await Web.get("http://127.0.0.1:\(other)/health")
        #expect(try JSON(parsing: stranger.body) == ["status": "degraded", "version": .string(Version.text)])
    }

    @Test(arguments: [
        (["serve", "--read-replica", "postgres://a@b/c"], "--read-replica names a standby of a store on PostgreSQL"),
        (["serve", "--backup-keep", "3"], "need a folder: --backup-dir DIR"),
        (["serve", "--backup-dir", "x", "--backup-keep", "0"], "--backup-keep 0: must be a number from 1 to 1000"),
        (["serve", "--backup-dir", "x", "--backup-every", "often"], "--backup-every: \"often\" is no interval"),
        (["serve", "--backup-dir", "x", "--backup-every", "0 0 30 2 *"], "never fires"),
        (["serve", "--backup-dir", "x", "--role", "api"], "makes no backups"),
        (["serve", "--backup-dir", "/proc/nowhere/x"], "the folder of backups cannot be made"),
    ])
    func aWrongWordIsRefused(arguments: [String], sentence: String) async throws {
        let program = try Program()
        defer { program.close() }
        let answer = try await program.run(arguments)
        #expect(answer.status == 2 && answer.errors.contains(sentence), "\(answer.said)")
    }
}
