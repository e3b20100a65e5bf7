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
        try fail()
        if stage.world.withLock({ $0.joinsSteps }) { return try await stage.join(life, priority, step) }
        let fate = try stage.world.withLock { world throws in try world.fateOfCommit(life) }
        switch fate {
        case .deathBeforeCommit:
            stage.kill(life, "dies before a commit")
            throw Death()
        case .diskFull: throw Self.full
        default: break
        }
        let (value, changes) = try stage.disk.commitCounting(isDurable: stage.isDurable(priority), step)
        if changes > 0 { stage.world.withLock { $0.committed(life) } }
        if fate == .deathAfterCommit {
            stage.kill(life, "dies right after a commit")
            throw Death()
        }
        return value
    }

    static let full = StoreFailure.unavailable("database or disk is full (code 13)")

    func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        try await comeBetween()
        try fail()
        return try stage.disk.look(query)
    }

    var dialect: StoreDialect { stage.disk.dialect }

    func close() async {}

    /// Fails now and then, whatever is asked for.
    ///
    /// - Throws: `StoreFailure`, or `Death` when the process is dead.
    private func fail() throws {
        guard try stage.world.withLock({ world throws in try world.storeFails(life) }) else { return }
        throw StoreFailure.unavailable("disk I/O error (code 10)")
    }

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
