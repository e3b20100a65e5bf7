import Store
import Testing

@testable import Queue

@Suite("A duty of one process")
struct DutyTests {
    /// A process with a clock of its own, which remembers what it saw.
    private struct Process {
        let name: String
        var isAhead = 0.0
        var sign: DutySign?

        init(_ name: String, isAhead: Double = 0) { (self.name, self.isAhead) = (name, isAhead) }

        /// Whether it holds the duty after a look at that time.
        mutating func holds(_ stage: QueueStage, at time: Moment) async throws -> Bool {
            let (now, last, name) = (time + isAhead, sign, name)
            let seen = try await stage.store.write {
                try DutyTable($0, organization: 1).hold("schedules", name, after: last, now: now)
            }
            sign = seen
            return seen.holder == name
        }
    }

    @Test func oneHoldsItAndAnotherTakesOverWithinFifteenSecondsOfItsLastSign() async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        var (one, other) = (Process("one"), Process("other"))
        #expect(try await one.holds(stage, at: start))
        #expect(try await !other.holds(stage, at: start + 1))
        #expect(try await one.holds(stage, at: start + 4))
        var taken: Double?
        // It looks every two seconds, at the worst instants.
        for second in stride(from: 5.9, to: 30, by: 2) where taken == nil {
            if try await other.holds(stage, at: start + second) { taken = second - 4 }
        }
        #expect(try #require(taken) > DutyTable.leaseSeconds)
        #expect(try #require(taken) <= 15)
        #expect(try await !one.holds(stage, at: start + 30))
    }

    @Test(arguments: [-86_400, -3600, -13, 13, 3600, 86_400])
    func itDoesNotChangeHandsHoweverFarTwoClocksAreApart(isAhead: Double) async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        var (one, other) = (Process("one"), Process("other", isAhead: isAhead))
        for tick in 0..<60 {
            if tick % 2 == 0 { #expect(try await one.holds(stage, at: start + Double(tick) * 2)) }
            #expect(try await !other.holds(stage, at: start + Double(tick) * 2 + 0.5))
        }
        // And it does when the first is gone.
        var taken: Double?
        for second in stride(from: 0.0, to: 30, by: 2) where taken == nil {
            if try await other.holds(stage, at: start + 120 + second) { taken = second }
        }
        #expect(try #require(taken) <= 15)
    }

    @Test func whoStopsLeavesItAtOnceAndNobodyLeavesAnothers() async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        var (one, other) = (Process("one"), Process("other"))
        #expect(try await one.holds(stage, at: start))
        try await stage.store.write { try DutyTable($0, organization: 1).leave("schedules", "other") }
        #expect(try await !other.holds(stage, at: start + 1))
        try await stage.store.write { try DutyTable($0, organization: 1).leave("schedules", "one") }
        #expect(try await other.holds(stage, at: start + 1))
    }

    @Test func aClockThatIsSetBackBeginsToLookAnew() async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        var (one, other) = (Process("one"), Process("other"))
        #expect(try await one.holds(stage, at: start))
        #expect(try await !other.holds(stage, at: start + 3600))
        #expect(try await !other.holds(stage, at: start))
        #expect(try await !other.holds(stage, at: start + 9))
        #expect(try await other.holds(stage, at: start + 10))
    }
}
