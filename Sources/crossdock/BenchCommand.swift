import ArgumentParser
import Commerce
import Foundation

/// `crossdock bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the hub against its goals.",
        subcommands: [
            BenchRunCommand.self, BenchServerCommand.self, BenchRecordsCommand.self, BenchPullCommand.self,
            BenchBookCommand.self, BenchJobsCommand.self, BenchRateCommand.self, BenchRowsCommand.self,
            BenchHeldCommand.self, BenchNoticesCommand.self, BenchAuditCommand.self,
            BenchFillCommand.self, BenchWorkCommand.self,
        ], defaultSubcommand: BenchRunCommand.self)
}

/// `crossdock bench [NAME]`: runs the measurements, each in processes of its own, and prints one table.
struct BenchRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the measurements: all, or those that are named.",
        discussion: "Exit 1 when a goal is missed. Numbers count on a release build and a quiet machine only.")

    @Argument(
        help: "intake, records, access, postgres-jobs and others (a wrong one tells all); all when none is named.")
    var names: [String] = []
    @Option(help: "Where stores and books are made; on a real disk, for what is durable is measured.")
    var folder = ".build/bench"
    @Option(help: "How long one round of the intake is loaded, in seconds.")
    var seconds = 6
    @Option(help: "How many products and orders the first pull reads.")
    var records = 10_000
    @Option(help: "How many transactions the book has.")
    var transactions = 100_000
    @Option(help: "A program that writes a book: PROGRAM OUT --format xml|xml.gz|sqlite --transactions N.")
    var generator: String?
    @Option(help: "A Python that has piecash, to compare with.")
    var piecash: String?
    @Option(help: "A Python that has pgqueuer and asyncpg, to compare with; needs --postgres.")
    var pgqueuer: String?
    @Option(help: "A Python that has procrastinate, to compare with; needs --postgres.")
    var procrastinate: String?
    @Option(help: "A Python that has FastAPI, uvicorn and asyncpg, to compare with; needs --postgres.")
    var fastapi: String?
    @Option(help: "The address of an empty PostgreSQL database; its schemas public and hub are made anew.")
    var postgres: String?
    @Option(help: "How many rows jobs and change log hold on PostgreSQL when they hold many.")
    var rows = 10_000_000
    @Option(help: "How many products and stored calls there are when a list is asked for.")
    var listed = 1_000_000
    @Flag(help: "Answer in JSON.")
    var json = false

    static let all =
        ["intake", "records", "pull", "books", "jobs", "notices", "access", "audit", "idle"] + BenchPostgres.parts

    func run() async throws {
        try await Terminal.run {
            for name in names where !Self.all.contains(name) {
                throw Refusal(
                    "there is no measurement named \"\(name)\"; there are: \(Self.all.joined(separator: ", "))")
            }
            #if DEBUG
                Terminal.note("This is a debug build: its numbers say nothing.")
            #endif
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var figures: [BenchFigure] = []
            for name in Self.all where names.isEmpty || names.contains(name) {
                Terminal.note("measuring: \(name)")
                let before = BenchUsage.machine
                figures += try measure(name)
                figures.append(BenchUsage.taken(from: name, since: before))
            }
            show(figures)
            if figures.contains(where: { !$0.isMet }) { throw ExitCode(1) }
        }
    }

    private func measure(_ name: String) throws -> [BenchFigure] {
        switch name {
        case "intake": try BenchIntake(folder: folder, seconds: seconds).run()
        case "records": try BenchRecords(folder: folder, products: records).run()
        case "pull": try BenchPull(folder: folder, records: records).run()
        case "jobs":
            try BenchJobs(folder: folder, reference: pgqueuer.flatMap { python in postgres.map { (python, $0) } }).run()
        case "notices": try BenchNotices(folder: folder).run()
        case "access": try BenchAccess(folder: folder, seconds: seconds, rows: listed).run()
        case "audit": try BenchAudit(folder: folder).audit()
        case "idle": try BenchAudit(folder: folder).idle()
        case _ where BenchPostgres.parts.contains(name): try measurePostgres(name)
        default:
            try BenchBooks(folder: folder, transactions: transactions, generator: generator, piecash: piecash).run()
        }
    }

    private func measurePostgres(_ part: String) throws -> [BenchFigure] {
        guard let postgres else {
            Terminal.note("\(part): no server is given; it is left out")
            return []
        }
        return try BenchPostgres(
            folder: folder, seconds: seconds, rows: rows, url: postgres, pgqueuer: pgqueuer,
            procrastinate: procrastinate, fastapi: fastapi
        ).run(part)
    }

    private func show(_ figures: [BenchFigure]) {
        if json { return print(JSON.array(figures.map(\.json)).text) }
        Terminal.table(
            figures.map { [$0.name, $0.measured, $0.wished, $0.verdict] }, header: ["NUMBER", "MEASURED", "GOAL", ""])
    }
}

/// One number with what it should be.
struct BenchFigure: Sendable {
    /// What a number must be.
    enum Goal: Sendable {
        case atLeast(Double)
        case atMost(Double)
        /// It is shown, and nothing is asked of it.
        case shown
    }

    var name: String
    var value: Double
    var unit: String
    var goal: Goal

    init(_ name: String, _ value: Double, _ unit: String = "", _ goal: Goal = .shown) {
        self.name = name
        self.value = value
        self.unit = unit
        self.goal = goal
    }

    var isMet: Bool {
        switch goal {
        case .atLeast(let least): value >= least
        case .atMost(let most): value <= most
        case .shown: true
        }
    }

    var measured: String { Self.text(value) + unit }

    var wished: String {
        switch goal {
        case .atLeast(let least): ">= " + Self.text(least) + unit
        case .atMost(let most): "<= " + Self.text(most) + unit
        case .shown: ""
        }
    }

    var verdict: String {
        if case .shown = goal { return "" }
        return isMet ? "ok" : "MISSED"
    }

    var json: JSON {
        [
            "name": .string(name), "measured": .number(Self.text(value)), "unit": .string(unit),
            "goal": .string(wished), "isMet": .bool(isMet),
        ]
    }

    /// Three digits where the number is small; whole where it is large.
    private static func text(_ value: Double) -> String {
        let digits = value == value.rounded() || value >= 1000 ? 0 : value >= 10 ? 1 : 3
        return String(format: "%.\(digits)f", value)
    }
}
