import Testing

@testable import Queue

@Suite("A duty of one process")
struct DutyTests {
    private func hold(_ stage: QueueStage, _ holder: String, at now: Moment) async throws -> Bool {
        try await stage.store.write { try DutyTable($0, organization: 1).hold("schedules", holder, now: now) }
    }

    @Test func oneHoldsItAndAnotherTakesOverWithinFifteenSecondsOfItsLastSign() async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        #expect(try await hold(stage, "one", at: start))
        #expect(try await !hold(stage, "other", at: start + 4))
        #expect(try await hold(stage, "one", at: start + 4))
        #expect(try await !hold(stage, "other", at: start + 15))
        #expect(try await hold(stage, "other", at: start + 4 + 15))
        #expect(try await !hold(stage, "one", at: start + 4 + 15))
    }

    @Test func whoStopsLeavesItAtOnceAndNobodyLeavesAnothers() async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        #expect(try await hold(stage, "one", at: start))
        try await stage.store.write { try DutyTable($0, organization: 1).leave("schedules", "other") }
        #expect(try await !hold(stage, "other", at: start + 1))
        try await stage.store.write { try DutyTable($0, organization: 1).leave("schedules", "one") }
        #expect(try await hold(stage, "other", at: start + 1))
    }

    @Test func aLeaseOfAClockThatWasSetBackHoldsNobodyUp() async throws {
        let (stage, start) = (try QueueStage(), QueueStage.start)
        #expect(try await hold(stage, "one", at: start + 3600))
        #expect(try await hold(stage, "other", at: start))
    }
}
