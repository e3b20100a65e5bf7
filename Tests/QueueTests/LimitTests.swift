import SeededRandom
import Store
import Testing

@testable import Queue

@Suite("Limits")
struct LimitTests {
    private static let start = QueueStage.start
    private static let fetch = work(.fetch)

    // MARK: As values

    @Test func aRateLetsItsBurstThroughAndThenItsPace() {
        var limit = Allowance.rate(perSecond: 2, burst: 4, now: Self.start)
        var times: [Double] = []
        var now = Self.start
        for _ in 0..<8 {
            now = limit.nextCall(now: now) ?? now
            #expect(limit.calls(now: now, underWay: 0) >= 1)
            limit = limit.taking(1, now: now)
            times.append(now.seconds(since: Self.start))
        }
        #expect(times == [0, 0, 0, 0, 0.5, 1, 1.5, 2])
    }

    /// A token bucket's law: in no span of time are there more calls than the burst and what flowed in.
    @Test func inNoSpanOfTimeAreThereMoreCallsThanAllowed() {
        var numbers = SeededNumbers()
        for _ in 0..<30 {
            let pace = Double(Int.random(in: 1...5000, using: &numbers)) / 1000
            let burst = Int.random(in: 1...12, using: &numbers)
            var limit = Allowance.rate(perSecond: pace, burst: burst, now: Self.start)
            var now = Self.start
            var calls: [Moment] = []
            for _ in 0..<120 {
                now = Moment(milliseconds: now.milliseconds + Int64.random(in: 0...900, using: &numbers))
                let count = min(limit.calls(now: now, underWay: 0), Int.random(in: 0...3, using: &numbers))
                limit = limit.taking(count, now: now)
                calls += Array(repeating: now, count: count)
            }
            for (index, first) in calls.enumerated() {
                for (count, last) in calls[index...].enumerated() {
                    let allowed = Double(burst) + last.seconds(since: first) * pace
                    #expect(Double(count + 1) <= allowed + 1e-9, "seed \(numbers.seed)")
                }
            }
        }
    }

    @Test func aRefillIsExactHoweverOftenItIsLookedAt() {
        // A third of a call a second cannot be told in whole milliseconds; 333 thousandths are kept exactly.
        let empty = Allowance.rate(perSecond: 0.333, burst: 1000, now: Self.start).taking(1000, now: Self.start)
        var often = empty
        for tick in 1...5000 { often = often.at(Moment(milliseconds: Self.start.milliseconds + Int64(tick) * 7)) }
        #expect(often.level == empty.at(Self.start + 35).level)
        #expect(often.level == 35_000 * 333)
    }

    @Test func aClockSetBackGivesNothingAndASecondLaterItFlowsAgain() {
        let used = Allowance.rate(perSecond: 1, burst: 1, now: Self.start).taking(1, now: Self.start)
        let back = used.at(Self.start + -3600)
        #expect(back.calls(now: Self.start + -3600, underWay: 0) == 0)
        #expect(back.calls(now: Self.start + -3599, underWay: 0) == 1)
    }

    /// Two hosts take turns with a limit, and their clocks differ by what hosts may differ by: what flows flows once.
    @Test(arguments: [0.5, 2, 4.9])
    func hostsWhoseClocksDifferKeepToOneLimitTogether(isAhead: Double) {
        var limit = Allowance.rate(perSecond: 2, burst: 3, now: Self.start)
        var calls: [Double] = []
        for tick in 0..<400 {
            let time = Double(tick) * 0.1
            let now = Self.start + (tick % 2 == 0 ? time : time + isAhead)
            let count = limit.calls(now: now, underWay: 0)
            limit = limit.taking(count, now: now)
            calls += Array(repeating: time, count: count)
        }
        for (index, first) in calls.enumerated() {
            for (count, last) in calls[index...].enumerated() {
                // Beside the burst and what flows, once what flows in the time by which one is ahead.
                #expect(Double(count + 1) <= 3 + (last - first + isAhead) * 2 + 1e-9)
            }
        }
        // And no less than the limit lets through.
        #expect(calls.count >= 3 + Int(39 * 2) - 1)
    }

