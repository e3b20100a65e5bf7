import Testing

@testable import Pipeline

@Suite("Schedules of several processes")
struct DutyTests {
    @Test func oneOfTwoHubsRunsThemAndTheOtherTakesOver() async throws {
        let world = try World()
        let (one, other) = (try world.hub(), try world.hub())
        guard one.store.isShared else {
            // A store in a file has one hub, which needs nobody's leave.
            #expect(try await one.runsSchedules())
            return
        }
        #expect(try await one.runsSchedules())
        #expect(try await !other.runsSchedules())
        for _ in 0..<3 {
            world.pass(seconds: 5)
            #expect(try await one.runsSchedules())
            #expect(try await !other.runsSchedules())
        }
        // It is not heard of any more.
        world.pass(seconds: 15)
        #expect(try await other.runsSchedules())
        #expect(try await !one.runsSchedules())

        await other.leaveSchedules()
        world.pass(seconds: 5)
        #expect(try await one.runsSchedules())
    }

    @Test func aHubWithAnotherKeyIsRefused() async throws {
        let world = try World()
        try await world.hub().checkKey()
        try await world.hub().checkKey()
        await #expect(throws: HubError.self) { try await world.hub(key: 8).checkKey() }
    }
}
