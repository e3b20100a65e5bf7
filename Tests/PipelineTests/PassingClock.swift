import Commerce

/// A clock on which a wait is over at once, and the world is that much older.
struct PassingClock: Clock {
    struct Instant: InstantProtocol {
        var milliseconds: Int64

        func advanced(by duration: Duration) -> Instant {
            let (seconds, atto) = duration.components
            return Instant(milliseconds: milliseconds + seconds * 1000 + atto / 1_000_000_000_000_000)
        }

        func duration(to other: Instant) -> Duration { .milliseconds(other.milliseconds - milliseconds) }

        static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
    }

    let world: World

    var now: Instant { Instant(milliseconds: world.now.milliseconds) }
    var minimumResolution: Duration { .milliseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        world.pass(seconds: Double(max(0, deadline.milliseconds - world.now.milliseconds)) / 1000)
        await Task.yield()
    }
}
