import ArgumentParser
import Audit
import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Queue

/// `crossdock dead`
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Tasks that were given up; each can be mended, run again or dropped.",
        discussion: "Example: crossdock dead retry --class refused --integration shop",
        subcommands: [DeadListCommand.self, DeadEditCommand.self, DeadRetryCommand.self, DeadDropCommand.self],
        defaultSubcommand: DeadListCommand.self)
}

/// `crossdock dead list`, and `crossdock dead` alone.
struct DeadListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List them.")

    @Option(help: "Let this task run again.")
    var run: Int?
    @Option(help: "Drop this task.")
    var drop: Int?
    @Flag(help: "How many failed with what.")
    var classes = false
    @OptionGroup var choice: DeadChoice
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            try await JobActions(open.hub, options).act(run: run, drop: drop)
            if classes {
                show(try await open.reports.deadClasses())
            } else if run == nil, drop == nil {
                show(try await open.reports.deadReports(choice.filter(open.reports, isAllMeant: true)))
            }
            await open.close()
        }
    }

    private func show(_ classes: [(errorClass: String, count: Int)]) {
        if options.json {
            let counts = classes.map { ["class": .string($0.errorClass), "count": .integer($0.count)] as JSON }
            return print(JSON.array(counts).text)
        }
        if classes.isEmpty { return print("No task was given up.") }
        Terminal.table(classes.map { [$0.errorClass, String($0.count)] }, header: ["CLASS", "TASKS"])
    }

    private func show(_ reports: [DeadReport]) {
        if options.json { return print(JSON.array(reports.map(\.json)).text) }
        if reports.isEmpty { return print("No task was given up.") }
        Terminal.table(
            reports.map {
                [
                    String($0.letter.id), $0.letter.queue, $0.integration, "\($0.letter.kind) \($0.title)",
                    $0.letter.errorClass, $0.letter.error,
                ]
            }, header: ["ID", "WORK", "INTEGRATION", "RECORD", "CLASS", "WHY"])
    }
}

/// `crossdock dead edit`
struct DeadEditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Show the payload of one, or give it another.",
        discussion: "Example: crossdock dead edit 812 --payload '{\"final\": true}', then crossdock dead retry 812")

    @Argument(help: "The task.")
    var id: Int
    @Option(help: "The payload as JSON, or @FILE. Without it the payload is shown.")
    var payload: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            if let payload {
                let bytes = try Self.bytes(payload)
                do {
                    guard try await open.hub.editDead(Int64(id), payload: bytes, by: Person.atThisTerminal) else {
                        throw HubError("task \(id) is no task that was given up")
                    }
                } catch let refusal as PayloadRefusal {
                    throw Refusal("\(refusal); task \(id) is as it was")
                }
                Terminal.note("task \(id) has its new payload; crossdock dead retry \(id) runs it")
            } else {
                guard let letter = try await open.hub.deadLetters(JobFilter(ids: [Int64(id)])).first else {
                    throw HubError("task \(id) is no task that was given up")
                }
                print(letter.payload)
            }
            await open.close()
        }
    }

    private static func bytes(_ text: String) throws -> [UInt8] {
        guard text.hasPrefix("@") else { return Array(text.utf8) }
        let path = String(text.dropFirst())
        guard let handle = FileHandle(forReadingAtPath: path) else { throw Refusal("the file \(path) cannot be read") }
        // One byte more than is allowed is enough to see that it is too long.
        return Array(try handle.read(upToCount: PayloadRule.byteLimit + 1) ?? Data())
    }
}

/// Which of the tasks that were given up are meant.
struct DeadChoice: ParsableArguments {
    @Argument(help: "The tasks; none: those the options name.")
    var ids: [Int] = []
    @Option(name: .customLong("class"), help: "Those that failed with this: refused, unreadable, refused:23505.")
    var errorClass: String?
    @Option(help: "Those of this integration.")
    var integration: String?
    @Option(help: "Those of this queue: receive, fetch, deliver, pull, task.")
    var queue: String?
    @Flag(help: "All of them.")
    var all = false

    /// `isAllMeant`: nothing named means all of them.
    func filter(_ hub: Hub, isAllMeant: Bool = false) async throws -> JobFilter {
        guard isAllMeant || !ids.isEmpty || errorClass != nil || integration != nil || queue != nil || all else {
            throw Refusal("name the tasks: their numbers, --class, --integration, --queue, or --all")
        }
        return JobFilter(
            queue: try QueueWord.queue(queue),
            integration: try await integration.asyncMap { try await hub.integration(named: $0).id },
            errorClass: errorClass, ids: ids.isEmpty ? nil : ids.map(Int64.init))
    }
}

/// `crossdock dead retry`
struct DeadRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "retry", abstract: "Let them run again.")

    @OptionGroup var choice: DeadChoice
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let done = try await open.hub.retryDead(choice.filter(open.hub), by: Person.atThisTerminal)
            if options.json {
                let answer: JSON = ["retried": .integer(done.retried), "superseded": .integer(done.superseded)]
                print(answer.text)
            } else {
                print("\(done.retried) will run again, \(done.superseded) are done by a newer task of the same record")
            }
            await open.close()
            if done.count == 0 { throw ExitCode(1) }
        }
    }
}

/// `crossdock dead drop`
struct DeadDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "drop", abstract: "Drop them.")

    @OptionGroup var choice: DeadChoice
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let count = try await open.hub.dropDead(choice.filter(open.hub), by: Person.atThisTerminal)
            print(options.json ? (["dropped": .integer(count)] as JSON).text : "\(count) dropped")
            await open.close()
            if count == 0 { throw ExitCode(1) }
        }
    }
}

/// Who gives a command.
enum Person {
    /// The user's name on this machine.
    static var atThisTerminal: AuditActor {
        AuditActor(.person, ProcessInfo.processInfo.userName, origin: "command line")
    }
}

/// The queues as people name them.
enum QueueWord {
    static func queue(_ word: String?) throws -> JobQueue? {
        guard let word else { return nil }
        guard let queue = JobQueue(rawValue: word) else {
            throw Refusal(
                "\"\(word)\" is no queue; there are: " + JobQueue.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return queue
    }
}

extension Optional {
    /// What a waiting step makes of the value, or nil.
    func asyncMap<Value>(_ step: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await step(self)
    }
}
