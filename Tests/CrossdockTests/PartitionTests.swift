import Foundation
import Pipeline
import Store
import TestStores
import Testing

@testable import StorePostgres

/// The way between hub and store is cut: the server is at the far end of a cable in a network of its own. Where the
/// machine does not let us make one, that is said, and nothing is proved.
@Suite("A network that is cut between hub and store", .serialized)
struct PartitionTests {
    /// How long a fault lasts, in seconds; `make night` lets it last longer than a hub waits for its server.
    private static let faultSeconds =
        ProcessInfo.processInfo.environment["CROSSDOCK_PARTITION_SECONDS"].flatMap(Int.init) ?? 3
    /// After that much it works again, in seconds.
    private static let recoverySeconds = 30

    /// What is done with a server at the far end; nothing, with a sentence, where there can be none.
    private func across(_ work: (TestCluster, TestNetwork) async throws -> Void) async throws {
        guard await TestNetwork.isPossible() else {
            return print("partition: not tried, for this machine lets us make no network (it needs root and iproute2)")
        }
        let network = try await TestNetwork.make()
        do {
            let cluster = try await TestCluster.start(across: network)
            do {
                try await work(cluster, network)
                await cluster.stop()
            } catch {
                await cluster.stop()
                throw error
            }
            await network.remove()
        } catch {
            await network.remove()
            throw error
        }
    }

    private func pass(seconds: Int) async throws {
        _ = try await eventually(withinSeconds: seconds, every: .milliseconds(100)) { nil as Bool? }
    }

    @Test func nothingIsLostAndNothingTwiceAndItWorksAgainWhenItIsHealed() async throws {
        try await across { cluster, network in
            let address = try PostgresAddress(cluster.url() + "?application_name=load")
            let stores = try (0..<2).map { _ in try PostgresStore(address, migrations: Hub.migrations) }
            let load = ServerLoad(stores)
            try await load.run(strikes: 3, every: 100) { number in
                let fault = TestNetwork.Fault.allCases[number % 3]
                try await network.suffer(fault)
                // What was on its way when it began may still be taken.
                try await pass(seconds: 1)
                let during = load.acknowledgedCount
                try await pass(seconds: Self.faultSeconds - 1)
                let before = load.acknowledgedCount
                #expect(before == during, "\(fault): calls were taken across a network that is cut")
                try await network.heal()
                let clock = ContinuousClock()
                let healed = clock.now
                let isBack = try await eventually(withinSeconds: Self.recoverySeconds) { () -> Bool? in
                    load.acknowledgedCount > before ? true : nil
                }
                print("partition: \(fault) for \(Self.faultSeconds) s, back after \(healed.duration(to: clock.now))")
                #expect(isBack == true, "\(fault): nothing was taken within \(Self.recoverySeconds) s")
            }
            let problems = try await load.problems(in: stores[0])
            #expect(problems.isEmpty, "\(problems)")
            for store in stores { await store.close() }
        }
    }

    /// A hub that is never heard of again gives its connections back, those it held a turn with first; and who waits
    /// for an answer that will not come is told so.
    @Test func aConnectionThatIsCutOffForGoodIsNoticedAtBothEnds() async throws {
        try await across { cluster, network in
            let store = try PostgresStore(
                try PostgresAddress(cluster.url() + "?application_name=lost"), migrations: Hub.migrations)
            let query = Task { try await store.read { try $0.rows("SELECT 1 FROM pg_sleep(50)", []).count } }
            // A transaction that holds the turn of its organization, and goes on for ever.
            let step = Task {
                try await store.of(1).write { session -> Int in
                    while true { _ = try session.rows("SELECT 1 FROM write_turn WHERE organization_id = 1", []) }
                }
            }
            let isUnderWay = try await eventually(withinSeconds: 20) { () -> Bool? in
                try await cluster.ask("SELECT count(*) FROM pg_stat_activity WHERE \(Self.atWork)") == "2" ? true : nil
            }
            try #require(isUnderWay == true)

            let clock = ContinuousClock()
            let start = clock.now
            try await network.suffer(.cut)
            let gone = try await eventually(withinSeconds: 40, every: .milliseconds(500)) { () -> Bool? in
                try await cluster.ask("SELECT count(*) FROM pg_stat_activity WHERE \(Self.ours)") == "0" ? true : nil
            }
            print("partition: the server let go of a lost hub after \(start.duration(to: clock.now))")
            #expect(gone == true, "the server holds connections of a hub that is gone")
            await #expect(throws: StoreFailure.self) { _ = try await query.value }
            await #expect(throws: StoreFailure.self) { _ = try await step.value }
            print("partition: the hub gave its store up after \(start.duration(to: clock.now))")
            #expect(start.duration(to: clock.now) < .seconds(60))
            try await network.heal()
            #expect(try await store.read { try $0.rows("SELECT 1", []).count } == 1)
            await store.close()
        }
    }

    private static let ours = "application_name = 'lost'"
    private static let atWork = "\(ours) AND (state = 'active' OR state = 'idle in transaction')"
}
