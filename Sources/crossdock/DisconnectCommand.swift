import ArgumentParser
import ConnectorKit
import Pipeline

/// `crossdock disconnect`
struct DisconnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect", abstract: "Take an integration away.",
        discussion: """
            Its settings, tokens, address, schedules and webhooks go at once, its tasks right after, its links two \
            minutes later. The records, the change log, what was written where, and the audit stay. It cannot be taken \
            back: connected anew, its orders count as new. To have it rest and lose nothing, pause it.

            Where something would be lost it is said, and nothing is done without --confirm NAME.
            """)

    @Argument(help: "The integration's name or id.")
    var name: String
    @Option(help: "Its name once more, where something would be lost.")
    var confirm: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            do {
                let removal = try await open.hub.remove(
                    integration.publicID, confirmed: confirm, by: Person.atThisTerminal)
                await open.close()
                guard let removal else { throw Refusal("\(name) is not there any more") }
                if options.json { return print(removal.json.text) }
                Terminal.note("took \(removal.name) away; its links are forgotten in two minutes, by a hub that runs")
            } catch IntegrationRefusal.unconfirmed(let removal) {
                await open.close()
                throw Refusal(
                    "\(removal.words); to take it away all the same: crossdock disconnect \(integration.name) "
                        + "--confirm \"\(integration.name)\". To have it rest and lose nothing, pause it")
            }
        }
    }
}
