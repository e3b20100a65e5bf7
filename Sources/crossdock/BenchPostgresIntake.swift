import Commerce
import Foundation

/// Signed webhook intake with the store on a server, against FastAPI, uvicorn and asyncpg, which prove each call as the
/// hub does and keep it with one insert per request.
struct BenchPostgresIntake {
    let bench: BenchPostgres

    private static let rounds = 3

    func run() throws -> [BenchFigure] {
        let place = try BenchFolder.fresh(bench.folder + "/postgres-intake")
        let (pool, script) = (place + "/pool.txt", place + "/load.lua")
        _ = try BenchIntake.writePool(pool)
        try Data(BenchIntake.script.utf8).write(to: URL(fileURLWithPath: script))
        let ours = try BenchProcess(arguments: [
            "bench", "server", "--folder", place + "/hub", "--store", try bench.freshStore(),
        ])
        let oursURL = try BenchIntake.url(of: ours)
        let theirs = try bench.fastapi.map { python in
            try BenchProcess(python, arguments: ["-W", "ignore", "-c", Self.server, bench.url, BenchHub.webhookSecret])
        }
        let theirsURL = try theirs.map(BenchIntake.url)
        var number = 0
        let load = { (url: String, seconds: Int) throws -> BenchLoad in
            number += 1
            return try BenchLoad(url, pool: pool, script: script, run: number, seconds: seconds)
        }
        var answered = try load(oursURL, 2).requests
        if let theirsURL { _ = try load(theirsURL, 2) }
        var (mine, other): ([BenchLoad], [BenchLoad]) = ([], [])
        var processorSeconds = 0.0
        for _ in 0..<Self.rounds {
            if let theirsURL { other.append(try load(theirsURL, bench.seconds)) }
            let before = try BenchUsage.cpuSeconds(of: String(ours.id))
            mine.append(try load(oursURL, bench.seconds))
            processorSeconds += try BenchUsage.cpuSeconds(of: String(ours.id)) - before
        }
        let counted = mine.reduce(0) { $0 + $1.requests }
        answered += counted
        _ = theirs?.stop()
        let kept = try BenchAnswer.last(of: ours.stop())
        let inStore = min(kept["stored"]?.integer ?? 0, kept["jobs"]?.integer ?? 0)
        let rate = BenchRate.middle(mine.map(\.rate))
        return [
            BenchFigure("postgres: intake, stored in a second", rate, "/s"),
            BenchFigure(
                "postgres: intake, processor time of the hub for a call", processorSeconds / Double(counted) * 1e6,
                " us",
                .atMost(90)),
            BenchFigure("postgres: intake, p99 of the worst round", mine.map(\.p99).max() ?? 0, " ms"),
            BenchFigure(
                "postgres: intake, answered and not in the store", Double(max(0, answered - inStore)), "", .atMost(0)),
        ] + compared(rate, other.map(\.rate))
    }

    private func compared(_ mine: Double, _ rates: [Double]) -> [BenchFigure] {
        guard !rates.isEmpty else { return [] }
        let theirs = BenchRate.middle(rates)
        return [
            BenchFigure("postgres: intake, by FastAPI and asyncpg", theirs, "/s"),
            BenchFigure("postgres: intake, ours / FastAPI and asyncpg", mine / theirs, "", .atLeast(2.5)),
        ]
    }

    /// One worker, for the hub is one process, too; uvloop and httptools, as uvicorn takes them where they are there.
    private static let server = """
        import base64, hashlib, hmac, json, signal, socket, sys
        from contextlib import asynccontextmanager
        import asyncpg, uvicorn
        from fastapi import FastAPI, Request, Response

        # What the thread that started this has blocked would stay so, and nobody could end it.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        url, secret = sys.argv[1], sys.argv[2].encode()

        @asynccontextmanager
        async def life(app):
            app.state.pool = await asyncpg.create_pool(url, min_size=16, max_size=16)
            await app.state.pool.execute(
                "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; CREATE TABLE delivery ("
                "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, repeat_key text NOT NULL UNIQUE, "
                "topic text NOT NULL, headers text NOT NULL, body bytea NOT NULL, "
                "received_at timestamptz NOT NULL DEFAULT now())")
            yield
            await app.state.pool.close()

        app = FastAPI(lifespan=life)

        @app.post("/webhooks/shop")
        async def receive(request: Request):
            body = await request.body()
            wanted = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
            if not hmac.compare_digest(wanted, request.headers.get("x-wc-webhook-signature", "")):
                return Response(status_code=401)
            await app.state.pool.execute(
                "INSERT INTO delivery (repeat_key, topic, headers, body) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (repeat_key) DO NOTHING",
                request.headers.get("x-wc-webhook-delivery-id", ""), request.headers.get("x-wc-webhook-topic", ""),
                json.dumps(list(request.headers.items())), body)
            return Response(status_code=200)

        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        print(json.dumps({"url": f"http://127.0.0.1:{door.getsockname()[1]}/webhooks/shop"}), flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[door])
        """
}
