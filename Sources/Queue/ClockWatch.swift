@_exported import Commerce

/// Notices that the machine's wall clock was set, by a second clock that only counts on.
public struct ClockWatch: Hashable, Sendable {
    private var wall: Moment
    private var monotonicSeconds: Double

    /// Less than this is no jump but a slow look, in seconds.
    public static let toleranceSeconds = 5.0

    /// A watch that begins with both clocks as they stand.
    public init(wall: Moment, monotonicSeconds: Double) {
        self.wall = wall
        self.monotonicSeconds = monotonicSeconds
    }

    /// By how many seconds the wall clock was set since the last look, forward when positive; nil when it was not.
    public mutating func jump(wall now: Moment, monotonicSeconds later: Double) -> Double? {
        let jump = ((now.seconds(since: wall) - (later - monotonicSeconds)) * 1000).rounded() / 1000
        wall = now
        monotonicSeconds = later
        return abs(jump) > Self.toleranceSeconds ? jump : nil
    }
}
