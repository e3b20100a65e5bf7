import ArgumentParser
import Audit
import Commerce
import Pipeline

/// `crossdock audit`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "What people and programs did to this hub, and whether that was altered.",
        discussion: """
            Example: crossdock audit list --subject integration --since 2026-11-01
            Example: crossdock audit verify --head 812:9f2c... (the head that an earlier verify printed)
            """,
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self], defaultSubcommand: AuditListCommand.self)
}

/// `crossdock audit list`, and `crossdock audit` alone.
struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the lines, the latest first; with --json as a compliance export.")

    @Option(help: "What it was done to: integration, job, conflict, work, batch.")
    var subject: String?
    @Option(help: "Which one, by its id.")
    var id: String?
    @Option(help: "Who did it, by name.")
    var by: String?
    @Option(help: "What was done: integration.changed, conflict.resolved, ...")
    var action: String?
    @Option(help: "From this time on: 2026-11-20 or 2026-11-20T08:00:00Z.")
    var since: String?
    @Option(help: "Until before this time.")
    var until: String?
    @Option(help: "The most that are listed; 0: all.")
    var limit = 50
    @OptionGroup var options: HubOptions

    /// How many lines one step reads.
    private static let page = 1000

    func run() async throws {
        try await Terminal.run {
            guard limit >= 0 else { throw Refusal("--limit must be 0 or more") }
            var filter = AuditFilter()
            (filter.subject, filter.subjectID, filter.actor, filter.action) = (subject, id, by, action)
            filter.since = try since.map(Self.moment)
            filter.until = try until.map(Self.moment)
            if let action, AuditAction(rawValue: action) == nil {
                let known = AuditAction.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal("\"\(action)\" is no action; there are: \(known)")
            }
            let open = try OpenHub(options)
            let count = try await list(open.hub, filter)
            if count == 0, !options.json { print("No line of the audit is meant.") }
            await open.close()
        }
    }

    /// Page by page, so that an export of years needs no more memory than one of a day. In JSON one object a line.
    private func list(_ hub: Hub, _ filter: AuditFilter) async throws -> Int {
        var (filter, count) = (filter, 0)
        while limit == 0 || count < limit {
            let wanted = limit == 0 ? Self.page : min(Self.page, limit - count)
            let entries = try await hub.audit(filter, limit: wanted)
            for entry in entries { print(options.json ? entry.json.text : entry.line) }
            count += entries.count
            guard entries.count == wanted else { break }
            filter.before = entries.last?.number
        }
        return count
    }

    static func moment(_ text: String) throws -> Moment {
        guard let moment = Moment(iso: text) ?? Moment(iso: text + "T00:00:00Z") else {
            throw Refusal("\"\(text)\" is no time; write 2026-11-20 or 2026-11-20T08:00:00Z")
        }
        return moment
    }
}

/// `crossdock audit verify`
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Look whether any line was altered, removed, added or moved.",
        discussion: """
            Prints the head, the number and seal of the last line. Kept at another place and given again with --head, \
            it also proves that nothing up to it was cut off or written anew. Exit 1 when something is wrong.
            """)

    @Option(help: "The head that an earlier verify printed: NUMBER:SEAL.")
    var head: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let kept = try head.map { text in
                guard let head = AuditHead(text) else {
                    throw Refusal("--head \"\(text.prefix(80))\" is not NUMBER:SEAL as verify prints it")
                }
                return head
            }
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let verdict = try await open.hub.verifyAudit(meeting: kept)
            await open.close()
            show(verdict)
            if !verdict.problems.isEmpty { throw ExitCode(1) }
        }
    }

    private func show(_ verdict: AuditVerdict) {
        if options.json {
            var members: [String: JSON] = [
                "lines": .integer(Int(verdict.lines)), "problems": .array(verdict.problems.map(JSON.string)),
            ]
            members["head"] = (verdict.head?.description).map(JSON.string)
            return print(JSON.object(members).text)
        }
        for problem in verdict.problems { print(problem) }
        let words = verdict.lines == 1 ? "1 line" : "\(verdict.lines) lines"
        if verdict.problems.isEmpty { print("\(words), all as they were written down") }
        if let head = verdict.head { print("head \(head)") }
    }
}

extension AuditEntry {
    /// The line for people.
    fileprivate var line: String {
        var words = "\(number)  \(at)  \(actor.name)"
        if let origin = actor.origin { words += " (\(origin))" }
        words += "  \(action)  \(subject) \(subjectID)"
        if let before { words += "\n    before  \(Terminal.value(before))" }
        if let after { words += "\n    after   \(Terminal.value(after))" }
        return words
    }
}
