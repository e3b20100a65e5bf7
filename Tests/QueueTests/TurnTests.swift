import Store
import Testing

@testable import Queue

@Suite("Whose turn it is")
struct TurnTests {
    private static let start = QueueStage.start

    @Test func anIntegrationWithAHugeBacklogDelaysNoOtherByMoreThanOneTurnEach() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add((0..<500).map { newJob("\($0)", integration: 1, priority: 0) }, ids: &ids, now: Self.start)
            for number in 2...20 {
                try table.add([newJob("only", integration: Int64(number), priority: 300)], ids: &ids, now: Self.start)
            }
            var turns: [Int64] = []
            for turn in 0..<40 {
                let now = Self.start + Double(turn)
                guard let next = try table.due(at: now).first else { break }
                turns.append(next.integration)
                let jobs = try table.take(next, limit: 10, owner: "me", now: now)
                try table.settle(jobs.map { ($0, .completed) }, owner: "me", now: now)
            }
            // All twenty are served in the first twenty turns, the big one among them.
            #expect(Set(turns.prefix(20)) == Set(1...20))
            #expect(turns.dropFirst(20).allSatisfy { $0 == 1 })
        }
    }

    @Test func withinAnIntegrationUrgentWorkGoesFirstAndWaitingAddsToUrgency() {
        let urgent = DueWork(integration: 1, queue: .deliver, kind: .product, priority: 10, since: Self.start)
        let patient = DueWork(integration: 1, queue: .fetch, kind: .order, priority: 300, since: Self.start)
        let served = [FarOperation(1, urgent.operation): Self.start + 289]

        #expect(DueWork.inTurn([patient, urgent], served: [:], now: Self.start) == [urgent, patient])
        // Urgent work came up all the time; after 290 s the patient one has its turn.
        #expect(DueWork.inTurn([urgent, patient], served: served, now: Self.start + 289).first == urgent)
        let later = [FarOperation(1, urgent.operation): Self.start + 291]
        #expect(DueWork.inTurn([urgent, patient], served: later, now: Self.start + 291).first == patient)
    }

    @Test func whatIsDueIsFoundSortBySortAndMergedOfBothIndexes() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                [
                    newJob("1"), newJob("2", priority: 5), newJob("3", at: Self.start + 10),
                    newJob("4", .fetch, kind: .order, at: Self.start + 10),
                    newJob("5", .task, integration: 0, kind: nil),
                    newJob("6", .fetch, integration: 9, kind: .customer),
                    newJob("7", .fetch, integration: 9, kind: .variant),
                ], ids: &ids, now: Self.start)
            let now = try table.due(at: Self.start)
            #expect(
                Set(now.map { "\($0.integration) \($0.operation)" }) == [
                    "5 deliver product", "0 task", "9 fetch customer", "9 fetch variant",
                ])
            #expect(now.first { $0.integration == 5 }?.priority == 5)
            let later = try table.due(at: Self.start + 10)
            #expect(later.count == 5)
            #expect(later.filter { $0.operation == "deliver product" }.count == 1)
            #expect(try table.dueCount(5, now: Self.start + 10) == 4)
            #expect(try table.nextDue() == Self.start)
        }
    }

    @Test func theWaitingAreReadThroughTheirIndexesHoweverManyThereAre() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add((0..<2000).map { newJob("\($0)") }, ids: &ids, now: Self.start)
            let plans = try table.planOfClaim()
            #expect(plans.contains { $0.lowercased().contains("using index job_ready") }, "\(plans)")
            #expect(plans.contains { $0.lowercased().contains("using index job_timed") }, "\(plans)")
            let whole = ["SCAN job", "Seq Scan on job", "TEMP B-TREE"]
            #expect(!plans.contains { line in whole.contains { line.contains($0) } }, "\(plans)")
            let running = try table.planOfLookAtRunning()
            #expect(running.contains { $0.contains("job_running") }, "\(running)")
            #expect(running.contains { $0.contains("kind=?") || $0.contains("kind =") }, "\(running)")
            for waiting in [JobTable.Waiting.ready, .timed] {
                let walk = try table.planOfWalk(waiting)
                #expect(!walk.contains { $0.hasPrefix("SCAN job") || $0.contains("Seq Scan on job") }, "\(walk)")
                #expect(walk.contains { $0.contains(waiting == .ready ? "job_ready" : "job_timed") }, "\(walk)")
                // SQLite would begin such a look with all that waits of the sort it has seen.
                #expect(!walk.contains { $0.contains(")>(") }, "\(walk)")
            }
        }
    }
}
