import ConnectorKit
import Intake
import Queue
import Store
import Synchronization
import Wire

/// Vendors that call, and workers that carry what they said to a far side, on several stores as several processes would
/// be, while the server is struck. The vendors call until they are told that it is over, however slow or fast that is:
/// a strike never falls on a server of which nothing is wanted any more. The clock is moved by hand, and only where
/// work waits for it.
final class ServerLoad: Sendable {
    private let stores: [any Store]
    private let time = Mutex(Moment(seconds: 1_700_000_000))
    /// Calls that were acknowledged.
    private let acknowledged = Mutex<Set<Int>>([])
    /// What the far side did, by key; more than once is what must not be.
    private let effects = Mutex<[String: Int]>([:])
    private let refused = Mutex(0)
    private let settled = Mutex(0)
    private let isOver = Mutex(false)
    private let callersLeft = Mutex(callers)

    private static let (callers, workers) = (8, 4)
    /// How soon after a strike something is taken again, in seconds, and how long the next strike waits for its calls.
    private static let (recoverySeconds, gatherSeconds) = (30, 120)

    private static let integration: Int64 = 5
    private static let work = DueWork(integration: integration, queue: .receive, kind: .order)

    /// It came to a standstill.
    struct Stopped: Error, CustomStringConvertible {
        let description: String
    }

    init(_ stores: [any Store]) { self.stores = stores.map { $0.of(1) } }

    private var now: Moment { time.withLock { $0 } }

    /// How many calls and settlements the store did not take at the first try.
    var refusals: Int { refused.withLock { $0 } }

    /// How many jobs were carried to their end.
    var carried: Int { settled.withLock { $0 } }

    /// How many calls were acknowledged.
    var acknowledgedCount: Int { acknowledged.withLock { $0.count } }

    /// Nobody calls any more; what was acknowledged is carried to its end.
    func end() { isOver.withLock { $0 = true } }

