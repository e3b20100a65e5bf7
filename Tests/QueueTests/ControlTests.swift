import Store
import Testing

@testable import Queue

@Suite("What people do to the queue")
struct ControlTests {
    private static let start = QueueStage.start

    /// All four reaches of a pause against all works of two integrations and two queues.
    @Test func aPauseStopsWhatItNamesAndNothingElse() async throws {
        for integration in [nil, Int64(5)] {
            for queue in [nil, JobQueue.fetch] {
                try await QueueStage.once { table, ids throws in
                    for side in [Int64(5), 6] {
                        try table.add(
                            [newJob("1", .fetch, integration: side), newJob("1", .deliver, integration: side)],
                            ids: &ids, now: Self.start)
                    }
                    try table.pause(
                        Pause(integration: integration, queue: queue, by: "ann", reason: "r", at: Self.start))
                    let due = Set(try table.due(at: Self.start))
                    for side in [Int64(5), 6] {
                        for one in [JobQueue.fetch, .deliver] {
                            let isStopped = (queue ?? one) == one && (integration ?? side) == side
                            #expect(due.contains { $0.queue == one && $0.integration == side } != isStopped)
                            let got = try table.take(
                                work(one, integration: side), limit: 1, owner: "a", now: Self.start)
                            #expect(got.isEmpty == isStopped)
                        }
                    }
                    #expect(try table.resume(integration: integration, queue: queue))
                    #expect(try table.pauses().isEmpty)
                }
            }
        }
    }

    @Test func aPauseSaysWhoWhenAndWhyAndASecondOneLeavesItAsItIs() async throws {
        try await QueueStage.once { table, _ throws in
            let first = Pause(integration: 5, by: "ann", reason: "stocktaking", at: Self.start)
            #expect(try table.pause(first))
            #expect(try !table.pause(Pause(integration: 5, by: "bob", reason: "?", at: Self.start + 9)))
            #expect(try table.pauses() == [first])
            // Another's pause is not lifted with it.
            #expect(try !table.resume(queue: .fetch))
            #expect(try table.resume(integration: 5))
            #expect(try !table.resume(integration: 5))
        }
    }

    @Test func aJobThatRunsWhenItsQueueIsPausedIsDoneToItsEnd() async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.claimed(newJob("7"), ids: &ids)
            try table.pause(Pause(by: "ann", reason: "", at: Self.start))
            try table.intend([(job, .null)], owner: "me", deadline: Self.start + 75)
            #expect(try table.settle([(job, .completed)], owner: "me", now: Self.start) == [job.id])
        }
    }

    @Test func cancellingDropsWhatWaitsAndLetsWhatRunsOnlySucceed() async throws {
        try await QueueStage.once { table, ids throws in
            let good = try table.claimed(newJob("good"), ids: &ids)
            let bad = try table.claimed(newJob("bad"), ids: &ids)
            let dead = try table.dead(newJob("dead"), ids: &ids)
            try table.add(
                [newJob("1"), newJob("2", at: Self.start + 60), newJob("1", .fetch)], ids: &ids, now: Self.start)
            let done = try table.cancelAll(JobFilter(queue: .deliver), by: "ann", reason: "wrong list", now: Self.start)
            #expect(done == JobTable.Cancelled(dropped: 2, asked: 2))
            let failed = JobOutcome.retry(errorClass: "e", error: "e", at: Self.start + 9, keepsIntent: true)
            try table.settle([(good, .completed), (bad, failed)], owner: "me", now: Self.start)
            #expect(try table.state(good.id) == .completed)
            #expect(try table.job(bad.id)?.error == "cancelled by ann: wrong list")
            #expect(try table.state(bad.id) == .cancelled)
            #expect(try table.state(dead.id) == .dead)
            #expect(try table.counts()[.available] == 1)
        }
    }

    @Test func bulkWorkIsDoneInBoundedSteps() async throws {
        let stage = try QueueStage()
        try await stage.step { table, ids throws in
            try table.add((0..<JobTable.bulkLimit + 5).map { newJob("\($0)") }, ids: &ids, now: Self.start)
        }
        var steps: [Int] = []
        var next: Int64? = 0
        while let after = next {
            let step = try await stage.step { table, _ in
                try table.cancelAll(JobFilter(), by: "ann", reason: "", after: after, now: Self.start)
            }
            steps.append(step.dropped)
            next = step.next
        }
        #expect(steps == [JobTable.bulkLimit, 5])
    }

    @Test func aSnoozedJobWaitsUntilItsTimeAndSaysWhoPutItOff() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add([newJob("7")], ids: &ids, now: Self.start)
            let id = try table.list([.available])[0].id
            #expect(try table.snooze(id, until: Self.start + 600, by: "ann", now: Self.start))
            #expect(try table.claim(work(), limit: 1, owner: "me", now: Self.start + 599).isEmpty)
            #expect(
                try table.why(id, now: Self.start + 590)?.sentence(now: Self.start + 590).hasSuffix("put off by ann")
                    == true)
            #expect(try table.claim(work(), limit: 1, owner: "me", now: Self.start + 600).map(\.id) == [id])
            #expect(try !table.snooze(id, until: Self.start + 900, by: "ann", now: Self.start + 600))
        }
    }

    @Test func aRunningJobThatIsAskedForAgainAfterItWasCancelledRunsAgain() async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.claimed(newJob("7"), ids: &ids)
            _ = try table.cancelAll(JobFilter(), by: "ann", reason: "", now: Self.start)
            try table.add([newJob("7")], ids: &ids, now: Self.start)
            let failed = JobOutcome.retry(errorClass: "e", error: "e", at: Self.start, keepsIntent: false)
            try table.settle([(job, failed)], owner: "me", now: Self.start)
            #expect(try table.state(job.id) == .retryable)
        }
    }
}
