import ArgumentParser
import Commerce
import Console
import Identity
import Pipeline

/// `crossdock token`
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token; it stands alone on the last line.",
        discussion: """
            A token cannot be looked up again. Its id, which says nothing about it, is told beside it: with that it is \
            taken back before its time.

            Examples: crossdock token --role viewer --days 7
                      crossdock token --revoke 9f2c41d07b3a5e68
            """)

    @Option(help: "admin, operator, viewer or integration.")
    var role: String?
    @Option(help: "The organization it is for.")
    var organization = "default"
    @Option(help: "How long it is valid, in days.")
    var days = Tokens.usualDays
    @Option(help: "Take back the token of this id.")
    var revoke: String?
    @OptionGroup var options: HubOptions

    func validate() throws {
        guard role == nil, revoke == nil else { return }
        throw ValidationError("Missing expected argument '--role <role>', or '--revoke <id>'")
    }

    func run() async throws {
        try await Terminal.run {
            if let revoke { return try await takeBack(revoke) }
            guard let role = try RoleWord.role(role) else { throw Refusal("give a --role") }
            guard organization == "default" else {
                throw Refusal("this version keeps one organization, \"default\"; more come with a later one")
            }
            let open = try OpenHub(options)
            do {
                let tokens = try await TokenKey.tokens(open)
                let token = try await tokens.make(role: role, organization: organization, days: days, now: open.hub.now)
                Terminal.note("its id is \(Tokens.id(of: token)); take it back with crossdock token --revoke ID")
                print(options.json ? json(token).text : token)
            } catch let failure as TokenFailure {
                throw Refusal(failure.description)
            }
            await open.close()
        }
    }

    private func json(_ token: String) -> JSON {
        ["token": .string(token), "id": .string(Tokens.id(of: token)), "days": .integer(days)]
    }

    private func takeBack(_ id: String) async throws {
        let open = try OpenHub(options)
        try await open.hub.revokeToken(id, by: Person.atThisTerminal)
        await open.close()
        Terminal.note("the token is taken back; hubs that run know it within two seconds")
    }
}
