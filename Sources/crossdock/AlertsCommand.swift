import Alerts
import ArgumentParser
import Commerce
import Pipeline
import Telemetry

/// `crossdock alerts`
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "What is too much now, or was; and that somebody looks after it.",
        discussion: "Example: crossdock alerts, then crossdock alerts acknowledge queueSize",
        subcommands: [AlertsListCommand.self, AlertsAcknowledgeCommand.self],
        defaultSubcommand: AlertsListCommand.self)
}

/// `crossdock alerts list`, and `crossdock alerts` alone.
struct AlertsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the alerts, open ones first.")

    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let open = try OpenHub(options)
            let alerts = try await open.hub.alerts()
            if options.json {
                print(JSON.array(alerts.map(\.json)).text)
            } else if alerts.isEmpty {
                print("Nothing is, or was, too much.")
            } else {
                Terminal.table(
                    alerts.map { alert in
                        [
                            alert.kind.rawValue, alert.state.rawValue, (alert.raisedAt ?? alert.since).description,
                            alert.acknowledgedBy ?? "-", alert.sentence,
                        ]
                    }, header: ["NAME", "STATE", "SINCE", "WHO", "WHAT"])
            }
            await open.close()
        }
    }
}

/// `crossdock alerts acknowledge`
struct AlertsAcknowledgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge", abstract: "Say that you look after an alert: it is not told again until it ends.")

    @Argument(help: "The alert's name.")
    var name: String
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard let kind = AlertKind(rawValue: name) else {
                let known = AlertKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal("\"\(name)\" is no alert; there are: \(known)")
            }
            let open = try OpenHub(options)
            guard let alert = try await open.hub.acknowledge(kind, by: Person.atThisTerminal) else {
                throw HubError("no alert \(name) is open")
            }
            if options.json {
                print(alert.json.text)
            } else {
                Terminal.note("\(alert.acknowledgedBy ?? "somebody") looks after it: \(alert.sentence)")
            }
            await open.close()
        }
    }
}

/// `crossdock log-level`
struct LogLevelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level", abstract: "From which level on the hubs of this store log, for a while.",
        discussion: """
            Hubs that run follow within ten seconds, and go back to the level they were started with by themselves.

            Example: crossdock log-level debug --minutes 10, or crossdock log-level usual
            """)

    @Argument(
        help: "trace, debug, info, notice, warning, error or critical; usual: as each was started; none: show it.")
    var level: String?
    @Option(help: "For how many minutes, 1 to 1440.")
    var minutes = 30
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            let wished = try level.map { word -> Logger.Level? in
                guard word != "usual" else { return nil }
                guard let level = Telemetry.level(named: word) else {
                    let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Refusal("\"\(word)\" is no level; there are: \(known), usual")
                }
                return level
            }
            let open = try OpenHub(options)
            let report: LogLevelReport
            if let wished {
                report = try await open.hub.log(
                    from: wished, minutes: minutes, by: Person.atThisTerminal, LogDesk.shared)
            } else {
                report = try await open.hub.logLevel(LogDesk.shared)
            }
            if options.json {
                print(report.json.text)
            } else if let until = report.until {
                print("from \(report.level.rawValue) on, until \(until)")
            } else {
                print("as each hub was started")
            }
            await open.close()
        }
    }
}
