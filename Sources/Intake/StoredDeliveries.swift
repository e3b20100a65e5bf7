import ConnectorKit
import Queue
import Store

/// Which stored calls are meant; nil: whatever it is.
public struct DeliveryFilter: Hashable, Sendable {
    public var integration: Int64?
    public var state: DeliveryState?
    public var topic: String?
    /// From then on, and until before then.
    public var since: Moment?
    public var until: Moment?
    /// Calls with a smaller number: how a list goes on.
    public var before: Int64?

    /// All of them.
    public init() {}

    /// What is asked of the rows, with its values behind those that are there.
    func conditions(_ values: inout [SQLValue]) -> String {
        var conditions: [String] = []
        func add(_ condition: String, _ value: SQLValue?) {
            guard let value else { return }
            values.append(value)
            conditions.append("AND delivery.\(condition) ?\(values.count)")
        }
        add("id <", before.map(SQLValue.integer))
        add("integration_id =", integration.map(SQLValue.integer))
        add("state =", state.map { .text($0.rawValue) })
        add("topic =", topic.map(SQLValue.text))
        add("received_at >=", since.map { SQLValue($0) })
        add("received_at <", until.map { SQLValue($0) })
        return conditions.joined(separator: " ")
    }
}

/// A stored call at a glance: all but what it said.
public struct DeliveryReport: Hashable, Sendable {
    public var id: Int64
    public var integration: Int64
    public var topic: String
    public var receivedAt: Moment
    public var state: DeliveryState
    /// What came of it the last time, in words; nil before the first. By it a person's calls are found, so it stays.
    public var detail: String?
    /// How often it came again.
    public var repeats: Int
}

extension Intake {
    /// The stored calls that are meant, the latest numbers first.
    ///
    /// - Throws: `StoreFailure`.
    public static func deliveries(
        _ filter: DeliveryFilter, limit: Int, organization: Int64, session: any StoreSession
    ) throws -> [DeliveryReport] {
        let (sql, values) = list(filter, limit: limit, organization: organization, session: session)
        return try session.rows(sql, values).map { row in
            DeliveryReport(
                id: row.integer(0), integration: row.integer(1), topic: row.text(2),
                receivedAt: row.moment(3) ?? Moment(milliseconds: 0),
                state: DeliveryState(rawValue: row.text(4)) ?? .received, detail: row.optionalText(5),
                repeats: Int(row.integer(6)))
        }
    }

    static func list(
        _ filter: DeliveryFilter, limit: Int, organization: Int64, session: any StoreSession
    ) -> (sql: String, values: [SQLValue]) {
        var values: [SQLValue] = [.integer(organization), .integer(Int64(limit))]
        let conditions = filter.conditions(&values)
        let sql = """
            SELECT id, integration_id, topic, received_at, state, detail, repeats FROM \(inOrder(session))
            WHERE organization_id = ?1 \(conditions) ORDER BY id DESC LIMIT ?2
            """
        return (sql, values)
    }

    /// The table, looked at in the order of its numbers. In a file the index of keys would be taken instead, and all
    /// calls there are would be sorted for the first few.
    static func inOrder(_ session: any StoreSession) -> String {
        session.prefersSets ? "delivery" : "delivery NOT INDEXED"
    }

    /// One stored call at a glance; nil where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public static func delivery(
        _ id: Int64, organization: Int64, session: any StoreSession
    ) throws -> DeliveryReport? {
        var filter = DeliveryFilter()
        filter.before = id + 1
        return try deliveries(filter, limit: 1, organization: organization, session: session)
            .first { $0.id == id }
    }

    /// Has stored calls understood once more, by the way every call goes. One that waits to be understood, and one
    /// whose body is gone, is left as it is. Answers which will be.
    ///
    /// - Throws: `StoreFailure`.
    public static func replay(
        _ given: [Int64], organization: Int64, ids: inout IDBlock, now: Moment, session: any StoreSession
    ) throws -> [Int64] {
        let rows = try session.rows(
            """
            UPDATE delivery SET state = 'received'
            WHERE organization_id = ?1 AND id IN {2} AND state <> 'received' AND EXISTS (
                SELECT 1 FROM delivery_body AS whole WHERE whole.organization_id = delivery.organization_id
                    AND whole.id = delivery.id AND whole.received_at = delivery.received_at)
            RETURNING id, integration_id
            """, [.integer(organization), .ids(given)])
        let jobs = rows.sorted { $0.integer(0) < $1.integer(0) }.map { row in
            NewJob(
                .receive, integration: row.integer(1), kind: .order, key: String(row.integer(0)), priority: 50,
                runAt: now)
        }
        try JobTable(session, organization: organization).add(jobs, ids: &ids, now: now)
        return jobs.compactMap { Int64($0.key) }
    }
}
