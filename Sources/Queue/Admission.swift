@_exported import Commerce

/// Why work that is due is not begun. Each answers the question of a person who waits for it.
public enum WaitReason: Hashable, Sendable {
    /// A person stopped it.
    case paused(Pause)
    /// The integration as a whole does not work: paused by its owner, or its credentials are refused.
    case standing(String)
    /// The far side asked for a rest, or nothing there answers.
    case closed(until: Moment, reason: String?)
    case breaker(operation: String, until: Moment, reason: String?)
    /// The breaker is half-open, and another worker tries.
    case probe(operation: String, until: Moment)
    /// A limit is used up; nil: nothing comes back by itself.
    case limit(Allowance.Form, operation: String, until: Moment?)
    /// As many calls as are allowed are under way.
    case together(limit: Int)
    /// Work of the same sort on the same integration is done one batch after the other.
    case busy(job: Int64, operation: String)
}

/// All that may stand between due work and its far side, read in one go. The same value decides what a worker may
/// claim and why a job waits, so the two never disagree.
public struct Admission: Hashable, Sendable {
    public var queue: JobQueue
    public var integration: Int64
    /// `fetch product`.
    public var operation: String
    public var pauses: [Pause]
    /// Why the integration as a whole does not work; nil when it does.
    public var standing: String?
    public var gate: Gate
    public var breaker: Breaker
    public var allowances: [Allowance]
    /// How many calls to the integration are under way.
    public var underWay: Int
    /// A job of the same sort that runs.
    public var running: Int64?

    /// What stands in the way; nothing unless said otherwise.
    public init(
        queue: JobQueue, integration: Int64, operation: String, pauses: [Pause] = [], standing: String? = nil,
        gate: Gate = Gate(), breaker: Breaker = Breaker(), allowances: [Allowance] = [], underWay: Int = 0,
        running: Int64? = nil
    ) {
        self.queue = queue
        self.integration = integration
        self.operation = operation
        self.pauses = pauses
        self.standing = standing
        self.gate = gate
        self.breaker = breaker
        self.allowances = allowances
        self.underWay = underWay
        self.running = running
    }

    /// What still stands in the way of the next call of work that was begun: its own breaker and its own place among
    /// calls under way do not.
    public var goingOn: Admission {
        var later = self
        later.running = nil
        later.breaker = Breaker()
        later.allowances.removeAll { $0.form == .together }
        return later
    }

    /// What may be begun.
    public enum Grant: Hashable, Sendable {
        /// At most so many jobs. `isProbe`: they find out whether calls go through again.
        case jobs(Int, isProbe: Bool)
        case wait(WaitReason)
    }

    /// How many of the wanted jobs may be begun now, or why none. `perCall`: how many jobs one call does.
    public func grant(_ wanted: Int, perCall: Int = 1, now: Moment) -> Grant {
        if let pause = pauses.first(where: { $0.stops(queue, of: integration) }) { return .wait(.paused(pause)) }
        if let standing { return .wait(.standing(standing)) }
        if let running { return .wait(.busy(job: running, operation: operation)) }
        guard queue.callsOut else { return .jobs(wanted, isProbe: false) }
        if let until = gate.closedUntil, until > now { return .wait(.closed(until: until, reason: gate.reason)) }
        switch breaker.state(at: now) {
        case .open(let until): return .wait(.breaker(operation: operation, until: until, reason: breaker.reason))
        case .probing(let until): return .wait(.probe(operation: operation, until: until))
        case .halfOpen: return withinLimits(1, perCall: perCall, isProbe: true, now: now)
        case .closed: return withinLimits(wanted, perCall: perCall, isProbe: false, now: now)
        }
    }

    private func withinLimits(_ wanted: Int, perCall: Int, isProbe: Bool, now: Moment) -> Grant {
        var calls = (wanted + max(1, perCall) - 1) / max(1, perCall)
        for allowance in allowances {
            let free = allowance.calls(now: now, underWay: underWay)
            guard free > 0 else {
                if allowance.form == .together {
                    return .wait(.together(limit: Int(allowance.capacity / Allowance.one)))
                }
                let until = allowance.nextCall(now: now)
                return .wait(.limit(allowance.form, operation: allowance.operation, until: until))
            }
            if allowance.form != .together { calls = min(calls, free) }
        }
        return .jobs(min(wanted, calls * max(1, perCall)), isProbe: isProbe)
    }
}
