import ArgumentParser
import Commerce
import Foundation
import Pipeline
import Queue
import Store
import Telemetry

/// Durable jobs: how many a second, how soon each starts, and what a claim costs when many wait.
struct BenchJobs {
    let folder: String
    /// A Python that has pgqueuer and asyncpg, and the address of a PostgreSQL for it; nil leaves the comparison out.
    let reference: (python: String, url: String)?

    func run() throws -> [BenchFigure] {
        let told = try BenchProcess.answer(arguments: ["bench", "jobs", "--folder", folder + "/jobs"])
        let number = { (name: String) in told[name]?.string.flatMap { Double($0) } ?? .infinity }
        let figures = [
            BenchFigure("jobs: p99 from enqueue to start at 1,000/s", number("wait99"), " ms"),
            BenchFigure("jobs: p99 of fdatasync at 1,000/s", number("sync99"), " ms"),
            BenchFigure(
                "jobs: p99 from enqueue to start / p99 of fdatasync", number("wait99") / number("sync99"), "",
                .atMost(4)),
            BenchFigure(
                "jobs: median from enqueue to start / median of fdatasync", number("wait50") / number("sync50")),
            BenchFigure("jobs: claim with a million waiting / with a thousand", number("claim"), "", .atMost(1.5)),
            BenchFigure("jobs: peak memory with a million / with a thousand", number("memory"), "", .atMost(1.5)),
        ]
        if reference == nil {
            Terminal.note("jobs: no pgqueuer and PostgreSQL are given; the comparison with them is left out")
        }
        return try BenchQueue.Shape.all.flatMap(rates) + figures
    }

    /// The rates in one shape: ours and theirs in turn, and of each the middle one.
    private func rates(_ shape: BenchQueue.Shape) throws -> [BenchFigure] {
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for _ in 0..<Self.rounds {
            ours.append(
                try BenchRate.told(
                    BenchProcess.answer(arguments: ["bench", "rate", "--store", folder + "/rate"] + shape.numbers)))
            guard let reference else { continue }
            theirs.append(try BenchPgqueuer(python: reference.python, url: reference.url).perSecond(shape))
        }
        let (mine, other) = (BenchRate.middle(ours), BenchRate.middle(theirs))
        let rate = BenchFigure("jobs: carried, \(shape.name)", mine, "/s", .atLeast(10_000))
        guard reference != nil else { return [rate] }
        return [
            rate, BenchFigure("jobs: by pgqueuer, \(shape.name)", other, "/s"),
            BenchFigure(
                "jobs: ours / pgqueuer, \(shape.name)", mine / other, "",
                shape.isJudged ? .atLeast(5) : .shown),
        ]
    }

    private static let rounds = 3
}

/// `crossdock bench jobs`: the work of `BenchJobs`, in a process of its own.
struct BenchJobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Time how soon jobs start, and their claims.", shouldDisplay: false)

    @Option(help: "The folder of its stores.")
    var folder: String
    @Option(help: "How many jobs are started one by one, a thousand a second.")
    var paced = 5000
    @Option(help: "How many jobs wait when many wait.")
    var many = 1_000_000

    func run() async throws {
        try await Terminal.run {
            Telemetry.bootstrapMeters()
            let few = try await BenchQueue(folder + "/few").claimMicroseconds(waiting: 1000)
            let before = try BenchUsage.peakMegabytes()
            // What others have just written, as a server that was set up for the comparison, is on the disk first.
            sync()
            // Half before and half after, so that both meet the same disk.
            var syncs = try await Self.syncMilliseconds(paced / 2, in: BenchFolder.fresh(folder + "/sync"))
            let soon = try BenchQueue(folder + "/soon")
            let waits = try await soon.waitMilliseconds(paced)
            await soon.store.close()
            syncs += try await Self.syncMilliseconds(paced / 2, in: BenchFolder.fresh(folder + "/sync"))
            let beforeMany = try max(before, BenchUsage.peakMegabytes())
            let claims = try await BenchQueue(folder + "/many").claimMicroseconds(waiting: many)
            let after = try BenchUsage.peakMegabytes()
            BenchAnswer.write([
                "wait50": Self.percentile(50, of: waits), "wait99": Self.percentile(99, of: waits),
                "sync50": Self.percentile(50, of: syncs), "sync99": Self.percentile(99, of: syncs),
                "claim": .string(String(claims / few)), "memory": .string(String(after / beforeMany)),
            ])
        }
    }

    private static func percentile(_ share: Int, of times: [Double]) -> JSON {
        .string(times.isEmpty ? "inf" : String(times.sorted()[times.count * share / 100]))
    }

    /// How long the disk takes each time to keep four kilobytes more, in milliseconds: a thousand times a second, or as
    /// often as it can.
    private static func syncMilliseconds(_ count: Int, in folder: String) async throws -> [Double] {
        let file = open(folder + "/sync", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw BenchError("\(folder) cannot be written") }
        defer { close(file) }
        let page = [UInt8](repeating: 7, count: 4096)
        let clock = ContinuousClock()
        let start = clock.now
        var times: [Double] = []
        for number in 0..<count {
            try await clock.sleep(until: start.advanced(by: .milliseconds(number)), tolerance: .zero)
            let begin = clock.now
            guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else {
                throw BenchError("\(folder) cannot be written")
            }
            times.append(begin.duration(to: clock.now) / .milliseconds(1))
        }
        return times
    }
}
