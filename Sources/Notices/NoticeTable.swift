import Store

/// What listeners are told, and what came of it, seen from inside a step.
public struct NoticeTable {
    let session: any StoreSession
    let organization: Int64

    /// How long notices that got through, and what came of their calls, are kept, in seconds.
    public static let deliveredSeconds = 7 * 86_400.0
    /// How long those are kept that were given up or missed, in seconds.
    public static let lostSeconds = 30 * 86_400.0
    /// The most notices that wait for one listener. What happens beyond that waits in the change log.
    public static let waitingLimit = 5000
    /// How many rows one step forgets, and how many notices one step settles as missed or puts up again.
    public static let stepLimit = 1000

    /// The notices of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    private static let columns = [
        "organization_id", "id", "listener_id", "event", "record_id", "kind", "changed", "origin", "detail", "at",
        "state", "attempts", "settled_at",
    ]
    private static let columnList = columns.joined(separator: ", ")
    private static let insert = Upsert("notice", columns)

    /// Writes new notices.
    ///
    /// - Throws: `StoreFailure`.
    public func add(_ notices: [Notice]) throws {
        try session.save(
            notices.map { notice in
                [
                    .integer(organization), .integer(notice.id), .integer(notice.listener), .text(notice.event),
                    .integer(notice.record), .text(notice.kind?.rawValue ?? ""),
                    SQLValue(JSON.array(notice.changed.map(JSON.string))), SQLValue(notice.origin),
                    SQLValue(notice.detail?.text), SQLValue(notice.at), .text(notice.state.rawValue),
                    .integer(Int64(notice.attempts)), SQLValue(notice.settledAt),
                ]
            }, as: Self.insert)
    }

    /// Notices by their ids.
    ///
    /// - Throws: `StoreFailure`.
    public func notices(_ ids: [Int64]) throws -> [Notice] {
        try session.rows(
            "SELECT \(Self.columnList) FROM notice WHERE organization_id = ?1 AND id IN {2} ORDER BY id",
            [.integer(organization), .ids(ids.sorted())]
        ).compactMap(Self.notice)
    }

    /// The notices of a listener in these states, the latest first, those before `before`.
    ///
    /// - Throws: `StoreFailure`.
    public func notices(
        of listener: Int64, in states: [NoticeState], before: Int64 = .max, limit: Int
    ) throws -> [Notice] {
        try session.rows(
            """
            SELECT \(Self.columnList) FROM notice WHERE organization_id = ?1 AND listener_id = ?2
                AND \(Self.among(states)) AND id < ?3 ORDER BY id DESC LIMIT ?4
            """, [.integer(organization), .integer(listener), .integer(before), .integer(Int64(limit))]
        ).compactMap(Self.notice)
    }

    /// The first notices of a listener in these states that tell of what happened from that time on.
    ///
    /// - Throws: `StoreFailure`.
    public func oldest(
        of listener: Int64, in states: [NoticeState], since: Moment, limit: Int = stepLimit
    ) throws -> [Notice] {
        try session.rows(
            """
            SELECT \(Self.columnList) FROM notice WHERE organization_id = ?1 AND listener_id = ?2
                AND \(Self.among(states)) AND at >= ?3 ORDER BY id LIMIT ?4
            """, [.integer(organization), .integer(listener), SQLValue(since), .integer(Int64(limit))]
        ).compactMap(Self.notice)
    }

    /// The condition that a notice is in one of these states. Those that got through are by far the most: where they
    /// are not meant it says so in the words of the index that leaves them out.
    private static func among(_ states: [NoticeState]) -> String {
        if Set(states).count == NoticeState.allCases.count { return "1 = 1" }
        let list = "state IN (\(states.map { "'\($0.rawValue)'" }.joined(separator: ", ")))"
        return states.contains(.delivered) ? list : list + " AND state <> 'delivered'"
    }

    /// Notices, by id, that are for no listener there is; the first hundred.
    ///
    /// - Throws: `StoreFailure`.
    public func ofNobody() throws -> [Int64] {
        try session.rows(
            """
            SELECT id FROM notice WHERE organization_id = ?1 AND NOT EXISTS (SELECT 1 FROM listener
                WHERE listener.organization_id = ?1 AND listener.id = notice.listener_id) ORDER BY id LIMIT 100
            """, [.integer(organization)]
        ).map { $0.integer(0) }
    }

    /// How many notices of each listener wait, were given up or missed.
    ///
    /// - Throws: `StoreFailure`.
    public func counts() throws -> [Int64: [NoticeState: Int]] {
        var counts: [Int64: [NoticeState: Int]] = [:]
        for row in try session.rows(
            """
            SELECT listener_id, state, count(*) FROM notice WHERE organization_id = ?1 AND state <> 'delivered'
            GROUP BY listener_id, state
            """, [.integer(organization)])
        {
            guard let state = NoticeState(rawValue: row.text(1)) else { continue }
            counts[row.integer(0), default: [:]][state] = Int(row.integer(2))
        }
        return counts
    }

    /// Whether as many notices wait for a listener as may.
    ///
    /// - Throws: `StoreFailure`.
    public func isFull(_ listener: Int64) throws -> Bool {
        try !session.rows(
            """
            SELECT 1 FROM notice WHERE organization_id = ?1 AND listener_id = ?2 AND state = 'waiting'
                AND state <> 'delivered' LIMIT 1 OFFSET ?3
            """, [.integer(organization), .integer(listener), .integer(Int64(Self.waitingLimit - 1))]
        ).isEmpty
    }

    /// How one notice stands after a call, or after it was given up, missed or put up again.
    public struct Standing: Sendable {
        public let notice: Int64
        var state: NoticeState
        var calls: Int
        var at: Moment?

        /// Whether another call is to be made.
        public var isWaiting: Bool { state == .waiting }

        /// The same where no other call is made, because the listener is disabled.
        public func missed(at moment: Moment) -> Standing { Standing(notice, .missed, calls: calls, at: moment) }

        /// A standing; `calls`: how many calls of it were made just now.
        public init(_ notice: Int64, _ state: NoticeState, calls: Int = 0, at: Moment? = nil) {
            self.notice = notice
            self.state = state
            self.calls = calls
            self.at = at
        }
    }

    /// Notes how notices stand.
    ///
    /// - Throws: `StoreFailure`.
    public func set(_ standings: [Standing]) throws {
        try session.runEach(
            """
            UPDATE notice SET state = ?3, attempts = attempts + ?4, settled_at = ?5
            WHERE organization_id = ?1 AND id = ?2
            """,
            standings.map {
                [
                    .integer(organization), .integer($0.notice), .text($0.state.rawValue), .integer(Int64($0.calls)),
                    SQLValue($0.at),
                ]
            })
    }

    /// All that waits for a listener is missed.
    ///
    /// - Throws: `StoreFailure`.
    public func miss(of listener: Int64, now: Moment) throws {
        try session.run(
            """
            UPDATE notice SET state = 'missed', settled_at = ?3
            WHERE organization_id = ?1 AND listener_id = ?2 AND state = 'waiting'
            """, [.integer(organization), .integer(listener), SQLValue(now)])
    }

    private static func notice(_ row: Row) -> Notice? {
        guard let state = NoticeState(rawValue: row.text(10)) else { return nil }
        var notice = Notice(
            id: row.integer(1), listener: row.integer(2), event: row.text(3), record: row.integer(4),
            kind: RecordKind(rawValue: row.text(5)), changed: (row.json(6).array ?? []).compactMap(\.string),
            origin: row.optionalInteger(7), detail: row.optionalText(8).flatMap { try? JSON(parsing: $0) },
            at: row.moment(9) ?? Moment(milliseconds: 0))
        notice.state = state
        notice.attempts = Int(row.integer(11))
        notice.settledAt = row.moment(12)
        return notice
    }
}

