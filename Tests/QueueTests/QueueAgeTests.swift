import Store
import Testing

@testable import Queue

@Suite("The age of the queue")
struct QueueAgeTests {
    private static let start = QueueStage.start

    @Test func itIsThatOfTheOldestJobThatIsDue() async throws {
        try await QueueStage.once { table, ids throws in
            #expect(try table.oldestDue(at: Self.start) == nil)
            try table.add(
                [
                    newJob("urgent", priority: 1, at: Self.start + 50),
                    newJob("old", priority: 900, at: Self.start + 10),
                    newJob("other", .fetch, integration: 6, at: Self.start + 20),
                    newJob("later", .fetch, at: Self.start + 500),
                ], ids: &ids, now: Self.start)
            #expect(try table.oldestDue(at: Self.start + 5) == nil)
            #expect(try table.oldestDue(at: Self.start + 100) == Self.start + 10)

            // What somebody works on does not wait any more.
            _ = try table.take(work(), limit: 10, owner: "a", now: Self.start + 100)
            #expect(try table.oldestDue(at: Self.start + 100) == Self.start + 20)
        }
    }

    @Test func whatWasStoppedWaitsForAReasonAndIsLeftOut() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                [newJob("a"), newJob("b", .fetch, integration: 6, at: Self.start + 30)], ids: &ids, now: Self.start)
            try table.pause(Pause(integration: 5, queue: nil, by: "ann", reason: "r", at: Self.start))
            #expect(try table.oldestDue(at: Self.start + 100) == Self.start + 30)
            _ = try table.resume(integration: 5, queue: nil)
            #expect(try table.oldestDue(at: Self.start + 100) == Self.start)
        }
    }
}
