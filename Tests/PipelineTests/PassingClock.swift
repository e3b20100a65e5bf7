import Commerce

/// A clock on which a wait is over at once, and the world is that much older.
struct PassingClock: Clock {
    private static let origin = ContinuousClock.now
    let world: World

    var now: ContinuousClock.Instant {
        Self.origin + .milliseconds(world.now.milliseconds - World.start.milliseconds)
    }
    var minimumResolution: Duration { .milliseconds(1) }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        world.pass(seconds: max(0, now.duration(to: deadline) / .seconds(1)))
        await Task.yield()
    }
}
