import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Reconcile

/// `crossdock guard`
struct GuardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "What would change too much at once, and waits for you.",
        discussion: """
            More than a share of an integration's records that would lose all stock, change their price by much, or go \
            at once, wait for a person; nothing of it is taken or sent on before.

            Example: crossdock guard, then crossdock guard release 812
            """,
        subcommands: [
            GuardListCommand.self, GuardShowCommand.self, GuardReleaseCommand.self, GuardDiscardCommand.self,
            GuardSetCommand.self,
        ], defaultSubcommand: GuardListCommand.self)
}

/// `crossdock guard list`, and `crossdock guard` alone.
struct GuardListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List what is held, with examples.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let reports = try await open.reports.guardReports()
            if options.json {
                print(JSON.array(reports.map(\.json)).text)
            } else if reports.isEmpty {
                print("The guard holds nothing.")
            } else {
                for report in reports { GuardWords.show(report) }
            }
            await open.close()
        }
    }
}

/// `crossdock guard show`
struct GuardShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show all that one hold holds.")

    @Argument(help: "The hold.")
    var id: Int
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            guard let report = try await open.reports.guardReport(Int64(id)) else {
                throw GuardWords.none(id)
            }
            options.json ? print(report.json.text) : GuardWords.show(report)
            await open.close()
        }
    }
}

/// `crossdock guard release`
struct GuardReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "It is meant: let it through, once.",
        discussion: "Each record is read again and taken as it is then; what comes after it is looked at anew.")

    @Argument(help: "The hold.")
    var id: Int
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            guard try await open.hub.releaseHold(Int64(id), by: Person.atThisTerminal) else {
                throw GuardWords.none(id)
            }
            Terminal.note("hold \(id) is let through: its records are read again, and told on as they are then")
            await open.close()
        }
    }
}

/// `crossdock guard discard`
struct GuardDiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "It is not meant: keep what the hub has.",
        discussion:
            "The hub's values are given back where the hub gives that part; links to what is said to be gone stay.")

    @Argument(help: "The hold.")
    var id: Int
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            guard try await open.hub.discardHold(Int64(id), by: Person.atThisTerminal) else {
                throw GuardWords.none(id)
            }
            Terminal.note("hold \(id) is discarded: the hub keeps what it has")
            await open.close()
        }
    }
}

/// `crossdock guard set`
struct GuardSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "How much at once waits for a person.",
        discussion: "Example: crossdock guard set shop share=50 minimum=5 (share=100 lets everything through)")

    @Argument(help: "The integration's name.")
    var name: String
    @Argument(help: "TERM=VALUE; none: show the terms. Terms: share, minimum, price.")
    var terms: [String] = []
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            var wanted = integration.options.guardTerms
            for text in terms { try GuardWords.put(text, into: &wanted, of: "") }
            if !terms.isEmpty { try await open.hub.set(wanted, of: integration, by: Person.atThisTerminal) }
            print(
                options.json
                    ? wanted.json.text
                    : "\(integration.name): share \(wanted.sharePercent)%, minimum \(wanted.minimum), "
                        + "price \(wanted.pricePercent)%")
            await open.close()
        }
    }
}

/// The words of the guard.
enum GuardWords {
    static func none(_ id: Int) -> HubError { HubError("no hold \(id) waits for a decision") }

    /// `share=50`.
    static func put(_ text: String, into terms: inout GuardTerms, of option: String) throws {
        guard let equals = text.firstIndex(of: "=") else { throw Refusal("\(option)\(text): expected TERM=VALUE") }
        do throws(PartError) {
            try terms.set(String(text[..<equals]), to: String(text[text.index(after: equals)...]))
        } catch {
            throw Refusal("\(option)\(text): \(error.description)")
        }
    }

    static func show(_ report: GuardReport) {
        print("\(report.id)  \(report.sentence) (since \(report.openedAt))")
        print("    \(report.consequence)")
        for change in report.items {
            let (old, new) = (Terminal.value(change.old), Terminal.value(change.new))
            print("      \(change.title) (\(change.externalID)): \(old) -> \(new)")
        }
        if report.items.count < report.count { print("      and \(report.count - report.items.count) more") }
        for choice in report.choices { print("    \(choice)") }
    }
}
