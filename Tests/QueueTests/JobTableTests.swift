import Foundation
import Queue
import Store
import TestStores
import Testing

@Suite("The queue")
struct JobTableTests {
    private static let start = Moment(seconds: 1_700_000_000)

    /// A step on the tables of a fresh store.
    private func onTable<Value: Sendable>(
        _ action: @escaping @Sendable (JobTable, inout IDBlock) throws -> Value
    ) async throws -> Value {
        let place = TestStore.Place()
        let store = try place.open([IDPool.migration] + QueueMigrations.all)
        defer { place.remove() }
        return try await store.write { session in
            var ids = IDBlock(1000..<9000)
            return try action(JobTable(session, organization: 1), &ids)
        }
    }

    private static func job(_ key: String, runAt: Moment = start, priority: Int = 100) -> NewJob {
        NewJob(.deliver, integration: 5, kind: .product, key: key, priority: priority, runAt: runAt)
    }

    private static let work = DueWork(integration: 5, queue: .deliver, kind: .product)

    @Test func aJobAskedForTwiceIsOneJobAndOneAskedForWhileItRunsRunsAgain() async throws {
        try await onTable { table, ids in
            let now = Self.start
            try table.add([Self.job("7"), Self.job("7")], ids: &ids, now: now)
            let first = try table.claim(Self.work, limit: 10, owner: "me", now: now)
            #expect(first.count == 1)
            try table.add([Self.job("7")], ids: &ids, now: now)
            #expect(try table.settle([(first[0], .completed)], owner: "me", now: now) == [first[0].id])
            let second = try table.claim(Self.work, limit: 10, owner: "me", now: now)
            #expect(second.map(\.id) == first.map(\.id))
            try table.settle([(second[0], .completed)], owner: "me", now: now)
            #expect(try table.due(at: now).isEmpty)
        }
    }

    @Test func moreUrgentWorkIsClaimedFirst() async throws {
        try await onTable { table, ids in
            try table.add(
                [Self.job("late", priority: 300), Self.job("soon", priority: 10)], ids: &ids, now: Self.start)
            let claimed = try table.claim(Self.work, limit: 1, owner: "me", now: Self.start)
            #expect(claimed.map(\.key) == ["soon"])
        }
    }