    @Test func aDailyQuotaIsFullAgainAtItsTimeAndNotBefore() {
        let midnight = Self.start + 3600
        let used = Allowance.day(calls: 100, fullAt: midnight, now: Self.start).taking(100, now: Self.start)
        #expect(used.calls(now: midnight + -0.001, underWay: 0) == 0)
        #expect(used.nextCall(now: Self.start) == midnight)
        #expect(used.calls(now: midnight, underWay: 0) == 100)
        // Three days later it counts to the midnight after, not to one that is past.
        #expect(used.at(midnight + 86_400 * 3).fullAt == midnight + 86_400 * 4)
    }

    @Test func aVendorsPointsAreLearnedFromItsAnswers() {
        var budget = Allowance.cost(maximum: 1000, perSecond: 50, price: 100, now: Self.start)
        budget = budget.taking(2, now: Self.start)
        #expect(budget.level == 800_000_000)
        // It cost 40 of the 100 that were set aside, and the vendor says 900 are left; another worker's 100 are not
        // there yet, so what we know counts.
        budget = budget.learning(LimitReading(remaining: 900, cost: 40), now: Self.start)
        #expect(budget.level == 860_000_000)
        #expect(budget.price == 85_000_000)
        // A dearer one is believed at once; the vendor's lower figure counts.
        budget = budget.learning(
            LimitReading(remaining: 200, maximum: 2000, perSecond: 100, cost: 300), now: Self.start)
        #expect(budget.price == 300_000_000)
        #expect(budget.level == 200_000_000)
        #expect(budget.capacity == 2_000_000_000)
        #expect(budget.nextCall(now: Self.start) == Self.start + 1)
    }

