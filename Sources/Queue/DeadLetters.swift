import Store

/// A job that was given up, as a person sees it. Its words and its payload are as they are stored, because they may be
/// what is wrong with it.
public struct DeadLetter: Hashable, Sendable {
    public var id: Int64
    public var queue: String
    public var integration: Int64
    public var kind: String
    public var key: String
    public var errorClass: String
    public var error: String
    public var payload: String
    public var attempt: Int
    public var at: Moment
}

/// What became of dead letters that were to be retried.
public struct RetriedLetters: Hashable, Sendable {
    /// They wait to be run.
    public var retried: Int
    /// A newer job of the same key does their work.
    public var superseded: Int

    /// A count of both.
    public init(retried: Int, superseded: Int) {
        self.retried = retried
        self.superseded = superseded
    }

    /// How many were touched.
    public var count: Int { retried + superseded }
}

/// Dead letters: seen, mended, tried again or dropped, one by one or by what they failed with.
extension JobTable {
    private static let deadColumns =
        "id, queue, integration_id, kind, key, error_class, error, payload, attempt, updated_at"

    /// The dead letters that are meant, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func deadLetters(_ filter: JobFilter = JobFilter(), limit: Int = 50) throws -> [DeadLetter] {
        try session.rows(
            """
            SELECT \(Self.deadColumns) FROM job WHERE \(filter.condition) AND state = 'dead'
            ORDER BY updated_at DESC, id DESC LIMIT ?6
            """, filter.values(organization) + [.integer(Int64(limit))]
        ).map { row in
            DeadLetter(
                id: row.integer(0), queue: row.text(1), integration: row.integer(2), kind: row.text(3),
                key: row.text(4), errorClass: row.text(5), error: row.text(6), payload: row.text(7),
                attempt: Int(row.integer(8)), at: row.moment(9) ?? Moment(milliseconds: 0))
        }
    }

    /// How many dead letters there are of each error class, the most first.
    ///
    /// - Throws: `StoreFailure`.
    public func deadClasses() throws -> [(errorClass: String, count: Int)] {
        try session.rows(
            """
            SELECT coalesce(error_class, ''), count(*) FROM job WHERE organization_id = ?1 AND state = 'dead'
            GROUP BY 1 ORDER BY 2 DESC, 1
            """, [.integer(organization)]
        ).map { ($0.text(0), Int($0.integer(1))) }
    }

    /// Gives a dead letter another payload. It stays dead until it is retried. False when there is no such dead letter.
    ///
    /// - Throws: `PayloadRefusal` when the payload cannot be its; then it is as it was. `StoreFailure`.
    public func editDead(_ id: Int64, payload bytes: [UInt8], now: Moment) throws -> Bool {
        guard let letter = try deadLetters(JobFilter(ids: [id]), limit: 1).first else { return false }
        guard let queue = JobQueue(rawValue: letter.queue), JobSort.kind(letter.kind) != nil else {
            throw PayloadRefusal.unknownWork("\(letter.queue) \(letter.kind)")
        }
        let payload = try PayloadRule(queue).read(bytes)
        return try session.run(
            """
            UPDATE job SET payload = ?3, updated_at = ?4 WHERE organization_id = ?1 AND id = ?2 AND state = 'dead'
            """, [.integer(organization), .integer(id), SQLValue(payload), SQLValue(now)]) == 1
    }

    /// Lets the dead letters that are meant run again, the oldest first, at most `bulkLimit`; ask again until none is
    /// touched. One whose work a newer job of the same key does is superseded by that.
    ///
    /// - Throws: `StoreFailure`.
    @discardableResult
    public func retryDead(_ filter: JobFilter, now: Moment) throws -> RetriedLetters {
        let rows = try session.rows(
            """
            SELECT id, integration_id, lane FROM job WHERE \(filter.condition) AND state = 'dead'
            ORDER BY id LIMIT ?6
            """, filter.values(organization) + [.integer(Int64(Self.bulkLimit))])
        var result = RetriedLetters(retried: 0, superseded: 0)
        for row in rows {
            // One by one: two of them may be of one key, and the second then gives way to the first.
            if try isWorkOpen(of: row.integer(0)) {
                try handDown(from: row.integer(0))
                try set(.superseded, row.integer(0), nil, now: now)
                result.superseded += 1
            } else {
                let lane = row.optionalText(2).map { Lane(integration: row.integer(1), name: $0) }
                let place = try lane.map { try nextPlace(in: $0, id: row.integer(0)) }
                try set(.available, row.integer(0), place, now: now)
                result.retried += 1
            }
        }
        return result
    }

    /// Drops the dead letters that are meant, at most `bulkLimit`; ask again until none is dropped. Answers how many.
    ///
    /// - Throws: `StoreFailure`.
    public func dropDead(_ filter: JobFilter, by: String, now: Moment) throws -> Int {
        // What it failed with stays readable beside who dropped it.
        try session.run(
            """
            UPDATE job SET state = 'cancelled', updated_at = ?7,
                error = 'dropped by ' || ?8 || coalesce('; ' || error, '')
            WHERE organization_id = ?1 AND id IN (
                SELECT id FROM job WHERE \(filter.condition) AND state = 'dead' ORDER BY id LIMIT ?6)
            """,
            filter.values(organization) + [.integer(Int64(Self.bulkLimit)), SQLValue(now), .text(by)])
    }

    private func isWorkOpen(of id: Int64) throws -> Bool {
        try !session.rows(
            """
            SELECT 1 FROM job AS dead JOIN job AS open ON open.organization_id = dead.organization_id
                AND open.queue = dead.queue AND open.integration_id = dead.integration_id AND open.kind = dead.kind
                AND open.key = dead.key AND open.is_open = 1
            WHERE dead.organization_id = ?1 AND dead.id = ?2 LIMIT 1
            """, [.integer(organization), .integer(id)]
        ).isEmpty
    }

    private func set(_ state: JobState, _ id: Int64, _ place: LanePlace?, now: Moment) throws {
        try session.run(
            """
            UPDATE job SET state = ?3, is_open = ?7, run_at = ?4, attempt = 0, updated_at = ?4,
                lane_place = coalesce(?5, lane_place), is_blocked = ?6
            WHERE organization_id = ?1 AND id = ?2 AND state = 'dead'
            """,
            [
                .integer(organization), .integer(id), .text(state.rawValue), SQLValue(now), SQLValue(place?.number),
                .integer(place?.isBlocked ?? false ? 1 : 0), .integer(state.isOpen ? 1 : 0),
            ])
    }
}
