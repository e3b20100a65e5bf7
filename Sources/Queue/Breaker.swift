@_exported import Commerce

/// Whether one operation of one integration is called, decided from what came of its last calls.
///
/// Closed: calls go through. Open: none, until its time. Half-open: one worker tries; its success closes the breaker,
/// its failure opens it for longer, and when nothing is heard of it another may try.
public struct Breaker: Hashable, Sendable {
    /// Calls that failed one after the other.
    public var failures: Int
    /// Until when nothing is called; nil when it never opened or was closed again.
    public var openUntil: Moment?
    /// Until when a worker that tries is waited for.
    public var probeUntil: Moment?
    /// What the last failure said.
    public var reason: String?

    /// How a breaker stands.
    public enum State: Hashable, Sendable {
        case closed
        /// Until that time.
        case open(until: Moment)
        /// One call may be made.
        case halfOpen
        /// One call is being made, and is waited for until then.
        case probing(until: Moment)
    }

    /// How many failures in a row open a breaker.
    public static let failureLimit = 5
    /// How long it is open at first, in seconds; it doubles with each failed try.
    public static let firstOpenSeconds = 10.0
    /// The longest it is open, in seconds.
    public static let longestOpenSeconds = 300.0
    /// How long a try is waited for, in seconds: longer than the longest call.
    public static let probeSeconds = 90.0

    /// A breaker; closed unless said otherwise.
    public init(failures: Int = 0, openUntil: Moment? = nil, probeUntil: Moment? = nil, reason: String? = nil) {
        self.failures = failures
        self.openUntil = openUntil
        self.probeUntil = probeUntil
        self.reason = reason
    }

    /// How it stands at that time. A time further ahead than it is ever open for was written before the clock was set
    /// back, and does not count; one that is a little further was written by a machine whose clock is ahead.
    public func state(at now: Moment) -> State {
        guard let openUntil else { return .closed }
        if Self.holds(openUntil, Self.longestOpenSeconds, at: now) { return .open(until: openUntil) }
        if let probeUntil, Self.holds(probeUntil, Self.probeSeconds, at: now) { return .probing(until: probeUntil) }
        return .halfOpen
    }

    private static func holds(_ until: Moment, _ longestSeconds: Double, at now: Moment) -> Bool {
        until > now && until.seconds(since: now) <= longestSeconds + ClockWatch.toleranceSeconds
    }

    /// The breaker once a worker tries whether calls go through again.
    public func probing(now: Moment) -> Breaker {
        var next = self
        next.probeUntil = now.adding(seconds: Self.probeSeconds)
        return next
    }

    /// The breaker after a call that went through.
    public func afterSuccess() -> Breaker { Breaker() }

    /// The breaker after a call that failed and may go through another time.
    public func afterFailure(_ reason: String, now: Moment) -> Breaker {
        let count = min(failures + 1, 1_000_000)
        guard count >= Self.failureLimit else { return Breaker(failures: count, reason: reason) }
        var wait = Self.firstOpenSeconds
        for _ in 0..<min(count - Self.failureLimit, 20) { wait = min(wait * 2, Self.longestOpenSeconds) }
        return Breaker(failures: count, openUntil: now.adding(seconds: wait), reason: reason)
    }
}
