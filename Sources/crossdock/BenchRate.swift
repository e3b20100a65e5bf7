import ArgumentParser
import Commerce
import Foundation
import Pipeline
import Store
import StorePostgres
import Telemetry

/// `crossdock bench rate`: how many jobs a second go from the queue to their end, in a process of its own.
struct BenchRateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate", abstract: "Carry durable jobs.", shouldDisplay: false)

    @Option(help: "A folder, whose store is made anew, or the address of a PostgreSQL database that holds no jobs.")
    var store: String
    @Option(help: "How many jobs are carried.")
    var jobs = 40_000
    @Argument(help: "How many jobs each step asks for.")
    var step: Int
    @Argument(help: "How many ask for jobs at once.")
    var producers: Int
    @Argument(help: "How many carry jobs at once.")
    var workers: Int
    @Argument(help: "How many jobs each claims in one step.")
    var claim: Int

    func run() async throws {
        try await Terminal.run {
            Telemetry.bootstrapMeters()
            let queue =
                PostgresAddress.isOne(store)
                ? BenchQueue(on: try PostgresStore(PostgresAddress(store), migrations: Hub.migrations))
                : try BenchQueue(store)
            let shape = BenchQueue.Shape(
                name: "as asked", step: step, producers: producers, workers: workers, claim: claim)
            let rate = try await queue.perSecond(jobs, shape)
            await queue.store.close()
            BenchAnswer.write(["perSecond": .string(String(rate))])
        }
    }
}

/// Rates as processes tell them.
enum BenchRate {
    static func told(_ answer: JSON) throws -> Double {
        guard let rate = answer["perSecond"]?.string.flatMap({ Double($0) }) else {
            throw BenchError("a measured process told no rate")
        }
        return rate
    }

    /// The middle one of several; of an even number the better of the two.
    static func middle(_ rates: [Double]) -> Double { rates.isEmpty ? .nan : rates.sorted()[rates.count / 2] }
}

/// pgqueuer on a PostgreSQL of its own, which does what the hub's queue does.
struct BenchPgqueuer {
    /// A Python that has pgqueuer and asyncpg.
    let python: String
    /// The address of a database; its public schema is made anew.
    let url: String

    /// Jobs a second from the queue to their end.
    func perSecond(_ shape: BenchQueue.Shape) throws -> Double {
        // One by one it carries about a thousand a second.
        let count = shape.step == 1 ? 5000 : 20_000
        return try BenchRate.told(
            BenchProcess.answer(
                python, arguments: ["-W", "ignore", "-c", Self.script, url, "\(count)"] + shape.numbers))
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

        async def main(url, count, step, producers, workers, batch):
            connections = [await asyncpg.connect(url) for _ in range(producers + workers)]
            await connections[0].execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await Queries(AsyncpgDriver(connections[0])).install()
            done = 0
            async def produce(connection, offset):
                queries = Queries(AsyncpgDriver(connection))
                for start in range(offset * step, count, step * producers):
                    keys = [f"k{n}" for n in range(start, start + step)]
                    await queries.enqueue(["job"] * step, [b"x" * 300] * step, [0] * step, dedupe_key=keys)
            async def consume(connection):
                worker = PgQueuer(AsyncpgDriver(connection))
                @worker.entrypoint("job")
                async def job(_):
                    nonlocal done
                    done += 1
                task = asyncio.create_task(worker.qm.run(batch_size=batch, dequeue_timeout=timedelta(seconds=1)))
                while done < count:
                    await asyncio.sleep(0.01)
                worker.qm.shutdown.set()
                await task
            begin = time.monotonic()
            await asyncio.gather(
                *(produce(connections[n], n) for n in range(producers)), *map(consume, connections[producers:]))
            spent = time.monotonic() - begin
            print(json.dumps({"perSecond": str(count / spent)}))

        asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
        """
}
