import Commerce
import Foundation
import Pipeline
import Queue
import Store
import Synchronization

/// A queue on a fresh store of its own, with its producers and workers.
struct BenchQueue: Sendable {
    let store: any Store
    let ids: IDPool

    /// How many put jobs on the queue and how many carry them, and how many jobs each takes in one step.
    struct Shape: Sendable {
        let name: String
        /// How many jobs one step puts on the queue; a producer waits until they are durable before it goes on.
        let step: Int
        let producers: Int
        let workers: Int
        /// How many jobs a worker claims, and settles, in one step.
        let claim: Int
        /// Whether the goal of so many times the other's rate is asked of it.
        var isJudged = true

        /// As calls come: each asks for one job, and is answered when it is durable.
        static let singly = Shape(name: "one by one from 64 callers", step: 1, producers: 64, workers: 5, claim: 100)
        /// As pgqueuer's own benchmark (tools/benchmark.py, its defaults).
        static let own = Shape(name: "as its own benchmark", step: 10, producers: 1, workers: 5, claim: 10)
        static let tens = Shape(name: "ten at a time from 16", step: 10, producers: 16, workers: 5, claim: 100)
        /// For as many as possible.
        static let hundreds = Shape(
            name: "a hundred at a time", step: 100, producers: 2, workers: 2, claim: 100, isJudged: false)
        static let all = [singly, own, tens, hundreds]

        /// As arguments of a program: step, producers, workers, claim.
        var numbers: [String] { [step, producers, workers, claim].map(String.init) }
    }

    /// One job in so many fails once, and is tried again.
    static let failing = 100
    /// How long a worker waits that nobody wakes, in milliseconds.
    static let restMilliseconds = 200
    /// What a job carries: 300 bytes.
    static let payload: JSON = ["text": .string(String(repeating: "x", count: 289))]
    static let work = DueWork(integration: 0, queue: .task, kind: nil)

    /// A queue on a fresh SQLite store in a folder.
    init(_ folder: String) throws {
        let place = try BenchFolder.fresh(folder) + "/crossdock.sqlite"
        self.init(on: try SQLiteStore(path: place, migrations: Hub.migrations))
    }

    /// A queue on a store that holds no jobs.
    init(on whole: any Store) {
        store = whole.of(1)
        ids = IDPool(whole)
    }

    func enqueue(_ keys: Range<Int>, runAt: Moment = OpenHub.systemNow()) async throws {
        let (block, now) = (try await ids.draw(keys.count), OpenHub.systemNow())
        let jobs = keys.map {
            NewJob(.task, integration: 0, kind: nil, key: "bench/\($0)", runAt: runAt, payload: Self.payload)
        }
        try await store.write { session in
            var ids = block
            try JobTable(session, organization: 1).add(jobs, ids: &ids, now: now)
        }
    }

    func claim(_ owner: String, limit: Int) async throws -> [Job] {
        try await store.freely.write(.lease) { session in
            try JobTable(session, organization: 1).take(
                Self.work, limit: limit, owner: owner, now: OpenHub.systemNow())
        }
    }

    func settle(_ jobs: [Job], _ owner: String, fails: @escaping @Sendable (Job) -> Bool) async throws -> Int {
        try await store.freely.write { session in
            let now = OpenHub.systemNow()
            let outcomes = jobs.map { job -> (job: Job, outcome: JobOutcome) in
                fails(job)
                    ? (job, .retry(errorClass: "bench", error: "once", at: now, keepsIntent: false)) : (job, .completed)
            }
            try JobTable(session, organization: 1).settle(outcomes, owner: owner, now: now)
            return outcomes.count { $0.outcome == .completed }
        }
    }

