import ConnectorKit
import Ledger
import Queue
import Store

/// The second page of a reading, and those after it: calls like any other, which wait for their turn.
extension Hub {
    /// How long a page waits for its turn before the reading is given up for now, in seconds. It then begins anew, so
    /// most pauses are waited for.
    static let turnPatienceSeconds = 900.0
    /// How often one page is asked for again that the far side was not ready for.
    static let pageAttempts = 5

    /// Returns when the next page may be asked for, within the limits that all workers share.
    ///
    /// - Throws: `PullFailure` when a person stopped it, or the wait is too long; `StoreFailure`.
    func waitForTurn(_ work: DueWork, of integration: Integration) async throws {
        let last = now.adding(seconds: Self.turnPatienceSeconds)
        while let reason = try await begin(work) {
            if case .paused(let pause) = reason {
                throw PullFailure.stopped("\(pause.by) paused it (\(pause.reason)); it begins anew when that is lifted")
            }
            let moment = reason.ends ?? last.adding(seconds: 1)
            guard moment <= last else {
                let left = min(Double(Int32.max), moment.seconds(since: now).rounded(.up))
                throw PullFailure.connector(.throttled(retryAfterSeconds: Int(left)))
            }
            do {
                try await clock.sleep(for: .milliseconds(max(1, moment.milliseconds - now.milliseconds)))
            } catch {
                throw PullFailure.connector(.cancelled(mayHaveHappened: false))
            }
        }
    }

    /// Nil once the call is begun. Only what uses up a limit is written down.
    private func begin(_ work: DueWork) async throws -> WaitReason? {
        let (organization, now) = (organization, now)
        let admission = try await store.read {
            try JobTable($0, organization: organization).admission(to: work).goingOn
        }
        if case .wait(let reason) = admission.grant(1, now: now) { return reason }
        guard !admission.allowances.isEmpty else { return nil }
        return try await store.write {
            try JobTable($0, organization: organization).begin(work, goesOn: true, now: now)
        }
    }

    /// Asks for a page: the first one at once, for that was decided already, and every other in its turn. One that the
    /// far side is not ready for is asked for again, so that a long reading does not begin anew with every pause.
    ///
    /// - Throws: `PullFailure`, `StoreFailure`.
    func patiently<Answer>(
        _ work: DueWork, of integration: Integration, isFirst: Bool,
        _ call: () async throws -> Answer
    ) async throws -> Answer {
        var attempt = 0
        while true {
            attempt += 1
            if !isFirst { try await waitForTurn(work, of: integration) }
            do {
                return try await call()
            } catch let failure as ConnectorFailure {
                guard !isFirst, attempt < Self.pageAttempts, failure.asksToWait else { throw failure }
                try await noteFailure(failure, integration, work.operation)
            }
        }
    }
}

extension ConnectorFailure {
    /// Whether the far side will answer later, and says so.
    var asksToWait: Bool {
        switch self {
        case .throttled, .busy: true
        case .unavailable, .refused, .unreadable, .gone, .unauthorized, .cancelled: false
        }
    }
}

extension WaitReason {
    /// When it ends by itself; nil when it does not.
    fileprivate var ends: Moment? {
        switch self {
        case .closed(let until, _), .breaker(_, let until, _), .probe(_, let until): until
        case .limit(_, _, let until): until
        case .paused, .standing, .together, .busy: nil
        }
    }
}
