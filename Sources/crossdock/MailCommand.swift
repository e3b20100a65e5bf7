import ArgumentParser
import Commerce
import Mail
import MailCurl
import Wire

/// `crossdock mail`
struct MailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail", abstract: "Whether this hub can send mail.", subcommands: [MailTestCommand.self])
}

/// `crossdock mail test`
struct MailTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a mail now, and say what came of it.",
        discussion: """
            The mail server is named in the environment: CROSSDOCK_SMTP_HOST, _PORT, _TLS, _USER, _PASSWORD_FILE, and \
            CROSSDOCK_MAIL_FROM. Without --to it goes to CROSSDOCK_ALERT_MAIL_TO.

            Example: crossdock mail test --to ann@example.com
            """)

    @Option(help: "To whom; several with commas between.")
    var to: String?

    func run() async throws {
        try await Terminal.run {
            let environment = try HubEnvironment()
            guard let settings = try MailSettings.server(environment) else {
                throw Refusal("no mail server is named: set CROSSDOCK_SMTP_HOST and CROSSDOCK_MAIL_FROM")
            }
            guard let to = try addresses(environment) else {
                throw Refusal("say to whom: --to ann@example.com, or CROSSDOCK_ALERT_MAIL_TO")
            }
            let message = try MailMessage(
                from: settings.from, to: to, subject: "crossdock: a test",
                text: "If you can read this, crossdock \(Version.text) can send mail.",
                id: "test-" + Signature.hex(OpenHub.systemRandom(8)), date: OpenHub.systemNow())
            try await CurlMailer(settings, blocking: InlineWork()).send(message)
            print("\(settings.host) has taken it")
        }
    }

    private func addresses(_ environment: HubEnvironment) throws -> [MailAddress]? {
        guard let to else { return try MailSettings.addresses(environment, ["CROSSDOCK_ALERT_MAIL_TO"]) }
        do throws(MailRefusal) {
            return try MailAddress.list(to)
        } catch {
            throw Refusal("--to: \(error)")
        }
    }
}
