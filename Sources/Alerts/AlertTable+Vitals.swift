import Commerce
import Store

/// What a process counted: whole numbers by name, so that two releases side by side understand each other.
public typealias VitalNumbers = [String: Int64]

/// Numbers of many processes and minutes together.
public struct VitalSum: Hashable, Sendable {
    /// Added up.
    public var sums: VitalNumbers = [:]
    /// The largest of each name.
    public var peaks: VitalNumbers = [:]

    /// Nothing was counted.
    public init() {}

    mutating func add(_ numbers: VitalNumbers) {
        sums.merge(numbers, uniquingKeysWith: { $0.addingReportingOverflow($1).partialValue })
        peaks.merge(numbers, uniquingKeysWith: max)
    }
}

/// The regular test of one connection.
public struct ConnectionTest: Hashable, Sendable {
    public var integration: Int64
    public var testedAt: Moment
    /// How often it failed in a row.
    public var failures: Int
    public var reason: String?

    /// A test.
    public init(integration: Int64, testedAt: Moment, failures: Int, reason: String? = nil) {
        self.integration = integration
        self.testedAt = testedAt
        self.failures = failures
        self.reason = reason
    }
}

extension AlertTable {
    /// How long what was counted is kept, in minutes.
    public static let keptMinutes: Int64 = 120

    /// The minute that a moment falls into.
    public static func minute(of moment: Moment) -> Int64 { moment.milliseconds / 60_000 }

    /// Writes what a process counted in a minute, in the place of what it wrote before of it; forgets what is old.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ numbers: VitalNumbers, of process: String, minute: Int64) throws {
        let json = JSON.object(numbers.mapValues { .integer(Int($0)) })
        try session.save(
            [[.integer(organization), .integer(minute), .text(process), SQLValue(json)]], as: Self.vitalRow)
        try session.run(
            "DELETE FROM vital WHERE organization_id = ?1 AND minute < ?2",
            [.integer(organization), .integer(minute - Self.keptMinutes)])
    }

    private static let vitalRow = Upsert(
        "vital", key: ["organization_id", "minute", "process"], updating: ["numbers"])

    /// What all processes counted from that minute on.
    ///
    /// - Throws: `StoreFailure`.
    public func vitals(since minute: Int64) throws -> VitalSum {
        try session.rows(
            "SELECT numbers FROM vital WHERE organization_id = ?1 AND minute >= ?2",
            [.integer(organization), .integer(minute)]
        ).reduce(into: VitalSum()) { sum, row in
            sum.add((row.json(0).object ?? [:]).compactMapValues { $0.integer.map(Int64.init) })
        }
    }

    /// The last test of each connection.
    ///
    /// - Throws: `StoreFailure`.
    public func connectionTests() throws -> [Int64: ConnectionTest] {
        let rows = try session.rows(
            "SELECT integration_id, tested_at, failures, reason FROM connection_test WHERE organization_id = ?1",
            [.integer(organization)])
        return Dictionary(
            rows.map { row in
                (
                    row.integer(0),
                    ConnectionTest(
                        integration: row.integer(0), testedAt: row.moment(1) ?? Moment(milliseconds: 0),
                        failures: Int(row.integer(2)), reason: row.optionalText(3))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes how a test went.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ test: ConnectionTest) throws {
        try session.save(
            [
                [
                    .integer(organization), .integer(test.integration), SQLValue(test.testedAt),
                    .integer(Int64(test.failures)), SQLValue(test.reason),
                ]
            ],
            as: Upsert(
                "connection_test", key: ["organization_id", "integration_id"],
                updating: ["tested_at", "failures", "reason"]))
    }

    /// Takes the sentences away out of which somebody is known who is erased.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(words: ErasedWords) throws {
        try words.forget("alert", "detail", in: session, organization)
        try words.forget("connection_test", "reason", in: session, organization)
    }

    /// Forgets the tests of an integration that is taken away.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(integration: Int64) throws {
        try session.run(
            "DELETE FROM connection_test WHERE organization_id = ?1 AND integration_id = ?2",
            [.integer(organization), .integer(integration)])
    }

    /// From which level on all processes log, and until when; nil where nobody wishes anything.
    ///
    /// - Throws: `StoreFailure`.
    public func logWish() throws -> (level: String, until: Moment)? {
        try session.rows(
            "SELECT level, until FROM log_wish WHERE organization_id = ?1", [.integer(organization)]
        ).first.map { ($0.text(0), $0.moment(1) ?? Moment(milliseconds: 0)) }
    }

    /// Has all processes log from a level on until a time; nil: as each was started.
    ///
    /// - Throws: `StoreFailure`.
    public func wish(_ wish: (level: String, until: Moment)?) throws {
        guard let wish else {
            try session.run("DELETE FROM log_wish WHERE organization_id = ?1", [.integer(organization)])
            return
        }
        try session.save(
            [[.integer(organization), .text(wish.level), SQLValue(wish.until)]],
            as: Upsert("log_wish", key: ["organization_id"], updating: ["level", "until"]))
    }
}
