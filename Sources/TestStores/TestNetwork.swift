import Foundation

/// A network of one cable between this machine and a namespace of its own, which may be cut (scripts/network).
public struct TestNetwork: Sendable {
    /// What may befall it.
    public enum Fault: String, Sendable, CaseIterable {
        /// Nothing passes, and nobody is told.
        case cut
        /// Nothing comes here; what goes there still arrives.
        case deaf
        /// Nothing goes there; what comes from there still arrives.
        case mute
    }

    private let name: String
    /// The address of the far end.
    public let address: String

    /// What `scripts/cluster` is told, so that its server is at the far end.
    public var environment: [String: String] { ["NETWORK_FOR_TESTS": name] }

    /// Whether this machine lets us make one: Linux, as root, with `ip` of iproute2.
    public static func isPossible() async -> Bool {
        (try? await TestCluster.script("network", ["can"])) != nil
    }

    /// Makes one.
    ///
    /// - Throws: `TestCluster.Failed`.
    public static func make() async throws -> TestNetwork {
        let name = "cd" + UUID().uuidString.lowercased().filter { $0 != "-" }.prefix(8)
        return TestNetwork(name: name, address: try await TestCluster.script("network", ["make", name]))
    }

    /// Lets a fault begin.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func suffer(_ fault: Fault) async throws {
        _ = try await TestCluster.script("network", [fault.rawValue, name])
    }

    /// Ends every fault.
    ///
    /// - Throws: `TestCluster.Failed`.
    public func heal() async throws { _ = try await TestCluster.script("network", ["heal", name]) }

    /// Takes it away.
    public func remove() async { _ = try? await TestCluster.script("network", ["remove", name]) }
}
