import ArgumentParser
import Commerce
import Foundation
import GnuCashBook

/// A large book, read in its three forms, against piecash reading the same SQLite book in the same run.
struct BenchBooks {
    let folder: String
    let transactions: Int
    let generator: String?
    let piecash: String?

    /// Ours counts by its middle run, piecash by its best.
    static let runs = 3
    static let piecashRuns = 2

    func run() throws -> [BenchFigure] {
        let place = folder + "/books"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        if generator == nil { Terminal.note("books: no generator is given; the book is made by the connector itself") }
        var ours: [(form: BookForm, reading: Reading)] = []
        for form in BookForm.allCases {
            let path = try book(form, in: place)
            let readings = try (0..<Self.runs).map { _ in
                try Reading(BenchProcess.answer(arguments: ["bench", "book", path]))
            }
            ours.append((form, readings.sorted { $0.cpu < $1.cpu }[Self.runs / 2]))
        }
        let theirs = try readByPiecash(try book(.sqlite, in: place))
        if let theirs, let odd = ours.first(where: { $0.reading.splits != theirs.splits }) {
            throw BenchError(
                "piecash finds \(theirs.splits) splits, the \(odd.form) book read here has \(odd.reading.splits)")
        }
        return ours.flatMap { figures($0.form, $0.reading, theirs) } + (theirs.map(Self.shown) ?? [])
    }

    private func figures(_ form: BookForm, _ ours: Reading, _ theirs: Reading?) -> [BenchFigure] {
        let name = "books: \(Self.word(form))"
        var figures = [
            BenchFigure("\(name), peak memory (\(ours.transactions) transactions)", ours.peak, " MB", .atMost(400)),
            BenchFigure("\(name), CPU", ours.cpu, " s"),
        ]
        if let theirs {
            figures.insert(BenchFigure("\(name), CPU of piecash's", ours.cpu / theirs.cpu, "", .atMost(0.2)), at: 0)
        }
        return figures
    }

    private static func shown(_ theirs: Reading) -> [BenchFigure] {
        [
            BenchFigure("books: piecash, CPU", theirs.cpu, " s"),
            BenchFigure("books: piecash, peak memory", theirs.peak, " MB"),
        ]
    }

    private static func word(_ form: BookForm) -> String {
        switch form {
        case .xml: "xml"
        case .gzip: "xml.gz"
        case .sqlite: "sqlite"
        }
    }

    /// The book in that form: the one an earlier run left, or one made now.
    private func book(_ form: BookForm, in place: String) throws -> String {
        let maker = generator == nil ? "own" : "given"
        let path = "\(place)/\(transactions).\(maker).\(Self.word(form)).gnucash"
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        Terminal.note("books: making \(path)")
        let new = path + ".new"
        try? FileManager.default.removeItem(atPath: new)
        if let generator {
            let arguments = [
                "python3", generator, new, "--format", Self.word(form), "--transactions", String(transactions),
            ]
            _ = try BenchProcess("/usr/bin/env", arguments: arguments).finish()
        } else {
            try BookMeasure.makeBook(new, form: form, transactions: transactions)
        }
        try FileManager.default.moveItem(atPath: new, toPath: path)
        return path
    }

    private func readByPiecash(_ path: String) throws -> Reading? {
        guard let piecash else {
            Terminal.note("books: no piecash is given; the comparison with it is left out")
            return nil
        }
        let readings = try (0..<Self.piecashRuns).map { _ in
            try Reading(BenchProcess.answer(piecash, arguments: ["-W", "ignore", "-c", Self.script, path]))
        }
        return readings.min { $0.cpu < $1.cpu }
    }

    /// Everything in as few queries as piecash allows; then every split is looked at, as in our own reading.
    private static let script = """
        import json, resource, sys
        import piecash
        begin = resource.getrusage(resource.RUSAGE_SELF)
        with piecash.open_book(sys.argv[1], readonly=True, open_if_lock=True) as book:
            accounts, transactions = list(book.accounts), list(book.transactions)
            splits = 0
            for split in book.splits:
                split.account.guid, split.transaction.guid, split.value, split.quantity
                splits += 1
            end = resource.getrusage(resource.RUSAGE_SELF)
            cpu = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
            print(json.dumps({"cpu": str(cpu), "peak": str(end.ru_maxrss * 1024 / 1e6),
                "transactions": len(transactions), "splits": splits}))
        """
}

/// What one reading of a book cost.
private struct Reading {
    var cpu: Double
    var peak: Double
    var transactions: Int
    var splits: Int

    init(_ told: JSON) throws {
        guard let cpu = told["cpu"]?.string.flatMap({ Double($0) }),
            let peak = told["peak"]?.string.flatMap({ Double($0) }),
            let transactions = told["transactions"]?.integer, let splits = told["splits"]?.integer
        else { throw BenchError("a reading of the book told nothing that can be read") }
        (self.cpu, self.peak, self.transactions, self.splits) = (cpu, peak, transactions, splits)
    }
}

/// `crossdock bench book`: reads one book, in a process of its own.
struct BenchBookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "book", abstract: "Read a book.", shouldDisplay: false)

    @Argument(help: "The book.")
    var path: String

    func run() async throws {
        try await Terminal.run {
            let measure = try BookMeasure.load(path)
            BenchAnswer.write([
                "cpu": .string(String(measure.cpuSeconds)),
                "peak": .string(String(try BenchUsage.peakMegabytes())),
                "transactions": .integer(measure.transactions), "splits": .integer(measure.splits),
            ])
        }
    }
}
