import Store

/// Whether calls to an integration are let through: a breaker as a value. Closed gate: nothing is called until its
/// time, then one batch tries; a success opens the gate, a failure closes it for longer.
public struct Gate: Hashable, Sendable {
    /// Calls that failed one after the other.
    public var failures: Int
    /// Until when nothing is called; nil when calls go through.
    public var closedUntil: Moment?
    public var reason: String?

    /// A gate; open unless said otherwise.
    public init(failures: Int = 0, closedUntil: Moment? = nil, reason: String? = nil) {
        self.failures = failures
        self.closedUntil = closedUntil
        self.reason = reason
    }

    /// How many failures in a row close the gate.
    public static let failureLimit = 5
    /// How long it is closed at first, in seconds; it doubles with each further failure.
    public static let firstClosedSeconds = 10.0
    /// The longest it is closed, in seconds.
    public static let longestClosedSeconds = 300.0

    /// How long the far side is left alone that asks for it and does not say how long, in seconds.
    public static let unsaidSeconds = 30

    /// The gate after a call that went through.
    public func afterSuccess() -> Gate { Gate() }

    /// The gate after a call that failed.
    public func afterFailure(_ reason: String, now: Moment) -> Gate {
        let count = failures + 1
        guard count >= Self.failureLimit else { return Gate(failures: count, closedUntil: nil, reason: reason) }
        var wait = Self.firstClosedSeconds
        for _ in 0..<min(count - Self.failureLimit, 20) { wait = min(wait * 2, Self.longestClosedSeconds) }
        return Gate(failures: count, closedUntil: now.adding(seconds: wait), reason: reason)
    }

    /// The gate after the far side asked us to wait: closed for that long, which is no failure.
    public func afterThrottle(seconds: Int, now: Moment) -> Gate {
        Gate(
            failures: failures, closedUntil: now.adding(seconds: Double(seconds)),
            reason: "the far side asks for a pause of \(seconds) s")
    }
}

extension JobTable {
    /// The gate of an integration.
    ///
    /// - Throws: `StoreFailure`.
    public func gate(of integration: Int64) throws -> Gate { try session.ask(howGateStands(of: integration)) }

    func howGateStands(of integration: Int64) -> Question<Gate> {
        Question(
            "SELECT failures, closed_until, reason FROM gate WHERE organization_id = ?1 AND integration_id = ?2",
            [.integer(organization), .integer(integration)]
        ) { rows in
            rows.first.map {
                Gate(failures: Int($0.integer(0)), closedUntil: $0.moment(1), reason: $0.optionalText(2))
            } ?? Gate()
        }
    }

    /// The gates of all integrations that have one.
    ///
    /// - Throws: `StoreFailure`.
    public func gates() throws -> [Int64: Gate] { try session.ask(howGatesStand) }

    var howGatesStand: Question<[Int64: Gate]> {
        Question(
            "SELECT failures, closed_until, reason, integration_id FROM gate WHERE organization_id = ?1",
            [.integer(organization)]
        ) { rows in
            Dictionary(
                rows.map {
                    let gate = Gate(
                        failures: Int($0.integer(0)), closedUntil: $0.moment(1), reason: $0.optionalText(2))
                    return ($0.integer(3), gate)
                }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Remembers the gate of an integration.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ gate: Gate, of integration: Int64) throws {
        try session.save(
            [
                [
                    .integer(organization), .integer(integration), .integer(Int64(gate.failures)),
                    SQLValue(gate.closedUntil), SQLValue(gate.reason),
                ]
            ],
            as: Self.gateRow)
    }

    private static let gateRow = Upsert(
        "gate", key: ["organization_id", "integration_id"], updating: ["failures", "closed_until", "reason"])
}
