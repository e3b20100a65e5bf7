/// When a call that failed is repeated. Published: a receiver may rely on it.
public enum NoticeSchedule {
    /// The waits after each failed call, in seconds: ten calls over three days and four hours. Source: the example
    /// schedule of the Standard Webhooks specification.
    public static let waits: [Double] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    /// How much of a wait chance adds at most, so that what failed together does not come back together.
    static let jitterShare = 0.1
    /// The longest pause a receiver may ask for, in seconds.
    public static let longestPauseSeconds = 86_400
    /// For how long nothing must have got through until a listener is disabled, in seconds: longer than the schedule,
    /// so that no single notice decides it.
    public static let failingSeconds = 5 * 86_400.0

    /// The time of the next call after so many; nil when there is none. `retries`: how many repeats there are at most.
    /// `pauseSeconds`: how long the receiver asked to be left alone.
    public static func next(
        afterAttempt attempt: Int, retries: Int?, pauseSeconds: Int?, jitter: Double, now: Moment
    ) -> Moment? {
        let allowed = min(retries ?? waits.count, waits.count)
        guard attempt >= 1, attempt <= allowed else { return nil }
        let planned = now.adding(seconds: waits[attempt - 1] * (1 + jitter * jitterShare))
        guard let pauseSeconds else { return planned }
        return max(planned, now.adding(seconds: Double(min(pauseSeconds, longestPauseSeconds))))
    }
}
