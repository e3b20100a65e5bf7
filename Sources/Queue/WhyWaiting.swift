@_exported import Commerce

/// The answer to "why is this job waiting?".
public enum WhyWaiting: Hashable, Sendable {
    /// Its time has not come. `reason`: what put it off, if anything did.
    case time(Moment, reason: String?, attempt: Int)
    /// Another job of its lane goes first.
    case lane(String, heldBy: Int64, state: JobState)
    case held(reason: String?)
    /// It is the last step of a batch, of which so many jobs are left.
    case batch(String, left: Int, isSealed: Bool)
    /// Something stands between it and its far side.
    case hindered(WaitReason)
    /// Nothing stands in its way; so many jobs of its sort go first.
    case turn(ahead: Int)
    /// It runs, and its worker was heard of.
    case running(leaseUntil: Moment)
    /// Its worker is not heard of any more; it is taken back then.
    case lost(takenBackAt: Moment)
    /// It does not wait.
    case ended(JobState, reason: String?)

    /// The answer for a job. `first`: the job that goes first in its lane; `ahead`: how many of its sort go first.
    public static func answer(
        _ job: Job, first: Job? = nil, ahead: Int = 0, _ admission: Admission, now: Moment
    ) -> WhyWaiting {
        switch job.state {
        case .completed, .superseded, .dead, .cancelled: return .ended(job.state, reason: job.error)
        case .held: return .held(reason: job.error)
        case .running: return ofRunning(job, now: now)
        case .available, .scheduled, .retryable:
            if let lane = job.lane, job.isBlocked, let first {
                return .lane(lane, heldBy: first.id, state: first.state)
            }
            if job.state != .available, job.runAt > now {
                return .time(job.runAt, reason: job.error, attempt: job.attempt)
            }
            if case .wait(let reason) = admission.grant(1, now: now) { return .hindered(reason) }
            return .turn(ahead: ahead)
        }
    }

    private static func ofRunning(_ job: Job, now: Moment) -> WhyWaiting {
        let lease = job.leaseUntil ?? now
        guard lease < now else { return .running(leaseUntil: lease) }
        return .lost(takenBackAt: max(now, job.intentDeadline ?? now))
    }

    /// The answer in one sentence. Times are told with how far away they are.
    public func sentence(now: Moment) -> String {
        switch self {
        case .time(let at, let reason, let attempt):
            let cause = reason.map { ": \($0)" } ?? ""
            return "it runs at \(Self.when(at, now))" + (attempt > 0 ? ", after attempt \(attempt)" : "") + cause
        case .lane(let lane, let job, let state):
            return "key \(lane) is held by job \(job), which is \(state.rawValue) and goes first"
        case .held(let reason): return "it waits for a person: \(reason ?? "no reason was given")"
        case .batch(let name, let left, let isSealed):
            return "it is the last step of batch \"\(name)\", of which \(left) job\(left == 1 ? " is" : "s are") left"
                + (isSealed ? "" : " and more are being added")
        case .hindered(let reason): return reason.sentence(now: now)
        case .turn(let ahead):
            return ahead == 0
                ? "nothing stands in its way; the next free worker takes it"
                : "nothing stands in its way; \(ahead) more urgent or older job\(ahead == 1 ? " goes" : "s go") first"
        case .running(let until): return "it is running; its worker's lease holds until \(Self.when(until, now))"
        case .lost(let at):
            return "it was running, and its worker is not heard of any more; it is taken back "
                + (at > now ? "at \(Self.when(at, now)), when the call it was about to make has surely ended" : "now")
        case .ended(let state, let reason):
            return "it does not wait, it is \(state.rawValue)\(reason.map { ": \($0)" } ?? "")"
        }
    }

    static func when(_ moment: Moment, _ now: Moment) -> String {
        "\(moment) (\(WaitReason.span(until: moment, now)))"
    }
}

extension WaitReason {
    /// The reason in one sentence.
    public func sentence(now: Moment) -> String {
        switch self {
        case .paused(let pause):
            "\(pause.words) is paused by \(pause.by) since \(pause.at)"
                + (pause.reason.isEmpty ? "" : ": \(pause.reason)")
        case .standing(let reason): reason
        case .closed(let until, let reason):
            "calls to the integration rest until \(WhyWaiting.when(until, now))" + Self.tail(reason)
        case .breaker(let operation, let until, let reason):
            "the breaker of \"\(operation)\" is open until \(WhyWaiting.when(until, now))" + Self.tail(reason)
        case .probe(let operation, let until):
            "the breaker of \"\(operation)\" is half-open: one call is tried first, and waited for until "
                + WhyWaiting.when(until, now)
        case .limit(let form, let operation, let until):
            "the \(Self.name(form)) of \(operation == "*" ? "the integration" : "\"\(operation)\"") is used up, "
                + (until.map { "limit \(Self.span(until: $0, now))" } ?? "and nothing comes back by itself")
        case .together(let limit):
            "\(limit) call\(limit == 1 ? " is" : "s are") under way, as many as the integration allows at once"
        case .busy(let job, let operation): "\"\(operation)\" of this integration is busy with job \(job)"
        }
    }

    static func span(until moment: Moment, _ now: Moment) -> String {
        let seconds = max(0, moment.seconds(since: now).rounded(.up))
        guard seconds >= 120 else { return "\(Int(seconds)) s" }
        guard seconds >= 7200 else { return "\(Int((seconds / 60).rounded(.up))) min" }
        return "\(Int((min(seconds, 1e12) / 3600).rounded(.up))) h"
    }

    private static func name(_ form: Allowance.Form) -> String {
        switch form {
        case .rate: "rate limit"
        case .cost: "cost budget"
        case .day: "daily quota"
        case .together: "concurrency limit"
        case .window: "call limit"
        }
    }

    private static func tail(_ reason: String?) -> String { reason.map { ": \($0)" } ?? "" }
}