    @Test func aDeadWorkersJobIsTakenBackWhenItsLeaseEndsAndKeepsItsIntent() async throws {
        try await onTable { table, ids in
            let now = Self.start
            try table.add([Self.job("7")], ids: &ids, now: now)
            let job = try table.claim(Self.work, limit: 1, owner: "dead", now: now)[0]
            try table.intend([(job, ["parts": ["price"]])], owner: "dead", deadline: now.adding(seconds: 75))
            #expect(try table.rescue(now: now.adding(seconds: 14)) == 0)
            // The call it was about to make may still be under way.
            #expect(try table.rescue(now: now.adding(seconds: 60)) == 0)
            #expect(try table.rescue(now: now.adding(seconds: 76)) == 1)
            let again = try table.claim(Self.work, limit: 1, owner: "other", now: now.adding(seconds: 77))
            #expect(again.first?.intent == ["parts": ["price"]])
            // The first worker wakes up: its lease is another's, and it may neither send nor settle.
            #expect(throws: StoreFailure.self) {
                try table.intend([(job, .null)], owner: "dead", deadline: now.adding(seconds: 200))
            }
            #expect(try table.settle([(job, .completed)], owner: "dead", now: now).isEmpty)
        }
    }

    @Test func aTaskBesideADeadLetterTakesOverWhatThatLeftUnclear() async throws {
        try await onTable { table, ids in
            let now = Self.start
            try table.add([Self.job("7")], ids: &ids, now: now)
            let dead = try table.claim(Self.work, limit: 1, owner: "me", now: now)[0]
            try table.intend([(dead, ["wrote": ["name": "Tea"]])], owner: "me", deadline: now.adding(seconds: 75))
            let outcome = JobOutcome.dead(errorClass: "unreadable", error: "e", keepsIntent: true)
            try table.settle([(dead, outcome)], owner: "me", now: now)

            try table.add([Self.job("7"), Self.job("8")], ids: &ids, now: now)
            let claimed = try table.inheriting(table.claim(Self.work, limit: 9, owner: "me", now: now))

            #expect(claimed.map(\.key) == ["7", "8"])
            #expect(claimed.map(\.intent) == [["wrote": ["name": "Tea"]], nil])
        }
    }

    @Test func aTaskAfterADroppedOneTakesOverWhatThatLeftUnclearUntilAPersonHasLooked() async throws {
        try await onTable { table, ids in
            let now = Self.start
            try table.add([Self.job("7")], ids: &ids, now: now)
            let first = try table.claim(Self.work, limit: 1, owner: "me", now: now)[0]
            try table.intend([(first, ["wrote": ["name": "Tea"]])], owner: "me", deadline: now.adding(seconds: 75))
            try table.settle([(first, .held(reason: "look", keepsIntent: true))], owner: "me", now: now)
            #expect(try table.cancel(first.id, now: now))

            try table.add([Self.job("7"), Self.job("8")], ids: &ids, now: now)
            let claimed = try table.claim(Self.work, limit: 9, owner: "me", now: now)

            let keys = claimed.map(\.key)
            #expect(
                try table.inheriting(claimed, droppedOf: keys).map(\.intent) == [["wrote": ["name": "Tea"]], nil])
            #expect(try table.inheriting(claimed, droppedOf: ["8"]).map(\.intent) == [nil, nil])

            // Told again to look, the person has it made: that is an answer.
            try table.settle([(claimed[0], .held(reason: "look"))], owner: "me", now: now)
            #expect(try table.runNow(claimed[0].id, now: now))
            #expect(try table.inheriting(claimed, droppedOf: keys).map(\.intent) == [nil, nil])
        }
    }

    /// Seen by rehearsal 1438: the order of somebody who was erased was booked a second time.
    @Test func whatADroppedTaskLeftUnclearStaysWhenItsPersonIsErasedAndOfADoneOneNothing() async throws {
        try await onTable { table, ids in
            let now = Self.start
            let work = DueWork(integration: 5, queue: .deliver, kind: .order)
            for key in ["7", "8"] {
                let new = NewJob(.deliver, integration: 5, kind: .order, key: key, runAt: now)
                try table.add([new], ids: &ids, now: now)
            }
            let claimed = try table.claim(work, limit: 9, owner: "me", now: now)
            let intents = claimed.map { ($0, JSON.object(["wrote": ["number": .string($0.key)]])) }
            try table.intend(intents, owner: "me", deadline: now.adding(seconds: 75))
            let dropped = try #require(claimed.first { $0.key == "7" })
            let done = try #require(claimed.first { $0.key == "8" })
            let held = JobOutcome.held(reason: "look", keepsIntent: true)
            try table.settle([(dropped, held), (done, .completed)], owner: "me", now: now)
            #expect(try table.cancel(dropped.id, now: now))

            try table.forget(deliveriesOf: [7, 8])

            #expect(try table.list([.completed]).map(\.intent) == [nil])
            #expect(try table.list([.cancelled, .completed]).allSatisfy { $0.error == nil && $0.lane == nil })
            #expect(try table.inheriting([dropped], droppedOf: ["7"]).map(\.intent) == [["wrote": ["number": "7"]]])
        }
    }

    @Test(arguments: JobState.allCases)
    func outcomesMoveJobsOnlyAlongDeclaredArrows(state: JobState) async throws {
        // Every outcome starts at running.
        guard state == .running else { return #expect(!state.next.contains(state)) }
        let outcomes: [(JobOutcome, JobState)] = [
            (.completed, .completed),
            (.retry(errorClass: "unavailable", error: "e", at: Self.start, keepsIntent: false), .retryable),
            (.snooze(reason: "r", until: Self.start.adding(seconds: 9)), .scheduled), (.held(reason: "r"), .held),
            (.dead(errorClass: "refused", error: "e"), .dead), (.released(keepsIntent: false), .available),
        ]
        for (outcome, expected) in outcomes {
            try await onTable { table, ids in
                try table.add([Self.job("7")], ids: &ids, now: Self.start)
                let job = try table.claim(Self.work, limit: 1, owner: "me", now: Self.start)[0]
                try table.settle([(job, outcome)], owner: "me", now: Self.start)
                let after = try table.job(job.id)
                #expect(after?.state == expected)
                #expect(JobState.running.next.contains(expected))
            }
        }
    }

    @Test func aLaterSuccessOfTheSameKeyResolvesItsDeadLetter() async throws {
        try await onTable { table, ids in
            try table.add([Self.job("7")], ids: &ids, now: Self.start)
            let dead = try table.claim(Self.work, limit: 1, owner: "me", now: Self.start)[0]
            try table.settle([(dead, .dead(errorClass: "refused", error: "no"))], owner: "me", now: Self.start)
            try table.add([Self.job("7")], ids: &ids, now: Self.start)
            let fresh = try table.claim(Self.work, limit: 1, owner: "me", now: Self.start)[0]
            try table.settle([(fresh, .completed)], owner: "me", now: Self.start)
            #expect(try table.job(dead.id)?.state == .superseded)
        }
    }

    @Test func waitsDoubleStayBoundedAndShutdownDoesNotCount() {
        let schedule = RetrySchedule(firstSeconds: 2, longestSeconds: 60)
        let waits = (1...8).map {
            schedule.next(afterAttempt: $0, now: Self.start, jitter: 0).seconds(since: Self.start)
        }
        #expect(waits == [2, 4, 8, 16, 32, 60, 60, 60])
        #expect(schedule.next(afterAttempt: 3, now: Self.start, jitter: 1).seconds(since: Self.start) == 4)
    }

    @Test func theGateClosesAfterFailuresInARowAndOpensAtOnceOnSuccess() {
        var gate = Gate()
        for _ in 1..<Gate.failureLimit { gate = gate.afterFailure("503", now: Self.start) }
        #expect(gate.closedUntil == nil)
        gate = gate.afterFailure("503", now: Self.start)
        #expect(gate.closedUntil == Self.start.adding(seconds: Gate.firstClosedSeconds))
        gate = gate.afterFailure("503", now: Self.start)
        #expect(gate.closedUntil == Self.start.adding(seconds: Gate.firstClosedSeconds * 2))
        #expect(gate.afterSuccess() == Gate())
    }
}
