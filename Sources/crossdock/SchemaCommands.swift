import ArgumentParser
import Commerce
import Pipeline
import Store
import StorePostgres

/// `crossdock migrate`
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the store's schema up to date, and end.",
        discussion: """
            Every hub does it when it starts; as a job of its own it is done before the first of many starts. All that \
            is missing is applied in one transaction, or nothing; it may be run twice, and by two at once.
            """)

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let environment = try HubEnvironment()
            try LogSettings.bootstrap(environment)
            let place = try StorePlace(options, environment)
            let change = try place.migrate(Hub.migrations)
            let (from, to) = (change.before.last, change.after.last ?? "")
            if options.json {
                print(
                    JSON.object([
                        "from": from.map(JSON.string) ?? .null, "to": .string(to),
                        "applied": .array(change.applied.map(JSON.string)),
                    ]).text)
            } else if change.applied.isEmpty {
                print("the schema is at \(to); there was nothing to do")
            } else {
                for name in change.applied { print("applied \(name)") }
                print("the schema went from \(from ?? "nothing") to \(to)")
            }
        }
    }
}

/// `crossdock schema`
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Which migrations a store has; --print writes the whole schema as SQL.",
        discussion: "Example: crossdock schema --print --dialect postgres >schema.sql")

    @Flag(name: .customLong("print"), help: "Write the whole schema as SQL. No store is opened.")
    var prints = false
    @Option(help: "With --print: sqlite or postgres; else that of the store the options name.")
    var dialect: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let environment = try HubEnvironment()
            try LogSettings.bootstrap(environment)
            if prints { return try show(environment) }
            guard dialect == nil else { throw Refusal("--dialect needs --print") }
            let place = try StorePlace(options, environment)
            let applied = try place.migrations() ?? []
            let known = Hub.migrations.map(\.name)
            let all = known + applied.filter { !known.contains($0) }
            let rows = all.map { name in
                (name, !known.contains(name) ? "of a newer Crossdock" : applied.contains(name) ? "applied" : "missing")
            }
            if options.json {
                print(JSON.array(rows.map { .object(["name": .string($0.0), "state": .string($0.1)]) }).text)
            } else {
                Terminal.table(rows.map { [$0.0, $0.1] }, header: ["MIGRATION", "STATE"])
            }
        }
    }

    private func show(_ environment: HubEnvironment) throws {
        if options.json { throw Refusal("--print writes SQL; it does not go with --json") }
        switch try wished(environment) {
        case .sqlite: print(SQLiteStore.script(Hub.migrations), terminator: "")
        case .postgres: print(PostgresStore.script(Hub.migrations), terminator: "")
        }
    }

    private func wished(_ environment: HubEnvironment) throws -> StoreDialect {
        guard let dialect else {
            if case .server = try StorePlace.kind(options, environment) { return .postgres }
            return .sqlite
        }
        guard let found = StoreDialect(rawValue: dialect) else {
            throw Refusal("--dialect \(dialect): must be sqlite or postgres")
        }
        return found
    }
}
