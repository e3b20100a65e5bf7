import ArgumentParser
import Commerce
import Pipeline

/// `crossdock maintain`
struct MaintainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintain", abstract: "Forget what is old, make room for what comes, tidy the store.",
        discussion: """
            A hub that serves forgets ended tasks and old calls by itself, every hour. This does it now, and has the \
            store look at its tables anew: after a large import, or when much was deleted. A hub may serve meanwhile, \
            but not with --thorough, which gives room back to the disk and keeps others waiting.
            """)

    @Option(help: "Forget changes of records older than this. Without it the change log is kept for ever.")
    var forgetChangesDays: Int?
    @Flag(
        help: "Seal values of persons that an older release has left as they were; then every hub must be of this one.")
    var sealPersons = false
    @Flag(help: "Also give room back to the disk, although others wait meanwhile.")
    var thorough = false
    @OptionGroup var options: HubOptions

    /// Changes younger than this are never forgotten, in days: whoever follows the log may be so far behind.
    private static let fewestDays = 30

    func run() async throws {
        try await Terminal.run {
            if let days = forgetChangesDays, !(Self.fewestDays...36_500).contains(days) {
                throw Refusal("--forget-changes-days must be from \(Self.fewestDays) to 36500")
            }
            let open = try OpenHub(options)
            let seconds = forgetChangesDays.map { Double($0) * 86_400 }
            try await open.hub.checkKey()
            let sealed = sealPersons ? try await open.hub.sealPersonalValues(by: Person.atThisTerminal) : []
            let said = try await sealed + open.hub.maintain(changesSeconds: seconds, isThorough: thorough)
            if options.json {
                print(JSON.object(["done": .array(said.map { .string($0) })]).text)
            } else {
                for sentence in said { print(sentence) }
            }
            await open.close()
        }
    }
}
