import Commerce
import Foundation
import Pipeline
import Store
import StorePostgres
import TestStores
import Testing

/// Hubs as they are run on a server: one takes a vendor's calls, two work on them.
final class WorkerStage {
    private let program: Program
    private let store: any Store
    private let shop: RunningProgram
    private let pages: RunningProgram
    private var workers: [RunningProgram] = []
    private let caller: Caller
    private let calling: Task<Void, Never>

    private static let workerCount = 2
    /// How often a worker is killed, and how many times.
    private static let (killSeconds, killCount) = (3, 20)
    /// How long one stands still, in seconds: a lease lasts 15.
    private static let frozenSeconds = 18
    private static let patienceSeconds = 120

    /// Starts everything.
    init(_ cluster: TestCluster) async throws {
        var program = try Program()
        program.environment["CROSSDOCK_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
        program.environment["LOG_LEVEL"] = "warning"
        program.environment["CROSSDOCK_STORE"] = cluster.url()
        self.program = program
        shop = try program.start(["sandbox", "woocommerce", "--port", "0", "--products", "3"])
        let visitor = ShopVisitor(url: "http://127.0.0.1:\(try await shop.port())")
        let file = try program.write(visitor.settings.text, to: "shop.json")
        let connected = try await program.run(["connect", "woocommerce", "--name", "shop", "--config", file])
        try #require(connected.status == 0, "\(connected.said)")
        pages = try program.start(["serve", "--role", "api", "--port", "0"])
        let caller = Caller(hubPort: try await pages.port())
        self.caller = caller
        store = try PostgresStore(try PostgresAddress(cluster.url()), migrations: Hub.migrations)
        for _ in 0..<Self.workerCount { workers.append(try program.start(["serve", "--role", "worker"])) }
        calling = Task { await caller.call() }
    }

    /// Ends everything.
    func close() {
        calling.cancel()
        (workers + [pages, shop]).forEach { $0.send(SIGKILL) }
        program.close()
    }

    /// How many calls were understood.
    func carried() async throws -> Int { try await count("state = 'completed'") }

    private func count(_ condition: String) async throws -> Int {
        try await store.read { session in
            let sql = "SELECT count(*) FROM job WHERE organization_id = 1 AND queue = 'receive' AND "
            return Int(try session.rows(sql + condition, []).first?.integer(0) ?? 0)
        }
    }

    /// Kills one worker after the other; another takes its place at once.
    func killWorkers() async throws {
        for number in 0..<Self.killCount {
            _ = try await eventually(withinSeconds: Self.killSeconds, every: .seconds(1)) { nil as Bool? }
            workers[number % Self.workerCount].send(SIGKILL)
            workers[number % Self.workerCount] = try program.start(["serve", "--role", "worker"])
        }
    }

    /// One stands still for longer than its leases last, and wakes.
    func freeze() async throws {
        workers[0].send(SIGSTOP)
        _ = try await eventually(withinSeconds: Self.frozenSeconds, every: .seconds(1)) { nil as Bool? }
        workers[0].send(SIGCONT)
    }

    /// What is wrong once nobody calls any more and all is done, one sentence each.
    func problems() async throws -> [String] {
        calling.cancel()
        await calling.value
        let isDone = try await eventually(withinSeconds: Self.patienceSeconds, every: .seconds(1)) { () -> Bool? in
            try await self.count("is_open = 1") == 0 ? true : nil
        }
        var problems = isDone == true ? [] : ["\(try await count("is_open = 1")) calls are not worked on"]
        let (all, done) = (try await count("TRUE"), try await carried())
        if all != done { problems.append("\(all) calls are kept, and \(done) were understood") }
        return try await problems + caller.lost(in: store, keyFile: program.path("hub/crossdock.key"))
    }
}
