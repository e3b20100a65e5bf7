import ArgumentParser
import Commerce
import Identity
import Pipeline

/// `crossdock security`
struct SecurityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "security", abstract: "What was tried by those who may not: how often, and from where.",
        discussion: """
            Counted by the minute and by the neighbourhood of the caller's address; lines are kept for thirty days.

            Kinds: \(SecurityKind.allCases.map { "\($0.rawValue) (\($0.purpose))" }.joined(separator: "; ")).

            Example: crossdock security --minutes 1440 --kind forged-signature
            """)

    @Option(help: "How far back is looked, in minutes.")
    var minutes = 60
    @Option(help: "One kind alone.")
    var kind: String?
    @Option(help: "The most lines that are listed.")
    var limit = 200
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard (1...43_200).contains(minutes) else { throw Refusal("--minutes must be from 1 to 43200") }
            guard limit > 0 else { throw Refusal("--limit must be 1 or more") }
            let kind = try kind.map { word in
                guard let kind = SecurityKind(rawValue: word) else {
                    let known = SecurityKind.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Refusal("--kind \(word): must be one of \(known)")
                }
                return kind
            }
            let open = try OpenHub(options)
            let lines = try await open.hub.securityEvents(seconds: Double(minutes) * 60, kind: kind, limit: limit)
            await open.close()
            if options.json { return print(JSON.array(lines.map(\.json)).text) }
            guard !lines.isEmpty else { return print("Nothing was tried by anybody who may not.") }
            Terminal.table(
                lines.map { [$0.minute.description, $0.kind.rawValue, "\($0.times)", $0.source, $0.place] },
                header: ["MINUTE", "KIND", "TIMES", "FROM", "LAST AT"])
        }
    }
}
