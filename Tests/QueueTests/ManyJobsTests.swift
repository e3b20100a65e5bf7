import Store
import Testing

@testable import Queue

/// Many jobs are written with few statements, and each fares as if it were alone.
@Suite("Many jobs in one step")
struct ManyJobsTests {
    private static let start = QueueStage.start

    @Test func jobsOfOneKeyAreOneJobAlsoWhereTheyAreAskedForTogether() async throws {
        try await QueueStage.once { table, ids throws in
            try table.add(
                (0..<77).map { newJob("\($0 % 50)", payload: ["final": .bool($0 < 50)]) }, ids: &ids, now: Self.start)
            let jobs = try table.claim(work(), limit: 100, owner: "me", now: Self.start)
            #expect(jobs.map(\.key) == (0..<50).map(String.init))
            #expect(jobs.map(\.version) == (0..<50).map { $0 < 27 ? 2 : 1 })
            #expect(jobs.allSatisfy { $0.payload["final"] == .bool(true) })
        }
    }

    @Test(arguments: [1, 2, 15, 16, 40])
    func allThatAreClaimedTogetherHaveATokenAndALease(count: Int) async throws {
        try await QueueStage.once { table, ids throws in
            try table.add((0..<count).map { newJob("\($0)") }, ids: &ids, now: Self.start)
            let claimed = try table.claim(work(), limit: count, owner: "me", now: Self.start)
            #expect(claimed.count == count)
            for job in claimed {
                #expect(try table.job(job.id) == job)
                #expect(job.state == .running && job.claim == 1 && job.attempt == 1)
                #expect(job.leaseUntil == Self.start + JobTable.leaseSeconds)
            }
        }
    }

    /// What jobs end as: alike in groups, alone, and one in six is another worker's.
    private static func outcome(_ place: Int) -> JobOutcome {
        switch place % 6 {
        case 0, 1: .completed
        case 2: .retry(errorClass: "busy", error: "later", at: start + 60, keepsIntent: false)
        case 3: .retry(errorClass: "busy", error: "later", at: start + Double(place), keepsIntent: true)
        case 4: .dead(errorClass: "refused", error: "no \(place % 12)")
        default: .held(reason: "a person looks")
        }
    }

    private static func state(_ place: Int) -> JobState {
        switch place % 6 {
        case 0, 1: .completed
        case 2, 3: .retryable
        case 4: .dead
        default: .held
        }
    }

    @Test(arguments: [3, 60])
    func jobsThatEndTogetherEachEndAsIsSaidOfThemAndOnesOfAnotherWorkerAreLeftAlone(count: Int) async throws {
        try await QueueStage.once { table, ids throws in
            try table.add((0..<count).map { newJob("\($0)") }, ids: &ids, now: Self.start)
            let mine = try table.claim(work(), limit: count / 3 * 2, owner: "me", now: Self.start)
            let others = try table.claim(work(), limit: count, owner: "other", now: Self.start)
            #expect(mine.count == count / 3 * 2 && others.count == count - mine.count)

            let all = mine + others
            let settled = try table.settle(
                all.enumerated().map { ($1, Self.outcome($0)) }, owner: "me", now: Self.start + 1)

            #expect(settled == Set(mine.map(\.id)))
            for (place, job) in mine.enumerated() {
                let found = try #require(try table.job(job.id))
                #expect(found.state == Self.state(place), "job \(place)")
                #expect(found.attempt == (found.state == .completed ? 0 : 1), "job \(place)")
                #expect(found.leaseUntil == nil && found.updatedAt == Self.start + 1)
                if place % 6 == 3 { #expect(found.runAt == Self.start + Double(place)) }
                if place % 6 == 4 { #expect(found.error == "no \(place % 12)") }
            }
            for job in others { #expect(try table.job(job.id) == job) }
        }
    }
}
