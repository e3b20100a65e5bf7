import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Queue

/// `crossdock batches`
struct BatchesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batches", abstract: "Work that is counted together, and how far it has come.",
        discussion: "Example: crossdock sync shop --later, then crossdock batches")

    @Option(help: "Only this batch.")
    var id: Int?
    @Option(help: "Drop what is left of this batch.")
    var drop: Int?
    @Option(help: "Why it is dropped.")
    var reason = ""
    @Option(help: "The most that are listed.")
    var limit = 50
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard (1...500).contains(limit) else { throw Refusal("--limit must be from 1 to 500") }
            guard reason.utf8.count <= 500 else { throw Refusal("--reason has at most 500 bytes") }
            let open = try OpenHub(options)
            if let drop { try await cancel(drop, open.hub) } else { show(try await batches(open.reports)) }
            await open.close()
        }
    }

    private func batches(_ hub: Hub) async throws -> [BatchProgress] {
        guard let id else { return try await hub.batches(limit: limit) }
        guard let batch = try await hub.batch(Int64(id)) else { throw HubError("there is no batch \(id)") }
        return [batch]
    }

    private func cancel(_ id: Int, _ hub: Hub) async throws {
        guard let done = try await hub.cancelBatch(Int64(id), by: Person.atThisTerminal, reason: reason) else {
            throw HubError("there is no batch \(id) that goes on")
        }
        print(options.json ? done.json.text : done.words)
    }

    private func show(_ batches: [BatchProgress]) {
        if options.json { return print(JSON.array(batches.map(\.json)).text) }
        if batches.isEmpty { return print("No batch yet; crossdock sync NAME --later makes one.") }
        Terminal.table(
            batches.map {
                [
                    String($0.id), $0.name, $0.stateWord, "\(Int($0.fraction * 100)) %", String($0.done),
                    String($0.failed), String($0.left),
                ]
            }, header: ["ID", "WHAT", "STATE", "", "DONE", "GIVEN UP", "LEFT"])
    }
}

/// `crossdock cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Drop the tasks of an integration or of a queue that wait.",
        discussion: """
            What runs is done to its end and not tried again. Tasks that were given up stay; crossdock dead drop drops \
            them. Example: crossdock cancel shop --queue deliver --reason 'wrong price list'
            """)

    @Argument(help: "The integration's name; none: all.")
    var name: String?
    @Option(help: "Only this queue: receive, fetch, deliver, pull, task.")
    var queue: String?
    @Flag(help: "All tasks of all integrations and queues.")
    var all = false
    @Option(help: "Why, for whoever asks.")
    var reason = ""
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let queue = try QueueWord.queue(queue)
            guard name != nil || queue != nil || all else {
                throw Refusal("name what is dropped: an integration, --queue, or --all")
            }
            guard reason.utf8.count <= 500 else { throw Refusal("--reason has at most 500 bytes") }
            let open = try OpenHub(options)
            let integration = try await name.asyncMap { try await open.hub.integration(named: $0).id }
            let done = try await open.hub.cancelAll(
                JobFilter(queue: queue, integration: integration), by: Person.atThisTerminal, reason: reason)
            print(options.json ? done.json.text : done.words)
            await open.close()
            if done.dropped + done.asked == 0 { throw ExitCode(1) }
        }
    }
}

extension JobTable.Cancelled {
    fileprivate var words: String { "\(dropped) dropped, \(asked) under way are not tried again" }
    fileprivate var json: JSON { ["dropped": .integer(dropped), "asked": .integer(asked)] }
}
