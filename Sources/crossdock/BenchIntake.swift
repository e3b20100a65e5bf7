import Commerce
import Foundation
import Sandbox
import Wire

/// Signed webhook intake, durable before the answer, against the same door that only proves and answers.
///
/// Both servers run throughout and are loaded in turn, so that whatever else slows the machine slows both.
struct BenchIntake {
    let folder: String
    let seconds: Int

    static let connections = 64
    static let bodies = 4000
    static let rounds = 3

    func run() throws -> [BenchFigure] {
        let place = try BenchFolder.fresh(folder + "/intake")
        let (pool, script) = (place + "/pool.txt", place + "/load.lua")
        let size = try Self.writePool(pool)
        try Data(Self.script.utf8).write(to: URL(fileURLWithPath: script))
        let storing = try BenchProcess(arguments: ["bench", "server", "--folder", place + "/storing"])
        let forgetting = try BenchProcess(arguments: [
            "bench", "server", "--forgets", "--folder", place + "/forgetting",
        ])
        let storingURL = try Self.url(of: storing)
        let forgettingURL = try Self.url(of: forgetting)
        var number = 0
        let load = { (url: String, seconds: Int) throws -> BenchLoad in
            number += 1
            return try BenchLoad(url, pool: pool, script: script, run: number, seconds: seconds)
        }
        var answered = try load(storingURL, 2).requests
        _ = try load(forgettingURL, 2)
        var (stored, forgotten): ([BenchLoad], [BenchLoad]) = ([], [])
        for _ in 0..<Self.rounds {
            forgotten.append(try load(forgettingURL, seconds))
            stored.append(try load(storingURL, seconds))
        }
        answered += stored.reduce(0) { $0 + $1.requests }
        let peak = try BenchUsage.peakMegabytes(of: String(storing.id))
        _ = forgetting.stop()
        let kept = try BenchAnswer.last(of: storing.stop())
        return figures(stored, forgotten, answered: answered, kept: kept, peak: peak, bodyBytes: size)
    }

    private func figures(
        _ stored: [BenchLoad], _ forgotten: [BenchLoad], answered: Int, kept: JSON, peak: Double, bodyBytes: Int
    ) -> [BenchFigure] {
        let rate = { (loads: [BenchLoad]) in loads.reduce(0) { $0 + $1.rate } / Double(loads.count) }
        let inStore = min(kept["stored"]?.integer ?? 0, kept["jobs"]?.integer ?? 0)
        return [
            BenchFigure(
                "intake: stored, of the rate without storing", rate(stored) / rate(forgotten), "", .atLeast(0.45)),
            BenchFigure("intake: p99 of the worst round", stored.map(\.p99).max() ?? 0, " ms", .atMost(25)),
            BenchFigure("intake: peak resident memory of the server", peak, " MB", .atMost(80)),
            BenchFigure("intake: answered and not in the store", Double(max(0, answered - inStore)), "", .atMost(0)),
            BenchFigure("intake: stored in a second", rate(stored)),
            BenchFigure("intake: proved in a second, without storing", rate(forgotten)),
            BenchFigure("intake: size of a body", Double(bodyBytes), " B"),
        ]
    }

    static func url(of server: BenchProcess) throws -> String {
        guard let url = try BenchAnswer.last(of: server.line(with: "\"url\""))["url"]?.string else {
            throw BenchError("the server did not say where it listens")
        }
        return url
    }

    /// Orders of the stand-in shop, each with a number of its own, signed; a signature and a body on lines in turn.
    static func writePool(_ path: String) throws -> Int {
        let shop = WooCommerceSandbox.filled(
            seed: 7, products: 100, customers: 100, orders: 300, now: OpenHub.systemNow())
        let orders = shop.ask("/orders", [], at: OpenHub.systemNow()).compactMap(\.object)
        guard !orders.isEmpty else { throw BenchError("the stand-in shop has no orders") }
        var bytes: [UInt8] = []
        var bodyBytes = 0
        for number in 0..<bodies {
            var order = orders[number % orders.count]
            order["id"] = .integer(100_000 + number)
            order["number"] = .string(String(100_000 + number))
            let body = JSON.object(order).bytes
            let signature = Signature.hmacSHA256(body, key: Array(BenchHub.webhookSecret.utf8))
            bytes += Array((Signature.base64(signature) + "\n").utf8) + body + [UInt8(ascii: "\n")]
            bodyBytes += body.count
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return bodyBytes / bodies
    }

    /// Every call has a body from the pool and a delivery id of its own, so that none is a repeat.
    static let script = """
        local bodies, signatures, sent, run = {}, {}, 0, ""

        function init(args)
            run = args[2]
            local signature = nil
            for line in io.lines(args[1]) do
                if signature then
                    bodies[#bodies + 1] = line
                    signatures[#signatures + 1] = signature
                    signature = nil
                else
                    signature = line
                end
            end
        end

        function request()
            sent = sent + 1
            local number = sent % #bodies + 1
            return wrk.format("POST", nil, {
                ["Content-Type"] = "application/json",
                ["User-Agent"] = "WooCommerce/11.0.1 Hookshot (WordPress/7.0)",
                ["X-WC-Webhook-Source"] = "https://shop.example/",
                ["X-WC-Webhook-Topic"] = "order.updated",
                ["X-WC-Webhook-Resource"] = "order",
                ["X-WC-Webhook-Event"] = "updated",
                ["X-WC-Webhook-ID"] = "7",
                ["X-WC-Webhook-Delivery-ID"] = run .. "-" .. sent,
                ["X-WC-Webhook-Signature"] = signatures[number],
            }, bodies[number])
        end
        """ + "\n" + telling

    /// Tells in one line of JSON what a round came to.
    static let telling = """
        function done(summary, latency, requests)
            local e = summary.errors
            io.write(string.format('\\n{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"bad":%d}\\n',
                summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
                e.connect + e.read + e.write + e.status + e.timeout))
        end
        """
}

/// What one round of load came to.
struct BenchLoad {
    var requests: Int
    /// Answers in a second.
    var rate: Double
    /// In milliseconds.
    var p99: Double

    init(_ url: String, pool: String, script: String, run: Int, seconds: Int) throws {
        try self.init(
            url, script: script, connections: BenchIntake.connections, seconds: seconds, given: [pool, String(run)])
    }

    /// Loads an address by a script of `wrk`, to which the last arguments are given.
    init(_ url: String, script: String, connections: Int, seconds: Int, given: [String]) throws {
        let told = try BenchProcess.answer(
            "/usr/bin/env",
            arguments: ["wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "--latency", "-s", script, url, "--"]
                + given)
        guard let requests = told["requests"]?.integer, let microseconds = told["microseconds"]?.integer,
            let p99 = told["p99"]?.integer, let bad = told["bad"]?.integer, requests > 0
        else { throw BenchError("wrk told nothing that can be read; is it installed?") }
        guard bad == 0 else { throw BenchError("\(bad) of \(requests) calls were not answered as they should") }
        self.requests = requests
        rate = Double(requests) / (Double(microseconds) / 1e6)
        self.p99 = Double(p99) / 1000
    }
}