    /// Jobs a second from the queue to their end, producers and workers at once. `from`: the number of the first.
    func perSecond(_ count: Int, _ shape: Shape, from first: Int = 0) async throws -> Double {
        let (clock, bell, tally) = (ContinuousClock(), Bell(), Tally(count))
        let begin = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for producer in 0..<shape.producers {
                group.addTask {
                    let stride = shape.step * shape.producers
                    for start in Swift.stride(from: producer * shape.step, to: count, by: stride) {
                        try await enqueue(first + start..<first + min(start + shape.step, count))
                        bell.ring()
                    }
                }
            }
            try await carry(shape, bell, tally) { _, _ in
            } fails: {
                $0.attempt == 1 && Int($0.id) % Self.failing == 0
            }
            try await group.waitForAll()
        }
        return Double(count) / (begin.duration(to: clock.now) / .seconds(1))
    }

    /// Carries jobs until all are done, as the hub does: one claims, and gives what it has claimed to a worker.
    private func carry(
        _ shape: Shape, _ bell: Bell, _ tally: Tally,
        started: @escaping @Sendable ([Job], ContinuousClock.Instant) -> Void,
        fails: @escaping @Sendable (Job) -> Bool
    ) async throws {
        let (clock, owner) = (ContinuousClock(), "hub")
        let ringing = Task { await bell.ring(every: .milliseconds(Self.restMilliseconds), by: clock) }
        defer { ringing.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { workers in
            while tally.left > 0 {
                let heard = bell.count
                let jobs = tally.working < shape.workers ? try await claim(owner, limit: shape.claim) : []
                guard !jobs.isEmpty else {
                    await bell.wait(after: heard)
                    continue
                }
                started(jobs, clock.now)
                tally.begin()
                workers.addTask {
                    tally.end(try await settle(jobs, owner, fails: fails))
                    bell.ring()
                }
            }
            try await workers.waitForAll()
        }
    }

    /// How long each of so many jobs waits from being asked for to its start, in milliseconds, at a thousand a second.
    func waitMilliseconds(_ count: Int) async throws -> [Double] {
        let (clock, bell, tally) = (ContinuousClock(), Bell(), Tally(count))
        let begin = clock.now
        let asked = { @Sendable (key: Int) in begin.advanced(by: .milliseconds(100 + key)) }
        let waits = Mutex<[Double]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { calls in
                    for key in 0..<count {
                        try await clock.sleep(until: asked(key), tolerance: .zero)
                        calls.addTask {
                            try await enqueue(key..<key + 1)
                            bell.ring()
                        }
                    }
                    try await calls.waitForAll()
                }
            }
            try await carry(.hundreds, bell, tally) { jobs, start in
                let keys = jobs.compactMap { Int($0.key.dropFirst("bench/".count)) }
                waits.withLock { $0 += keys.map { asked($0).duration(to: start) / .milliseconds(1) } }
            } fails: { _ in
                false
            }
            try await group.waitForAll()
        }
        return waits.withLock { $0 }
    }

    /// What finding and claiming ten jobs costs while so many wait, on a store that is closed then.
    func claimMicroseconds(waiting: Int) async throws -> Double {
        for start in stride(from: 0, to: waiting, by: 1000) { try await enqueue(start..<min(start + 1000, waiting)) }
        let time = try await claimMicroseconds()
        await store.close()
        return time
    }

    /// What finding and claiming ten jobs costs, in microseconds: the middle of many times. The commit is not in it.
    func claimMicroseconds() async throws -> Double {
        let clock = ContinuousClock()
        var times: [Double] = []
        for round in 0..<60 {
            let (jobs, time) = try await store.write { session in
                let begin = clock.now
                let table = JobTable(session, organization: 1)
                let now = OpenHub.systemNow()
                _ = try table.due(at: now)
                let jobs = try table.take(Self.work, limit: 10, owner: "me", now: now)
                return (jobs, begin.duration(to: clock.now) / .microseconds(1))
            }
            // The first rounds warm the caches.
            if round >= 10 { times.append(time) }
            _ = try await settle(jobs, "me") { _ in false }
        }
        return times.sorted()[times.count / 2]
    }
}

/// How much of the work is left, and how many are at it.
private final class Tally: Sendable {
    private let counts: Mutex<(left: Int, working: Int)>

    init(_ count: Int) { counts = Mutex((count, 0)) }

    /// How many jobs are still to be done.
    var left: Int { counts.withLock { $0.left } }
    /// How many carry jobs now.
    var working: Int { counts.withLock { $0.working } }

    func begin() { counts.withLock { $0.working += 1 } }

    /// One has ended, and so many jobs are done.
    func end(_ done: Int) { counts.withLock { $0 = ($0.left - done, $0.working - 1) } }
}
