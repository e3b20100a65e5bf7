import Alerts
import Audit
import Commerce
import Console
import Telemetry

@testable import Pipeline

/// What a sample hub shows to who watches over it.
struct SampleWatch: WatchPort {
    let hub: SampleHub

    func gauges() async throws -> [Gauge] { try hub.kept { $0.gauges } }
    func alerts() async throws -> [Alert] { try hub.kept { $0.alerts } }

    func acknowledge(_ kind: AlertKind, by actor: AuditActor) async throws -> Alert? {
        let known = try await alerts()
        return known.first { $0.kind == kind }.flatMap {
            AlertSettings().acknowledged($0, by: actor.name, at: hub.now)
        }
    }

    func lastVerification() async throws -> (json: JSON?, isUnderWay: Bool) {
        try hub.kept { ($0.verification, $0.verifications.count > 0) }
    }

    func verifyLater(_ terms: VerifyTerms, by actor: AuditActor) async throws -> Int64 {
        try hub.state.withLock { state in
            if state.isBroken { throw SampleHub.Broken() }
            state.verifications.append(terms)
            return Int64(state.verifications.count)
        }
    }

    func logLevel() async throws -> LogLevelReport { LogLevelReport(level: .info, usual: .info, until: nil) }

    func log(from level: Logger.Level?, minutes: Int, by actor: AuditActor) async throws -> LogLevelReport {
        LogLevelReport(
            level: level ?? .info, usual: .info,
            until: level.map { _ in hub.now.adding(seconds: Double(minutes) * 60) })
    }
}

extension SampleHub {
    /// What it was told to show, unless its store is broken.
    func kept<Value: Sendable>(_ value: @Sendable (State) -> Value) throws -> Value {
        try state.withLock { state in
            if state.isBroken { throw Broken() }
            return value(state)
        }
    }
}
