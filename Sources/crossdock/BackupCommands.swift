import ArgumentParser
import Backup
import Commerce
import Foundation
import Pipeline
import Store
import StorePostgres

/// The key of backups, as it is named.
enum BackupKeyFile {
    /// The key in the file of the option, or of `CROSSDOCK_BACKUP_KEY_FILE`; nil where neither names one.
    static func key(_ option: String?, _ environment: HubEnvironment) throws -> BackupKey? {
        guard let path = try option ?? environment.value(["CROSSDOCK_BACKUP_KEY_FILE"]) else { return nil }
        return try BackupKey(file: path)
    }
}

/// `crossdock backup`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the whole store into a file, while hubs run.",
        discussion: """
            All that is in the store at one instant, in a form that SQLite and PostgreSQL stores both restore. The \
            file gets its name when it is whole. The encryption key of the hub is not in it: keep a copy of that \
            elsewhere.

            Examples: crossdock backup hub.backup --encrypt-key-file backup.key
                      crossdock backup --verify hub.backup
            """)

    @Argument(help: "The file.")
    var file: String
    @Option(help: "A file with a key of 32 bytes, or their hex or base64 (CROSSDOCK_BACKUP_KEY_FILE).")
    var encryptKeyFile: String?
    @Flag(help: "Make nothing; read a backup to its end and compare it with what it says of itself.")
    var verify = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let environment = try HubEnvironment()
            try LogSettings.bootstrap(environment)
            let backup = Backup(file, key: try BackupKeyFile.key(encryptKeyFile, environment))
            if verify {
                show(try backup.verify(), "is whole")
            } else {
                let place = try StorePlace(options, environment)
                show(try await Self.make(backup, of: place), "was made")
            }
        }
    }

    /// Makes a backup of the store at a place, whose schema is left as it is.
    static func make(_ backup: Backup, of place: StorePlace) async throws -> Backup.Content {
        guard let applied = try place.migrations() else {
            throw Refusal("there is no store in \(place.words); name it with --data or --store")
        }
        let known = Hub.migrations.filter { applied.contains($0.name) }
        let store = try place.open(known)
        do {
            let made = try await backup.make(
                of: store, version: Version.text, now: OpenHub.systemNow(), random: OpenHub.systemRandom)
            await store.close()
            return made
        } catch {
            await store.close()
            throw error
        }
    }

    private func show(_ content: Backup.Content, _ word: String) {
        guard !options.json else { return print(content.json(file).text) }
        let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
        print(
            "\(file) \(word): \(content.tables.count) tables, \(content.rows) rows, \(size) bytes, schema "
                + "\(content.head.schema.last ?? "none"), of \(content.head.at)"
                + (content.head.isEncrypted ? ", encrypted" : ", not encrypted"))
    }
}

extension Backup.Content {
    func json(_ file: String) -> JSON {
        [
            "file": .string(file), "version": .string(head.version), "store": .string(head.dialect),
            "schema": .text(head.schema.last), "at": .string(head.at.description),
            "encrypted": .bool(head.isEncrypted), "rows": .integer(rows),
            "tables": .array(
                tables.map {
                    ["table": .string($0.table), "rows": .integer($0.rows), "sha256": .string($0.hash)]
                }),
        ]
    }
}

/// `crossdock restore`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup into an empty store.",
        discussion: """
            Stop every hub that uses the store first. The file is read to its end before anything is changed; then all \
            of it is put back in one transaction, counted and compared, or nothing is. Give the hub the encryption key \
            it had.

            Example: crossdock restore hub.backup --store postgres://crossdock@db.example.com/crossdock
            """)

    @Argument(help: "The file.")
    var file: String
    @Option(help: "A file with the key it is encrypted with (CROSSDOCK_BACKUP_KEY_FILE).")
    var encryptKeyFile: String?
    @Flag(help: "Take away all that is in the store; without it a store that is in use is refused.")
    var replace = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let environment = try HubEnvironment()
            try LogSettings.bootstrap(environment)
            let backup = Backup(file, key: try BackupKeyFile.key(encryptKeyFile, environment))
            let schema = try backup.schema(among: Hub.migrations)
            let content = try backup.verify()
            let place = try StorePlace(options, environment)
            try await restore(backup, schema, to: place)
            let change = try place.migrate(Hub.migrations)
            if options.json {
                print(content.json(file).text)
            } else {
                print(
                    "\(content.rows) rows of \(content.tables.count) tables were restored into \(place.words), as they "
                        + "were at \(content.head.at)")
                for name in change.applied { print("applied \(name)") }
            }
            Terminal.note("give the hub the encryption key it had when the backup was made")
        }
    }

    private func restore(_ backup: Backup, _ schema: [Migration], to place: StorePlace) async throws {
        let applied = try place.migrations()
        let names = schema.map(\.name)
        if applied != nil, try place.isOpenInAFile() { throw Self.atWork }
        if let applied, applied != names {
            throw BackupFailure.otherSchema(store: applied.last ?? "none", backup: names.last ?? "none")
        }
        let store = try place.open(schema, isAlone: true)
        do {
            try await refuseAtWork(store)
            try await backup.restore(into: store, replaces: replace)
            await store.close()
        } catch {
            await store.close()
            if applied == nil { place.removeFile() }
            throw error
        }
    }

    private static let atWork = Refusal(PostgresStore.atWork)

    /// On a server no step can be begun while others are there.
    private func refuseAtWork(_ store: any Store) async throws {
        do {
            try await store.write { _ in }
        } catch StoreFailure.unavailable(PostgresStore.atWork) {
            throw Self.atWork
        }
    }
}
