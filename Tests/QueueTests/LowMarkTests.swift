import SeededRandom
import Store
import TestStores
import Testing

@testable import Queue

/// A look for work begins where the last one found the first job; whatever comes below that is found all the same.
@Suite("Jobs that come below where looks begin")
struct LowMarkTests {
    private static let start = QueueStage.start

    /// A process: a store at a place that others may use, too.
    private struct Desk {
        let store: any Store
        let ids: IDPool

        init(_ place: TestStore.Place) throws {
            store = WatchedStore(try place.open([IDPool.migration] + QueueMigrations.all)).of(1)
            ids = IDPool(store)
        }

        func step<Value: Sendable>(
            _ action: @escaping @Sendable (JobTable, inout IDBlock) throws -> Value
        ) async throws -> Value {
            let block = try await ids.draw(1000)
            return try await store.write { session in
                var ids = block
                return try action(JobTable(session, organization: 1), &ids)
            }
        }

        func add(_ jobs: [NewJob], now: Moment) async throws {
            try await step { table, ids in try table.add(jobs, ids: &ids, now: now) }
        }

        /// Carries as many jobs of a sort as it takes for marks to be kept.
        func warm(_ queue: JobQueue) async throws {
            for round in 0..<3 {
                let jobs = (0..<LowMarks.claimedLimit / 2).map { LowMarkTests.job("warm \(round) \($0)", queue) }
                try await add(jobs, now: start)
                try await step { table, _ in
                    let claimed = try table.claim(LowMarkTests.sort(queue), limit: 1000, owner: "me", now: start)
                    try table.settle(claimed.map { ($0, .completed) }, owner: "me", now: start)
                }
            }
        }
    }

    private static func job(_ key: String, _ queue: JobQueue, _ priority: Int = 100, at: Moment = start) -> NewJob {
        let isTask = queue == .task
        return newJob(
            key, queue, integration: isTask ? 0 : 5, kind: isTask ? nil : .product, priority: priority, at: at)
    }

    private static func sort(_ queue: JobQueue) -> DueWork {
        queue == .task ? work(.task, integration: 0, kind: nil) : work(queue)
    }

    /// What the test knows of a job that waits.
    private struct Waiting {
        let place: (Int, Moment)
        let isOthers: Bool
        /// When it was first left although it stood in front of what was taken.
        var passedAt: Moment?
    }

    @Test(arguments: Array(1...6) as [UInt64], [JobQueue.deliver, .task])
    func eachIsTakenInItsOrderAndWhatAnotherProcessBringsLateWithinSeconds(seed: UInt64, queue: JobQueue) async throws {
        let place = TestStore.Place()
        defer { place.remove() }
        let (desk, other) = (try Desk(place), try Desk(place))
        try await desk.warm(queue)
        var numbers = SeededNumbers(seed: seed)
        var (now, waiting, done): (Moment, [String: Waiting], Int) = (Self.start + 100, [:], 0)
        var asked = 0
        for round in 0..<160 {
            now = now + Double.random(in: 0...0.8, using: &numbers)
            if round < 120 {
                let isOthers = Int.random(in: 0..<4, using: &numbers) == 0
                let jobs = (0..<Int.random(in: 1...4, using: &numbers)).map { number -> NewJob in
                    let early = Double.random(in: 0...(number == 0 ? 60 : 0.5), using: &numbers)
                    let priority = [0, 10, 100, 100, 100, 300].randomElement(using: &numbers) ?? 100
                    return Self.job("\(round)/\(number)", queue, priority, at: now + -early)
                }
                try await (isOthers ? other : desk).add(jobs, now: now)
                for job in jobs { waiting[job.key] = Waiting(place: (job.priority, job.runAt), isOthers: isOthers) }
                asked += jobs.count
            }
            let (limit, at) = (Int.random(in: 1...4, using: &numbers), now)
            let taken = try await desk.step { table, _ in
                try table.claim(Self.sort(queue), limit: limit, owner: "me", now: at)
            }
            for job in taken { waiting[job.key] = nil }
            let last = taken.count == limit ? taken.last.map { ($0.priority, $0.runAt) } : nil
            for (key, left) in waiting where last.map({ left.place < $0 }) ?? true {
                #expect(left.isOthers, "seed \(seed): \(key) was passed over")
                waiting[key]?.passedAt = left.passedAt ?? now
                let patience = LowMarks.wholeSeconds + 1
                #expect(now.seconds(since: left.passedAt ?? now) < patience, "seed \(seed): \(key) is passed over")
            }
            let kept = Int.random(in: 0..<5, using: &numbers) == 0
            try await desk.step { table, _ in
                let outcomes = taken.map { job -> (job: Job, outcome: JobOutcome) in
                    (job, kept ? .released(keepsIntent: false) : .completed)
                }
                try table.settle(outcomes, owner: "me", now: at)
            }
            if kept {
                for job in taken { waiting[job.key] = Waiting(place: (job.priority, now), isOthers: false) }
            } else {
                done += taken.count
            }
            if waiting.contains(where: { !$0.value.isOthers }) {
                let due = try await desk.store.read { try JobTable($0, organization: 1).due(at: at) }
                #expect(due.map(\.queue) == [queue], "seed \(seed), round \(round)")
            }
        }
        now = now + LowMarks.wholeSeconds
        let at = now
        let rest = try await desk.step { table, _ in
            try table.claim(Self.sort(queue), limit: 1000, owner: "me", now: at)
        }
        #expect(Set(rest.map(\.key)) == Set(waiting.keys), "seed \(seed)")
        #expect(done + rest.count == asked, "seed \(seed)")
        await desk.store.close()
        await other.store.close()
    }

    @Test func jobsThatWereHeldUpOrPutOffOrPutBackAreFoundWhereTheyStandAgain() async throws {
        let place = TestStore.Place()
        defer { place.remove() }
        let desk = try Desk(place)
        try await desk.warm(.deliver)
        let now = Self.start + 100
        let claim = { @Sendable (table: JobTable, at: Moment) in
            try table.claim(work(), limit: 10, owner: "me", now: at)
        }
        // Two of one lane: the second stands where it was asked for, and may go only now.
        try await desk.add(
            ["first", "second"].map { newJob($0, at: Self.start + 1, lane: "lane") }, now: Self.start + 1)
        let first = try await desk.step { table, _ in try claim(table, now) }
        #expect(first.map(\.key) == ["first"])
        try await desk.add([newJob("late", at: now)], now: now)
        let late = try await desk.step { table, _ in try claim(table, now) }
        #expect(late.map(\.key) == ["late"])
        _ = try await desk.step { table, _ in
            try table.settle(
                [(first[0], .completed), (late[0], .snooze(reason: "busy", until: now + 1))], owner: "me", now: now)
        }
        let second = try await desk.step { table, _ in try claim(table, now) }
        #expect(second.map(\.key) == ["second"])
        _ = try await desk.step { table, _ in
            try table.settle(
                [(second[0], .retry(errorClass: "e", error: "e", at: now, keepsIntent: false))], owner: "me", now: now)
        }
        let again = try await desk.step { table, _ in try claim(table, now + 2) }
        #expect(again.map(\.key) == ["second", "late"])
        await desk.store.close()
    }
}
