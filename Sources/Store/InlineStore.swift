/// A store without threads: every step runs where it is called, one after the other, and nothing is waited for.
///
/// For the simulator, which drives the hub in one thread. The statements, the schema and the way steps are joined are
/// those of the store it stands for.
public protocol InlineStore: Sendable {
    /// Which database keeps it.
    var dialect: StoreDialect { get }

    /// A step in a transaction, and how many rows it changed. What is not `durable` may be forgotten by `losePower`.
    ///
    /// - Throws: `StoreFailure`, or what the step throws; then nothing of it remains.
    func commitCounting<Value: Sendable>(
        isDurable: Bool, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> (value: Value, changes: Int)

    /// Steps in one transaction, as the store's own writer joins those that wait at the same time: what is refused of
    /// one is undone alone. Gives what is to be told of each, and how many rows were changed.
    func commitTogether(_ steps: [WaitingStep], isDurable: Bool) -> (tell: [@Sendable () -> Void], changes: Int)

    /// A query.
    ///
    /// - Throws: `StoreFailure`, or what the query throws.
    func look<Value: Sendable>(_ query: @escaping @Sendable (any StoreSession) throws -> Value) throws -> Value

    /// The hub's machine loses its power: what was not durable is forgotten. False when there was nothing of that sort.
    ///
    /// - Throws: `StoreFailure`.
    func losePower() throws -> Bool

    /// Writes the store to a file that is not there yet, to be looked at.
    ///
    /// - Throws: `StoreFailure`, also where it is not kept in a file.
    func copy(to path: String) throws
}

extension InlineStore {
    /// A step in a transaction.
    ///
    /// - Throws: as `commitCounting`.
    @discardableResult
    public func commit<Value: Sendable>(
        isDurable: Bool = true, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> Value {
        try commitCounting(isDurable: isDurable, step).value
    }
}
