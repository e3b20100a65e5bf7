import Foundation
import Pipeline
import Store
import TestStores

@testable import StorePostgres

/// What befalls a server of the test's own, or the way to it.
enum ServerFault: String, CaseIterable, Sendable {
    /// Nothing; what the others are compared with.
    case none
    /// It is killed and started again.
    case killed
    /// All connections are ended, ten times.
    case cut
    /// Others take every connection, while those of the hub are ended.
    case exhausted
    /// Its disk is full.
    case full
    /// The network is cut for longer than a hub waits for its server.
    case partition
    /// It dies for good, and its copy takes its place.
    case promoted

    /// Two processes' stores on a server, and what is to be done to it.
    struct Scene: Sendable {
        let stores: [PostgresStore]
        let strike: @Sendable (ServerLoad) async throws -> Void
        let end: @Sendable () async -> Void

        func close() async {
            for store in stores { await store.close() }
            await end()
        }
    }

    private static let settings = ["max_connections=20", "superuser_reserved_connections=0"]
    private static let partitionSeconds = 25

    /// A server, running; nil, with a sentence, where this machine does not allow it.
    func scene() async throws -> Scene? {
        switch self {
        case .partition: return try await partition()
        case .full: return try await full()
        case .promoted:
            let primary = try await TestCluster.start(Self.settings)
            let copy = try await primary.standby()
            return try scene(primary, url: primary.url(or: copy), also: { await copy.stop() }) { _ in
                try await primary.kill()
                try await copy.promote()
            }
        case .none, .killed, .cut, .exhausted:
            let cluster = try await TestCluster.start(Self.settings)
            return try scene(cluster, url: cluster.url()) { _ in try await strike(cluster) }
        }
    }

    private func strike(_ cluster: TestCluster) async throws {
        switch self {
        case .killed:
            try await cluster.kill()
            try await cluster.again()
        case .cut: for _ in 0..<10 { try cluster.cut("load") }
        case .exhausted: try await Self.exhaust(cluster)
        default: break
        }
    }

    /// Takes every connection there is; all are let go at the end.
    static func exhaust(_ cluster: TestCluster) async throws {
        let other = try PostgresAddress(cluster.url())
        var (held, refused): ([PostgresConnection], Int) = ([], 0)
        while refused < 40 {
            do {
                held.append(try PostgresConnection(other))
            } catch {
                refused += 1
                // The hub's own are ended, so that it needs new ones, and finds none.
                if refused == 1, let link = held.first {
                    try link.script(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'load'")
                }
            }
            await Task.yield()
        }
        guard held.count > 4 else { throw TestCluster.Failed(description: "only \(held.count) connections were had") }
    }

    private func full() async throws -> Scene {
        let folder = FileManager.default.temporaryDirectory.appending(path: "crossdock-full-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let faults = try Faults(in: folder)
        let cluster = try await TestCluster.start(Self.settings, environment: faults.environment)
        let remove: @Sendable () async -> Void = { try? FileManager.default.removeItem(at: folder) }
        return try scene(cluster, url: cluster.url(), also: remove) { load in
            let before = load.refusals
            try faults.arm(.full)
            _ = try await eventually(withinSeconds: 20) { load.refusals >= before + 3 ? true : nil }
            faults.disarm(.full)
        }
    }

    private func partition() async throws -> Scene? {
        guard await TestNetwork.isPossible() else {
            print("recovery: partition not tried, for this machine lets us make no network")
            return nil
        }
        let network = try await TestNetwork.make()
        let cluster = try await TestCluster.start(Self.settings, across: network)
        return try scene(cluster, url: cluster.url(), also: { await network.remove() }) { _ in
            try await network.suffer(.cut)
            _ = try await eventually(withinSeconds: Self.partitionSeconds, every: .seconds(1)) { nil as Bool? }
            try await network.heal()
        }
    }

    private func scene(
        _ cluster: TestCluster, url: String, also end: @escaping @Sendable () async -> Void = {},
        _ strike: @escaping @Sendable (ServerLoad) async throws -> Void
    ) throws -> Scene {
        let address = try PostgresAddress(url + "?application_name=load")
        return Scene(
            stores: try (0..<2).map { _ in try PostgresStore(address, migrations: Hub.migrations) }, strike: strike,
            end: {
                await cluster.stop()
                await end()
            })
    }
}
