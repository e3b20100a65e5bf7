import Commerce
import Foundation
import Pipeline
import Store
import StorePostgres

/// The hub on a PostgreSQL server, beside others that keep durable work on the same server.
struct BenchPostgres {
    let folder: String
    /// How long one round of the intake is loaded, in seconds.
    let seconds: Int
    /// How many rows jobs and change log hold when they hold many.
    let rows: Int
    /// The address of a database; its public schema, and one for the hub, are made anew again and again.
    let url: String
    /// Pythons that have pgqueuer and asyncpg; procrastinate; FastAPI, uvicorn and asyncpg. Nil leaves one out.
    let pgqueuer: String?
    let procrastinate: String?
    let fastapi: String?

    private static let rounds = 3

    /// The parts, each a measurement of its own.
    static let parts = ["postgres-jobs", "postgres-intake", "postgres-rows", "postgres-processes"]

    func run(_ part: String) throws -> [BenchFigure] {
        switch part {
        case "postgres-jobs": try BenchQueue.Shape.all.flatMap(rates)
        case "postgres-intake": try BenchPostgresIntake(bench: self).run()
        case "postgres-rows": try BenchPostgresRows(bench: self).run()
        default: try processes()
        }
    }

    /// An empty place for the hub's tables, which it makes itself.
    func freshStore() throws -> String {
        let address = try PostgresAddress(url)
        try PostgresStore.run("DROP SCHEMA IF EXISTS hub CASCADE; CREATE SCHEMA hub", at: address)
        return url + (url.contains("?") ? "&" : "?") + "options=-csearch_path%3Dhub"
    }

    /// The rates in one shape: ours and theirs in turn, and of each the middle one.
    private func rates(_ shape: BenchQueue.Shape) throws -> [BenchFigure] {
        var (ours, queuer, other): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<Self.rounds {
            let arguments = ["bench", "rate", "--jobs", "20000", "--store", try freshStore()] + shape.numbers
            ours.append(try BenchRate.told(BenchProcess.answer(arguments: arguments)))
            if let pgqueuer { queuer.append(try BenchPgqueuer(python: pgqueuer, url: url).perSecond(shape)) }
            if let procrastinate {
                other.append(try BenchProcrastinate(python: procrastinate, url: url).perSecond(shape))
            }
        }
        let mine = BenchRate.middle(ours)
        return [BenchFigure("postgres: jobs carried, \(shape.name)", mine, "/s")]
            + compared("pgqueuer", mine, queuer, atLeast: 5, shape)
            + compared("procrastinate", mine, other, atLeast: 10, shape)
    }

    private func compared(
        _ name: String, _ mine: Double, _ rates: [Double], atLeast goal: Double, _ shape: BenchQueue.Shape
    ) -> [BenchFigure] {
        guard !rates.isEmpty else { return [] }
        let theirs = BenchRate.middle(rates)
        return [
            BenchFigure("postgres: by \(name), \(shape.name)", theirs, "/s"),
            BenchFigure(
                "postgres: ours / \(name), \(shape.name)", mine / theirs, "", shape.isJudged ? .atLeast(goal) : .shown),
        ]
    }

    /// One process on one core, and two, each on a core of its own, which share the work of one organization.
    private func processes() throws -> [BenchFigure] {
        guard ProcessInfo.processInfo.activeProcessorCount > 1 else { return [] }
        var (one, two): ([Double], [Double]) = ([], [])
        for _ in 0..<Self.rounds {
            one.append(try carried(by: ["0"]))
            two.append(try carried(by: ["0", "1"]))
        }
        let (alone, together) = (BenchRate.middle(one), BenchRate.middle(two))
        return [
            BenchFigure("postgres: carried by one process on one core", alone, "/s"),
            BenchFigure("postgres: carried by two processes, each on one core", together, "/s"),
            BenchFigure("postgres: two processes / one", together / alone, "", .atLeast(1.3)),
        ]
    }

    /// Jobs a second of processes that are each held to one core, of jobs that wait when they begin.
    private func carried(by cores: [String]) throws -> Double {
        let store = try freshStore()
        _ = try BenchProcess.answer(arguments: ["bench", "fill", "--store", store, "--jobs", "\(Self.waiting)"])
        let running = try cores.map { core in
            try BenchProcess(
                "/usr/bin/env",
                arguments: ["taskset", "-c", core, BenchProcess.program, "bench", "work", "--store", store])
        }
        for process in running { _ = try process.line(with: "isReady") }
        running.forEach { $0.goOn() }
        let told = try running.map { try BenchAnswer.last(of: $0.finish()) }
        let times = { (name: String) in told.compactMap { $0[name]?.string.flatMap { Double($0) } } }
        guard let begin = times("begin").min(), let end = times("end").max() else {
            throw BenchError("a measured process told no times")
        }
        return Double(told.reduce(0) { $0 + ($1["carried"]?.integer ?? 0) }) / (end - begin)
    }

    private static let waiting = 20_000
}

/// procrastinate on a PostgreSQL of its own, which does what the hub's queue does.
struct BenchProcrastinate {
    /// A Python that has procrastinate.
    let python: String
    /// The address of a database; its public schema is made anew.
    let url: String

    /// Jobs a second from the queue to their end.
    func perSecond(_ shape: BenchQueue.Shape) throws -> Double {
        try BenchRate.told(
            BenchProcess.answer(
                python, arguments: ["-W", "ignore", "-c", Self.script, url, "2000"] + shape.numbers))
    }

    /// The same work by procrastinate in the same shape, each job with a lock that makes it unique while it waits. A
    /// worker takes jobs one by one and runs up to ten beside each other.
    private static let script = """
        import asyncio, json, logging, sys, time
        import procrastinate, psycopg

        logging.disable(logging.CRITICAL)

        async def main(url, count, step, producers, workers, claim):
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            size = producers + 2 * workers
            app = procrastinate.App(
                connector=procrastinate.PsycopgConnector(conninfo=url, min_size=size, max_size=size))
            done, finished = 0, asyncio.Event()
            @app.task(queue="job", name="job")
            async def job(data):
                nonlocal done
                done += 1
                if done >= count:
                    finished.set()
            def asked(n):
                return job.configure(queueing_lock=f"k{n}")
            async def produce(offset):
                for start in range(offset * step, count, step * producers):
                    if step == 1:
                        await asked(start).defer_async(data="x" * 289)
                    else:
                        await asked(start).job_manager.batch_defer_jobs_async([
                            asked(n).job.evolve(task_kwargs={"data": "x" * 289})
                            for n in range(start, min(start + step, count))])
            async with app.open_async():
                await app.schema_manager.apply_schema_async()
                begin = time.monotonic()
                tasks = [
                    asyncio.create_task(app.run_worker_async(
                        concurrency=min(claim, 10), queues=["job"], wait=True, install_signal_handlers=False,
                        delete_jobs="never"))
                    for _ in range(workers)]
                await asyncio.gather(*(produce(n) for n in range(producers)))
                await finished.wait()
                spent = time.monotonic() - begin
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            print(json.dumps({"perSecond": str(count / spent)}))

        asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
        """
}
