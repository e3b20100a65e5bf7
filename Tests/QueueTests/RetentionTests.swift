import Store
import Testing

@testable import Queue

@Suite("Forgetting old jobs")
struct RetentionTests {
    private static let start = QueueStage.start
    private static let keep = Retention(endedSeconds: 100, deadSeconds: 1000)

    private static func prune(_ table: JobTable, now: Moment) throws -> PruneStep {
        var all = PruneStep(forgotten: 0, deadForgotten: 0, next: 0)
        while let after = all.next {
            let step = try table.prune(keep, after: after, now: now)
            all.forgotten += step.forgotten
            all.deadForgotten += step.deadForgotten
            all.next = step.next
        }
        return all
    }

    @Test func endedJobsAndDeadLettersGoAfterTheirTimesAndOpenOnesNever() async throws {
        try await QueueStage.once { table, ids throws in
            let done = try table.claimed(newJob("done"), ids: &ids)
            try table.settle([(done, .completed)], owner: "me", now: Self.start)
            _ = try table.dead(newJob("dead"), ids: &ids)
            let held = try table.claimed(newJob("held"), ids: &ids)
            try table.settle([(held, .held(reason: "r"))], owner: "me", now: Self.start)
            try table.add([newJob("waits")], ids: &ids, now: Self.start)
            func left() throws -> Set<String> { Set(try table.list(JobState.allCases).map(\.key)) }

            #expect(try Self.prune(table, now: Self.start + 100).forgotten == 0)
            #expect(try Self.prune(table, now: Self.start + 101) == PruneStep(forgotten: 1, deadForgotten: 0))
            #expect(try left() == ["dead", "held", "waits"])
            #expect(try Self.prune(table, now: Self.start + 1001) == PruneStep(forgotten: 1, deadForgotten: 1))
            #expect(try Self.prune(table, now: Self.start + 1e9).forgotten == 0)
            #expect(try left() == ["held", "waits"])
        }
    }

    @Test func aJobThatWasDroppedUnclearIsKeptAsLongAsADeadLetter() async throws {
        try await QueueStage.once { table, ids throws in
            for key in ["clear", "unclear"] {
                let job = try table.claimed(newJob(key), ids: &ids)
                if key == "unclear" {
                    try table.intend([(job, ["wrote": [:]])], owner: "me", deadline: Self.start + 75)
                }
                try table.settle([(job, .held(reason: "r", keepsIntent: true))], owner: "me", now: Self.start)
                #expect(try table.cancel(job.id, now: Self.start))
            }
            func left() throws -> [String] { try table.list(JobState.allCases).map(\.key) }

            #expect(try Self.prune(table, now: Self.start + 101) == PruneStep(forgotten: 1, deadForgotten: 0))
            #expect(try left() == ["unclear"])
            #expect(try Self.prune(table, now: Self.start + 1001) == PruneStep(forgotten: 1, deadForgotten: 0))
            #expect(try left() == [])
        }
    }

    @Test func aStepLooksAtABoundedNumberAndTheStepsTogetherAtAll() async throws {
        try await QueueStage.once { table, ids throws in
            let count = JobTable.pruneStepSize * 2 + 7
            try table.add((0..<count).map { newJob("\($0)") }, ids: &ids, now: Self.start)
            while try table.cancelAll(JobFilter(), by: "ann", reason: "", now: Self.start).dropped > 0 {}
            let first = try table.prune(Self.keep, now: Self.start + 101)
            #expect(first.forgotten == JobTable.pruneStepSize)
            #expect(first.next != nil)
            #expect(try Self.prune(table, now: Self.start + 101).forgotten == count - JobTable.pruneStepSize)
        }
    }

    @Test func aJobOfABatchThatGoesOnIsKeptForItsCount() async throws {
        try await QueueStage.once { table, ids throws in
            let batch = try table.openBatch("import", lastStep: nil, ids: &ids, now: Self.start)
            try table.add([newJob("1", batch: batch), newJob("2", batch: batch)], ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            let jobs = try table.claim(work(), limit: 2, owner: "me", now: Self.start)
            try table.settle([(jobs[0], .completed)], owner: "me", now: Self.start)
            #expect(try Self.prune(table, now: Self.start + 500).forgotten == 0)
            try table.settle([(jobs[1], .completed)], owner: "me", now: Self.start + 500)
            // The batch remembers how it ended after its jobs are forgotten, and is forgotten in its turn.
            #expect(try Self.prune(table, now: Self.start + 550).forgotten == 1)
            #expect(try table.progress(ofBatch: batch)?.done == 2)
            _ = try Self.prune(table, now: Self.start + 601)
            #expect(try table.progress(ofBatch: batch) == nil)
        }
    }
}
