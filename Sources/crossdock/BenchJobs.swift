import ArgumentParser
import Commerce
import Foundation
import Pipeline
import Queue
import Store

/// Durable jobs: how many a second, how soon each starts, and what a claim costs when many wait.
struct BenchJobs {
    let folder: String
    /// A Python that has pgqueuer and asyncpg, and the address of a PostgreSQL for it; nil leaves the comparison out.
    let reference: (python: String, url: String)?

    func run() throws -> [BenchFigure] {
        let told = try BenchProcess.answer(arguments: ["bench", "jobs", "--folder", folder + "/jobs"])
        let number = { (name: String) in told[name]?.string.flatMap { Double($0) } ?? .infinity }
        var figures = [
            BenchFigure("jobs: enqueue, claim, complete, 300 bytes", number("perSecond"), "/s", .atLeast(10_000)),
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
        guard let reference else {
            Terminal.note("jobs: no pgqueuer and PostgreSQL are given; the comparison with them is left out")
            return figures
        }
        for (name, shape, goal) in [
            ("a hundred at a time", BenchQueue.Shape.hundreds, BenchFigure.Goal.shown),
            ("as its own benchmark", .tens, .atLeast(5)),
        ] {
            let ours = number(shape.step == BenchQueue.Shape.tens.step ? "perSecondByTens" : "perSecond")
            let theirs = try rate(of: reference, shape)
            figures.append(BenchFigure("jobs: pgqueuer, \(name)", theirs, "/s"))
            figures.append(BenchFigure("jobs: ours in that shape", ours, "/s"))
            figures.append(BenchFigure("jobs: ours / pgqueuer, \(name)", ours / theirs, "", goal))
        }
        return figures
    }

    private func rate(of reference: (python: String, url: String), _ shape: BenchQueue.Shape) throws -> Double {
        let told = try BenchProcess.answer(
            reference.python,
            arguments: [
                "-W", "ignore", "-c", Self.script, reference.url, String(shape.step), String(shape.producers),
                String(shape.workers),
            ])
        return told["perSecond"]?.string.flatMap { Double($0) } ?? .infinity
    }

    /// The same work by pgqueuer in the same shape, each job with a key that makes it unique; its statistics and its
    /// durable commits stay on as they are.
    private static let script = """
        import asyncio, json, sys, time
        from datetime import timedelta
        import asyncpg
        from pgqueuer import PgQueuer
        from pgqueuer.db import AsyncpgDriver
        from pgqueuer.queries import Queries
        from pgqueuer.types import QueueExecutionMode

        COUNT = 20000

        async def main(url, step, producers, workers):
            connections = [await asyncpg.connect(url) for _ in range(producers + workers)]
            await connections[0].execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await Queries(AsyncpgDriver(connections[0])).install()
            done = 0
            async def produce(connection, offset):
                queries = Queries(AsyncpgDriver(connection))
                for start in range(offset * step, COUNT, step * producers):
                    keys = [f"k{n}" for n in range(start, start + step)]
                    await queries.enqueue(["job"] * step, [b"x" * 300] * step, [0] * step, dedupe_key=keys)
            async def consume(connection):
                worker = PgQueuer(AsyncpgDriver(connection))
                @worker.entrypoint("job")
                async def job(_):
                    nonlocal done
                    done += 1
                task = asyncio.create_task(worker.qm.run(batch_size=step, dequeue_timeout=timedelta(seconds=1)))
                while done < COUNT:
                    await asyncio.sleep(0.01)
                worker.qm.shutdown.set()
                await task
            begin = time.monotonic()
            await asyncio.gather(
                *(produce(connections[n], n) for n in range(producers)), *map(consume, connections[producers:]))
            spent = time.monotonic() - begin
            print(json.dumps({"perSecond": str(COUNT / spent)}))

        asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
        """
}

/// `crossdock bench jobs`: the work of `BenchJobs`, in a process of its own.
struct BenchJobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Carry durable jobs.", shouldDisplay: false)

    @Option(help: "The folder of its stores.")
    var folder: String
    @Option(help: "How many jobs are carried.")
    var jobs = 100_000
    @Option(help: "How many jobs are carried ten at a time.")
    var tens = 20_000
    @Option(help: "How many jobs are started one by one, a thousand a second.")
    var paced = 5000
    @Option(help: "How many jobs wait when many wait.")
    var many = 1_000_000

    func run() async throws {
        try await Terminal.run {
            let few = try await BenchQueue(folder + "/few").claimMicroseconds(waiting: 1000)
            let before = try BenchUsage.peakMegabytes()
            let queue = try await BenchQueue(folder + "/rate")
            let perSecond = try await queue.perSecond(jobs, .hundreds)
            await queue.store.close()
            let small = try await BenchQueue(folder + "/tens")
            let byTens = try await small.perSecond(tens, .tens)
            await small.store.close()
            // Half before and half after, so that both meet the same disk.
            var syncs = try await Self.syncMilliseconds(paced / 2, in: BenchFolder.fresh(folder + "/sync"))
            let soon = try await BenchQueue(folder + "/soon")
            let waits = try await soon.waitMilliseconds(paced)
            await soon.store.close()
            syncs += try await Self.syncMilliseconds(paced / 2, in: BenchFolder.fresh(folder + "/sync"))
            let beforeMany = try max(before, BenchUsage.peakMegabytes())
            let claims = try await BenchQueue(folder + "/many").claimMicroseconds(waiting: many)
            let after = try BenchUsage.peakMegabytes()
            BenchAnswer.write([
                "perSecond": .string(String(perSecond)), "perSecondByTens": .string(String(byTens)),
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
