import Foundation
import Store
import TestStores
import Testing

/// Two releases of the program itself on one server, one process after the other being replaced under load.
/// `scripts/upgrade` builds the older one and names it in `CROSSDOCK_OLDER`.
@Suite("An upgrade of the program while it works", .serialized)
struct UpgradeTests {
    @Test func nothingIsLostAndNothingTwiceWhileAnOlderProgramIsReplacedUnderLoad() async throws {
        guard let older = ProcessInfo.processInfo.environment["CROSSDOCK_OLDER"] else {
            return print("upgrade: not tried, for no older program is named; scripts/upgrade builds one")
        }
        let cluster = try await TestCluster.start()
        do {
            let seed = UInt64.random(in: 1...999_999)
            let loop = try await KillLoop(kills: 0, form: .xml, seed: seed, cluster: cluster, older: older)
            var isKept = true
            defer { loop.close(isKept: isKept) }
            let problems = try await loop.upgrade(from: older)
            isKept = !problems.isEmpty
            #expect(problems.isEmpty, "seed \(seed):\n\(problems.joined(separator: "\n"))")
            await cluster.stop()
        } catch {
            await cluster.stop()
            throw error
        }
    }
}

extension KillLoop {
    private static let workerCount = 2
    /// How long the world goes on between two steps of the upgrade, in seconds, and how often something happens in it.
    private static let (stepSeconds, happening) = (6, Duration.milliseconds(300))
    /// How long a process may take to end what it is at.
    private static let endSeconds = 20

    /// Lets hubs of an older program work, then those of this one beside them, then these alone. Answers what is wrong.
    func upgrade(from older: String) async throws -> [String] {
        let skus = try await shop.skus()
        let emails = try await shop.all("/customers").compactMap { $0["email"]?.string }
        try #require(!skus.isEmpty && emails.count > 3)
        var old = program
        old.binary = older
        let before = try await applied()
        let pages = ["serve", "--role", "api", "--port", "\(hubPort)", "--public-url", "http://127.0.0.1:\(hubPort)"]
        let worker = ["serve", "--role", "worker"]

        var door = try old.start(pages)
        var workers = try (0..<Self.workerCount).map { _ in try old.start(worker) }
        defer { (workers + [door]).forEach { $0.send(SIGKILL) } }
        _ = try await door.port()
        let calls = Task { [caller] in await caller.call() }
        defer { calls.cancel() }
        try await goOn(skus, emails, with: workers + [door])

        // The first of the new ones grows the schema, while those of the old work.
        let first = try program.start(worker)
        workers.append(first)
        try await goOn(skus, emails, with: workers + [door])
        // One of the old starts again beside it.
        try await end(workers[0])
        workers[0] = try old.start(worker)
        try await goOn(skus, emails, with: workers + [door])
        for place in 0..<Self.workerCount {
            try await end(workers[place])
            workers[place] = try program.start(worker)
            try await goOn(skus, emails, with: workers + [door])
        }
        try await end(door)
        door = try program.start(pages)
        _ = try await door.port()
        try await goOn(skus, emails, with: workers + [door])

        calls.cancel()
        await calls.value
        for running in workers + [door] { try await end(running) }
        let after = try await applied()
        print("upgrade: from a schema of \(before) migrations to one of \(after)")
        return try await verdict(skus, emails, after: "an upgrade under load")
    }

    /// The world goes on for a while; whoever works meanwhile must be there at its end.
    private func goOn(_ skus: [String], _ emails: [String], with running: [RunningProgram]) async throws {
        let taken = await caller.acknowledged.count
        _ = try await eventually(withinSeconds: Self.stepSeconds, every: Self.happening) { () -> Bool? in
            try await happen(skus, emails)
            _ = try await shop.act("queue", [:])
            return nil
        }
        for one in running { try #require(one.isRunning, "a hub ended: \(one.errors)") }
        try #require(await caller.acknowledged.count > taken, "no call was taken for \(Self.stepSeconds) s")
    }

    /// Ends a process as an administrator does.
    private func end(_ running: RunningProgram) async throws {
        running.send(SIGTERM)
        let status = try await running.ended(withinSeconds: Self.endSeconds)
        try #require(status == 0, "\(status): \(running.errors)")
    }

    /// How many migrations the store has.
    private func applied() async throws -> Int {
        let answer = try await cluster?.ask("SELECT count(*) FROM migration")
        return answer.flatMap { Int($0) } ?? 0
    }
}
