import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Queue

/// `crossdock schedules`
struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules", abstract: "What is done again and again, and when next.",
        discussion: "Example: crossdock schedules set shop order --cron '0 6 * * mon-fri' --zone Asia/Colombo",
        subcommands: [
            ScheduleListCommand.self, ScheduleSetCommand.self, ScheduleRemoveCommand.self, ScheduleTaskCommand.self,
        ],
        defaultSubcommand: ScheduleListCommand.self)
}

/// `crossdock schedules list`, and `crossdock schedules` alone.
struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List them.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let schedules = try await open.reports.schedules()
            let names = Dictionary(
                try await open.reports.integrations().map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
            if options.json {
                print(JSON.array(schedules.map { $0.json(names) }).text)
            } else if schedules.isEmpty {
                print("No schedule yet; kinds are read at the interval of their integration.")
            } else {
                Terminal.table(
                    schedules.map {
                        [
                            $0.side(names), $0.what, $0.cadence.description, $0.afterDowntime.rawValue,
                            $0.lastAt?.description ?? "never", $0.problem ?? $0.nextAt?.description ?? "never",
                        ]
                    }, header: ["INTEGRATION", "WHAT", "HOW OFTEN", "AFTER DOWNTIME", "LAST", "NEXT"])
            }
            await open.close()
        }
    }
}

/// `crossdock schedules set`
struct ScheduleSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Read a kind of an integration by a schedule of its own.")

    @Argument(help: "The integration's name.")
    var name: String
    @Argument(help: "The kind: product, customer, order, ...")
    var kind: String
    @OptionGroup var times: TimesOptions
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let cadence = try times.cadence()
            let kind = try KindWord.kind(kind)
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            let schedule = try await open.hub.schedule(
                integration, kind, cadence, afterDowntime: times.afterDowntime, by: Person.atThisTerminal)
            print(
                options.json
                    ? schedule.json([integration.id: integration.name]).text
                    : "\(integration.name) \(kind.rawValue): \(schedule.cadence), next at "
                        + (schedule.nextAt?.description ?? "never"))
            await open.close()
        }
    }
}

/// When something is done again and again.
struct TimesOptions: ParsableArguments {
    @Option(help: "A cron line: minute hour day month weekday.")
    var cron: String?
    @Option(help: "The time zone of the cron line.")
    var zone = "UTC"
    @Option(help: "hourly, 4-hourly, daily, weekly, or a number of minutes.")
    var every: String?
    @Flag(help: "After a downtime, make up for missed times with one run; else they are left out.")
    var catchUp = false

    var afterDowntime: AfterDowntime { catchUp ? .catchUp : .skip }
    var areGiven: Bool { cron != nil || every != nil }

    func cadence() throws -> Cadence {
        do {
            switch (cron, every) {
            case (let line?, nil): return try Cadence(cron: line, zone: zone)
            case (nil, let word?):
                if let minutes = Int(word) { return try Cadence(minutes: minutes) }
                return try Cadence(word: word)
            default: throw Refusal("give --cron or --every, one of them")
            }
        } catch let refusal as ScheduleRefusal {
            throw Refusal(refusal.description)
        }
    }
}

/// `crossdock schedules task`
struct ScheduleTaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task", abstract: "Do a task of upkeep at other times, or (--usual) as usual again.",
        discussion: "Example: crossdock schedules task cleanup-old-logs --cron '30 3 * * *' --zone Asia/Colombo")

    @Argument(help: "prune, cleanup-old-logs, cleanup-webhook-deliveries or verify.")
    var task: String
    @Flag(help: "At its usual times; verify has none.")
    var usual = false
    @OptionGroup var times: TimesOptions
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let task = try OwnTaskWord.task(task)
            guard usual != times.areGiven else { throw Refusal("give --cron or --every, or --usual alone") }
            let cadence = usual ? nil : try times.cadence()
            let open = try OpenHub(options)
            let schedule =
                if let cadence {
                    try await open.hub.schedule(
                        task, cadence, afterDowntime: times.afterDowntime, by: Person.atThisTerminal) as Schedule?
                } else {
                    try await open.hub.scheduleAsUsual(task, by: Person.atThisTerminal)
                }
            if options.json {
                print((schedule?.json([:]) ?? .null).text)
            } else if let schedule {
                print("\(task.rawValue): \(schedule.cadence), next at \(schedule.nextAt?.description ?? "never")")
            } else {
                print("\(task.rawValue) is not done by itself")
            }
            await open.close()
        }
    }
}

