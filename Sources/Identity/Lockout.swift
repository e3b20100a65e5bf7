import Commerce

/// How long an account takes no password after wrong ones: from the fifth in a row on, a minute, then ever longer, up
/// to an hour. It opens by itself, so that nobody can shut somebody else out for good.
public struct Lockout: Hashable, Sendable {
    /// Wrong passwords in a row.
    public var failures: Int
    /// Until when no password is taken; nil where one is.
    public var until: Moment?

    /// A state; at first nothing went wrong.
    public init(failures: Int = 0, until: Moment? = nil) {
        self.failures = failures
        self.until = until
    }

    /// How many wrong passwords in a row cost nothing.
    static let free = 4
    static let firstSeconds = 60.0
    static let longestSeconds = 3600.0

    /// How many seconds are left; nil where a password is taken. A clock that was set back does not lengthen it.
    public func secondsLeft(at now: Moment) -> Int? {
        guard let until, until > now else { return nil }
        return Int(min(until.seconds(since: now), Self.longestSeconds).rounded(.up))
    }

    /// After one more wrong password.
    public func afterFailure(at now: Moment) -> Lockout {
        let failures = failures + 1
        guard failures > Self.free else { return Lockout(failures: failures, until: nil) }
        var seconds = Self.firstSeconds
        for _ in 0..<min(failures - Self.free - 1, 20) { seconds = min(seconds * 2, Self.longestSeconds) }
        return Lockout(failures: failures, until: now.adding(seconds: seconds))
    }
}
