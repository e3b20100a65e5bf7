import ArgumentParser
import CMalloc

/// The program.
@main
struct Crossdock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crossdock",
        abstract: "One hub that keeps every shop, ERP, ledger, courier and chat of a merchant in step.",
        discussion: """
            A first hour: connect a shop and a book, look, and let the hub run:

              crossdock connect woocommerce --name shop --config shop.json
              crossdock connect gnucash --name books --config books.json
              crossdock check shop
              crossdock sync shop --plan
              crossdock serve

            Exit codes: 0 done; 1 the far side, the store or a record stood in the way; 2 what was given is wrong, and \
            nothing was changed.
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self, AccountsCommand.self, GroupsCommand.self, APIKeysCommand.self, TokenCommand.self,
            ConnectCommand.self, DisconnectCommand.self, CheckCommand.self, DoctorCommand.self,
            IntegrationsCommand.self,
            SyncCommand.self, StatusCommand.self, JobsCommand.self, DeadCommand.self, SchedulesCommand.self,
            BatchesCommand.self, PauseCommand.self, ResumeCommand.self, CancelCommand.self, LimitsCommand.self,
            ConflictsCommand.self, GuardCommand.self, ExplainCommand.self, CustomerCommand.self, AuditCommand.self,
            SecurityCommand.self, AlertsCommand.self, MailCommand.self, LogLevelCommand.self, DeliveriesCommand.self,
            WebhooksCommand.self,
            KeysCommand.self,
            SandboxCommand.self,
            DemoCommand.self,
            BackupCommand.self, RestoreCommand.self, MoveCommand.self, MigrateCommand.self, SchemaCommand.self,
            MaintainCommand.self, VerifyCommand.self, BenchCommand.self, VersionCommand.self,
        ])

    /// Runs the program. Words that make no command end it as everything wrong that is given does: with 2.
    static func main() async {
        Memory.keepFreed()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Terminal.note(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }
}

/// How the C library treats freed memory.
enum Memory {
    /// Freed memory up to this is kept for the next use, in bytes.
    static let keptBytes: Int32 = 64 << 20

    /// Given back to the kernel after every burst and faulted in again with the next, it costs an eighth of what
    /// storing a webhook costs (measured).
    static func keepFreed() {
        mallopt(M_TRIM_THRESHOLD, keptBytes)
        mallopt(M_MMAP_THRESHOLD, mappedBytes)
    }

    /// From that size on memory is the kernel's own piece each time, in bytes. Below it stands what one commit sends to
    /// a server.
    static let mappedBytes: Int32 = 4 << 20
}

/// `crossdock version`
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() async throws { print("crossdock \(Version.text)") }
}
