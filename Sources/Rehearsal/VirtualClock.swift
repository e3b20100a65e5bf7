import Commerce

/// The time the hub's loops sleep by: the world's own, which no setting of the hub's clock moves.
struct VirtualClock: Clock {
    struct Instant: InstantProtocol {
        var milliseconds: Int64

        func advanced(by duration: Duration) -> Instant {
            let (seconds, atto) = duration.components
            return Instant(milliseconds: milliseconds + seconds * 1000 + atto / 1_000_000_000_000_000)
        }

        func duration(to other: Instant) -> Duration { .milliseconds(other.milliseconds - milliseconds) }

        static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
    }

    let stage: Stage
    let life: Int

    /// A wait shorter than this is a worker's that has found nothing to do.
    static let restSeconds = 0.4
    /// A wait shorter than this is that of the watch over leases, which may come late: a busy machine lets it.
    static let watchSeconds = 1.0
    static let watchLatenessSeconds = 2.0...8.0
    /// A wait shorter than this is the schedule's, which may come late: a busy machine lets it, too.
    static let scheduleSeconds = 3.0
    /// How much later the schedule comes.
    static let latenessSeconds = 5.0...25.0

    var now: Instant { Instant(milliseconds: stage.world.withLock { $0.now.milliseconds }) }
    var minimumResolution: Duration { .milliseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        var seconds = Double(deadline.milliseconds - now.milliseconds) / 1000
        let isRest = seconds < Self.restSeconds
        if !isRest, seconds < Self.scheduleSeconds {
            let lateness = seconds < Self.watchSeconds ? Self.watchLatenessSeconds : Self.latenessSeconds
            seconds = stage.world.withLock { $0.time(lateness) }
        }
        await stage.sleep(life, seconds: max(0.001, seconds), isRest: isRest)
        try Task.checkCancellation()
    }
}
