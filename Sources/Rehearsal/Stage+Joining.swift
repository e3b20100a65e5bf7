import Commerce
import Store
import Synchronization

/// The writer of a process, where it joins the steps that wait at the same time into one commit.
extension Stage {
    /// The most steps of one commit.
    static let stepLimit = 24
    /// How long steps wait for others, in seconds: as long as the commit before them takes.
    static let gatherSeconds = 0.001...0.03

    /// Whether a commit of that priority is there after the power was lost.
    func isDurable(_ priority: StepPriority) -> Bool {
        priority != .lease || !world.withLock { $0.knobs.faults[.powerLoss] != nil }
    }

    /// Waits for the writer's next commit, and for what becomes of the step in it.
    ///
    /// - Throws: `StoreFailure`, or what the step throws.
    func join<Value: Sendable>(
        _ life: Int, _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        let isRefused = world.withLock { $0.stepIsRefused() }
        let result: Result<Value, any Error> = await withUnsafeContinuation { continuation in
            let waiting = WaitingStep(priority, isRefused ? Self.refused(step) : step) { result in
                if case .failure = result { self.world.withLock { $0.refusedSteps += 1 } }
                continuation.resume(returning: result)
            }
            world.withLock { world in
                guard world.isAlive(life) else { return }
                world.lives[life].waiting.append(waiting)
                if world.lives[life].waiting.count == 1 { world.planCommit(of: life) }
            }
        }
        return try result.get()
    }

    /// The step as it is when the store refuses it after all was written: what is joined with it must not notice.
    private static func refused<Value: Sendable>(
        _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) -> @Sendable (any StoreSession) throws -> Value {
        { session in
            _ = try step(session)
            throw StoreFailure.unavailable("out of memory (code 7)")
        }
    }

    /// Commits what waits for the writer of a process.
    func commitWaiting(of life: Int) {
        let (steps, fate) = world.withLock { world in world.takeWaiting(of: life) }
        guard let first = steps.first else { return }
        if fate == .deathBeforeCommit { return kill(life, "dies before a commit") }
        if fate == .diskFull { return steps.forEach { $0.fail(RehearsedStore.full) } }
        let (tell, changes) = disk.commitTogether(steps, isDurable: isDurable(first.priority))
        if changes > 0 { world.withLock { $0.committed(life) } }
        if fate == .deathAfterCommit { return kill(life, "dies right after a commit") }
        world.withLock { $0.refusedSteps = 0 }
        tell.forEach { $0() }
        world.withLock { $0.joined(steps.count) }
    }
}

extension World {
    /// The writer takes what waits after a while, or goes on at once where more waits than one commit holds.
    mutating func planCommit(of life: Int) {
        agenda.add(.commit(life), at: now.adding(seconds: chance.seconds(Stage.gatherSeconds)))
    }

    /// What the next commit of a process holds, the most urgent first, and what befalls it. A claim does not wait for
    /// the disk because of others.
    mutating func takeWaiting(of life: Int) -> ([WaitingStep], Fault?) {
        guard isAlive(life), !lives[life].waiting.isEmpty else { return ([], nil) }
        if isPaused(life) {
            agenda.add(.commit(life), at: lives[life].pausedUntil ?? now)
            return ([], nil)
        }
        let waiting = lives[life].waiting
        var order = waiting.indices.sorted { (waiting[$0].priority.rawValue, $0) < (waiting[$1].priority.rawValue, $1) }
        if waiting[order[0]].priority == .lease { order = order.filter { waiting[$0].priority == .lease } }
        let taken = Array(order.prefix(Stage.stepLimit))
        lives[life].waiting = waiting.indices.filter { !taken.contains($0) }.map { waiting[$0] }
        if !lives[life].waiting.isEmpty { planCommit(of: life) }
        return (taken.map { waiting[$0] }, try? fateOfCommit(life))
    }

    /// Whether the store refuses a step, whatever it is joined with.
    mutating func stepIsRefused() -> Bool {
        isStormy && reachChance.happens(knobs.reach.refusedShare)
    }

    /// So many steps were one commit.
    mutating func joined(_ count: Int) {
        guard count > 1 else { return }
        coverage.reached("several steps were one commit")
        if refusedSteps > 0, refusedSteps < count { coverage.reached("one of several steps was refused alone") }
    }
}
