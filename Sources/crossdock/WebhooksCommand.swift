import ArgumentParser
import ConnectorKit
import Foundation
import Notices
import Pipeline

/// `crossdock webhooks`
struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "Webhooks of the hub's own: who outside is told what changes.",
        discussion: """
            A webhook is told by a hub that serves. Its calls are signed; docs/operations/webhooks.md says how to \
            verify them, and when a call that failed is repeated.

            Examples: crossdock webhooks add https://erp.example/hook --event 'order.*' --event inventory.updated
                      crossdock webhooks test whk_5a0c2f91d8e4b673
                      crossdock webhooks enable whk_5a0c2f91d8e4b673
            """,
        subcommands: [
            WebhooksListCommand.self, WebhooksAddCommand.self, WebhooksTestCommand.self, WebhooksLogCommand.self,
            WebhooksEnableCommand.self, WebhooksDisableCommand.self, WebhooksReplayCommand.self,
            WebhooksRotateCommand.self, WebhooksRemoveCommand.self, WebhooksEventsCommand.self,
        ],
        defaultSubcommand: WebhooksListCommand.self)
}

/// `crossdock webhooks list`, and `crossdock webhooks` alone.
struct WebhooksListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List them, with how they do.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let views = try await open.reports.listenerViews() ?? []
            await open.close()
            if options.json { return print(JSON.array(views.map(\.json)).text) }
            guard !views.isEmpty else {
                return print("No webhook yet. Register one: crossdock webhooks add URL --event 'order.*'")
            }
            Terminal.table(
                views.map { view in
                    let (listener, counts) = (view.listener, view.counts)
                    return [
                        listener.publicID, listener.name, state(view), listener.events.joined(separator: " "),
                        String(counts[.waiting] ?? 0), String((counts[.failed] ?? 0) + (counts[.missed] ?? 0)),
                    ]
                }, header: ["ID", "NAME", "STATE", "EVENTS", "WAITING", "NOT DELIVERED"])
            for view in views where view.listener.state == .disabled {
                Terminal.note(
                    "\(view.listener.name) is disabled: \(view.listener.reason ?? ""); once it is well, "
                        + "crossdock webhooks enable \(view.listener.publicID) has told what it missed")
            }
        }
    }

    private func state(_ view: ListenerView) -> String {
        if view.listener.state == .disabled { return "disabled" }
        if let until = view.restsUntil { return "rests until \(until)" }
        return view.listener.failingSince.map { "failing since \($0)" } ?? "active"
    }
}

