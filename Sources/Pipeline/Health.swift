import Backup
import Commerce
import Ledger
import Queue
import Store

/// One word for how the hub is.
public enum HealthState: String, Sendable, Comparable, CaseIterable {
    /// All is as it should be.
    case ok
    /// It works, and something wants looking at.
    case degraded
    /// It cannot work.
    case down

    /// Worse is more.
    public static func < (left: HealthState, right: HealthState) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// How the hub is, part by part.
public struct HealthReport: Hashable, Sendable {
    /// One part: its state, and what was seen.
    public struct Check: Hashable, Sendable {
        public var name: String
        public var state: HealthState
        public var seen: [String: JSON]
    }

    public var checks: [Check]

    /// The worst of its parts.
    public var state: HealthState { checks.map(\.state).max() ?? .ok }

    /// A report.
    public init(_ checks: [Check]) { self.checks = checks }

    /// A hub whose store does not answer.
    public static func down(_ reason: String) -> HealthReport {
        HealthReport([Check(name: "store", state: .down, seen: ["reason": .string(reason)])])
    }

    /// Each part by its name.
    public var json: JSON {
        .object(
            Dictionary(
                checks.map { check in
                    (check.name, .object(check.seen.merging(["status": .string(check.state.rawValue)]) { $1 }))
                }, uniquingKeysWith: { first, _ in first }))
    }
}

/// From where on something wants looking at. They are named in docs/operations.
public enum HealthLimits {
    /// How long the store may take to answer, in milliseconds.
    public static let latencyMilliseconds = 1_000.0
    /// How far a standby may be behind, in seconds.
    public static let replicationLagSeconds = 30.0
    /// How long a job may be due before somebody takes it, in seconds.
    public static let queueSeconds = 300.0
    /// How far the clocks of hub and store may be apart, in milliseconds: leases last 12 and 15 seconds.
    public static let clockSkewMilliseconds = 2_000.0
}

extension Hub {
    /// How the hub is: its store, those who follow it, its clock, its queue, its backups.
    ///
    /// - Throws: `StoreFailure` when the store does not answer.
    public func health() async throws -> HealthReport {
        let (organization, surroundings) = (organization, surroundings)
        let vitals = try await store.vitals(now: surroundings.now)
        let now = now
        let (oldest, backups, held) = try await store.read { session in
            (
                try JobTable(session, organization: organization).oldestDue(at: now),
                try BackupTable(session, organization: organization).state(),
                try LedgerTable(session, organization: organization).undecidedHolds().filter { $0.state == .open }.count
            )
        }
        let proof = try await proofCheck()
        return HealthReport(
            Self.checks(vitals, store.dialect) + [Self.queue(oldest, now)] + (backups.map { [Self.check($0)] } ?? [])
                + (proof.map { [$0] } ?? [])
                + (held > 0
                    ? [HealthReport.Check(name: "guard", state: .degraded, seen: ["holds": .integer(held)])] : []))
    }

    static func checks(_ vitals: StoreVitals, _ dialect: StoreDialect) -> [HealthReport.Check] {
        var checks = [
            HealthReport.Check(
                name: "store", state: vitals.latencyMilliseconds > HealthLimits.latencyMilliseconds ? .degraded : .ok,
                seen: ["kind": .string(dialect.rawValue), "latencyMilliseconds": number(vitals.latencyMilliseconds)])
        ]
        if let standbys = vitals.standbys, standbys > 0 {
            let lag = vitals.replicationLagSeconds
            checks.append(
                HealthReport.Check(
                    name: "replication",
                    state: (lag ?? 0) > HealthLimits.replicationLagSeconds ? .degraded : .ok,
                    seen: ["standbys": .integer(standbys), "lagSeconds": lag.map(number) ?? .null]))
        }
        if let skew = vitals.clockSkewMilliseconds {
            checks.append(
                HealthReport.Check(
                    name: "clock", state: abs(skew) > HealthLimits.clockSkewMilliseconds ? .degraded : .ok,
                    seen: ["skewMilliseconds": number(skew)]))
        }
        return checks
    }

    static func queue(_ oldest: Moment?, _ now: Moment) -> HealthReport.Check {
        let seconds = oldest.map { max(0, now.seconds(since: $0)) } ?? 0
        return HealthReport.Check(
            name: "queue", state: seconds > HealthLimits.queueSeconds ? .degraded : .ok,
            seen: ["oldestDueSeconds": number(seconds)])
    }

    private static func check(_ backups: BackupState) -> HealthReport.Check {
        HealthReport.Check(
            name: "backup", state: backups.problem == nil ? .ok : .degraded,
            seen: [
                "madeAt": .text(backups.madeAt?.description), "failingSince": .text(backups.failingSince?.description),
                "problem": .text(backups.problem),
            ])
    }

    /// In whole numbers: nobody needs parts of a millisecond.
    private static func number(_ value: Double) -> JSON { .integer(Int64(max(-1e15, min(1e15, value.rounded())))) }
}
