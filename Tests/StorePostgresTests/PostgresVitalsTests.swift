import Foundation
import Store
import TestStores
import Testing

@testable import StorePostgres

@Suite("How a server is")
struct PostgresVitalsTests {
    private let place = TestStore.Place()

    private static func clock(_ offset: Double) -> @Sendable () -> Moment {
        { Moment(milliseconds: Int64(Date().timeIntervalSince1970 * 1000 + offset)) }
    }

    @Test func itsClockIsComparedWithThatOfTheHub() async throws {
        _ = try #require(place.server, "POSTGRES_FOR_TESTS names no server; run make test")
        let store = try place.open([]).of(1)
        let true1 = try await store.vitals(now: Self.clock(0))
        #expect(abs(try #require(true1.clockSkewMilliseconds)) < 1_000)
        #expect(true1.standbys == 0)
        #expect(true1.replicationLagSeconds == nil)
        #expect(true1.latencyMilliseconds > 0)

        let behind = try await store.vitals(now: Self.clock(-60_000))
        #expect(abs(try #require(behind.clockSkewMilliseconds) - 60_000) < 1_000)
        await store.close()
        await #expect(throws: StoreFailure.closed) { try await store.vitals(now: Self.clock(0)) }
    }
}
