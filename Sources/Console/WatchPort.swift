import Alerts
import Audit
import Commerce
import Pipeline
import Telemetry

/// What the addresses that watch over a hub need of it. Everything throws when the store cannot be used now.
public protocol WatchPort: Sendable {
    /// What is told of it as it is at the moment.
    func gauges() async throws -> [Gauge]
    /// The alerts that there are or were.
    func alerts() async throws -> [Alert]
    /// Somebody looks after an alert from now on, unless somebody does already; nil where none is open.
    func acknowledge(_ kind: AlertKind, by actor: AuditActor) async throws -> Alert?
    /// What the last verification came to, nil where there was none, and whether one is under way.
    func lastVerification() async throws -> (json: JSON?, isUnderWay: Bool)
    /// Has the store verified by the hub's workers; answers the task's id.
    func verifyLater(_ terms: VerifyTerms, by actor: AuditActor) async throws -> Int64
    /// From which level on it logs.
    func logLevel() async throws -> LogLevelReport
    /// Has it log from another level on for so many minutes; nil: as it was started.
    func log(from level: Logger.Level?, minutes: Int, by actor: AuditActor) async throws -> LogLevelReport
}

extension Hub: WatchPort {
    /// The hub itself.
    public var watch: any WatchPort { self }

    /// From which level on it logs.
    public func logLevel() async throws -> LogLevelReport { try await logLevel(.shared) }

    /// Has it log from another level on.
    public func log(from level: Logger.Level?, minutes: Int, by actor: AuditActor) async throws -> LogLevelReport {
        try await log(from: level, minutes: minutes, by: actor, .shared)
    }
}
