import Alerts
import Identity
import Ledger
import Queue
import Store
import Telemetry

/// What alerts are decided on, read in one look.
struct AlertReadings {
    /// Over how many minutes shares and means are taken, and over how many those of readings and conflicts, of which
    /// there are fewer.
    static let (minutes, longMinutes) = (Int64(15), Int64(60))
    /// Over how many minutes the most memory counts.
    static let memoryMinutes: Int64 = 2
    /// What a process writes down of its memory, in thousandths of what it may have.
    static let memory = "memoryThousandths"

    let alerts: AlertTable
    let jobs: JobTable
    let ledger: LedgerTable
    let identity: IdentityTable

    init(_ session: any StoreSession, organization: Int64) {
        alerts = AlertTable(session, organization: organization)
        jobs = JobTable(session, organization: organization)
        ledger = LedgerTable(session, organization: organization)
        identity = IdentityTable(session, organization: organization)
    }

    /// What is known of each kind.
    func all(at now: Moment) throws -> [AlertKind: AlertReading] {
        let minute = AlertTable.minute(of: now)
        let late = try alerts.vitals(since: minute - Self.minutes + 1).sums
        let long = try alerts.vitals(since: minute - Self.longMinutes + 1).sums
        let active = try ledger.integrations().filter { $0.state == .active }
        var readings: [AlertKind: AlertReading] = [
            .errorRate: Self.share(.failedRuns, of: .runs, late),
            .failureRate: Self.share(.failedReadings, of: .readings, long),
            .responseTime: Self.mean(.answerMilliseconds, of: .answers, late),
            .farResponseTime: Self.mean(.farMilliseconds, of: .farAnswers, late),
            .conflictRate: Self.conflicts(long),
        ]
        let due = try jobs.backlog(at: now)
        readings[.queueSize] = AlertReading(Double(due), of: due)
        let webhooks = try jobs.backlog(of: .receive, integrations: active.map(\.id))
        readings[.webhookDelay] = AlertReading(
            webhooks.oldest.map { max(0, now.seconds(since: $0)) } ?? 0, of: webhooks.count)
        readings[.connectionFailures] = try failures(of: active)
        readings[.connectionTest] = try tests(of: active)
        readings[.breakerOpen] = try resting(of: active)
        let conflicts = try ledger.waitingCounts().conflicts
        let oldest = conflicts == 0 ? nil : try ledger.openConflicts(limit: 1).first?.openedAt
        readings[.conflictAge] = AlertReading(oldest.map { max(0, now.seconds(since: $0)) } ?? 0, of: conflicts)
        let denials = late[Tally.denials.rawValue] ?? 0
        readings[.securityEvents] = AlertReading(Double(denials), of: Int(denials))
        let keys = try identity.keys().filter { $0.isGood(at: now) }
        readings[.credentialAge] = credentials(of: active, keys, at: now)
        readings[.keyEnd] = Self.ending(keys, at: now)
        if let memory = try alerts.vitals(since: minute - Self.memoryMinutes + 1).peaks[Self.memory] {
            readings[.memoryUsage] = AlertReading(Double(memory) / 1000, of: 1)
        }
        return readings
    }

    private static func share(_ part: Tally, of whole: Tally, _ sums: VitalNumbers) -> AlertReading {
        let (part, whole) = (sums[part.rawValue] ?? 0, sums[whole.rawValue] ?? 0)
        return AlertReading(whole == 0 ? 0 : Double(part) / Double(whole), of: Int(whole))
    }

    private static func mean(_ sum: Tally, of count: Tally, _ sums: VitalNumbers) -> AlertReading {
        let (sum, count) = (sums[sum.rawValue] ?? 0, sums[count.rawValue] ?? 0)
        return AlertReading(count == 0 ? 0 : Double(sum) / Double(count), of: Int(count))
    }

    /// Here the conflicts themselves are the cases: one in three records is no alert.
    private static func conflicts(_ sums: VitalNumbers) -> AlertReading {
        AlertReading(share(.conflicts, of: .merged, sums).value, of: Int(sums[Tally.conflicts.rawValue] ?? 0))
    }

    /// The oldest of what opens something: secrets of integrations and keys that are good.
    private func credentials(of active: [Integration], _ keys: [APIKey], at now: Moment) -> AlertReading {
        let secrets = active.flatMap { side in
            side.options.secretTimes.map { (at: $0.value, name: "\($0.key) of \(side.name)") }
        }
        let keys = keys.map { (at: $0.createdAt, name: "the key \($0.name)") }
        guard let oldest = (secrets + keys).min(by: { ($0.at, $0.name) < ($1.at, $1.name) }) else {
            return AlertReading(0, of: 0)
        }
        let days = (now.seconds(since: oldest.at) / 86_400).rounded(.down)
        return AlertReading(max(0, days), of: secrets.count + keys.count, Redaction.text(oldest.name))
    }

    /// The key that ends next. One that another of its name outlasts is followed already, and one that has not seen
    /// half of its time was made to be short.
    private static func ending(_ keys: [APIKey], at now: Moment) -> AlertReading {
        let ends = keys.compactMap { key -> (at: Moment, name: String)? in
            guard let end = key.expiresAt, now.seconds(since: key.createdAt) >= end.seconds(since: now) else {
                return nil
            }
            let isFollowed = keys.contains { other in
                other.name == key.name && other.createdAt > key.createdAt && other.expiresAt.map { $0 > end } ?? true
            }
            return isFollowed ? nil : (end, key.name)
        }
        guard let next = ends.min(by: { ($0.at, $0.name) < ($1.at, $1.name) }) else { return AlertReading(0, of: 0) }
        let days = (next.at.seconds(since: now) / 86_400).rounded(.up)
        return AlertReading(days, of: ends.count, Redaction.text("the key \(next.name)"))
    }

    private func failures(of active: [Integration]) throws -> AlertReading {
        let names = Dictionary(active.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let worst = try jobs.breakers().filter { names[$0.key.integration] != nil }
            .max { ($0.value.failures, $1.key.operation) < ($1.value.failures, $0.key.operation) }
        guard let worst else { return AlertReading(0, of: 0) }
        let reason = worst.value.reason.map { " - " + Redaction.text($0) } ?? ""
        return AlertReading(
            Double(worst.value.failures), of: worst.value.failures,
            "\(names[worst.key.integration] ?? ""): \(worst.key.operation)\(reason)")
    }

    /// What rests, and what is tried again without having worked yet.
    private func resting(of active: [Integration]) throws -> AlertReading {
        let names = Dictionary(active.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let resting = try jobs.breakers().filter { $0.value.openUntil != nil }.keys
            .compactMap { side in names[side.integration].map { "\($0): \(side.operation)" } }.sorted()
        let told = resting.prefix(3).joined(separator: ", ")
        return AlertReading(Double(resting.count), of: resting.count, resting.isEmpty ? nil : told)
    }

    private func tests(of active: [Integration]) throws -> AlertReading {
        let tests = try alerts.connectionTests()
        let failed = active.compactMap { side in tests[side.id].map { (side.name, $0) } }.filter { $0.1.failures > 0 }
        guard let worst = failed.max(by: { ($0.1.failures, $1.0) < ($1.1.failures, $0.0) }) else {
            return AlertReading(0, of: 0)
        }
        let reason = worst.1.reason.map { " - " + Redaction.text($0) } ?? ""
        return AlertReading(Double(worst.1.failures), of: worst.1.failures, worst.0 + reason)
    }
}
