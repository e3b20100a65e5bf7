import ConnectorKit
import Notices
import Queue

/// What follows from the calls of one batch: decided from what came of them, the time and a chance handed in.
struct NoticeSettlement: Sendable {
    var outcomes: [(job: Job, outcome: JobOutcome)] = []
    /// How each notice stands, by the job that sent it.
    var standings: [Int64: NoticeTable.Standing] = [:]
    /// Why each call failed, by its notice; nil where it got through. Calls that do not count are not in it.
    var errors: [Int64: String?] = [:]
    var gate: Gate
    /// Since when nothing gets through.
    var failingSince: Moment?
    /// Why the listener is told nothing from now on; nil where it goes on.
    var disabledFor: String?

    /// The class under which notices that were given up stand among dead letters.
    static let errorClass = "webhook"

    static func decide(
        _ calls: [NoticeCall], _ results: [NoticeResult], _ listener: Listener, gate: Gate, jitter: Double, now: Moment
    ) -> NoticeSettlement {
        var settlement = NoticeSettlement(gate: gate, failingSince: listener.failingSince)
        let verdicts = results.map { NoticeVerdict($0.outcome, now: now) }
        for (call, verdict) in zip(calls, verdicts) { settlement.take(call, verdict, listener, jitter, now) }
        settlement.judge(verdicts, gate, listener, now)
        return settlement
    }

    private mutating func take(
        _ call: NoticeCall, _ verdict: NoticeVerdict, _ listener: Listener, _ jitter: Double, _ now: Moment
    ) {
        guard let job = call.job else { return }
        let id = call.notice.id
        switch verdict {
        case .delivered:
            outcomes.append((job, .completed))
            standings[job.id] = .init(id, .delivered, calls: 1, at: now)
            errors[id] = .some(nil)
        case .stopped: outcomes.append((job, .released(keepsIntent: false)))
        case .gone:
            // The listener is disabled in the same step, and its jobs are dropped with it.
            outcomes.append((job, .snooze(reason: "it is gone", until: now)))
            standings[job.id] = .init(id, .missed, calls: 1, at: now)
            errors[id] = "status 410"
        case .failed(let why, let pause, _):
            errors[id] = why
            // A process that died with the job has used up an attempt of the job and no call of the schedule; a person
            // who has it sent again begins the schedule anew.
            let next = NoticeSchedule.next(
                afterAttempt: min(job.attempt, call.notice.attempts + 1), retries: listener.options.retries,
                pauseSeconds: pause, jitter: jitter, now: now)
            if let next {
                outcomes.append((job, .retry(errorClass: Self.errorClass, error: why, at: next, keepsIntent: false)))
                standings[job.id] = .init(id, .waiting, calls: 1)
            } else {
                outcomes.append((job, .dead(errorClass: Self.errorClass, error: why)))
                standings[job.id] = .init(id, .failed, calls: 1, at: now)
            }
        }
    }

    /// What the calls together say of the listener.
    private mutating func judge(_ verdicts: [NoticeVerdict], _ before: Gate, _ listener: Listener, _ now: Moment) {
        let failures = verdicts.compactMap { verdict in
            if case .failed(let why, let pause, let isAway) = verdict { (why, pause, isAway) } else { nil }
        }
        if verdicts.contains(.delivered) {
            (gate, failingSince) = (Gate(), nil)
        } else if let away = failures.first(where: \.2) {
            gate = before.afterFailure(away.0, now: now)
        }
        if !verdicts.contains(.delivered), let first = failures.first {
            let since = failingSince ?? now
            failingSince = since
            if now.seconds(since: since) >= NoticeSchedule.failingSeconds {
                disabledFor = "nothing got through since \(since); last: \(first.0)"
            }
        }
        if let pause = failures.compactMap(\.1).max() {
            let until = now.adding(seconds: Double(pause))
            if gate.closedUntil.map({ $0 < until }) ?? true {
                gate.closedUntil = until
                gate.reason = "it asks for a pause of \(pause) s"
            }
        }
        if verdicts.contains(.gone) { disabledFor = "it answered 410: it is gone for good" }
    }
}
