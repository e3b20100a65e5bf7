import Commerce
import Console
import Foundation
import Identity
import Ledger
import Pipeline
import Store

/// What it costs to let callers in, and how a list fares beside a word that nothing has to be looked up for.
struct BenchAccess {
    let folder: String
    let seconds: Int
    /// How many products and stored calls there are.
    let rows: Int

    private static let rounds = 3
    private static let connections = 8
    /// Lists of fifty products, beside what each is called: from the first on, in the midst of them (`since` follows),
    /// by the beginning of their keys, and those that a shop has.
    private static let lists = [
        ("from the first", "kind=product&limit=50"), ("in the midst", "kind=product&limit=50&since="),
        ("by a prefix", "kind=product&limit=50&prefix=sku-77"),
        ("of a shop", "kind=product&limit=50&integration=shop"),
    ]
    /// What is the same for whoever asks, so that only the asking differs.
    private static let same = "/assets/mark.svg"

    func run() throws -> [BenchFigure] {
        let place = try BenchFolder.fresh(folder + "/access")
        let script = place + "/load.lua"
        try Data((Self.script + "\n" + BenchIntake.telling).utf8).write(to: URL(fileURLWithPath: script))
        let server = try BenchProcess(arguments: [
            "bench", "server", "--folder", place + "/hub", "--rows", "\(rows)",
        ])
        let told = try BenchAnswer.last(of: server.line(with: "\"place\""))
        guard let address = told["place"]?.string, let key = told["key"]?.string,
            let tokens = told["tokens"]?.array?.compactMap(\.string), let token = tokens.first,
            let midst = told["midst"]?.string
        else { throw BenchError("the server did not say where it listens and who may ask") }
        let nobody = try Self.write([], place + "/nobody")
        let one = try Self.write([token], place + "/token")
        let program = try Self.write([key], place + "/key")
        let many = try Self.write(tokens, place + "/tokens")
        let load = { (path: String, who: String, seconds: Int) throws -> (load: BenchLoad, processorSeconds: Double) in
            let before = try BenchUsage.cpuSeconds(of: String(server.id))
            let load = try BenchLoad(
                address + path, script: script, connections: Self.connections, seconds: seconds, given: [who])
            return (load, try BenchUsage.cpuSeconds(of: String(server.id)) - before)
        }
        let lists = Self.lists.map { ($0, "/api/records?\($1)" + ($1.hasSuffix("=") ? midst : "")) }
        for (path, who) in [("/health", nobody), (Self.same, one)] + lists.map({ ($0.1, many) }) {
            _ = try load(path, who, 1)
        }
        var (health, listed): ([Double], [String: [Double]]) = ([], [:])
        var costs: [String: (seconds: Double, calls: Int)] = [:]
        for _ in 0..<Self.rounds {
            health.append(try load("/health", nobody, seconds).load.p99)
            for (name, path) in lists { listed[name, default: []].append(try load(path, many, seconds).load.p99) }
            for who in [nobody, one, program] {
                let (load, processorSeconds) = try load(Self.same, who, seconds)
                let sum = costs[who] ?? (0, 0)
                costs[who] = (sum.seconds + processorSeconds, sum.calls + load.requests)
            }
        }
        _ = server.stop()
        let each = { (who: String) in costs[who].map { $0.seconds / Double($0.calls) * 1e6 } ?? .infinity }
        let middles = lists.map { (name: $0.0, p99: BenchRate.middle(listed[$0.0] ?? [])) }
        let (quick, slow) = (BenchRate.middle(health), middles.map(\.p99).max() ?? .infinity)
        let figures = middles.map {
            BenchFigure("access: p99 of 50 of \(rows) products \($0.name), with a token", $0.p99, " ms")
        }
        return [BenchFigure("access: p99 of /health, without a token", quick, " ms")] + figures + [
            BenchFigure("access: p99 of the slowest of these lists / of /health", slow / quick, "", .atMost(5)),
            BenchFigure("access: processor time of a request from nobody", each(nobody), " us"),
            BenchFigure("access: what a token adds to it", each(one) - each(nobody), " us", .atMost(30)),
            BenchFigure("access: what a key adds to it", each(program) - each(nobody), " us", .atMost(30)),
        ]
    }

    private static func write(_ credentials: [String], _ path: String) throws -> String {
        try Data(credentials.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The callers whose credentials stand in a file take turns; where there are none, nobody asks.
    private static let script = """
        local requests, sent = {}, 0

        function init(args)
            for line in io.lines(args[1]) do
                requests[#requests + 1] = wrk.format("GET", nil, {["Authorization"] = "Bearer " .. line})
            end
            if #requests == 0 then
                requests[1] = wrk.format("GET", nil, {})
            end
        end

        function request()
            sent = sent + 1
            return requests[sent % #requests + 1]
        end

        """
}

/// Those who may ask a measured server.
enum BenchCallers {
    /// Enough that none has asked for more than one may.
    private static let tokens = 1000

    /// Their tokens, and the key of a program.
    static func admitted(_ hub: Hub, _ tokens: Tokens) async throws -> [String: JSON] {
        var texts: [JSON] = []
        for number in 0..<Self.tokens {
            // A token is told from others by what it says, as by when it was made.
            let made = hub.now.adding(seconds: -Double(number))
            texts.append(.string(try await tokens.make(role: .viewer, organization: "default", now: made)))
        }
        let midst = hub.now.adding(seconds: -Hub.filledSeconds / 2)
        let key = try await hub.makeAPIKey("bench", permissions: [.see], expires: nil, by: .hub)
        return ["tokens": .array(texts), "key": .string(key.secret), "midst": .string(midst.description)]
    }
}

extension Hub {
    /// Over how long what is filled in came to be, in seconds.
    fileprivate static let filledSeconds = 1000.0

    /// Fills a fresh file with products that an integration has, and with calls of its.
    func fill(_ rows: Int, of integration: Integration) async throws {
        let now = now
        for start in stride(from: 0, to: rows, by: 20_000) {
            let values: [SQLValue] = [
                .integer(Int64(start)), .integer(Int64(min(start + 20_000, rows))), SQLValue(now),
                .integer(integration.id),
            ]
            try await store.write { session in
                try session.run(Self.numbers + Self.products, values.dropLast() + [.integer(Int64(rows))])
                try session.run(Self.numbers + Self.links, Array(values.prefix(2)) + [.integer(integration.id)])
                try session.run(Self.numbers + Self.calls, values)
            }
        }
    }

    private static let numbers = """
        WITH RECURSIVE n(n) AS (SELECT ?1 + 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)

        """
    private static let products = """
        INSERT INTO record (organization_id, id, kind, natural_key, title, parts, created_at, updated_at)
        SELECT 1, n << 21, 'product', 'sku-' || n, 'Good ' || n, '{"title":{"value":"Good ' || n || '"}}', ?3,
            ?3 - 1000000 + n * 1000000 / ?4 FROM n
        """
    private static let links = """
        INSERT INTO link (organization_id, id, record_id, integration_id, kind, role, external_id, parts)
        SELECT 1, (n << 21) + 2, n << 21, ?3, 'product', 'record', CAST(n AS text), '{}' FROM n
        """
    private static let calls = """
        INSERT INTO delivery (organization_id, id, integration_id, repeat_key, topic, received_at, state, detail)
        SELECT 1, (n << 21) + 1, ?4, 'call-' || n, 'product.updated', ?3 - 1000000 + n, 'understood', 'taken' FROM n
        """
}
