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
            BenchFigure("jobs: p99 from enqueue to start at 1,000/s", number("p99"), " ms"),
            BenchFigure("jobs: fdatasync of this disk, middle", number("sync"), " ms"),
            BenchFigure("jobs: p99 from enqueue to start / fdatasync", number("p99") / number("sync"), "", .atMost(4)),
            BenchFigure("jobs: claim with a million waiting / with a thousand", number("claim"), "", .atMost(1.5)),
            BenchFigure("jobs: peak memory with a million / with a thousand", number("memory"), "", .atMost(1.5)),
        ]
        if let reference {
            let theirs = try BenchProcess.answer(
                reference.python, arguments: ["-W", "ignore", "-c", Self.script, reference.url])
            let rate = theirs["perSecond"]?.string.flatMap { Double($0) } ?? .infinity
            figures.append(BenchFigure("jobs: pgqueuer, the same jobs", rate, "/s"))
            figures.append(BenchFigure("jobs: ours / pgqueuer", number("perSecond") / rate, "", .atLeast(5)))
        } else {
            Terminal.note("jobs: no pgqueuer and PostgreSQL are given; the comparison with them is left out")
        }
        return figures
    }

    /// The same work by pgqueuer at its best: enqueued a hundred at a time with a key that makes each unique, claimed a
    /// hundred at a time; its statistics and its durable commits stay on as they are.
    private static let script = """
        import asyncio, json, sys, time
        from datetime import timedelta
        import asyncpg
        from pgqueuer import PgQueuer
        from pgqueuer.db import AsyncpgDriver
        from pgqueuer.queries import Queries
        from pgqueuer.types import QueueExecutionMode

        COUNT = 20000

        async def main(url):
            connections = [await asyncpg.connect(url) for _ in range(4)]
            await connections[0].execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await Queries(AsyncpgDriver(connections[0])).install()
            done = 0
            async def produce(connection, offset):
                queries = Queries(AsyncpgDriver(connection))
                for start in range(offset, COUNT, 200):
                    keys = [f"k{n}" for n in range(start, start + 100)]
                    await queries.enqueue(["job"] * 100, [b"x" * 300] * 100, [0] * 100, dedupe_key=keys)
            async def consume(connection):
                worker = PgQueuer(AsyncpgDriver(connection))
                @worker.entrypoint("job")
                async def job(_):
                    nonlocal done
                    done += 1
                task = asyncio.create_task(worker.qm.run(batch_size=100, dequeue_timeout=timedelta(seconds=1)))
                while done < COUNT:
                    await asyncio.sleep(0.01)
                worker.qm.shutdown.set()
                await task
            begin = time.monotonic()
            await asyncio.gather(
                produce(connections[0], 0), produce(connections[1], 100), *map(consume, connections[2:]))
            spent = time.monotonic() - begin
            print(json.dumps({"perSecond": str(COUNT / spent)}))

        asyncio.run(main(sys.argv[1]))
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
    @Option(help: "How many jobs are started one by one, a thousand a second.")
    var paced = 5000
    @Option(help: "How many jobs wait when many wait.")
    var many = 1_000_000

    func run() async throws {
        try await Terminal.run {
            let sync = try Self.syncMilliseconds(in: BenchFolder.fresh(folder + "/sync"))
            let few = try await BenchQueue(folder + "/few").claimMicroseconds(waiting: 1000)
            let before = try BenchUsage.peakMegabytes()
            let queue = try await BenchQueue(folder + "/rate")
            let perSecond = try await queue.perSecond(jobs)
            await queue.store.close()
            let soon = try await BenchQueue(folder + "/soon")
            let waits = try await soon.waitMilliseconds(paced)
            await soon.store.close()
            let beforeMany = try max(before, BenchUsage.peakMegabytes())
            let claims = try await BenchQueue(folder + "/many").claimMicroseconds(waiting: many)
            let after = try BenchUsage.peakMegabytes()
            BenchAnswer.write([
                "perSecond": .string(String(perSecond)), "sync": .string(String(sync)),
                "p99": .string(String(waits.sorted()[waits.count * 99 / 100])),
                "claim": .string(String(claims / few)), "memory": .string(String(after / beforeMany)),
            ])
        }
    }

    /// How long the disk takes to keep four kilobytes, in milliseconds: the middle of two hundred times.
    private static func syncMilliseconds(in folder: String) throws -> Double {
        let file = open(folder + "/sync", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw BenchError("\(folder) cannot be written") }
        defer { close(file) }
        let page = [UInt8](repeating: 7, count: 4096)
        let clock = ContinuousClock()
        let times = try (0..<200).map { _ in
            let begin = clock.now
            guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else {
                throw BenchError("\(folder) cannot be written")
            }
            return begin.duration(to: clock.now) / .milliseconds(1)
        }
        return times.sorted()[times.count / 2]
    }
}
