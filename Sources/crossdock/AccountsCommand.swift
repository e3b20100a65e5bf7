import ArgumentParser
import Commerce
import Foundation
import Identity
import Pipeline

/// `crossdock accounts`
struct AccountsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts", abstract: "People who sign in with a name and a password.",
        discussion: """
            A password is asked for, or read from the first line of standard input; never from the command line, where \
            others of this machine see it.

            Examples: crossdock accounts add mara --role operator
                      crossdock accounts change mara --group integration/sync --blocked false
                      crossdock accounts password mara < password.txt
            """,
        subcommands: [
            AccountsListCommand.self, AccountsAddCommand.self, AccountsChangeCommand.self,
            AccountsPasswordCommand.self, AccountsRemoveCommand.self,
        ], defaultSubcommand: AccountsListCommand.self)
}

/// `crossdock accounts list`, and `crossdock accounts` alone.
struct AccountsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the accounts.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let (accounts, now) = (try await open.hub.accounts(), open.hub.now)
            await open.close()
            if options.json { return print(JSON.array(accounts.map { $0.json(at: now) }).text) }
            guard !accounts.isEmpty else {
                return print("No account yet. Make one: crossdock accounts add NAME --role admin")
            }
            Terminal.table(
                accounts.map { account in
                    [
                        account.name, account.role?.rawValue ?? "-",
                        account.groups.isEmpty ? "-" : account.groups.joined(separator: " "), account.standing(at: now),
                        account.signedInAt?.description ?? "never",
                    ]
                }, header: ["NAME", "ROLE", "GROUPS", "STATE", "LAST SIGN-IN"])
        }
    }
}

/// `crossdock accounts add`
struct AccountsAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Make an account.")

    @Argument(help: "What the person signs in with: a name or an e-mail address.")
    var name: String
    @Option(help: "admin, operator, viewer or integration; none: only what the groups may.")
    var role: String?
    @Option(help: "A group it is in; may be given several times.")
    var group: [String] = []
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let role = try RoleWord.role(role)
            guard role != nil || !group.isEmpty else { throw Refusal("give a --role or a --group") }
            let open = try OpenHub(options)
            let password = try PasswordInput.read()
            try await open.hub.addAccount(
                name, password: password, role: role, groups: group, by: Person.atThisTerminal)
            await open.close()
            Terminal.note("\(name) may sign in now")
        }
    }
}

/// `crossdock accounts change`
struct AccountsChangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change", abstract: "Change what an account may do; what is not given stays.")

    @Argument(help: "The account.")
    var name: String
    @Option(help: "admin, operator, viewer, integration, or none.")
    var role: String?
    @Option(help: "The groups it is in from now on; may be given several times; none: in no group.")
    var group: [String] = []
    @Option(help: "Whether it may not sign in: true or false.")
    var blocked: Bool?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let (isRoleGiven, role) = (role != nil, try role == "none" ? nil : RoleWord.role(role))
            guard isRoleGiven || !group.isEmpty || blocked != nil else {
                throw Refusal("nothing is to be changed: give --role, --group or --blocked")
            }
            let (groups, blocked) = (group, blocked)
            let open = try OpenHub(options)
            try await open.hub.changeAccount(name, by: Person.atThisTerminal) { account in
                if isRoleGiven { account.role = role }
                if !groups.isEmpty { account.groups = groups == ["none"] ? [] : groups }
                if let blocked { account.isBlocked = blocked }
            }
            await open.close()
        }
    }
}

/// `crossdock accounts password`
struct AccountsPasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Set a password; it opens a shut account, and ends its sign-ins.")

    @Argument(help: "The account.")
    var name: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.setPassword(of: name, to: PasswordInput.read(), by: Person.atThisTerminal)
            await open.close()
            Terminal.note("the password is set; \(name) is signed out everywhere")
        }
    }
}

/// `crossdock accounts remove`
struct AccountsRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an account, and end its sign-ins.")

    @Argument(help: "The account.")
    var name: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await open.hub.removeAccount(name, by: Person.atThisTerminal)
            await open.close()
        }
    }
}

/// Words for roles.
enum RoleWord {
    static func role(_ word: String?) throws -> Role? {
        guard let word else { return nil }
        guard let role = Role(rawValue: word) else {
            throw Refusal("--role \(word): must be one of \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return role
    }
}

/// How a password is asked for.
enum PasswordInput {
    /// From a terminal without showing it, twice; else the first line of standard input.
    static func read() throws -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine(strippingNewline: true), !line.isEmpty else {
                throw Refusal("no password stands on the first line of standard input")
            }
            return line
        }
        let (first, second) = (try hidden("Password: "), try hidden("Once more: "))
        guard first == second else { throw Refusal("the two are not the same; nothing was changed") }
        return first
    }

    private static func hidden(_ question: String) throws -> String {
        FileHandle.standardError.write(Data(question.utf8))
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { throw Refusal("this terminal cannot hide what is typed") }
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0 else {
            throw Refusal("this terminal cannot hide what is typed")
        }
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine(strippingNewline: true) ?? ""
    }
}
