import Store

/// A step that waits for a connection, with whom to tell.
struct PostgresStep: Sendable {
    let priority: StepPriority
    /// Runs the step; the closure it gives back tells the caller, and is called once the commit is durable.
    let run: @Sendable (any StoreSession) -> (failure: (any Error)?, tell: @Sendable () -> Void)
    /// Tells the caller that its step was not kept.
    let fail: @Sendable (any Error) -> Void

    /// A step; one that only reads is counted as such.
    init<Value: Sendable>(
        _ priority: StepPriority, isQuery: Bool = false, _ step: @escaping @Sendable (any StoreSession) throws -> Value,
        _ tell: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.priority = priority
        let kind = isQuery ? .read : StepKind(priority)
        run = { session in
            do {
                let value = try StepMeters.timed(kind, session.watch) { try step(session) }
                return (nil, { tell(.success(value)) })
            } catch {
                return (error, { tell(.failure(error)) })
            }
        }
        fail = { tell(.failure($0)) }
    }
}
