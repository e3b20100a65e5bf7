import Store
import Testing

@testable import Queue

@Suite("Batches")
struct BatchTests {
    private static let start = QueueStage.start
    private static let tasks = work(.task, integration: 0, kind: nil)

    private static func settle(_ table: JobTable, _ outcome: JobOutcome, limit: Int = 1) throws {
        let jobs = try table.claim(work(), limit: limit, owner: "me", now: start)
        try table.settle(jobs.map { ($0, outcome) }, owner: "me", now: start)
    }

    @Test func theLastStepRunsOnceAllHaveEndedAndIsToldHow() async throws {
        try await QueueStage.once { table, ids throws in
            let batch = try table.openBatch("import", lastStep: "report", ids: &ids, now: Self.start)
            try table.add((0..<4).map { newJob("\($0)", batch: batch) }, ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            try Self.settle(table, .completed, limit: 2)
            try Self.settle(table, .dead(errorClass: "e", error: "e"))
            let half = try #require(try table.progress(ofBatch: batch))
            #expect(half.fraction == 0.75)
            #expect((half.done, half.failed, half.left) == (2, 1, 1))
            #expect(try table.claim(Self.tasks, limit: 1, owner: "me", now: Self.start).isEmpty)
            let step = try #require(try table.list([.available]).first { $0.queue == .task })
            #expect(
                try table.why(step.id, now: Self.start)?.sentence(now: Self.start)
                    == "it is the last step of batch \"import\", of which 1 job is left")

            try Self.settle(table, .completed)
            let last = try table.claim(Self.tasks, limit: 1, owner: "me", now: Self.start)
            #expect(last.map(\.key) == ["report/\(batch)"])
            #expect(
                last[0].payload == ["batch": .integer(batch), "cancelled": 0, "dead": 1, "done": 3, "superseded": 0])
            let end = try #require(try table.progress(ofBatch: batch))
            #expect(end.endedAt == Self.start)
            #expect((end.done, end.failed, end.left) == (3, 1, 0))
            #expect(try table.openBatches().isEmpty)
        }
    }

    @Test func aBatchThatIsStillFilledDoesNotEnd() async throws {
        try await QueueStage.once { table, ids throws in
            let batch = try table.openBatch("import", lastStep: "report", ids: &ids, now: Self.start)
            try table.add([newJob("1", batch: batch)], ids: &ids, now: Self.start)
            try Self.settle(table, .completed)
            #expect(try table.progress(ofBatch: batch)?.endedAt == nil)
            try table.add([newJob("2", batch: batch)], ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            #expect(try table.progress(ofBatch: batch)?.endedAt == nil)
            try Self.settle(table, .completed)
            #expect(try table.progress(ofBatch: batch)?.endedAt == Self.start)
        }
    }

    @Test func aBatchEndsWithItsLastJobInWhateverOrderTheyEnd() async throws {
        var orders: [[Int]] = [[]]
        for _ in 0..<4 {
            orders = orders.flatMap { order in (0..<4).filter { !order.contains($0) }.map { order + [$0] } }
        }
        #expect(orders.count == 24)
        for order in orders {
            try await QueueStage.once { table, ids throws in
                let batch = try table.openBatch("import", lastStep: nil, ids: &ids, now: Self.start)
                try table.add((0..<4).map { newJob("\($0)", batch: batch) }, ids: &ids, now: Self.start)
                try table.sealBatch(batch, now: Self.start)
                let jobs = try table.claim(work(), limit: 4, owner: "me", now: Self.start)
                for (place, number) in order.enumerated() {
                    try table.settle([(jobs[number], .completed)], owner: "me", now: Self.start)
                    #expect((try table.progress(ofBatch: batch)?.endedAt != nil) == (place == 3), "\(order)")
                }
            }
        }
    }

    @Test func anEmptyBatchEndsWhenItIsSealed() async throws {
        try await QueueStage.once { table, ids throws in
            let batch = try table.openBatch("import", lastStep: "report", ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            #expect(try table.progress(ofBatch: batch)?.fraction == 1)
            #expect(try table.claim(Self.tasks, limit: 1, owner: "me", now: Self.start).count == 1)
        }
    }

    @Test func aJobThatIsOpenAlreadyIsCountedInEachBatchThatAsksForIt() async throws {
        try await QueueStage.once { table, ids throws in
            let one = try table.openBatch("one", lastStep: nil, ids: &ids, now: Self.start)
            let two = try table.openBatch("two", lastStep: nil, ids: &ids, now: Self.start)
            for batch in [one, two, two] {
                try table.add([newJob("7", batch: batch)], ids: &ids, now: Self.start)
                try table.sealBatch(batch, now: Self.start)
            }
            #expect(try [one, two].map { try table.progress(ofBatch: $0)?.total } == [1, 1])
            try Self.settle(table, .completed)
            #expect(try [one, two].map { try table.progress(ofBatch: $0)?.endedAt } == [Self.start, Self.start])
        }
    }

    @Test func aJobThatMustRunOnceMoreOrWaitsForAPersonKeepsItsBatchOpen() async throws {
        try await QueueStage.once { table, ids throws in
            let batch = try table.openBatch("import", lastStep: nil, ids: &ids, now: Self.start)
            try table.add([newJob("7", batch: batch)], ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            let job = try table.claim(work(), limit: 1, owner: "me", now: Self.start)[0]
            try table.add([newJob("7")], ids: &ids, now: Self.start)
            try table.settle([(job, .completed)], owner: "me", now: Self.start)
            #expect(try table.progress(ofBatch: batch)?.left == 1)
            try Self.settle(table, .held(reason: "r"))
            #expect(try table.progress(ofBatch: batch)?.counts == [.held: 1])
            _ = try table.cancel(job.id, now: Self.start)
            #expect(try table.progress(ofBatch: batch)?.endedAt == Self.start)
        }
    }

    @Test func aCancelledBatchDropsWhatIsLeftOfItAndItsLastStep() async throws {
        try await QueueStage.once { table, ids throws in
            let batch = try table.openBatch("import", lastStep: "report", ids: &ids, now: Self.start)
            try table.add((0..<3).map { newJob("\($0)", batch: batch) }, ids: &ids, now: Self.start)
            try table.add([newJob("another")], ids: &ids, now: Self.start)
            try table.sealBatch(batch, now: Self.start)
            let running = try table.claim(work(), limit: 1, owner: "me", now: Self.start)[0]
            let done = try table.cancelBatch(batch, by: "ann", reason: "", now: Self.start)
            #expect(done == JobTable.Cancelled(dropped: 3, asked: 1))
            try table.settle([(running, .released(keepsIntent: false))], owner: "me", now: Self.start)
            #expect(try table.progress(ofBatch: batch)?.counts == [.cancelled: 3])
            #expect(try table.list([.available, .running]).map(\.key) == ["another"])
        }
    }
}
