import Store

/// Rows that are to be written and wait for more of the same table: one statement for many rows costs a server a third
/// of what one for each does.
///
/// They keep the order in which their tables were first written to; the hub's tables ask nothing of each other but of
/// `organization`, which is never among them.
struct PostgresSaves {
    private(set) var waiting: [(upsert: Upsert, rows: [[SQLValue]])] = []
    private(set) var count = 0

    /// How many rows wait at most.
    static let limit = 512

    /// Whether rows can wait for others: those of a table that is written to in another way must be sent first.
    func takes(_ upsert: Upsert) -> Bool {
        waiting.allSatisfy { $0.upsert.table != upsert.table || $0.upsert == upsert }
    }

    mutating func add(_ rows: [[SQLValue]], _ upsert: Upsert) {
        count += rows.count
        if let index = waiting.firstIndex(where: { $0.upsert.table == upsert.table }) {
            waiting[index].rows += rows
        } else {
            waiting.append((upsert, rows))
        }
    }

    /// All that waits; nothing waits then.
    mutating func take() -> [(upsert: Upsert, rows: [[SQLValue]])] {
        defer { (waiting, count) = ([], 0) }
        return waiting
    }
}