    @Test func headersAreReadAndNonsenseIsNot() {
        func read(_ headers: [String: String]) -> LimitReading { .headers { headers[$0] } }
        #expect(
            read(["ratelimit-remaining": "7", "ratelimit-limit": "60", "ratelimit-reset": "12"])
                == LimitReading(remaining: 7, maximum: 60, fullInSeconds: 12))
        #expect(read(["x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000000"]) == LimitReading(remaining: 0))
        #expect(
            read(["x-shopify-shop-api-call-limit": "32/40"]) == LimitReading(remaining: 8, maximum: 40, perSecond: 2))
        for nonsense in ["", "many", "-3", "99999999999999999999", "4.5", "٧"] {
            #expect(read(["ratelimit-remaining": nonsense]).isEmpty, "\(nonsense)")
            #expect(read(["x-shopify-shop-api-call-limit": "\(nonsense)/40"]).isEmpty, "\(nonsense)")
        }
        #expect(read(["x-shopify-shop-api-call-limit": "50/40"]).isEmpty)
    }

    // MARK: In the store

    @Test func workersTogetherKeepToOneLimit() async throws {
        let stage = try QueueStage()
        try await stage.step { table, ids throws in
            try table.save(.rate(perSecond: 2, burst: 5, now: Self.start), of: 5)
            try table.add((0..<50).map { newJob("\($0)", .fetch) }, ids: &ids, now: Self.start)
        }
        var begun: [Double] = []
        for tick in 0..<40 {
            let now = Self.start + Double(tick) * 0.1
            for worker in ["a", "b", "c"] {
                let count = try await stage.step { table, _ throws in
                    let jobs = try table.take(Self.fetch, limit: 10, owner: worker, now: now)
                    try table.settle(jobs.map { ($0, .completed) }, owner: worker, now: now)
                    return jobs.count
                }
                begun += Array(repeating: Double(tick) / 10, count: count)
            }
        }
        // Five at once, and two a second: seven more in 3.9 s.
        #expect(begun == [0, 0, 0, 0, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    }

    @Test func oneCallThatDoesManyJobsUsesOneOfTheLimit() async throws {
        try await QueueStage.once { table, ids throws in
            try table.save(.rate(perSecond: 1, burst: 2, now: Self.start), of: 5)
            try table.add((0..<50).map { newJob("\($0)", .fetch) }, ids: &ids, now: Self.start)
            let first = try table.take(Self.fetch, limit: 20, perCall: 20, owner: "a", now: Self.start)
            #expect(first.count == 20)
            #expect(try table.allowances(of: 5).map { $0.calls(now: Self.start, underWay: 0) } == [1])
        }
    }

    @Test func callsThatNobodyDrewAreTakenAfterwardsAndTheNextWorkWaitsForThem() async throws {
        try await QueueStage.once { table, ids throws in
            try table.save(.rate(perSecond: 1, burst: 2, now: Self.start), of: 5)
            try table.save(.rate(perSecond: 1, burst: 9, operation: "deliver order", now: Self.start), of: 5)
            try table.save(.together(3, now: Self.start), of: 5)
            try table.add((0..<3).map { newJob("\($0)", .fetch) }, ids: &ids, now: Self.start)
            let first = try table.taking(Self.fetch, limit: 1, owner: "a", now: Self.start)
            #expect(first.jobs.count == 1 && first.isLimited)
            // It made five calls and drew one.
            try table.debit(4, FarOperation(5, Self.fetch.operation), now: Self.start)
            try table.settle([(first.jobs[0], .completed)], owner: "a", now: Self.start)
            #expect(try table.allowances(of: 5).map(\.level) == [-3_000_000, 3_000_000, 9_000_000])
            #expect(try table.take(Self.fetch, limit: 1, owner: "a", now: Self.start + 3.9).isEmpty)
            #expect(try table.take(Self.fetch, limit: 1, owner: "a", now: Self.start + 4).count == 1)
            // Of none there is nothing to take.
            try table.debit(0, FarOperation(5, Self.fetch.operation), now: Self.start + 4)
            #expect(try !table.taking(work(.fetch, integration: 6), limit: 1, owner: "a", now: Self.start).isLimited)
        }
    }

    @Test func callsAtTheSameTimeAreCountedAcrossSorts() async throws {
        try await QueueStage.once { table, ids throws in
            try table.save(.together(2, now: Self.start), of: 5)
            try table.add(
                [
                    newJob("1", .fetch), newJob("2", .deliver), newJob("3", .pull, kind: .order), newJob("4", .receive),
                ], ids: &ids, now: Self.start)
            let one = try table.take(work(.fetch), limit: 9, owner: "a", now: Self.start)
            #expect(one.count == 1)
            #expect(try table.take(work(.deliver), limit: 9, owner: "b", now: Self.start).count == 1)
            #expect(try table.take(work(.pull, kind: .order), limit: 9, owner: "c", now: Self.start).isEmpty)
            // What calls nobody is not held up.
            #expect(try table.take(work(.receive), limit: 9, owner: "c", now: Self.start).count == 1)
            try table.settle([(one[0], .completed)], owner: "a", now: Self.start)
            #expect(try table.take(work(.pull, kind: .order), limit: 9, owner: "c", now: Self.start).count == 1)
        }
    }

    @Test func aLimitOfOneOperationHoldsUpNoOtherAndOneIntegrationsLimitNoOthers() async throws {
        try await QueueStage.once { table, ids throws in
            let used = Allowance.rate(perSecond: 1, burst: 1, operation: "fetch product", now: Self.start)
            try table.save(used.taking(1, now: Self.start), of: 5)
            try table.add(
                [newJob("1", .fetch), newJob("1", .fetch, kind: .order), newJob("1", .fetch, integration: 6)],
                ids: &ids, now: Self.start)
            #expect(try table.take(work(.fetch), limit: 9, owner: "a", now: Self.start).isEmpty)
            #expect(try table.take(work(.fetch, kind: .order), limit: 9, owner: "a", now: Self.start).count == 1)
            #expect(try table.take(work(.fetch, integration: 6), limit: 9, owner: "a", now: Self.start).count == 1)
            #expect(try table.take(work(.fetch), limit: 9, owner: "a", now: Self.start + 1).count == 1)
        }
    }

    @Test func whatIsLearnedIsKeptForAllAndALimitCanBeLifted() async throws {
        try await QueueStage.once { table, _ throws in
            try table.save(.rate(perSecond: 1, burst: 40, now: Self.start), of: 5)
            try table.learn(LimitReading(remaining: 3), .rate, of: 5, now: Self.start)
            #expect(try table.allowances(of: 5).map { $0.calls(now: Self.start, underWay: 0) } == [3])
            #expect(try table.lift(.rate, of: 5))
            #expect(try !table.lift(.rate, of: 5))
            #expect(try table.allowances(of: 5).isEmpty)
        }
    }
}
