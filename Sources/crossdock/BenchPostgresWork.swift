import ArgumentParser
import Commerce
import Foundation
import Pipeline
import Store
import StorePostgres
import Telemetry

extension BenchQueue {
    /// Puts so many jobs on the queue, that wait for whoever works.
    func fill(_ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 500) { try await enqueue(start..<min(start + 500, count)) }
    }

    /// Carries what waits until nothing does. How many jobs this process carried.
    func carryAll(workers: Int, limit: Int) async throws -> Int {
        let process = ProcessInfo.processInfo.processIdentifier
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var carried = 0
                    let owner = "worker \(worker) of \(process)"
                    while true {
                        let jobs = try await claim(owner, limit: limit)
                        guard !jobs.isEmpty else { return carried }
                        carried += try await settle(jobs, owner) { _ in false }
                    }
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

/// `crossdock bench fill`: puts jobs on the queue of a store.
struct BenchFillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill", abstract: "Put jobs on a queue.", shouldDisplay: false)

    @Option(help: "The address of a PostgreSQL database that holds no jobs.")
    var store: String
    @Option(help: "How many jobs.")
    var jobs: Int

    func run() async throws {
        try await Terminal.run {
            let queue = BenchQueue(on: try PostgresStore(PostgresAddress(store), migrations: Hub.migrations))
            try await queue.fill(jobs)
            await queue.store.close()
            BenchAnswer.write(["filled": .integer(jobs)])
        }
    }
}

/// `crossdock bench work`: carries the jobs that wait, in a process of its own, and tells how many and when.
struct BenchWorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Carry the jobs that wait.", shouldDisplay: false)

    @Option(help: "The address of a PostgreSQL database with jobs.")
    var store: String
    @Option(help: "How many workers carry jobs.")
    var workers = 5
    @Option(help: "How many jobs each claims in one step.")
    var claim = 10

    func run() async throws {
        try await Terminal.run {
            Telemetry.bootstrapMeters()
            let queue = BenchQueue(on: try PostgresStore(PostgresAddress(store), migrations: Hub.migrations))
            // Both of two begin together: what comes before is no work.
            BenchAnswer.write(["isReady": .bool(true)])
            _ = readLine()
            let begin = Date().timeIntervalSince1970
            let carried = try await queue.carryAll(workers: workers, limit: claim)
            let end = Date().timeIntervalSince1970
            await queue.store.close()
            BenchAnswer.write([
                "carried": .integer(carried), "begin": .string(String(begin)), "end": .string(String(end)),
            ])
        }
    }
}