/// Calls that were made.
extension NoticeTable {
    private static let attemptColumns = [
        "organization_id", "id", "notice_id", "listener_id", "number", "at", "milliseconds", "status", "error",
        "request", "response",
    ]
    private static let attemptInsert = Upsert("notice_attempt", attemptColumns)

    /// Writes down calls.
    ///
    /// - Throws: `StoreFailure`.
    public func add(_ attempts: [NoticeAttempt]) throws {
        try session.save(
            attempts.map { attempt in
                [
                    .integer(organization), .integer(attempt.id), .integer(attempt.notice), .integer(attempt.listener),
                    .integer(Int64(attempt.number)), SQLValue(attempt.at), .integer(attempt.milliseconds),
                    SQLValue(attempt.status.map(Int64.init)), SQLValue(attempt.error), .text(attempt.request),
                    .text(attempt.response),
                ]
            }, as: Self.attemptInsert)
    }

    /// The calls of these notices, in their order.
    ///
    /// - Throws: `StoreFailure`.
    public func attempts(of notices: [Int64]) throws -> [NoticeAttempt] {
        try session.rows(
            """
            SELECT \(Self.attemptColumns.joined(separator: ", ")) FROM notice_attempt
            WHERE organization_id = ?1 AND notice_id IN {2} ORDER BY id
            """, [.integer(organization), .ids(notices.sorted())]
        ).map { row in
            NoticeAttempt(
                id: row.integer(1), notice: row.integer(2), listener: row.integer(3), number: Int(row.integer(4)),
                at: row.moment(5) ?? Moment(milliseconds: 0), milliseconds: row.integer(6),
                status: row.optionalInteger(7).map(Int.init), error: row.optionalText(8), request: row.text(9),
                response: row.text(10))
        }
    }

    /// Takes the answers away out of which somebody is known who is erased, and what was said of their calls.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(words: ErasedWords) throws {
        for column in ["error", "request", "response"] {
            try words.forget("notice_attempt", column, in: session, organization)
        }
    }

    /// Forgets some of what was settled long enough ago, with its calls, behind `after`; where the next step goes on,
    /// nil at the end.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(after: Int64, now: Moment) throws -> Int64? {
        let delivered = now.adding(seconds: -Self.deliveredSeconds)
        let looked = try session.rows(
            """
            SELECT max(id), count(*), min(at) FROM (
                SELECT id, at FROM notice WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3) AS looked
            """, [.integer(organization), .integer(after), .integer(Int64(Self.stepLimit))])
        guard let row = looked.first, let last = row.optionalInteger(0) else { return nil }
        // What comes behind happened later still.
        if let first = row.moment(2), first > delivered { return nil }
        let gone = try session.rows(
            """
            DELETE FROM notice WHERE organization_id = ?1 AND id > ?2 AND id <= ?3 AND (
                state = 'delivered' AND settled_at < ?4 OR state IN ('failed', 'missed') AND settled_at < ?5)
            RETURNING id
            """,
            [
                .integer(organization), .integer(after), .integer(last), SQLValue(delivered),
                SQLValue(now.adding(seconds: -Self.lostSeconds)),
            ]
        ).map { $0.integer(0) }
        try session.run(
            "DELETE FROM notice_attempt WHERE organization_id = ?1 AND notice_id IN {2}",
            [.integer(organization), .ids(gone.sorted())])
        return row.integer(1) < Int64(Self.stepLimit) ? nil : last
    }
}