/// `crossdock schedules remove`
struct ScheduleRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Read a kind at its integration's interval again.")

    @Argument(help: "The integration's name.")
    var name: String
    @Argument(help: "The kind.")
    var kind: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let kind = try KindWord.kind(kind)
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            guard try await open.hub.unschedule(integration, kind, by: Person.atThisTerminal) else {
                throw HubError("\(name) has no schedule for \(kind.rawValue)s")
            }
            Terminal.note("\(name) \(kind.rawValue)s are read at the integration's interval again")
            await open.close()
        }
    }
}

extension Schedule {
    fileprivate func side(_ names: [Int64: String]) -> String {
        if case .pull(let integration, _) = subject { names[integration] ?? String(integration) } else { "(hub)" }
    }

    fileprivate var what: String {
        switch subject {
        case .pull(_, let kind): "read \(kind.rawValue)s"
        case .task(let name): name
        }
    }

    fileprivate func json(_ names: [Int64: String]) -> JSON {
        [
            "integration": .string(side(names)), "what": .string(what), "cadence": .string(cadence.description),
            "afterDowntime": .string(afterDowntime.rawValue), "lastAt": .text(lastAt?.description),
            "nextAt": .text(nextAt?.description), "problem": .text(problem),
        ]
    }
}

/// `crossdock pause`
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop work of an integration or of a queue; what runs is done to its end.",
        discussion: "Example: crossdock pause shop --queue deliver --reason stocktaking")

    @Argument(help: "The integration's name; none: all.")
    var name: String?
    @Option(help: "Only this queue: receive, fetch, deliver, pull, task.")
    var queue: String?
    @Option(help: "Why, for whoever asks.")
    var reason = ""
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let queue = try QueueWord.queue(queue)
            guard reason.utf8.count <= 500 else { throw Refusal("--reason has at most 500 bytes") }
            let open = try OpenHub(options)
            let integration = try await name.asyncMap { try await open.hub.integration(named: $0) }
            let isNew = try await open.hub.pause(integration, queue, by: Person.atThisTerminal, reason: reason)
            Terminal.note(isNew ? "paused" : "it was paused already; crossdock jobs --why ID says by whom")
            await open.close()
        }
    }
}

/// `crossdock resume`
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let work go on that was paused with the same words.")

    @Argument(help: "The integration's name; none: all.")
    var name: String?
    @Option(help: "Only this queue.")
    var queue: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let queue = try QueueWord.queue(queue)
            let open = try OpenHub(options)
            let integration = try await name.asyncMap { try await open.hub.integration(named: $0) }
            guard try await open.hub.resume(integration, queue, by: Person.atThisTerminal) else {
                throw HubError(try await whatIsPaused(open.hub))
            }
            Terminal.note("it goes on")
            await open.close()
        }
    }

    private func whatIsPaused(_ hub: Hub) async throws -> String {
        let pauses = try await hub.pauses()
        guard !pauses.isEmpty else { return "nothing is paused" }
        let names = Dictionary(
            try await hub.integrations().map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let words = pauses.map { pause in
            let name = pause.integration.map { names[$0] ?? String($0) }
            return [name, pause.queue.map { "--queue \($0.rawValue)" }].compactMap(\.self).joined(separator: " ")
        }
        return "exactly that is not paused; paused are: "
            + words.map { $0.isEmpty ? "everything" : $0 }.joined(separator: ", ")
    }
}

/// A kind of record as somebody names it: `order`, or `orders`.
enum KindWord {
    static func kind(_ word: String) throws -> RecordKind {
        if let kind = RecordKind.allCases.first(where: { [$0.rawValue, $0.plural].contains(word.lowercased()) }) {
            return kind
        }
        let known = RecordKind.allCases.map(\.rawValue).joined(separator: ", ")
        throw Refusal("\"\(word)\" is no kind; there are: \(known)")
    }
}
