import Commerce
import Store

/// What stands on the hub's disk, read by plain queries: the oracle asks no code that it judges.
struct HubFacts: Sendable {
    struct OpenConflict: Sendable {
        var id: Int64
        var record: Int64
        var number: String
        var part: String
        /// The two values, as the oracle tells them.
        var values: [String]
    }

    struct WaitingJob: Sendable {
        var id: Int64
        var queue: String
        var integration: String
        var kind: String
        var key: String
        var state: String
        var error: String
        var hasIntent: Bool
        /// Whether what it delivers has a counterpart there already: then its intent is no create.
        var isLinked: Bool
        /// The article number of the record it delivers; empty for others.
        var number: String
        /// The order it delivers, by vendor and id there; empty for others.
        var source: String
        var updatedAt: Moment
    }

    var conflicts: [OpenConflict] = []
    /// Jobs that are not ended.
    var jobs: [WaitingJob] = []
    /// Stored calls that are not understood, ignored or rejected.
    var unread: [Int64] = []
    var deliveries: Set<Int64> = []
    var refused: [String] = []
    /// How many links goods of a number have, and how many records.
    var records: [String: Int] = [:]
    var orders: [String: Int] = [:]
    var stock: [String: Int] = [:]
    /// What the movements of each order come to, in millionths of a piece.
    var moved: [String: Int64] = [:]
    /// Goods that the hub holds as deleted.
    var deleted: Set<String> = []
    /// What the hub finds each good by.
    var keys: [String: String] = [:]
    /// Goods whose number is not what the hub finds them by, a sentence each.
    var misnamed: [String] = []
    /// Records that stand for two goods, a sentence each.
    var joined: [String] = []
    /// Writes that were to take pieces off, and whose fate the hub never learned, by good.
    var untold: [String: Set<UntoldCount>] = [:]
    /// The name each vendor last gave a good, as the hub remembers it, by vendor and good.
    var heard: [String: [String: String]] = [:]
    /// What far sides did not accept, as the hub says itself.
    var drifts: Set<Drift> = []

    /// A part that a far side shows otherwise than it was told.
    struct Drift: Hashable, Sendable {
        var number: String
        var part: String
        var place: String
    }

    /// A write of a stock whose fate the hub never learned: by how many pieces it was to lower what was there.
    struct UntoldCount: Hashable, Sendable {
        var place: String
        var pieces: Int
    }

    /// What stands there.
    ///
    /// Where numbers change, `goods` tells what each good at a vendor is known as, by vendor and id; else a good is
    /// known by its number.
    ///
    /// - Throws: `StoreFailure`.
    init(_ session: any StoreSession, goods: [String: String] = [:]) throws {
        let numbers = try numbers(session, goods)
        conflicts = try session.rows(
            """
            SELECT conflict.id, record.id, conflict.part, conflict.theirs, conflict.ours,
                link.parts, record.parts
            FROM conflict LEFT JOIN link ON link.id = conflict.link_id
            JOIN record ON record.id = conflict.record_id WHERE resolved_at IS NULL ORDER BY conflict.id
            """, []
        ).map { row in
            // What is decided between is what both show now, which may have moved since.
            let (part, link, record) = (row.text(2), row.json(5)[row.text(2)], row.json(6)[row.text(2)])
            let shown = [row.json(3), row.json(4), link?["n"] ?? link?["b"], record?["v"]].compactMap { $0 }
            return OpenConflict(
                id: row.integer(0), record: row.integer(1), number: numbers[row.integer(1)] ?? "", part: part,
                values: shown.map(Self.told))
        }
        jobs = try session.rows(
            """
            SELECT job.id, queue, integration.name, job.kind, key, job.state, coalesce(job.error, ''),
                intent IS NOT NULL, coalesce(record.id, 0),
                coalesce(issuer.name || '/' || record.issuer_external_id, ''), job.updated_at,
                EXISTS (SELECT 1 FROM link WHERE link.record_id = record.id AND link.integration_id = integration.id)
            FROM job JOIN integration ON integration.id = job.integration_id
            LEFT JOIN record ON record.id = CASE WHEN queue = 'deliver' THEN CAST(key AS BIGINT) END
            LEFT JOIN integration AS issuer ON issuer.id = record.issuer_id
            WHERE job.state NOT IN ('completed', 'superseded', 'cancelled') ORDER BY job.id
            """, []
        ).map {
            WaitingJob(
                id: $0.integer(0), queue: $0.text(1), integration: $0.text(2), kind: $0.text(3), key: $0.text(4),
                state: $0.text(5), error: $0.text(6), hasIntent: $0.integer(7) == 1,
                isLinked: $0.integer(11) == 1, number: numbers[$0.integer(8)] ?? "",
                source: $0.text(9), updatedAt: $0.moment(10) ?? World.start)
        }
        let calls = try session.rows("SELECT id, state FROM delivery ORDER BY id", [])
        deliveries = Set(calls.map { $0.integer(0) })
        unread = calls.filter { $0.text(1) == "received" }.map { $0.integer(0) }
        refused = try session.rows("SELECT name FROM integration WHERE state <> 'active' ORDER BY name", [])
            .map { $0.text(0) }
        try readGoods(session, numbers, areKnown: !goods.isEmpty)
        try readUntold(session, numbers)
        try readLinks(session, numbers)
        for row in try session.rows(
            """
            SELECT integration.name || '/' || issuer_external_id, count(*) FROM record
            JOIN integration ON integration.id = issuer_id WHERE kind = 'order' GROUP BY 1
            """, [])
        {
            orders[row.text(0)] = Int(row.integer(1))
        }
        moved = try Self.moved(session)
    }

    /// The value of a part of a record, as the oracle tells it.
    static func value(of part: String, _ record: Int64, _ session: any StoreSession) throws -> String? {
        try session.rows("SELECT parts FROM record WHERE id = ?1", [.integer(record)]).first?.json(0)[part]?["v"]
            .map(told)
    }

    private static func moved(_ session: any StoreSession) throws -> [String: Int64] {
        let rows = try session.rows(
            """
            SELECT integration.name || '/' || document, CAST(sum(quantity) AS BIGINT) FROM movement
            JOIN integration ON integration.id = integration_id WHERE document IS NOT NULL GROUP BY 1
            """, [])
        return Dictionary(rows.map { ($0.text(0), $0.integer(1)) }, uniquingKeysWith: +)
    }

    /// A name as it is, a price as its amount.
    static func told(_ value: JSON) -> String {
        value.string ?? value["regular"]?.string.map { String($0.prefix { $0 != " " }) } ?? value.text
    }

    /// Jobs that will run by themselves.
    var moving: [WaitingJob] { jobs.filter { !["held", "dead"].contains($0.state) } }
    /// Jobs that wait for a person.
    var stuck: [WaitingJob] { jobs.filter { ["held", "dead"].contains($0.state) } }
}
