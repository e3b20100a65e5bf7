import SeededRandom
import Store
import Testing

@testable import Queue

@Suite("Keys and lanes")
struct LaneTests {
    private static let start = QueueStage.start

    @Test func oneKeyThatFailsForeverHoldsUpNoOther() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add((0..<20).map { newJob("\($0)") }, ids: &ids, now: Self.start)
            var done = Set<String>()
            var now = Self.start
            var rounds = 0
            while done.count < 19, rounds < 40 {
                let jobs = try table.take(work(), limit: 5, owner: "me", now: now)
                let outcomes = jobs.map { job -> (job: Job, outcome: JobOutcome) in
                    let again = RetrySchedule().next(afterAttempt: job.attempt, now: now, jitter: 0)
                    return job.key == "3"
                        ? (job, .retry(errorClass: "unavailable", error: "503", at: again, keepsIntent: false))
                        : (job, .completed)
                }
                done.formUnion(outcomes.filter { $0.outcome == .completed }.map(\.job.key))
                try table.settle(outcomes, owner: "me", now: now)
                now = now + 0.2
                rounds += 1
            }
            #expect(done.count == 19)
            // 20 jobs by fives: the poisoned one cost no round of its own.
            #expect(rounds == 4)
        }
    }

    @Test func jobsOfALaneRunOneByOneInTheOrderTheyWereAskedFor() async throws {
        try await QueueStage.once { table, ids throws in
            // The third is the most urgent, and does not overtake.
            for (number, priority) in [(1, 300), (2, 200), (3, 0)] {
                try table.add(
                    [newJob("event \(number)", priority: priority, lane: "order 1001")], ids: &ids, now: Self.start)
            }
            var order: [String] = []
            while let job = try table.claim(work(), limit: 9, owner: "me", now: Self.start).first {
                #expect(try table.claim(work(), limit: 9, owner: "other", now: Self.start).isEmpty)
                order.append(job.key)
                try table.settle([(job, .completed)], owner: "me", now: Self.start)
            }
            #expect(order == ["event 1", "event 2", "event 3"])
        }
    }

    @Test func aLaneThatFailsWaitsAloneAndGoesOnWhenItsFirstIsGivenUp() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                [
                    newJob("a1", lane: "a"), newJob("a2", lane: "a"), newJob("b1", lane: "b"), newJob("b2", lane: "b"),
                ], ids: &ids, now: Self.start)
            let heads = try table.claim(work(), limit: 9, owner: "me", now: Self.start)
            #expect(heads.map(\.key) == ["a1", "b1"])
            let failed = JobOutcome.retry(errorClass: "e", error: "e", at: Self.start + 900, keepsIntent: false)
            try table.settle([(heads[0], failed), (heads[1], .completed)], owner: "me", now: Self.start)
            // Lane a waits for a1; lane b goes on.
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start).map(\.key) == ["b2"])
            #expect(try table.due(at: Self.start + 1).isEmpty)

            let again = try table.claim(work(), limit: 9, owner: "me", now: Self.start + 900)
            #expect(again.map(\.key) == ["a1"])
            try table.settle([(again[0], .dead(errorClass: "e", error: "e"))], owner: "me", now: Self.start + 900)
            let next = try table.claim(work(), limit: 9, owner: "me", now: Self.start + 900)
            #expect(next.map(\.key) == ["a2"])
            // What was given up comes back behind those that came after it.
            try table.add([newJob("a3", lane: "a")], ids: &ids, now: Self.start + 900)
            #expect(try table.retryDead(JobFilter(), now: Self.start + 900).retried == 1)
            try table.settle([(next[0], .completed)], owner: "me", now: Self.start + 900)
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start + 900).map(\.key) == ["a3"])
        }
    }

    /// Random deeds on a few lanes; whatever happens, at most one of a lane runs, and it is the first.
    @Test func whateverIsDoneAtMostOneOfALaneRunsAndNoLaneStandsStill() async throws {
        let seed = SeededNumbers()
        try await QueueStage.once { table, ids throws in
            var numbers = seed
            var now = Self.start
            for step in 0..<400 {
                now = now + 1
                let lane = ["a", "b", "c"].randomElement(using: &numbers) ?? "a"
                try Self.act(table, lane, step, &ids, now: now, &numbers)
                let running = try table.list([.running], limit: 500).compactMap(\.lane)
                #expect(running.count == Set(running).count, "seed \(seed.seed), step \(step)")
                for name in ["a", "b", "c"] {
                    let first = try table.first(in: Lane(integration: 5, name: name))
                    #expect(first?.isBlocked != true, "seed \(seed.seed), step \(step), lane \(name)")
                }
            }
        }
    }

    private static func act(
        _ table: JobTable, _ lane: String, _ step: Int, _ ids: inout IDBlock, now: Moment,
        _ numbers: inout SeededNumbers
    ) throws {
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0, 1: try table.add([newJob("\(lane) \(step)", lane: lane)], ids: &ids, now: now)
        case 2, 3:
            for job in try table.claim(work(), limit: 2, owner: "me", now: now) {
                let outcomes: [JobOutcome] = [
                    .completed, .dead(errorClass: "e", error: "e"), .released(keepsIntent: false),
                    .retry(errorClass: "e", error: "e", at: now + 3, keepsIntent: false),
                    .snooze(reason: "r", until: now + 3),
                ]
                let outcome = outcomes.randomElement(using: &numbers) ?? .completed
                try table.settle([(job, outcome)], owner: "me", now: now)
            }
        case 4:
            let open = try table.list([.available, .scheduled, .retryable], limit: 500)
            if let job = open.randomElement(using: &numbers) { _ = try table.cancel(job.id, now: now) }
        default:
            if Bool.random(using: &numbers) {
                try table.retryDead(JobFilter(), now: now)
            } else {
                // One that is claimed and forgotten, and found again.
                _ = try table.claim(work(), limit: 1, owner: "dead", now: now)
                try table.rescue(now: now + 100)
            }
        }
    }

    @Test func tenThousandJobsBehindOneThatWaitsAreInNoWorkersWay() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                (0..<10_000).map { newJob("p\($0)", priority: 0, lane: "poisoned") }, ids: &ids, now: Self.start)
            try table.add([newJob("other", priority: 900)], ids: &ids, now: Self.start)
            let first = try table.claim(work(), limit: 1, owner: "me", now: Self.start)[0]
            let later = JobOutcome.retry(errorClass: "e", error: "e", at: Self.start + 900, keepsIntent: false)
            try table.settle([(first, later)], owner: "me", now: Self.start)
            #expect(try table.claim(work(), limit: 9, owner: "me", now: Self.start).map(\.key) == ["other"])
        }
    }

    @Test func askingAgainMakesOneJobMoreUrgentAndEarlierButNeverLessOrLater() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add([newJob("7", priority: 50, at: Self.start + 60)], ids: &ids, now: Self.start)
            try table.add([newJob("7", priority: 200, at: Self.start + 600)], ids: &ids, now: Self.start)
            let one = try table.list([.scheduled])
            #expect(one.map(\.runAt) == [Self.start + 60])
            #expect(one.map(\.priority) == [50])
            try table.add([newJob("7", priority: 10)], ids: &ids, now: Self.start)
            let claimed = try table.claim(work(), limit: 9, owner: "me", now: Self.start)
            #expect(claimed.map(\.priority) == [10])
            #expect(claimed.map(\.version) == [3])
        }
    }

    @Test func sameKeysOfOtherQueuesKindsAndIntegrationsAreOtherJobs() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                [newJob("7"), newJob("7", .fetch), newJob("7", integration: 6), newJob("7", kind: .order)], ids: &ids,
                now: Self.start)
            #expect(try table.counts() == [.available: 4])
        }
    }
}
