/// One statement that is asked for rows, with its values.
public struct Asked {
    /// Parameters are `?1`, `?2`; a set of keys is written `IN {2}`.
    public let sql: String
    public let values: [SQLValue]
}

/// What a step wants to know of the store, and how that is read from rows. Several are asked in one go: on a server
/// that is one trip, however many statements they are.
public struct Question<Value> {
    let asked: [Asked]
    let read: ([[Row]]) throws -> Value

    /// One statement.
    public init(_ sql: String, _ values: [SQLValue], read: @escaping ([Row]) throws -> Value) {
        asked = [Asked(sql: sql, values: values)]
        self.read = { try read($0.first ?? []) }
    }

    /// Nothing is asked: the answer is known.
    public init(known value: Value) {
        asked = []
        read = { _ in value }
    }

    /// Several of one sort, in their order.
    public init<Part>(all parts: [Question<Part>]) where Value == [Part] {
        // A key path into a generic type is made anew each time: a twentieth of what a hub does for a job.
        asked = parts.flatMap { $0.asked }
        read = { rows in
            var rest = rows[...]
            return try parts.map { part in
                defer { rest = rest.dropFirst(part.asked.count) }
                return try part.read(Array(rest.prefix(part.asked.count)))
            }
        }
    }

    private init(asked: [Asked], read: @escaping ([[Row]]) throws -> Value) {
        self.asked = asked
        self.read = read
    }

    /// This, and then the other.
    public func with<Other>(_ other: Question<Other>) -> Question<(Value, Other)> {
        let count = asked.count
        return Question<(Value, Other)>(asked: asked + other.asked) { [read] rows in
            (try read(Array(rows.prefix(count))), try other.read(Array(rows.dropFirst(count))))
        }
    }

    /// The same question, its answer read further.
    public func map<Other>(_ change: @escaping (Value) throws -> Other) -> Question<Other> {
        Question<Other>(asked: asked) { [read] in try change(read($0)) }
    }
}

extension StoreSession {
    /// The answer to a question. Its statements are run in their order, each seeing what those before it did.
    ///
    /// - Throws: `StoreFailure`, or what reading the answer throws.
    public func ask<Value>(_ question: Question<Value>) throws -> Value {
        try question.read(question.asked.isEmpty ? [] : answers(to: question.asked))
    }

    /// Where there are no trips, one after the other.
    public func answers(to asked: [Asked]) throws -> [[Row]] { try asked.map { try rows($0.sql, $0.values) } }

    /// Where there are no trips, it is run at once.
    public func tell(_ sql: String, _ values: [SQLValue]) throws { try run(sql, values) }
}
