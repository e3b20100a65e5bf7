import Store
import Testing

@testable import Queue

@Suite("Breakers")
struct BreakerTests {
    private static let start = QueueStage.start
    private static let fetch = FarOperation(5, "fetch product")

    private static func opened() -> Breaker {
        (0..<Breaker.failureLimit).reduce(Breaker()) { breaker, _ in breaker.afterFailure("503", now: start) }
    }

    @Test func fiveFailuresInARowOpenItAndASuccessBetweenThemDoesNot() {
        var breaker = Breaker()
        for _ in 1..<Breaker.failureLimit { breaker = breaker.afterFailure("503", now: Self.start) }
        #expect(breaker.state(at: Self.start) == .closed)
        #expect(breaker.afterSuccess().afterFailure("503", now: Self.start).state(at: Self.start) == .closed)
        let open = breaker.afterFailure("503", now: Self.start)
        #expect(open.state(at: Self.start) == .open(until: Self.start + 10))
    }

    @Test func itOpensForLongerEachTimeUpToABound() {
        var breaker = Self.opened()
        var waits: [Double] = []
        for _ in 0..<8 {
            guard case .open(let until) = breaker.state(at: Self.start) else { break }
            waits.append(until.seconds(since: Self.start))
            breaker = breaker.afterFailure("503", now: Self.start)
        }
        #expect(waits == [10, 20, 40, 80, 160, 300, 300, 300])
    }

    @Test func halfOpenLetsOneTryAndAnotherWhenNothingIsHeardOfIt() {
        let then = Self.start + 10
        let half = Self.opened()
        #expect(half.state(at: then) == .halfOpen)
        let probing = half.probing(now: then)
        #expect(probing.state(at: then) == .probing(until: then + Breaker.probeSeconds))
        #expect(probing.state(at: then + Breaker.probeSeconds) == .halfOpen)
        #expect(probing.afterSuccess().state(at: then) == .closed)
        #expect(probing.afterFailure("503", now: then).state(at: then) == .open(until: then + 20))
    }

    @Test func aHostWhoseClockIsBehindWaitsForABreakerToo() {
        let long = (0..<20).reduce(Breaker()) { breaker, _ in breaker.afterFailure("503", now: Self.start) }
        #expect(long.state(at: Self.start + -4) == .open(until: Self.start + Breaker.longestOpenSeconds))
        let probing = Self.opened().probing(now: Self.start + 10)
        #expect(probing.state(at: Self.start + 6) == .open(until: Self.start + 10))
        let later = Self.opened().probing(now: Self.start + 20)
        #expect(later.state(at: Self.start + 16) == .probing(until: Self.start + 20 + Breaker.probeSeconds))
    }

    @Test func aClockSetBackKeepsNoBreakerOpenForAnHour() {
        #expect(Self.opened().state(at: Self.start + -3600) == .halfOpen)
        #expect(Self.opened().probing(now: Self.start + 10).state(at: Self.start + -3600) == .halfOpen)
    }

    @Test func oneWorkerTriesOneJobWhileTheOthersWait() async throws {
        try await QueueStage.once { table, ids throws in
            try table.save(Self.opened(), of: Self.fetch)
            try table.add((0..<9).map { newJob("\($0)", .fetch) }, ids: &ids, now: Self.start)
            #expect(try table.take(work(.fetch), limit: 9, owner: "a", now: Self.start).isEmpty)
            #expect(try table.due(at: Self.start).isEmpty)

            let then = Self.start + 10
            let tried = try table.take(work(.fetch), limit: 9, owner: "a", now: then)
            #expect(tried.count == 1)
            // It comes back without a word of what the call came to: the try is still waited for.
            try table.settle([(tried[0], .released(keepsIntent: false))], owner: "a", now: then)
            #expect(try table.take(work(.fetch), limit: 9, owner: "b", now: then).isEmpty)

            try table.save(table.breaker(of: Self.fetch).afterSuccess(), of: Self.fetch)
            #expect(try table.take(work(.fetch), limit: 9, owner: "b", now: then).count == 9)
            #expect(try table.breakers().isEmpty)
        }
    }

    @Test func oneOperationsBreakerHoldsUpNoOther() async throws {
        try await QueueStage.once { table, ids throws in
            try table.save(Self.opened(), of: Self.fetch)
            try table.add(
                [newJob("1", .fetch), newJob("1", .fetch, kind: .order), newJob("1", .deliver)], ids: &ids,
                now: Self.start)
            #expect(
                Set(try table.due(at: Self.start).map(\.operation)) == ["fetch order", "deliver product"])
        }
    }
}
