import Foundation
import Pipeline
import Store
import TestStores
import Testing

@testable import StorePostgres

/// A server of the test's own is struck under load. After each: no acknowledged call lost, no job lost, no effect
/// twice.
@Suite("A server that is struck under load", .serialized)
struct ServerFaultTests {
    /// Two processes' stores on a server, whose connections bear that name.
    private func stores(_ url: String, name: String = "load") throws -> [PostgresStore] {
        let mark = url.contains("?") ? "&" : "?"
        let address = try PostgresAddress(url + "\(mark)application_name=\(name)")
        return try (0..<2).map { _ in try PostgresStore(address, migrations: Hub.migrations) }
    }

    /// Lets the load run and looks at what is left.
    private func verdict(
        _ stores: [PostgresStore], strikes: Int, every count: Int, _ strike: @Sendable (Int) async throws -> Void
    ) async throws -> (problems: [String], load: ServerLoad) {
        let load = ServerLoad(stores)
        try await load.run(strikes: strikes, every: count, strike)
        let problems = try await load.problems(in: stores[0])
        for store in stores { await store.close() }
        return (problems, load)
    }

    @Test func aServerThatIsKilledAndStartedAgain() async throws {
        let cluster = try await TestCluster.start()
        let stores = try stores(cluster.url())
        let (problems, _) = try await verdict(stores, strikes: 4, every: 60) { _ in
            try await cluster.kill()
            try await cluster.again()
        }
        #expect(problems.isEmpty, "\(problems)")
        await cluster.stop()
    }

    @Test func connectionsThatAreEndedInTheMiddleOfTransactions() async throws {
        let cluster = try await TestCluster.start()
        let stores = try stores(cluster.url())
        let (problems, _) = try await verdict(stores, strikes: 20, every: 12) { _ in try cluster.cut("load") }
        #expect(problems.isEmpty, "\(problems)")
        await cluster.stop()
    }

    /// Others take every connection there is, while those of the hub are ended; then they let go.
    @Test func aServerThatHasNoConnectionLeft() async throws {
        let cluster = try await TestCluster.start(["max_connections=14", "superuser_reserved_connections=0"])
        let stores = try stores(cluster.url())
        let (problems, _) = try await verdict(stores, strikes: 2, every: 100) { _ in
            try await ServerFault.exhaust(cluster)
        }
        #expect(problems.isEmpty, "\(problems)")
        await cluster.stop()
    }

    /// No file of the server can grow, until the hub has been told so a few times.
    @Test func aServerWhoseDiskIsFull() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "crossdock-full-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let faults = try Faults(in: folder)
        let cluster = try await TestCluster.start(environment: faults.environment)
        let stores = try stores(cluster.url())
        let load = ServerLoad(stores)
        try await load.run(strikes: 3, every: 100) { _ in
            let before = load.refusals
            try faults.arm(.full)
            _ = try await eventually(withinSeconds: 20) { load.refusals >= before + 3 ? true : nil }
            faults.disarm(.full)
        }
        #expect(load.refusals >= 3)
        let problems = try await load.problems(in: stores[0])
        #expect(problems.isEmpty, "\(problems)")
        for store in stores { await store.close() }
        await cluster.stop()
    }

    /// It stands still with all its connections, and its machine goes on confirming every byte. Who waits is told so,
    /// and what it had begun is undone or found to be kept once it goes on.
    @Test func aServerThatStandsStill() async throws {
        let cluster = try await TestCluster.start()
        var address = try PostgresAddress(cluster.url() + "?application_name=load")
        address.statementMilliseconds = 1_000
        let stores = try (0..<2).map { [address] _ in try PostgresStore(address, migrations: Hub.migrations) }
        let load = ServerLoad(stores)
        try await load.run(strikes: 1, every: 100) { _ in
            let before = load.refusals
            try await cluster.freeze()
            // Six seconds for an answer, and twenty for a new connection.
            let isTold = try await eventually(withinSeconds: 60) { load.refusals > before ? true : nil }
            try await cluster.thaw()
            #expect(isTold == true, "who waits for a server that stands still waits for ever")
        }
        let problems = try await load.problems(in: stores[0])
        #expect(problems.isEmpty, "\(problems)")
        for store in stores { await store.close() }
        await cluster.stop()
    }

    /// The primary dies for good; its copy, which every commit waited for, takes its place.
    @Test func aCopyThatTakesThePlaceOfADeadPrimary() async throws {
        let primary = try await TestCluster.start()
        let copy = try await primary.standby()
        let stores = try stores(primary.url(or: copy))
        let (problems, _) = try await verdict(stores, strikes: 1, every: 150) { _ in
            try await primary.kill()
            try await copy.promote()
        }
        #expect(problems.isEmpty, "\(problems)")
        await primary.stop()
        await copy.stop()
    }
}
