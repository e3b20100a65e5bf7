import ArgumentParser
import Commerce
import Intake
import Pipeline

/// `crossdock deliveries`
struct DeliveriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "Vendors' calls as they were stored: look, understand once more, test.",
        discussion: """
            Calls are kept for ninety days. What is shown is masked: no secret, and nothing of a person.

            Examples: crossdock deliveries --state rejected --integration shop
                      crossdock deliveries show 4711
                      crossdock deliveries replay --state rejected --since 2026-11-20
                      crossdock deliveries test shop
            """,
        subcommands: [
            DeliveriesListCommand.self, DeliveriesShowCommand.self, DeliveriesReplayCommand.self,
            DeliveriesTestCommand.self,
        ], defaultSubcommand: DeliveriesListCommand.self)
}

/// Which calls are meant.
struct DeliveryChoice: ParsableArguments {
    @Option(help: "Of this integration.")
    var integration: String?
    @Option(help: "In this state: received, understood, ignored or rejected.")
    var state: String?
    @Option(help: "With this topic, as the vendor names it.")
    var topic: String?
    @Option(help: "From this time on: 2026-11-20 or 2026-11-20T08:00:00Z.")
    var since: String?
    @Option(help: "Until before this time.")
    var until: String?

    var isEmpty: Bool { [integration, state, topic, since, until].allSatisfy { $0 == nil } }

    func filter(_ hub: Hub) async throws -> DeliveryFilter {
        var filter = DeliveryFilter()
        filter.state = try state.map { word in
            guard let state = DeliveryState(rawValue: word) else {
                throw Refusal("--state \(word): must be received, understood, ignored or rejected")
            }
            return state
        }
        filter.topic = topic
        filter.since = try since.map(AuditListCommand.moment)
        filter.until = try until.map(AuditListCommand.moment)
        if let integration { filter.integration = try await hub.integration(named: integration).id }
        return filter
    }
}

/// `crossdock deliveries list`, and `crossdock deliveries` alone.
struct DeliveriesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List them, the latest first.")

    @OptionGroup var choice: DeliveryChoice
    @Option(help: "The most that are listed.")
    var limit = 50
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard limit > 0 else { throw Refusal("--limit must be 1 or more") }
            let open = try OpenHub(options)
            let found = try await open.reports.deliveries(choice.filter(open.reports), limit: limit)
            await open.close()
            if options.json { return print(JSON.array(found.map(\.json)).text) }
            guard !found.isEmpty else { return print("No call is stored that is meant.") }
            Terminal.table(
                found.map {
                    [
                        String($0.report.id), $0.report.receivedAt.description, $0.integration ?? "gone",
                        $0.report.topic, $0.report.state.rawValue, "\($0.report.repeats)", $0.report.detail ?? "-",
                    ]
                }, header: ["ID", "RECEIVED", "INTEGRATION", "TOPIC", "STATE", "REPEATS", "WHAT CAME OF IT"])
        }
    }
}

/// `crossdock deliveries show`
struct DeliveriesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one and what it said, masked, as JSON.")

    @Argument(help: "The call.")
    var id: Int
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let found = try await open.hub.delivery(Int64(id))
            await open.close()
            guard let found else { throw Refusal("there is no stored call \(id)") }
            print(found.json.text)
        }
    }
}

/// `crossdock deliveries replay`
struct DeliveriesReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Have calls understood once more, by the way every call goes.",
        discussion: "Name them, or say which are meant; of those the latest \(Hub.replayLimit) are taken.")

    @Argument(help: "The calls.")
    var ids: [Int] = []
    @OptionGroup var choice: DeliveryChoice
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard ids.isEmpty != choice.isEmpty else {
                throw Refusal("name the calls, or say which are meant (--state, --integration, ...); not both")
            }
            let (ids, actor) = (ids.map(Int64.init), Person.atThisTerminal)
            let open = try OpenHub(options)
            let replayed =
                ids.isEmpty
                ? try await open.hub.replay(choice.filter(open.hub), by: actor)
                : try await open.hub.replay(deliveries: ids, by: actor)
            await open.close()
            if options.json { return print(JSON.array(replayed.map { .string(String($0)) }).text) }
            print(
                replayed.count == 1
                    ? "1 call is understood once more" : "\(replayed.count) calls are understood once more")
        }
    }
}

/// `crossdock deliveries test`
struct DeliveriesTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send an integration a call without meaning, signed with its own secret.",
        discussion: "It tries the secret and the way behind the door; the network before it is not tried.")

    @Argument(help: "The integration.")
    var name: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            let reception = try await open.hub.sampleWebhook(to: integration, by: Person.atThisTerminal)
            await open.close()
            guard case .stored(let id) = reception else {
                throw HubError("the hub does not take its own test call: \(reception)")
            }
            print(options.json ? JSON.object(["deliveryId": .string(String(id))]).text : "taken as call \(id)")
        }
    }
}
