import ArgumentParser
import Commerce
import Pipeline

/// `crossdock verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Look whether all that the hub remembers fits together.",
        discussion: """
            Looks through tables, links, records, what both sides last agreed on, totals, stock, and rows that belong \
            to nobody; then asks the real sides for some records, as they are read ever, and compares. Nothing is \
            changed. A hub may serve meanwhile. Exit 1 when a test is not passed; each error names the command that \
            shows what was written of its record.

            Example: crossdock verify --samples 100
            """)

    @Option(help: "How many records of each integration are compared with the real side; 0: none.")
    var samples = VerifyTerms().samples
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard (0...VerifyTerms.samplesLimit).contains(samples) else {
                throw Refusal("--samples must be from 0 to \(VerifyTerms.samplesLimit)")
            }
            var terms = VerifyTerms()
            terms.samples = samples
            let open = try OpenHub(options)
            try await open.hub.checkKey()
            let bar = SharedBar()
            let made = try await open.hub.verifyAndKeep(terms) { step in
                bar.show(step.test.rawValue, step.done, step.total, open.hub.now)
            }
            bar.end()
            await open.close()
            show(made)
            if !made.isPassed { throw ExitCode(1) }
        }
    }

    private func show(_ made: Verification) {
        if options.json { return print(made.json.text) }
        Terminal.table(
            made.results.map {
                [$0.isPassed ? "PASS" : "FAIL", $0.test.rawValue, String($0.checked), $0.test.purpose]
            }, header: ["RESULT", "TEST", "LOOKED AT", "WHAT IS RIGHT WHERE IT IS PASSED"])
        for result in made.results {
            for error in result.errors {
                print("\(result.test.rawValue): \(error.sentence)" + (error.command.map { " - \($0)" } ?? ""))
            }
            let more = result.errorCount - result.errors.count
            if more > 0 { print("\(result.test.rawValue): \(more) more") }
            for remark in result.remarks { print("\(result.test.rawValue): note: \(remark)") }
        }
    }
}
