/// The statement that a step begins with, and whose count it waits for: a row that is inserted where its key is not
/// there yet.
///
/// Where steps wait for a server together, their openings are sent together, in one trip: so one may be run before the
/// steps in front of its own have ended. It must be such that this makes no difference to them.
public struct Opening: Sendable {
    /// Parameters are `?1`, `?2`.
    public let sql: String
    public let values: [SQLValue]
    /// Where it inserts a row of such columns: the rows of many steps may go as one statement. The first column is a
    /// number that tells each row from all others.
    public let insert: Upsert?

    /// A statement with its values.
    public init(_ sql: String, _ values: [SQLValue]) {
        self.sql = sql
        self.values = values
        insert = nil
    }

    /// A row that is inserted where its key is not there yet; what stands first tells it from all others.
    public init(_ insert: Upsert, _ row: [SQLValue]) {
        sql = insert.single
        values = row
        self.insert = insert
    }
}

extension Store {
    /// Runs a step that begins with a statement, and is told how many rows that changed. In a file it is the first the
    /// step does.
    ///
    /// - Throws: as `write(_:_:)`.
    public func write<Value: Sendable>(
        _ priority: StepPriority, opening: Opening,
        _ step: @escaping @Sendable (any StoreSession, Int) throws -> Value
    ) async throws -> Value {
        try await write(priority) { session in try step(session, session.run(opening.sql, opening.values)) }
    }
}
