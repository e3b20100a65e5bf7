import Commerce
import Pipeline
import Telemetry

/// Asks the hub how it is, for anybody who asks: strangers may, so one look serves all who come within a second, and
/// nobody waits long for a store that does not answer.
final class HealthDesk: Sendable {
    /// How long an answer serves, in seconds.
    static let keptSeconds = 1.0

    private let patience: Duration
    private let look: KeptLook<HealthReport>

    /// `patience`: how long a look may take until the store counts as down.
    init(hub: any HubPort, patience: Duration) {
        self.patience = patience
        let logger = Logger(label: "crossdock.console")
        look = KeptLook(seconds: Self.keptSeconds, patience: patience, now: { hub.now }) {
            do {
                return try await hub.health()
            } catch {
                logger.warning("health: the store does not answer: \(error)")
                return .down("\(error)")
            }
        }
    }

    /// How the hub is.
    func report() async -> HealthReport {
        await look.value() ?? .down("the store has not answered for \(patience)")
    }
}
