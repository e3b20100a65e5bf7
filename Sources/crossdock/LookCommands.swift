import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Queue

/// `crossdock check`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Test the connection of an integration.")

    @Argument(help: "The integration's name.")
    var name: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            do throws(any Error) {
                let found = try await open.hub.check(integration, by: Person.atThisTerminal)
                print(options.json ? JSON.object(["ok": true, "found": .string(found)]).text : found)
            } catch {
                if options.json { print(JSON.object(["ok": false, "error": .string(Terminal.sentence(error))]).text) }
                await open.close()
                throw error
            }
            await open.close()
        }
    }
}

/// `crossdock integrations`
struct IntegrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrations", abstract: "List the integrations, with their state.")

    @OptionGroup var options: HubOptions

    /// How much of what waits, and of what could not be used, is named: on a terminal, and in JSON.
    private static let (few, most) = (5, 500)

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let overview = try await open.reports.overview(waitingLimit: options.json ? Self.most : Self.few)
            if options.json {
                print(JSON.array(overview.integrations.map(\.json)).text)
            } else if overview.integrations.isEmpty {
                print("No integration yet. Connect one: crossdock connect woocommerce --name shop --config shop.json")
            } else {
                Terminal.table(
                    overview.integrations.map { report in
                        let linked = report.linked.sorted { $0.key.rawValue < $1.key.rawValue }
                            .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
                        return [
                            report.name, report.connector, report.state.rawValue, linked.isEmpty ? "-" : linked,
                            report.reason ?? report.webhooks.map { "webhooks: \($0)" } ?? "",
                        ]
                    }, header: ["NAME", "CONNECTOR", "STATE", "LINKED", "REMARK"])
            }
            await open.close()
        }
    }
}

/// `crossdock status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What the hub holds, and what waits.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let overview = try await open.reports.overview()
            if options.json { print(overview.json.text) } else { show(overview) }
            await open.close()
        }
    }

    private func show(_ overview: Overview) {
        let records = overview.records.sorted { $0.key.rawValue < $1.key.rawValue }
        print(
            "records    "
                + (records.isEmpty
                    ? "none yet" : records.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")))
        let open = overview.jobs.filter { $0.key.isOpen || $0.key == .dead }.sorted {
            $0.key.rawValue < $1.key.rawValue
        }
        print(
            "tasks      "
                + (open.isEmpty
                    ? "nothing waits" : open.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")))
        print(
            "people     "
                + [
                    (overview.conflictCount, "conflict"), (overview.holdCount, "held record"),
                    (overview.rejectionCount, "rejected payload"),
                ].map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: ", "))
        for rejection in overview.rejections { print("rejected   \(rejection.words)") }
        if overview.rejectionCount > overview.rejections.count {
            print("           the others: crossdock status --json")
        }
        for report in overview.guarded { print("guard      \(report.sentence): crossdock guard") }
        if let backups = overview.backups { print("backup     \(backups.words)") }
        for report in overview.integrations {
            let unread = report.onlyTells ? "tells the hub itself" : "never read"
            let last = report.pulledAt.values.max().map { "last read \($0)" } ?? unread
            print("\(report.name): \(report.state.rawValue), \(last)" + (report.reason.map { " - \($0)" } ?? ""))
            for breaker in report.breakers where breaker.breaker.openUntil != nil {
                print(
                    "    \(breaker.operation): breaker \(breaker.state(at: overview.now)) after "
                        + "\(breaker.breaker.failures) failures"
                        + (breaker.breaker.reason.map { " - \($0)" } ?? ""))
            }
        }
    }
}

/// `crossdock explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Where a value came from, and where it went.",
        discussion: """
            Examples: crossdock explain product TEA-250 --field price
                      crossdock explain stock TEA-250
            """)

    @Argument(
        help: "The kind: product, variant, customer, order, ...; or stock, for the stock of a product or variant.")
    var entity: String
    @Argument(help: "A key (SKU, e-mail), a far id, a title, or the hub's id.")
    var key: String
    @Option(help: "One part only.")
    var field: String?
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            if entity == "stock" { return try await explainStock() }
            guard let kind = RecordKind(rawValue: entity) else {
                throw Refusal(
                    "\"\(entity)\" is no kind; there are: stock, "
                        + RecordKind.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            let open = try OpenHub(options)
            let explanation = try await open.reports.explain(kind, key, part: field)
            if options.json { print(explanation.json.text) } else { show(explanation) }
            await open.close()
        }
    }

    private func show(_ explanation: Explanation) {
        print("\(explanation.kind.rawValue) \(explanation.record): \(explanation.title)")
        if let hold = explanation.hold { print("  HELD: \(hold)") }
        for part in explanation.parts { show(part) }
        for receipt in explanation.receipts.prefix(10) {
            let names = receipt.parts.object?.keys.sorted().joined(separator: ", ") ?? ""
            let remarks = receipt.remarks.isEmpty ? "" : " - " + receipt.remarks.joined(separator: "; ")
            print(
                "  written  \(receipt.at)  \(receipt.integration): \(receipt.outcome) (\(names))\(remarks)"
                    + Self.told(receipt.trace))
        }
    }

    /// By which id logs know what led to it.
    private static func told(_ trace: String?) -> String { trace.map { "  trace \($0)" } ?? "" }

    private func show(_ part: PartExplanation) {
        print("  \(part.part) = \(Terminal.value(part.value))")
        print("      from \(part.origin ?? "a person or the hub"), changed by \(part.changed.before)")
        for side in part.sides {
            var line = "      \(side.integration) (\(side.externalID)) shows \(Terminal.value(side.seen))"
            if side.sent != side.seen { line += ", was given \(Terminal.value(side.sent))" }
            if !side.isAccepted { line += "  NOT ACCEPTED" }
            if side.isPinned { line += "  IN CONFLICT" }
            if side.isHeld { line += "  HELD BY THE GUARD" }
            if !side.isLinked { line += "  deleted there" }
            print(line)
        }
        for change in part.history {
            let loser = change.loser.map { ", over \(Terminal.value($0))" } ?? ""
            print(
                "      \(change.at)  \(Terminal.value(change.old)) -> \(Terminal.value(change.new))  "
                    + "\(change.origin ?? "hub"): \(change.rule)\(loser)" + Self.told(change.trace)
            )
        }
    }
}
