import ArgumentParser
import Commerce
import Pipeline

/// `crossdock maintain`
struct MaintainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintain", abstract: "Forget what is old, make room for what comes, tidy the store; or one task.",
        discussion: """
            A hub that serves forgets ended tasks and old calls by itself, every hour. This does it now, and has the \
            store look at its tables anew: after a large import, or when much was deleted. A hub may serve meanwhile, \
            but not with --thorough, which gives room back to the disk and keeps others waiting.

            With the name of a task it does that one alone: prune (ended tasks and old calls, as every hour), \
            cleanup-old-logs (ended tasks, dead letters, kept answers; daily at 2), cleanup-webhook-deliveries (what \
            vendors said, and what webhooks were told; Sundays at 2), verify (see crossdock verify), drain (all that \
            is due, once, for cron where no hub runs). crossdock schedules task changes when they are done.

            Example: crossdock maintain drain --seconds 240
            """)

    @Argument(help: "prune, cleanup-old-logs, cleanup-webhook-deliveries, verify or drain; none: all that is old.")
    var task: String?
    @Option(help: "How long drain works at most, in seconds.")
    var seconds = 240
    @Option(help: "Forget changes of records older than this. Without it the change log is kept for ever.")
    var forgetChangesDays: Int?
    @Flag(
        help: "Seal values of persons that an older release has left as they were; then every hub must be of this one.")
    var sealPersons = false
    @Flag(help: "Also give room back to the disk, although others wait meanwhile.")
    var thorough = false
    @OptionGroup var options: HubOptions

    /// Changes younger than this are never forgotten, in days: whoever follows the log may be so far behind.
    private static let fewestDays = 30
    private static let drain = "drain"

    func run() async throws {
        try await Terminal.run {
            try check()
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let said = try await work(open.hub)
            if options.json {
                print(JSON.object(["done": .array(said.map { .string($0) })]).text)
            } else {
                for sentence in said { print(sentence) }
            }
            await open.close()
        }
    }

    private func check() throws {
        if let days = forgetChangesDays, !(Self.fewestDays...36_500).contains(days) {
            throw Refusal("--forget-changes-days must be from \(Self.fewestDays) to 36500")
        }
        guard (1...86_400).contains(seconds) else { throw Refusal("--seconds must be from 1 to 86400") }
        guard let task else { return }
        guard task == Self.drain || Hub.OwnTask.upkeep.contains(where: { $0.rawValue == task }) else {
            throw Refusal("\"\(task)\" is no task of upkeep; there are: \(OwnTaskWord.all), \(Self.drain)")
        }
        guard forgetChangesDays == nil, !sealPersons, !thorough else {
            throw Refusal("--forget-changes-days, --seal-persons and --thorough are for maintain without a task")
        }
    }

    private func work(_ hub: Hub) async throws -> [String] {
        if task == Self.drain {
            return [try await Engine(hub).runOnce(atMostSeconds: Double(seconds)).sentence]
        }
        if let task = task.flatMap(Hub.OwnTask.init(rawValue:)) {
            let said = try await hub.maintain(task)
            return said.isEmpty ? ["nothing was old enough"] : said
        }
        let sealed = sealPersons ? try await hub.sealPersonalValues(by: Person.atThisTerminal) : []
        return try await sealed
            + hub.maintain(changesSeconds: forgetChangesDays.map { Double($0) * 86_400 }, isThorough: thorough)
    }
}

/// The names of the hub's own tasks, as commands take them.
enum OwnTaskWord {
    static var all: String { Hub.OwnTask.upkeep.map(\.rawValue).joined(separator: ", ") }

    static func task(_ word: String) throws -> Hub.OwnTask {
        guard let task = Hub.OwnTask(rawValue: word), Hub.OwnTask.upkeep.contains(task) else {
            throw Refusal("\"\(word)\" is no task of upkeep; there are: \(all)")
        }
        return task
    }
}
