import Store

/// A step that waits for a connection, with whom to tell.
struct PostgresStep: Sendable {
    let priority: StepPriority
    /// Runs the step; the closure it gives back tells the caller, and is called once the commit is durable.
    let run: @Sendable (any StoreSession) -> (failure: (any Error)?, tell: @Sendable () -> Void)
    /// Tells the caller that its step was not kept.
    let fail: @Sendable (any Error) -> Void

    init<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value,
        _ tell: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.priority = priority
        run = { session in
            do {
                let value = try step(session)
                return (nil, { tell(.success(value)) })
            } catch {
                return (error, { tell(.failure(error)) })
            }
        }
        fail = { tell(.failure($0)) }
    }
}
