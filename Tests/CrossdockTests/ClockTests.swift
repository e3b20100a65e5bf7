import ConnectorKit
import Foundation
import Intake
import Pipeline
import Queue
import Store
import StorePostgres
import TestStores
import Testing

@testable import crossdock

/// Hubs on one server whose machines' clocks are hours apart.
@Suite("Clocks that are far apart", .serialized)
struct ClockTests {
    private static let integration: Int64 = 5
    private static let work = DueWork(integration: integration, queue: .receive, kind: .order)
    /// How long a worker is watched that must not take anything, in seconds: it looks twice a second.
    private static let watchSeconds = 6

    /// A worker that is ahead must not take what another is at work on; one that is behind must take it when its
    /// lease has ended.
    @Test(arguments: [3600, -3600])
    func aLeaseLastsAsLongWhateverTheClockOfAnotherHubSays(offset: Int) async throws {
        let cluster = try await TestCluster.start()
        do {
            try await watch(cluster, offset: offset)
            await cluster.stop()
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private func watch(_ cluster: TestCluster, offset: Int) async throws {
        var program = try Program()
        defer { program.close() }
        let faults = try Faults(in: program.folder)
        try faults.arm(.clock, "\(offset)")
        program.environment.merge(faults.environment) { $1 }
        program.environment["CROSSDOCK_STORE"] = cluster.url()
        let store = try PostgresStore(try PostgresAddress(cluster.url()), migrations: Hub.migrations)
        let time = try #require(store.sharedNow)
        #expect(abs(time.seconds(since: OpenHub.systemNow())) < 60)

        let claimed = try await claim(in: store, at: time)
        let hub = try program.start(["serve", "--role", "worker"])
        defer { hub.send(SIGKILL) }
        _ = try await eventually(withinSeconds: 30) { hub.errors.contains(" - stop with") ? true : nil }
        let end = time.adding(seconds: JobTable.leaseSeconds)
        while let now = store.sharedNow, now < min(end, time.adding(seconds: Double(Self.watchSeconds))) {
            #expect(try await owner(of: claimed, in: store) == "other")
            _ = try await eventually(withinSeconds: 1, every: .milliseconds(500)) { nil as Bool? }
        }
        // Nobody renews it, so another takes it once it has ended, and not an hour later.
        let isTaken = try await eventually(withinSeconds: 30, every: .milliseconds(200)) { () -> Bool? in
            try await self.owner(of: claimed, in: store) == "other" ? nil : true
        }
        #expect(isTaken == true, "\(hub.errors)")
        #expect(try #require(store.sharedNow) >= end)
        await store.close()
    }

    /// A call that another process has just begun to understand.
    private func claim(in store: any Store, at now: Moment) async throws -> Int64 {
        let parcel = Intake.Parcel(
            WebhookCall(headers: [:], body: Array("call".utf8)), repeatKey: "1", topic: "order.updated", now: now)
        let block = try await IDPool(store).draw(2)
        _ = try await Intake.store(parcel, integration: Self.integration, organization: 1, ids: block, in: store)
        let jobs = try await store.write { session in
            try JobTable(session, organization: 1).claim(Self.work, limit: 1, owner: "other", now: now)
        }
        return try #require(jobs.first).id
    }

    private func owner(of job: Int64, in store: any Store) async throws -> String? {
        try await store.read { session in
            try session.rows(
                "SELECT lease_owner FROM job WHERE organization_id = 1 AND id = ?1", [.integer(job)]
            ).first?.optionalText(0)
        }
    }
}
