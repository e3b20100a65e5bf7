import Alerts
import Commerce
import Store
import TestStores
import Testing

@Suite("Alerts: the tables")
struct AlertTableTests {
    private static let now = Moment(milliseconds: 1_800_000_000_000)
    private let place = TestStore.Place()

    private func inStore(_ step: @escaping @Sendable (AlertTable, AlertTable) throws -> Void) async throws {
        let store = try place.open(AlertTable.migrations)
        try await store.write { session in
            try step(AlertTable(session, organization: 1), AlertTable(session, organization: 2))
        }
        await store.close()
        place.remove()
    }

    @Test func anAlertIsKeptWhole() async throws {
        try await inStore { table, other in
            var alert = Alert(.queueSize, AlertReading(1200.5, of: 1200, "much"), threshold: 1000, at: Self.now)
            (alert.state, alert.raisedAt, alert.news) = (.acknowledged, Self.now, .raised)
            (alert.acknowledgedAt, alert.acknowledgedBy) = (Self.now, "mara")
            (alert.escalatedAt, alert.resolvedAt) = (Self.now, Self.now)
            try table.save(alert)
            try table.save(alert)

            #expect(try table.all() == [.queueSize: alert])
            #expect(try other.all().isEmpty)
            try other.remove(.queueSize)
            #expect(try table.all().count == 1)
            try table.remove(.queueSize)
            #expect(try table.all().isEmpty)
        }
    }

    @Test func whatProcessesCountedIsAddedUpAndOldMinutesAreForgotten() async throws {
        try await inStore { table, other in
            let minute = AlertTable.minute(of: Self.now)
            try table.save(["runs": 5, "memory": 300], of: "a", minute: minute)
            try table.save(["runs": 7, "memory": 300], of: "a", minute: minute)
            try table.save(["runs": 3, "memory": 900], of: "b", minute: minute)
            try table.save(["runs": 100], of: "b", minute: minute - 5)

            let late = try table.vitals(since: minute)
            #expect(late.sums == ["runs": 10, "memory": 1200] && late.peaks == ["runs": 7, "memory": 900])
            #expect(try table.vitals(since: minute - 5).sums["runs"] == 110)
            #expect(try other.vitals(since: 0).sums.isEmpty)
            try table.save([:], of: "a", minute: minute + AlertTable.keptMinutes)
            #expect(try table.vitals(since: 0).sums["runs"] == 10)
        }
    }

    @Test func theLastTestOfAConnectionIsKept() async throws {
        try await inStore { table, other in
            try table.save(ConnectionTest(integration: 4, testedAt: Self.now, failures: 1, reason: "no answer"))
            let last = ConnectionTest(integration: 4, testedAt: Self.now.adding(seconds: 60), failures: 0)
            try table.save(last)

            #expect(try table.connectionTests() == [4: last])
            #expect(try other.connectionTests().isEmpty)
        }
    }

    @Test func whatLevelIsWishedIsKeptUntilItIsTakenBack() async throws {
        try await inStore { table, other in
            #expect(try table.logWish() == nil)
            try table.wish(("debug", Self.now))
            try table.wish(("trace", Self.now))
            #expect(try table.logWish()?.level == "trace")
            #expect(try other.logWish() == nil)
            try table.wish(nil)
            #expect(try table.logWish() == nil)
        }
    }
}
