import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Queue

/// `crossdock jobs`
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "The tasks that wait or run, and why.")

    @Option(help: "Only tasks in this state.")
    var state: String?
    @Option(help: "The most that are listed.")
    var limit = 50
    @Option(help: "Let this task run now.")
    var run: Int?
    @Option(help: "Drop this task.")
    var drop: Int?
    @Option(help: "Say why this task waits.")
    var why: Int?
    @Option(help: "Put this task off by --minutes.")
    var snooze: Int?
    @Option(help: "By how much --snooze puts off.")
    var minutes = 60
    @Option(help: "Keep this task until somebody lets it run.")
    var hold: Int?
    @Option(help: "Why --hold keeps it.")
    var reason = ""
    @OptionGroup var options: HubOptions

    /// The longest a task is put off, in minutes: a year.
    private static let longestMinutes = 525_600

    func run() async throws {
        try await Terminal.run {
            guard (1...Self.longestMinutes).contains(minutes) else {
                throw Refusal("--minutes must be from 1 to \(Self.longestMinutes)")
            }
            guard reason.utf8.count <= 500 else { throw Refusal("--reason has at most 500 bytes") }
            let open = try OpenHub(options)
            let actions = JobActions(open.hub, options)
            try await actions.act(run: run, drop: drop)
            try await actions.put(off: snooze, minutes: minutes)
            try await actions.keep(hold, reason: reason)
            if let why {
                try await JobActions(open.reports, options).explain(why)
            } else if run == nil, drop == nil, snooze == nil, hold == nil {
                var states: [JobState] = [.available, .scheduled, .running, .retryable, .held]
                if let state {
                    guard let one = JobState(rawValue: state) else {
                        throw Refusal(
                            "\"\(state)\" is no state; there are: "
                                + JobState.allCases.map(\.rawValue).joined(separator: ", ")
                        )
                    }
                    states = [one]
                }
                try await JobActions(open.reports, options).list(states, limit: limit, empty: "Nothing waits.")
            }
            await open.close()
        }
    }
}

/// What the job commands have in common.
struct JobActions {
    let hub: Hub
    let options: HubOptions

    init(_ hub: Hub, _ options: HubOptions) {
        self.hub = hub
        self.options = options
    }

    func act(run: Int?, drop: Int?) async throws {
        if let run {
            guard try await hub.runNow(job: Int64(run), by: Person.atThisTerminal) else {
                throw HubError("task \(run) is not there, or it is running")
            }
            Terminal.note("task \(run) will run now")
        }
        if let drop {
            guard try await hub.cancel(job: Int64(drop), by: Person.atThisTerminal) else {
                throw HubError("task \(drop) is not there, or it is running")
            }
            Terminal.note("task \(drop) was dropped")
        }
    }

    func put(off id: Int?, minutes: Int) async throws {
        guard let id else { return }
        let until = hub.now.adding(seconds: Double(minutes) * 60)
        guard try await hub.snooze(job: Int64(id), until: until, by: Person.atThisTerminal) else {
            throw HubError("task \(id) is not there, or it does not wait")
        }
        Terminal.note("task \(id) waits until \(until)")
    }

    func keep(_ id: Int?, reason: String) async throws {
        guard let id else { return }
        guard try await hub.hold(job: Int64(id), reason: reason, by: Person.atThisTerminal) else {
            throw HubError("task \(id) is not there, or it does not wait")
        }
        Terminal.note("task \(id) is held; crossdock jobs --run \(id) lets it run")
    }

    func explain(_ id: Int) async throws {
        guard let sentence = try await hub.why(job: Int64(id)) else { throw HubError("task \(id) is not there") }
        print(options.json ? (["id": .integer(id), "why": .string(sentence)] as JSON).text : sentence)
    }

    func list(_ states: [JobState], limit: Int, empty: String) async throws {
        guard (1...500).contains(limit) else { throw Refusal("--limit must be from 1 to 500") }
        let jobs = try await hub.jobs(in: states, limit: limit)
        if options.json { return print(JSON.array(jobs.map(\.json)).text) }
        if jobs.isEmpty { return print(empty) }
        Terminal.table(
            jobs.map {
                [
                    String($0.id), $0.state.rawValue, $0.queue.rawValue, $0.integration,
                    $0.subject, $0.why(now: hub.now),
                ]
            },
            header: ["ID", "STATE", "WORK", "INTEGRATION", "RECORD", "WHY"])
    }
}

/// `crossdock conflicts`
struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Parts that both sides changed; a person decides.",
        discussion: "Example: crossdock conflicts --resolve 812 --use theirs")

    @Option(help: "Decide this conflict.")
    var resolve: Int?
    @Option(help: "theirs (the far side), ours (the hub), or a JSON value.")
    var use: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            if let resolve {
                let choice = try choice()
                guard try await open.hub.resolve(conflict: Int64(resolve), choice, by: Person.atThisTerminal) else {
                    throw HubError("no conflict \(resolve) is open")
                }
                Terminal.note("conflict \(resolve) is decided; the other side is brought in step")
            } else {
                try await list(open.reports)
            }
            await open.close()
        }
    }

    private func choice() throws -> ConflictChoice {
        guard let use else { throw Refusal("--resolve needs --use theirs, --use ours or --use VALUE") }
        if let word = ConflictChoice(word: use) { return word }
        guard let value = try? JSON(parsing: use) else {
            throw Refusal("--use \(use): neither theirs, ours nor a JSON value")
        }
        return .value(value)
    }

    private func list(_ hub: Hub) async throws {
        let conflicts = try await hub.conflicts()
        if options.json { return print(JSON.array(conflicts.map(\.json)).text) }
        if conflicts.isEmpty { return print("No conflict is open.") }
        for conflict in conflicts {
            print(
                "\(conflict.id)  \(conflict.kind.rawValue) \(conflict.title), \(conflict.part) "
                    + "(since \(conflict.openedAt))"
            )
            print("    \(conflict.integration) has  \(Terminal.value(conflict.theirs))")
            print("    the hub has  \(Terminal.value(conflict.ours))")
            print("    both had     \(Terminal.value(conflict.base))")
        }
    }
}