    /// Lets everybody work until `end()`, and until all work is done.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<Self.callers { group.addTask { try await self.call(caller) } }
            for worker in 0..<Self.workers { group.addTask { try await self.carry(worker) } }
            try await group.waitForAll()
        }
    }

    /// Lets everybody work. `strike` is called so many times, each after `count` more calls were acknowledged, while
    /// the others go on; after the last one as many are waited for, and then the rest of the work.
    ///
    /// - Throws: `Stopped` where nothing was acknowledged for 30 seconds after a strike.
    func run(strikes: Int, every count: Int, _ strike: @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.run() }
            for number in 1...strikes {
                try await gather(count, withinSeconds: Self.gatherSeconds)
                try await strike(number)
                try await gather(1, withinSeconds: Self.recoverySeconds)
            }
            try await gather(count, withinSeconds: Self.gatherSeconds)
            end()
            try await group.waitForAll()
        }
    }

    private func gather(_ count: Int, withinSeconds limit: Int) async throws {
        let before = acknowledgedCount
        let isThere = try await eventually(withinSeconds: limit) { acknowledgedCount >= before + count ? true : nil }
        guard isThere == nil else { return }
        throw Stopped(description: "\(acknowledgedCount - before) of \(count) calls were taken within \(limit) s")
    }

    // MARK: Vendors

    /// Calls with every eighth number, with each until it is acknowledged.
    private func call(_ caller: Int) async throws {
        let store = stores[caller % stores.count]
        let ids = IDPool(store)
        defer { callersLeft.withLock { $0 -= 1 } }
        var number = caller
        while !isOver.withLock({ $0 }) {
            let (words, key) = ("call \(number)", "\(number)")
            let parcel = Intake.Parcel(
                WebhookCall(headers: [:], body: Array(words.utf8)), repeatKey: key, topic: "order.updated", now: now)
            try await untilTaken {
                let block = try await ids.draw(2)
                _ = try await Intake.store(
                    parcel, integration: Self.integration, organization: 1, ids: block, in: store)
            }
            acknowledged.withLock { _ = $0.insert(number) }
            number += Self.callers
        }
    }

    /// Tries again, as a vendor does, and as a worker does that must not forget.
    private func untilTaken(_ work: () async throws -> Void) async throws {
        while true {
            do {
                return try await work()
            } catch StoreFailure.unavailable {
                try Task.checkCancellation()
                refused.withLock { $0 += 1 }
                await Task.yield()
            }
        }
    }

    // MARK: Workers

    /// Takes what is due, says what it will send, sends it, settles.
    private func carry(_ worker: Int) async throws {
        let (store, owner) = (stores[worker % stores.count], "worker \(worker)")
        while true {
            try Task.checkCancellation()
            let now = now
            do {
                let jobs = try await store.write(.lease) { session in
                    let table = JobTable(session, organization: 1)
                    try table.rescue(now: now)
                    return try table.claim(Self.work, limit: 7, owner: owner, now: now)
                }
                if jobs.isEmpty {
                    if try await isDone(store) { return }
                    // What is left is leased to somebody, perhaps in vain: time passes.
                    time.withLock { $0 = $0.adding(seconds: 1) }
                    await Task.yield()
                    continue
                }
                try await send(jobs, by: owner, on: store)
            } catch StoreFailure.unavailable {
                refused.withLock { $0 += 1 }
                await Task.yield()
            } catch StoreFailure.refused {
                // The lease went to another.
            }
        }
    }

    private func send(_ jobs: [Job], by owner: String, on store: any Store) async throws {
        let deadline = self.now.adding(seconds: JobTable.callDeadlineSeconds)
        try await store.write { session in
            try JobTable(session, organization: 1).intend(
                jobs.map { ($0, ["at": "once"]) }, owner: owner, deadline: deadline)
        }
        for job in jobs {
            effects.withLock { effects in
                // Who takes over an attempt looks at the far side; no call goes out after its deadline.
                let isThere = job.intent != nil && effects[job.key] != nil
                if !isThere, self.now < deadline { effects[job.key, default: 0] += 1 }
            }
        }
        let sentAt = self.now
        try await untilTaken {
            _ = try await store.write(.urgent) { session in
                try JobTable(session, organization: 1).settle(
                    jobs.map { ($0, .completed) }, owner: owner, now: sentAt)
            }
        }
        settled.withLock { $0 += jobs.count }
    }

    private func isDone(_ store: any Store) async throws -> Bool {
        guard callersLeft.withLock({ $0 }) == 0 else { return false }
        return try await store.read { session in
            try session.rows("SELECT 1 FROM job WHERE organization_id = 1 AND is_open = 1 LIMIT 1", []).isEmpty
        }
    }

    // MARK: The verdict

    /// What is wrong at the end, one sentence each.
    func problems(in store: any Store) async throws -> [String] {
        let (bodies, jobs) = try await store.read { session in
            (
                try session.rows("SELECT id, body FROM delivery_body WHERE organization_id = 1", []),
                try session.rows("SELECT key, state FROM job WHERE organization_id = 1", [])
            )
        }
        let kept = Dictionary(grouping: bodies) { String(decoding: $0.blob(1), as: UTF8.self) }
        var problems: [String] = []
        for number in acknowledged.withLock({ $0 }).sorted() where kept["call \(number)"]?.count != 1 {
            problems.append("call \(number) is kept \(kept["call \(number)"]?.count ?? 0) times")
        }
        let states = Dictionary(grouping: jobs) { $0.text(0) }
        let done = effects.withLock { $0 }
        for body in bodies {
            let key = String(body.integer(0))
            let found = states[key]?.map { $0.text(1) } ?? []
            if found != ["completed"] { problems.append("the job of \(key) is \(found)") }
            if done[key] != 1 { problems.append("\(key) was done \(done[key] ?? 0) times") }
        }
        return problems
    }
}
