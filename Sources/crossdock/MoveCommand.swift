import ArgumentParser
import Commerce
import Foundation
import Pipeline
import Store
import StorePostgres

/// `crossdock move`
struct MoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Copy a hub from SQLite into PostgreSQL.",
        discussion: """
            Stop the hub first. Every table is copied, then counted and hashed on both sides; broken off, the move can \
            be run again. The source is left as it is. The encryption key does not move: give the new hub the same.
            """)

    @Option(help: "The store that is copied: a file, or sqlite:FILE.")
    var from: String
    @Option(help: "The empty store it is copied into: postgres://USER@HOST/DATABASE.")
    var to: String
    @Flag(help: "Answer in JSON.")
    var json = false

    func run() async throws {
        try await Terminal.run {
            let environment = try HubEnvironment()
            guard case .file(let path) = try StorePlace.kind(of: from, environment) else {
                throw Refusal("--from must name a store on SQLite: sqlite:FILE")
            }
            guard case .server(let address) = try StorePlace.kind(of: to, environment) else {
                throw Refusal("--to must name a store on PostgreSQL: postgres://USER@HOST/DATABASE")
            }
            guard FileManager.default.fileExists(atPath: path) else { throw Refusal("there is no store \(path)") }
            let source = try SQLiteStore(path: path, migrations: Hub.migrations)
            let target = try PostgresStore(address, migrations: Hub.migrations, isBeingMoved: true)
            let isJSON = json
            try await StoreMove(source: source, target: target).run { moved in
                if isJSON {
                    print(
                        JSON.object([
                            "table": .string(moved.table), "rows": .integer(moved.rows), "sha256": .string(moved.hash),
                        ]).text)
                } else {
                    print("\(moved.table)  \(moved.rows) rows  \(moved.hash.prefix(16))")
                }
            }
            Terminal.note("moved to \(address.words). Start the hub with --store and the same encryption key")
            await target.close()
            await source.close()
        }
    }
}
