import Dispatch
import Synchronization

/// How a store is, as it says itself.
public struct StoreVitals: Hashable, Sendable {
    /// How long a look and a step that writes nothing took together, in milliseconds.
    public var latencyMilliseconds: Double
    /// The store's clock less that of this machine, in milliseconds; nil where both are one.
    public var clockSkewMilliseconds: Double?
    /// How many standbys follow; nil where there can be none.
    public var standbys: Int?
    /// How far the slowest standby is behind, in seconds; nil without one, and where we may not see it.
    public var replicationLagSeconds: Double?

    /// A store that answers.
    public init(latencyMilliseconds: Double) { self.latencyMilliseconds = latencyMilliseconds }
}

/// How many connections to servers this process holds.
public enum StoreConnections {
    private static let held = Atomic<Int>(0)

    /// As many as there are now.
    public static var count: Int { held.load(ordering: .relaxed) }

    /// One was opened.
    public static func open() { held.add(1, ordering: .relaxed) }

    /// One was closed.
    public static func close() { held.subtract(1, ordering: .relaxed) }
}

extension Store {
    /// Looks at the store: a query, and a step that waits for the writer as all do and writes nothing.
    ///
    /// - Throws: `StoreFailure`.
    public func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals {
        try await timed { _ = try await read { try $0.rows("SELECT 1", []) } }
    }

    /// What that look and an empty step took.
    ///
    /// - Throws: `StoreFailure`.
    public func timed(_ look: () async throws -> Void) async throws -> StoreVitals {
        let start = DispatchTime.now().uptimeNanoseconds
        try await look()
        try await write(.lease) { _ in }
        return StoreVitals(latencyMilliseconds: Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
    }
}
