import SeededRandom
import Store
import Testing

@testable import Queue

@Suite("Why a job waits")
struct WhyWaitingTests {
    private static let start = QueueStage.start

    private func why(_ table: JobTable, _ id: Int64, now: Moment = start) throws -> String {
        try table.why(id, now: now)?.sentence(now: now) ?? "there is no such job"
    }

    /// Every reason there is, in the words a person reads.
    @Test func everyReasonIsOneSentenceThatNamesTimeAndCulprit() {
        let now = Self.start
        let soon = now + 12
        let pause = Pause(integration: 5, queue: .deliver, by: "ann", reason: "stocktaking", at: now)
        let answers: [(WhyWaiting, String)] = [
            (.time(soon, reason: nil, attempt: 0), "it runs at 2023-11-14T22:13:32Z (12 s)"),
            (
                .time(soon, reason: "503", attempt: 3),
                "it runs at 2023-11-14T22:13:32Z (12 s), after attempt 3: 503"
            ),
            (
                .lane("order 1001", heldBy: 91, state: .retryable),
                "key order 1001 is held by job 91, which is retryable and goes first"
            ), (.held(reason: "no account for tax"), "it waits for a person: no account for tax"),
            (
                .batch("import", left: 3, isSealed: true),
                "it is the last step of batch \"import\", of which 3 jobs are left"
            ), (.turn(ahead: 0), "nothing stands in its way; the next free worker takes it"),
            (.turn(ahead: 1), "nothing stands in its way; 1 more urgent or older job goes first"),
            (.running(leaseUntil: soon), "it is running; its worker's lease holds until 2023-11-14T22:13:32Z (12 s)"),
            (
                .lost(takenBackAt: now),
                "it was running, and its worker is not heard of any more; it is taken back now"
            ), (.ended(.dead, reason: "refused"), "it does not wait, it is dead: refused"),
            (
                .hindered(.paused(pause)),
                "deliver work of integration 5 is paused by ann since 2023-11-14T22:13:20Z: stocktaking"
            ), (.hindered(.standing("shop is paused")), "shop is paused"),
            (
                .hindered(.closed(until: soon, reason: "503")),
                "calls to the integration rest until 2023-11-14T22:13:32Z (12 s): 503"
            ),
            (
                .hindered(.breaker(operation: "fetch order", until: soon, reason: nil)),
                "the breaker of \"fetch order\" is open until 2023-11-14T22:13:32Z (12 s)"
            ),
            (
                .hindered(.limit(.rate, operation: "*", until: soon)),
                "the rate limit of the integration is used up, limit 12 s"
            ),
            (
                .hindered(.limit(.day, operation: "fetch order", until: now + 7201)),
                "the daily quota of \"fetch order\" is used up, limit 3 h"
            ),
            (
                .hindered(.together(limit: 2)),
                "2 calls are under way, as many as the integration allows at once"
            ),
            (
                .hindered(.busy(job: 91, operation: "deliver order")),
                "\"deliver order\" of this integration is busy with job 91"
            ),
        ]

        for (answer, sentence) in answers { #expect(answer.sentence(now: now) == sentence) }
    }

    @Test func whatTheTablesHoldIsAnsweredFor() async throws {
        try await QueueStage.once { table, ids throws in
            let now = Self.start
            try table.add(
                [
                    newJob("later", at: now + 12), newJob("one", lane: "k"), newJob("two", lane: "k"),
                    newJob("free", .fetch, kind: .order, priority: 10), newJob("next", .fetch, kind: .order),
                ], ids: &ids, now: now)
            let id = Dictionary(uniqueKeysWithValues: try table.list(JobState.allCases).map { ($0.key, $0.id) })
            func of(_ key: String) throws -> String { try why(table, id[key] ?? 0) }
            #expect(try of("later") == "it runs at 2023-11-14T22:13:32Z (12 s)")
            #expect(try of("two") == "key k is held by job \(id["one"] ?? 0), which is available and goes first")
            #expect(try of("free").hasSuffix("the next free worker takes it"))
            #expect(try of("next").hasSuffix("1 more urgent or older job goes first"))
            #expect(try why(table, 1) == "there is no such job")

            try table.save(Gate(failures: 5, closedUntil: now + 10, reason: "503"), of: 5)
            #expect(try of("free").hasPrefix("calls to the integration rest until"))
            try table.pause(Pause(queue: .fetch, by: "ann", reason: "", at: now))
            #expect(try of("free") == "fetch work is paused by ann since 2023-11-14T22:13:20Z")
            try table.resume(queue: .fetch)
            try table.save(Gate(), of: 5)
            try table.save(Breaker(failures: 5, openUntil: now + 30, reason: "502"), of: FarOperation(5, "fetch order"))
            #expect(try of("free").hasPrefix("the breaker of \"fetch order\" is open until"))
            #expect(try of("one").hasSuffix("the next free worker takes it"))
        }
    }

    /// The answer comes from the value that decides claims, so they agree: whatever stands in the way, a job is told
    /// to be free exactly when a worker gets it.
    @Test func aJobIsToldToBeFreeExactlyWhenAWorkerGetsIt() async throws {
        let seed = SeededNumbers()
        let stage = try QueueStage()
        for round in 0..<200 {
            try await stage.step { table, ids throws in
                var numbers = SeededNumbers(seed: seed.seed &+ UInt64(round))
                let now = Self.start + Double(round * 1000)
                let side = Int64(10 + round)
                try Self.hinder(table, side, &numbers, now: now)
                try table.add([newJob("7", .fetch, integration: side, at: now)], ids: &ids, now: now)
                let job = try #require(try table.list([.available]).first { $0.integration == side })
                let answer = try #require(try table.why(job.id, now: now))
                let got = try table.take(work(.fetch, integration: side), limit: 1, owner: "me", now: now)
                #expect((answer == .turn(ahead: 0)) == (got.count == 1), "seed \(seed.seed), round \(round): \(answer)")
            }
        }
    }

    private static func hinder(
        _ table: JobTable, _ side: Int64, _ numbers: inout SeededNumbers, now: Moment
    ) throws {
        func chance() -> Bool { Int.random(in: 0..<4, using: &numbers) == 0 }
        if chance() { try table.pause(Pause(integration: side, by: "ann", reason: "", at: now)) }
        if chance() { try table.save(Gate(closedUntil: now + Double.random(in: -9...9, using: &numbers)), of: side) }
        if chance() {
            let until = now + Double.random(in: -9...9, using: &numbers)
            let probe = Bool.random(using: &numbers) ? now + Double.random(in: -9...9, using: &numbers) : nil
            try table.save(
                Breaker(failures: 5, openUntil: until, probeUntil: probe), of: FarOperation(side, "fetch product"))
        }
        if chance() {
            let rate = Allowance.rate(perSecond: 1, burst: 1, now: now + -10)
            try table.save(Bool.random(using: &numbers) ? rate.taking(1, now: now) : rate, of: side)
        }
        if chance() { try table.save(.together(1, operation: "fetch product", now: now), of: side) }
    }

    @Test func aLostJobIsTakenBackWhenItsCallHasSurelyEnded() async throws {
        try await QueueStage.once { table, ids throws in
            let job = try table.claimed(newJob("7"), ids: &ids)
            #expect(
                try why(table, job.id) == "it is running; its worker's lease holds until 2023-11-14T22:13:34Z (14 s)")
            try table.intend([(job, .null)], owner: "me", deadline: Self.start + 75)
            #expect(
                try why(table, job.id, now: Self.start + 20)
                    == "it was running, and its worker is not heard of any more; it is taken back at "
                    + "2023-11-14T22:14:35Z (55 s), when the call it was about to make has surely ended")
        }
    }
}
