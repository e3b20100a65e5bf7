import Commerce
import Pipeline
import Synchronization
import Telemetry

/// Asks the hub how it is, for anybody who asks: strangers may, so one look serves all who come within a second, and
/// nobody waits long for a store that does not answer.
final class HealthDesk: Sendable {
    /// How long an answer serves, in seconds.
    static let keptSeconds = 1.0

    private struct State {
        var kept: (report: HealthReport, at: Moment)?
        var look: Task<HealthReport, Never>?
    }

    private let hub: any HubPort
    /// How long a look may take until the store counts as down.
    private let patience: Duration
    private let state = Mutex(State())
    private let logger = Logger(label: "crossdock.console")

    init(hub: any HubPort, patience: Duration) {
        self.hub = hub
        self.patience = patience
    }

    /// How the hub is.
    func report() async -> HealthReport {
        let now = hub.now
        let look: Task<HealthReport, Never>? = state.withLock { state in
            if let kept = state.kept, (0..<Self.keptSeconds).contains(now.seconds(since: kept.at)) { return nil }
            if let look = state.look { return look }
            let look = Task { await self.look() }
            state.look = look
            return look
        }
        guard let look else { return state.withLock { $0.kept?.report } ?? .down("nobody has looked yet") }
        return await first(of: look)
    }

    private func look() async -> HealthReport {
        let report: HealthReport
        do {
            report = try await hub.health()
        } catch {
            logger.warning("health: the store does not answer: \(error)")
            report = .down("\(error)")
        }
        let now = hub.now
        state.withLock { state in
            state.kept = (report, now)
            state.look = nil
        }
        return report
    }

    /// The look's answer, or that there was none in time; it goes on, and whoever asks next waits for the same one.
    private func first(of look: Task<HealthReport, Never>) async -> HealthReport {
        let (answers, answer) = AsyncStream<HealthReport>.makeStream()
        let (seen, alarm) = (
            Task { answer.yield(await look.value) },
            Task { [patience] in
                try? await Task.sleep(for: patience)
                answer.yield(.down("the store has not answered for \(patience)"))
            }
        )
        defer {
            seen.cancel()
            alarm.cancel()
        }
        for await report in answers { return report }
        return .down("nobody answered")
    }
}
