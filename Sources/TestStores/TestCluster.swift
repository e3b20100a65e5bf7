import Foundation
import Store
import StorePostgres

/// A PostgreSQL server of one test's own, which may be killed, started again, filled and copied (scripts/cluster).
public struct TestCluster: Sendable {
    /// The folder that holds it.
    public let folder: String
    private let port: String
    private let secret: String

    /// What a script said when it failed.
    public struct Failed: Error, CustomStringConvertible { public let description: String }

    private init(folder: String, port: String, secret: String) {
        (self.folder, self.port, self.secret) = (folder, port, secret)
    }

    /// Makes and starts a server with settings of its own (`max_connections=20`).
    ///
    /// - Throws: `TestCluster.Failed`.
    public static func start(_ settings: [String] = [], environment: [String: String] = [:]) async throws -> TestCluster
    {
        let folder = Self.fresh()
        let words = try await run(["start", folder] + settings, environment).split(separator: " ").map(String.init)
        guard words.count == 2 else { throw Failed(description: "no port and no password: \(words)") }
        return TestCluster(folder: folder, port: words[0], secret: words[1])
    }

    private static func fresh() -> String { NSTemporaryDirectory() + "crossdock-cluster-" + UUID().uuidString }

    /// The store's address there; with a copy's, whichever of both can be written.
    public func url(or copy: TestCluster? = nil) -> String {
        let hosts = [port, copy?.port].compactMap { $0 }.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        return "postgres://crossdock:\(secret)@\(hosts)/postgres"
    }

    /// Ends it at once, as a crash does.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func kill() async throws { _ = try await Self.run(["kill", folder]) }

    /// Starts it once more.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func again(environment: [String: String] = [:]) async throws {
        _ = try await Self.run(["again", folder], environment)
    }

    /// A copy of it that it waits for with each commit.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func standby() async throws -> TestCluster {
        let folder = Self.fresh()
        let port = try await Self.run(["standby", folder, self.folder])
        return TestCluster(folder: folder, port: port, secret: secret)
    }

    /// Makes a copy the one that is written.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func promote() async throws { _ = try await Self.run(["promote", folder]) }

    /// Ends it and takes it away.
    public func stop() async { _ = try? await Self.run(["stop", folder]) }

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

    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/cluster").path

    /// What a server says while it starts goes to its own log; what the script says is short enough for a pipe.
    private static func run(_ words: [String], _ environment: [String: String] = [:]) async throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: script)
        process.arguments = words
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        func text(_ pipe: Pipe) -> String {
            String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard status == 0 else { throw Failed(description: "cluster \(words): \(text(errors))") }
        return ["start", "standby"].contains(words.first) ? text(output) : ""
    }
}
