import Commerce

/// Where the hub's clock was set back while news was under way, times do not tell how long that took. That it was is
/// seen by what contradicts itself: learned before it may have happened, decided before what had been decided earlier.
struct SetBackClock {
    /// Times that contradict each other by less are two machines' clocks, or a slow commit, in seconds.
    static let toleranceSeconds = 5.0

    /// The steps between which it was set.
    private var times: [ClosedRange<Int64>] = []
    /// The time from the first to the last that is known of, in seconds: no shorter one is sure to hold what it should.
    private(set) var allSeconds = 1.0

    init(_ events: [OversellBound.Event], _ told: [OversellBound.Told], now: Moment) {
        for event in events where Self.isSetBack(event.happenedAt, event.learnedAt) {
            times.append(event.number...event.number)
        }
        for one in told where Self.isSetBack(one.plannedAt, one.settledAt) { times.append(one.number...one.number) }
        var steps = events.map { ($0.number, $0.learnedAt) } + told.map { ($0.number, $0.plannedAt) }
        steps.sort { ($0.0, $0.1.milliseconds) < ($1.0, $1.1.milliseconds) }
        steps.append((.max, now))
        for (index, (one, next)) in zip(steps, steps.dropFirst()).enumerated()
        where one.0 < next.0 && Self.isSetBack(one.1, next.1) {
            // Until it is as late again as it had been, it may run behind, whatever it is set to in between.
            times.append(one.0...(steps[(index + 1)...].last { $0.1 < one.1 } ?? next).0)
        }
        let all = events.flatMap { [$0.happenedAt.milliseconds, $0.learnedAt.milliseconds] }
        if let first = all.min(), let last = all.max() { allSeconds += Double(last - first) / 1000 }
    }

    /// Whether it may have been set back between two steps, or right before the first of them.
    func wasSetBack(from first: Int64, to last: Int64) -> Bool { times.contains { $0.overlaps(first...last) } }

    private static func isSetBack(_ earlier: Moment, _ later: Moment) -> Bool {
        earlier.seconds(since: later) > toleranceSeconds
    }
}
