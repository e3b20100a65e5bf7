import Store

/// Breakers and allowances, which all workers share.
extension JobTable {
    // MARK: Breakers

    /// The breaker of an operation.
    ///
    /// - Throws: `StoreFailure`.
    public func breaker(of operation: FarOperation) throws -> Breaker {
        try session.ask(howBreakerStands(of: operation))
    }

    func howBreakerStands(of operation: FarOperation) -> Question<Breaker> {
        Question(
            """
            SELECT failures, open_until, probe_until, reason FROM breaker WHERE organization_id = ?1
                AND integration_id = ?2 AND operation = ?3
            """, [.integer(organization), .integer(operation.integration), .text(operation.operation)]
        ) { $0.first.map { Self.breaker($0, from: 0) } ?? Breaker() }
    }

    /// The breakers that are not at rest.
    ///
    /// - Throws: `StoreFailure`.
    public func breakers() throws -> [FarOperation: Breaker] { try session.ask(howBreakersStand) }

    var howBreakersStand: Question<[FarOperation: Breaker]> {
        Question(
            """
            SELECT integration_id, operation, failures, open_until, probe_until, reason FROM breaker
            WHERE organization_id = ?1
            """, [.integer(organization)]
        ) { rows in
            Dictionary(
                rows.map { (FarOperation($0.integer(0), $0.text(1)), Self.breaker($0, from: 2)) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// Remembers the breaker of an operation; one at rest needs no row.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ breaker: Breaker, of operation: FarOperation) throws {
        if breaker == Breaker() {
            try session.run(
                "DELETE FROM breaker WHERE organization_id = ?1 AND integration_id = ?2 AND operation = ?3",
                [.integer(organization), .integer(operation.integration), .text(operation.operation)])
            return
        }
        try session.save(
            [
                [
                    .integer(organization), .integer(operation.integration), .text(operation.operation),
                    .integer(Int64(breaker.failures)), SQLValue(breaker.openUntil), SQLValue(breaker.probeUntil),
                    SQLValue(breaker.reason),
                ]
            ], as: Self.breakerRow)
    }

    private static let breakerRow = Upsert(
        "breaker", key: ["organization_id", "integration_id", "operation"],
        updating: ["failures", "open_until", "probe_until", "reason"])

    private static func breaker(_ row: Row, from index: Int) -> Breaker {
        Breaker(
            failures: Int(row.integer(index)), openUntil: row.moment(index + 1), probeUntil: row.moment(index + 2),
            reason: row.optionalText(index + 3))
    }

    // MARK: Allowances

    private static let allowanceColumns = "operation, form, capacity, refill, level, price, at, full_at"

    /// The limits of an integration.
    ///
    /// - Throws: `StoreFailure`.
    public func allowances(of integration: Int64) throws -> [Allowance] {
        try session.ask(whatIsAllowed(of: integration))
    }

    func whatIsAllowed(of integration: Int64) -> Question<[Allowance]> {
        Question(
            """
            SELECT \(Self.allowanceColumns) FROM allowance WHERE organization_id = ?1 AND integration_id = ?2
            ORDER BY operation, form
            """, [.integer(organization), .integer(integration)]
        ) { $0.compactMap(Self.allowance) }
    }

    private static func allowance(_ row: Row) -> Allowance? {
        guard let form = Allowance.Form(rawValue: row.text(1)) else { return nil }
        return Allowance(
            form: form, operation: row.text(0), capacity: row.integer(2), refill: row.integer(3),
            level: row.integer(4), price: max(1, row.integer(5)), at: row.moment(6) ?? Moment(milliseconds: 0),
            fullAt: row.moment(7))
    }

    /// Remembers a limit as it stands.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ allowance: Allowance, of integration: Int64) throws {
        let columns =
            ["organization_id", "integration_id"] + Self.allowanceColumns.split(separator: ", ").map(String.init)
        try session.save(
            [
                [
                    .integer(organization), .integer(integration), .text(allowance.operation),
                    .text(allowance.form.rawValue), .integer(allowance.capacity), .integer(allowance.refill),
                    .integer(allowance.level), .integer(allowance.price), SQLValue(allowance.at),
                    SQLValue(allowance.fullAt),
                ]
            ], as: Upsert("allowance", columns, key: Array(columns.prefix(4)), updates: Array(columns.dropFirst(4))))
    }

    /// Takes calls from what is allowed that were made without having been drawn before: work of which nobody knows
    /// beforehand how many calls it makes draws one, and the next work waits for the others.
    ///
    /// - Throws: `StoreFailure`.
    public func debit(_ calls: Int, _ side: FarOperation, now: Moment) throws {
        guard calls > 0 else { return }
        for allowance in try allowances(of: side.integration)
        where allowance.form != .together && ["*", side.operation].contains(allowance.operation) {
            try save(allowance.taking(calls, now: now), of: side.integration)
        }
    }

    /// Lifts a limit. False when there was none.
    ///
    /// - Throws: `StoreFailure`.
    public func lift(_ form: Allowance.Form, operation: String = "*", of integration: Int64) throws -> Bool {
        try session.run(
            """
            DELETE FROM allowance WHERE organization_id = ?1 AND integration_id = ?2 AND operation = ?3 AND form = ?4
            """, [.integer(organization), .integer(integration), .text(operation), .text(form.rawValue)]) == 1
    }

    /// Keeps to what an answer's headers say: a limit of that form that is known is lowered, and one that nobody has
    /// set is kept as the far side tells it. A limit that a person set is never widened.
    ///
    /// - Throws: `StoreFailure`.
    public func hear(_ reading: LimitReading, of integration: Int64, now: Moment) throws {
        guard let heard = try heard(reading, of: integration, now: now) else { return }
        try save(heard.next, of: integration)
    }

    /// Whether headers say something of the limits that is not known yet.
    ///
    /// - Throws: `StoreFailure`.
    public func isNews(_ reading: LimitReading, of integration: Int64, now: Moment) throws -> Bool {
        guard let (known, next) = try heard(reading, of: integration, now: now) else { return false }
        guard let known = known?.at(now) else { return true }
        let moved = next.fullAt.map { abs($0.seconds(since: known.fullAt ?? now)) } ?? 0
        return next.level != known.level || next.capacity != known.capacity || moved > Self.newsSeconds
    }

    /// The end of a window that moves by less than this is the same one, in seconds.
    private static let newsSeconds = 1.0

    private func heard(
        _ reading: LimitReading, of integration: Int64, now: Moment
    ) throws -> (known: Allowance?, next: Allowance)? {
        guard let form = reading.form else { return nil }
        let known = try allowances(of: integration).first { $0.form == form && $0.operation == "*" }
        var reading = reading
        if form == .rate, known != nil { (reading.maximum, reading.perSecond) = (nil, nil) }
        return (known?.learning(reading, now: now) ?? .told(by: reading, now: now)).map { (known, $0) }
    }

    /// Tells the limits of an integration what an answer says about them.
    ///
    /// - Throws: `StoreFailure`.
    public func learn(
        _ reading: LimitReading, _ form: Allowance.Form, operation: String = "*", of integration: Int64, now: Moment
    ) throws {
        guard !reading.isEmpty else { return }
        for allowance in try allowances(of: integration)
        where allowance.form == form && allowance.operation == operation {
            try save(allowance.learning(reading, now: now), of: integration)
        }
    }
}
