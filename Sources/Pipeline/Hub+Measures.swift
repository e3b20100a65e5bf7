import ConnectorKit
import Ledger
import Queue
import Store

/// How work went of late, and how much of it is left.
public struct WorkMeasure: Hashable, Sendable {
    /// Over how many hours what ended is counted.
    public static let hours = 24

    public var counts: WorkCounts

    /// Of what ended, the part that ended well, from 0 to 1; nil where nothing ended.
    public var successRate: Double? {
        let ended = counts.done + counts.failed
        return ended == 0 ? nil : Double(counts.done) / Double(ended)
    }

    /// As the API shows it: how it went, what went wrong, what is left.
    public var json: [String: JSON] {
        [
            "sync": [
                "hours": .integer(Self.hours), "completed": .integer(counts.done), "failed": .integer(counts.failed),
                "successRate": .decimal(successRate), "meanSeconds": .decimal(counts.meanSeconds),
                "perHour": .decimal(Double(counts.done) / Double(Self.hours)),
            ],
            "errors": [
                "rate": .decimal(successRate.map { 1 - $0 }),
                "byCategory": .object(counts.errors.mapValues(JSON.integer)),
            ],
            "queue": .object(
                Dictionary(
                    JobState.shown.map { ($0.rawValue, JSON.integer(counts.open[$0] ?? 0)) },
                    uniquingKeysWith: { first, _ in first })),
        ]
    }

    /// Several together; the mean by how many each stands for.
    static func sum(_ all: some Sequence<WorkCounts>) -> WorkMeasure {
        var sum = WorkCounts()
        var seconds = 0.0
        for counts in all {
            sum.open.merge(counts.open, uniquingKeysWith: +)
            sum.errors.merge(counts.errors, uniquingKeysWith: +)
            (sum.done, sum.failed) = (sum.done + counts.done, sum.failed + counts.failed)
            seconds += (counts.meanSeconds ?? 0) * Double(counts.done)
        }
        sum.meanSeconds = sum.done == 0 ? nil : seconds / Double(sum.done)
        return WorkMeasure(counts: sum)
    }
}

/// An integration in numbers.
public struct IntegrationMeasure: Sendable {
    public var view: IntegrationView
    public var work: WorkMeasure
    public var belongings: Belongings
    /// When each kind was last read to the end.
    public var pulledAt: [RecordKind: Moment]
    /// The sorts of call that failed last.
    public var breakers: [BreakerReport]

    /// As the API shows it.
    public func json(now: Moment) -> JSON {
        var members = work.json
        members["id"] = .string(view.integration.publicID)
        members["name"] = .string(view.integration.name)
        members["connector"] = .string(view.integration.connector)
        members["status"] = .string(view.integration.state.rawValue)
        members["records"] = .byKind(belongings.links.mapValues(JSON.integer))
        members["conflicts"] = .integer(belongings.conflicts)
        members["rejections"] = .integer(belongings.rejections)
        members["lastReadAt"] = .byKind(pulledAt.mapValues { .string($0.description) })
        members["calls"] = .array(
            breakers.map { report in
                [
                    "operation": .string(report.operation), "state": .string(report.state(at: now)),
                    "failures": .integer(report.breaker.failures), "reason": .text(report.breaker.reason),
                ]
            })
        return .object(members)
    }
}

/// The hub in numbers.
public struct SystemMeasure: Sendable {
    public var work: WorkMeasure
    /// By the name of the connector; the hub's own work is not in it.
    public var byConnector: [String: WorkMeasure]
    public var integrations: [IntegrationState: Int]
    public var records: [RecordKind: Int]

    /// As the API shows it.
    public var json: [String: JSON] {
        var members = work.json
        members["byConnector"] = .object(byConnector.mapValues { .object($0.json) })
        members["integrations"] = Self.counts(of: integrations)
        members["records"] = .byKind(records.mapValues(JSON.integer))
        return members
    }

    /// Each state with its count, and all together.
    public static func counts(of states: [IntegrationState: Int]) -> JSON {
        [
            "total": .integer(states.values.reduce(0, +)), "active": .integer(states[.active] ?? 0),
            "paused": .integer(states[.paused] ?? 0), "refused": .integer(states[.refused] ?? 0),
        ]
    }
}

extension Hub {
    private func measuredSince(_ now: Moment) -> Moment { now.adding(seconds: -Double(WorkMeasure.hours) * 3600) }

    /// An integration in numbers; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func measure(_ publicID: String) async throws -> IntegrationMeasure? {
        guard let integration = try await known(publicID) else { return nil }
        let (organization, since) = (organization, measuredSince(now))
        let view = view(of: integration)
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let jobs = JobTable(session, organization: organization)
            return IntegrationMeasure(
                view: view,
                work: WorkMeasure(
                    counts: try jobs.workCounts(of: integration.id, since: since)[integration.id] ?? WorkCounts()),
                belongings: try ledger.belongings(of: integration.id), pulledAt: try ledger.pulledAt(integration.id),
                breakers: try jobs.breakers().filter { $0.key.integration == integration.id }
                    .map { BreakerReport(operation: $0.key.operation, breaker: $0.value) }
                    .sorted { $0.operation < $1.operation })
        }
    }

    /// The hub in numbers.
    ///
    /// - Throws: `StoreFailure`.
    public func measure() async throws -> SystemMeasure {
        let (organization, since) = (organization, measuredSince(now))
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let all = try ledger.integrations()
            let counts = try JobTable(session, organization: organization).workCounts(since: since)
            let connectors = Dictionary(grouping: all, by: \.connector)
            return SystemMeasure(
                work: WorkMeasure.sum(counts.values),
                byConnector: connectors.mapValues { WorkMeasure.sum($0.compactMap { counts[$0.id] }) },
                integrations: Dictionary(grouping: all, by: \.state).mapValues(\.count),
                records: try ledger.recordCounts())
        }
    }

    /// How many integrations are in each state.
    ///
    /// - Throws: `StoreFailure`.
    public func integrationStates() async throws -> [IntegrationState: Int] {
        let organization = organization
        return try await store.read { try LedgerTable($0, organization: organization).integrationStates() }
    }
}

extension JobState {
    /// The states of what is left, and of what was given up.
    static let shown: [JobState] = [.available, .scheduled, .running, .retryable, .held, .dead]
}

extension JSON {
    /// A number with three places, or null where there is none.
    static func decimal(_ value: Double?) -> JSON {
        guard let value, value.isFinite, abs(value) < 1e12 else { return .null }
        let thousandths = Int64((value * 1000).rounded())
        let (whole, rest) = abs(thousandths).quotientAndRemainder(dividingBy: 1000)
        let places = String(1000 + rest).dropFirst()
        return .number("\(thousandths < 0 ? "-" : "")\(whole).\(places)")
    }

    static func byKind(_ values: [RecordKind: JSON]) -> JSON {
        .object(Dictionary(values.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }))
    }
}
