import Store

/// How changes are numbered: upwards in each organization, in the order of their commits, so that who asks for what
/// came behind a number misses nothing. Numbers grow with time, too, so that what is old lies together.
public enum ChangeNumber {
    /// How many numbers there are in a millisecond. More changes than that go on into the next.
    static let perMillisecond: Int64 = 4096
    /// The moment of the first number, 2020-01-01T00:00:00Z, in milliseconds since 1970.
    static let first: Int64 = 1_577_836_800_000
    /// A clock that is far ahead moves numbers no further than here (the year 2054), half of what JSON can hold.
    static let limit: Int64 = 1 << 52

    /// Changes of that moment and later have numbers above this, and numbers below it are of earlier changes.
    public static func mark(_ moment: Moment) -> Int64 {
        let counted = min(max(moment.milliseconds, first), first + limit / perMillisecond)
        return (counted - first) * perMillisecond
    }

    /// What the first of these changes comes behind, at least.
    static func before(_ changes: [Change]) -> Int64 { changes.map { mark($0.at) }.max() ?? 0 }
}

extension LedgerTable {
    /// The change log in slices of thirty days.
    public static let changeSlices = TimeSlices("change", by: "number", days: 30, mark: ChangeNumber.mark)

    /// How many changes one step forgets, so that the writer is not held for long.
    static let forgetStepSize: Int64 = 2000

    /// Forgets some of the changes from before that moment; how many, and none when there are no more.
    ///
    /// - Throws: `StoreFailure`.
    public func forgetChanges(before limit: Moment) throws -> Int {
        try session.run(
            """
            DELETE FROM change WHERE organization_id = ?1 AND number IN (
                SELECT number FROM change WHERE organization_id = ?1 AND number < ?2 ORDER BY number LIMIT ?3)
            """, [.integer(organization), .integer(ChangeNumber.mark(limit)), .integer(Self.forgetStepSize)])
    }

    /// The number of the last change that was committed; 0 before the first.
    ///
    /// - Throws: `StoreFailure`.
    public func changeNumber() throws -> Int64 {
        try session.rows("SELECT change_number FROM counter WHERE organization_id = ?1", [.integer(organization)])
            .first?.integer(0) ?? 0
    }

    /// The changes behind one number and up to another, in their order, and the number up to which these are all.
    ///
    /// - Throws: `StoreFailure`.
    public func changes(
        after number: Int64, upTo end: Int64, limit: Int
    ) throws -> (changes: [NumberedChange], last: Int64) {
        let rows = try session.rows(
            """
            SELECT number, record_id, kind, part, old, new, loser, origin, rule, run_id, at, trace FROM change
            WHERE organization_id = ?1 AND number > ?2 AND number <= ?3 ORDER BY number LIMIT ?4
            """, [.integer(organization), .integer(number), .integer(end), .integer(Int64(limit))])
        let last = rows.count < limit ? end : rows.last?.integer(0) ?? end
        return (try rows.compactMap(numbered), last)
    }
}
