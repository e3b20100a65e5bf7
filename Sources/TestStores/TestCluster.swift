import Foundation
import Store
import StorePostgres
import TestPrograms

/// A PostgreSQL server of one test's own, which may be killed, started again, filled and copied (scripts/cluster).
public struct TestCluster: Sendable {
    /// The folder that holds it.
    public let folder: String
    private let port: String
    private let secret: String
    private let network: TestNetwork?

    /// What a script said when it failed.
    public struct Failed: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String

        /// A failure.
        public init(description: String) { self.description = description }
    }

    private init(folder: String, port: String, secret: String, network: TestNetwork? = nil) {
        (self.folder, self.port, self.secret, self.network) = (folder, port, secret, network)
    }

    /// Makes and starts a server with settings of its own (`max_connections=20`), at the far end of a network where one
    /// is given.
    ///
    /// - Throws: `TestCluster.Failed`.
    public static func start(
        _ settings: [String] = [], environment: [String: String] = [:], across network: TestNetwork? = nil
    ) async throws -> TestCluster {
        let folder = Self.fresh()
        let surroundings = environment.merging(network?.environment ?? [:]) { $1 }
        let words = try await script("cluster", ["start", folder] + settings, surroundings)
            .split(separator: " ").map(String.init)
        guard words.count == 2 else { throw Failed(description: "no port and no password: \(words)") }
        return TestCluster(folder: folder, port: words[0], secret: words[1], network: network)
    }

    private static func fresh() -> String { NSTemporaryDirectory() + "crossdock-cluster-" + UUID().uuidString }

    /// The store's address there; with a copy's, whichever of both can be written.
    public func url(or copy: TestCluster? = nil) -> String {
        let host = network?.address ?? "127.0.0.1"
        let hosts = [port, copy?.port].compactMap { $0 }.map { "\(host):\($0)" }.joined(separator: ",")
        return "postgres://crossdock:\(secret)@\(hosts)/postgres"
    }

    /// Ends it at once, as a crash does.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func kill() async throws { _ = try await Self.script("cluster", ["kill", folder]) }

    /// Starts it once more.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func again(environment: [String: String] = [:]) async throws {
        _ = try await Self.script("cluster", ["again", folder], environment)
    }

    /// Lets it stand still: what is sent to it is confirmed by its machine, and nothing is answered.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func freeze() async throws { _ = try await Self.script("cluster", ["freeze", folder]) }

    /// Lets it go on.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func thaw() async throws { _ = try await Self.script("cluster", ["thaw", folder]) }

    /// A copy of it that it waits for with each commit.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func standby() async throws -> TestCluster {
        let folder = Self.fresh()
        let port = try await Self.script("cluster", ["standby", folder, self.folder])
        return TestCluster(folder: folder, port: port, secret: secret)
    }

    /// Makes a copy the one that is written.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func promote() async throws { _ = try await Self.script("cluster", ["promote", folder]) }

    /// Ends it and takes it away.
    public func stop() async { _ = try? await Self.script("cluster", ["stop", folder]) }

    /// What its own program says to a statement, asked where it runs, whatever becomes of the network.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func ask(_ sql: String) async throws -> String {
        try await Self.script("cluster", ["ask", folder, sql], network?.environment ?? [:])
    }

    /// Ends every connection of that name.
    ///
    /// - Throws: `StoreFailure`.
    public func cut(_ name: String) throws {
        try PostgresStore.run(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = '\(name)' AND pid <> pg_backend_pid()
            """,
            at: try PostgresAddress(url()))
    }

    private static let scripts = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts")

    /// What a server says while it starts goes to its own log.
    static func script(
        _ name: String, _ words: [String], _ environment: [String: String] = [:]
    ) async throws -> String {
        let run = try await ProgramRun.of(
            scripts.appending(path: name).path, words,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
        func line(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
        guard run.status == 0 else { throw Failed(description: "\(name) \(words): \(line(run.text.errors))") }
        return ["start", "standby", "ask", "make"].contains(words.first) ? line(run.text.output) : ""
    }
}
