import ArgumentParser
import Commerce
import Identity
import Pipeline

/// `crossdock groups`
struct GroupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "Sets of permissions that accounts can be given together.",
        discussion: """
            Example: crossdock groups set bookkeeping --permission see --permission audit
            """,
        subcommands: [GroupsListCommand.self, GroupsSetCommand.self, GroupsRemoveCommand.self],
        defaultSubcommand: GroupsListCommand.self)
}

/// `crossdock groups list`, and `crossdock groups` alone.
struct GroupsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the groups.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let groups = try await open.hub.groups()
            await open.close()
            if options.json { return print(JSON.array(groups.map(\.json)).text) }
            Terminal.table(
                groups.map { [$0.name, $0.permissions.map(\.rawValue).sorted().joined(separator: " ")] },
                header: ["NAME", "MAY"])
        }
    }
}

/// `crossdock groups set`
struct GroupsSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Make a group, or change what it may do.")

    @Argument(help: "Its name.")
    var name: String
    @Option(help: "What it may do: see, audit, operate, configure, admit; may be given several times.")
    var permission: [String]
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let group = Group(name: name, permissions: try PermissionWord.permissions(permission))
            let open = try OpenHub(options)
            try await open.hub.setGroup(group, by: Person.atThisTerminal)
            await open.close()
        }
    }
}

/// `crossdock groups remove`
struct GroupsRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove a group without members.")

    @Argument(help: "Its name.")
    var name: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.removeGroup(name, by: Person.atThisTerminal)
            await open.close()
        }
    }
}