/// `crossdock webhooks add`
struct WebhooksAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Register a webhook; its id stands alone on the last line.")

    @Argument(help: "The address that is called: https, unless its host is in CROSSDOCK_ALLOW_PRIVATE_HOSTS.")
    var url: String
    @Option(help: "An event it hears of, order.* or *; may be given several times.")
    var event: [String]
    @Option(help: "What people call it; else its host.")
    var name: String?
    @Option(help: "The integration whose records it hears of; else all.")
    var integration: String?
    @Option(help: "The file with the secret that signs, on its first line; else one is made and shown this once.")
    var secretFile: String?
    @Option(help: "How calls are signed: v1 (a shared secret) or v1a (Ed25519: the receiver has a public key).")
    var signing: String?
    @Option(help: "A header of every call, NAME=VALUE or NAME=@FILE; may be given several times.")
    var header: [String] = []
    @Option(help: "POST, PUT or PATCH.")
    var method = "POST"
    @Option(help: "How often a call that failed is repeated, from 0 to 9.")
    var retries: Int?
    @Option(help: "How long one call may take, in seconds, from 1 to 60.")
    var timeout: Int?
    @Flag(help: "Notices of one record come one after the other.")
    var ordered = false
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            var members: [String: JSON] = [
                "url": .string(url), "events": .array(event.map(JSON.string)), "method": .string(method),
                "headers": .object(try headers()), "ordered": .bool(ordered),
            ]
            members["name"] = name.map(JSON.string)
            members["secret"] = try secretFile.map { .string(try Self.firstLine(of: $0)) }
            members["signing"] = signing.map(JSON.string)
            members["retry_attempts"] = retries.map { .integer($0) }
            members["timeout"] = timeout.map { .integer($0) }
            let wish = try ListenerWish(.object(members))
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let place = try await at(open.hub)
            let view = try await open.hub.register(wish, at: place, by: Person.atThisTerminal)
            await open.close()
            guard let view else { throw Refusal("there is no integration \"\(integration ?? "")\"") }
            if options.json { return print(view.json.text) }
            if let secret = view.madeSecret { Terminal.note("its secret, shown this once: \(secret)") }
            if let key = view.publicKeys.first { Terminal.note("its public key, which checks its calls: \(key)") }
            print(view.listener.publicID)
        }
    }

    private func at(_ hub: Hub) async throws -> String? {
        guard let integration else { return nil }
        return try await hub.integration(named: integration).publicID
    }

    private func headers() throws -> [String: JSON] {
        var headers: [String: JSON] = [:]
        for pair in header {
            guard let equals = pair.firstIndex(of: "=") else { throw Refusal("--header \(pair): expected NAME=VALUE") }
            let value = String(pair[pair.index(after: equals)...])
            let text = value.hasPrefix("@") ? try Self.firstLine(of: String(value.dropFirst())) : value
            headers[String(pair[..<equals])] = .string(text)
        }
        return headers
    }

    static func firstLine(of path: String) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(whereSeparator: \.isNewline).first
        else { throw Refusal("\(path) cannot be read, or its first line is empty") }
        return String(line)
    }
}

/// `crossdock webhooks test`
struct WebhooksTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a test event now and say what came of it.")

    @OptionGroup var choice: WebhookChoice
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let id = try await choice.publicID(open.hub)
            let report = try await open.hub.test(listener: id, by: Person.atThisTerminal)
            await open.close()
            guard let report, let attempt = report.attempts.first else { throw WebhookChoice.unknown(id) }
            if options.json {
                print(report.json.text)
            } else if let error = attempt.error {
                Terminal.note("it did not get through: \(error)")
            } else {
                print("it got through: status \(attempt.status ?? 0) in \(attempt.milliseconds) ms")
            }
            if attempt.error != nil { throw ExitCode(1) }
        }
    }
}

/// `crossdock webhooks log`
struct WebhooksLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "What a webhook was told, the latest first; with --json each call as it was.")

    @OptionGroup var choice: WebhookChoice
    @Option(help: "Only those that are waiting, delivered, failed or missed.")
    var status: String?
    @Option(help: "How many, from 1 to 1000.")
    var limit = 50
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard (1...1000).contains(limit) else { throw Refusal("--limit must be from 1 to 1000") }
            var states = NoticeState.allCases
            if let status {
                guard let state = NoticeState(rawValue: status) else {
                    throw Refusal("--status must be one of \(states.map(\.rawValue).joined(separator: ", "))")
                }
                states = [state]
            }
            let open = try OpenHub(options)
            let id = try await choice.publicID(open.reports)
            let log = try await open.reports.noticeLog(listener: id, in: states, limit: limit)
            await open.close()
            guard let log else { throw WebhookChoice.unknown(id) }
            if options.json { return print(JSON.array(log.map(\.json)).text) }
            if log.isEmpty { return print("Nothing was told yet.") }
            Terminal.table(
                log.map { report in
                    let last = report.attempts.last
                    return [
                        report.notice.messageID, report.notice.at.description, report.notice.event,
                        report.notice.state.rawValue, String(report.notice.attempts),
                        last.map { $0.error ?? "status \($0.status ?? 0), \($0.milliseconds) ms" } ?? "-",
                    ]
                }, header: ["MESSAGE", "AT", "EVENT", "STATE", "CALLS", "LAST"])
        }
    }
}
