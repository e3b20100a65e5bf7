import Commerce
import Store

/// The hub's disk as one process sees it: it fills up, the process dies around its commits, and other tasks come
/// between two steps.
struct RehearsedStore: Store {
    let stage: Stage
    let life: Int

    func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await comeBetween()
        let fate = try stage.world.withLock { world throws in try world.fateOfCommit(life) }
        switch fate {
        case .deathBeforeCommit:
            stage.kill(life, "dies before a commit")
            throw Death()
        case .diskFull: throw StoreFailure.unavailable("database or disk is full (code 13)")
        default: break
        }
        let (value, changes) = try stage.disk.commitCounting(step)
        if changes > 0 { stage.world.withLock { $0.committed(life, changes: changes) } }
        if fate == .deathAfterCommit {
            stage.kill(life, "dies right after a commit")
            throw Death()
        }
        return value
    }

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await comeBetween()
        return try stage.disk.look(query)
    }

    func close() async {}

    /// Lets others have their turn before this step, now and then.
    ///
    /// - Throws: `Death` when the process is dead.
    private func comeBetween() async throws {
        let seconds = try stage.world.withLock { world throws -> Double? in
            guard world.isAlive(life) else { throw Death() }
            return world.pauseBetweenSteps()
        }
        guard let seconds else { return }
        await stage.sleep(life, seconds: seconds)
        guard stage.world.withLock({ $0.isAlive(life) }) else { throw Death() }
    }
}
