import ConnectorKit
import Deliver
import Ledger
import Queue
import Store

/// What a run would change, shown and not done.
public struct RunPlan: Sendable {
    /// What the pull would change in the hub.
    public var pulled: [PlannedChange] = []
    /// What waits to be written to the far side.
    public var written: [PlannedChange] = []
    public var counts = RunCounts()
    /// What the guard would hold of it, in sentences: a person is asked before it is taken.
    public var guarded: [String] = []
    /// How much of it is seldom meant.
    var drastic: [GuardKey: Int] = [:]
    /// Whether there is more than is listed.
    public var isCut = false

    /// The most changes that are listed.
    public static let limit = 1_000
}

/// One change that would be made.
public struct PlannedChange: Sendable {
    public var kind: RecordKind
    public var title: String
    /// `create`, `change`, `conflict`, `hold`, `reject`.
    public var action: String
    public var part: String
    public var old: JSON?
    public var new: JSON?
}

extension Hub {
    /// Plans a pull and a push of an integration. Reads the far side, writes nothing anywhere.
    ///
    /// - Throws: `PullFailure`, `HubError`, `StoreFailure`.
    public func plan(
        _ integration: Integration, kinds only: Set<RecordKind>? = nil, direction: Direction = .both,
        isFull: Bool = false
    ) async throws -> RunPlan {
        var plan = RunPlan()
        if direction.takes {
            for kind in try sourceKinds(integration) where only?.contains(kind) ?? true {
                try await planPull(integration, kind, isFull: isFull, &plan)
            }
        }
        plan.guarded = try await guarded(plan.drastic, integration)
        if direction.gives { try await planPush(integration, only, &plan) }
        plan.isCut = plan.pulled.count > RunPlan.limit || plan.written.count > RunPlan.limit
        plan.pulled = Array(plan.pulled.prefix(RunPlan.limit))
        plan.written = Array(plan.written.prefix(RunPlan.limit))
        return plan
    }

    private func planPull(
        _ integration: Integration, _ kind: RecordKind, isFull: Bool, _ plan: inout RunPlan
    ) async throws {
        guard let source = try connector(of: integration).sources[kind] else { return }
        let setting = try await mergeSetting(integration)
        let organization = organization
        let cursor = try await store.read {
            try LedgerTable($0, organization: organization).cursor(integration.id, kind)
        }
        var next: String?
        var watch = PageWatch(kind: kind)
        repeat {
            let page: Page
            let request = PageRequest(since: isFull ? nil : cursor.since, position: next, limit: Self.pageSize)
            do {
                page = try await patiently(.pull(integration.id, kind), of: integration, isFirst: next == nil) {
                    try await source.page(request)
                }
            } catch let failure as ConnectorFailure {
                throw PullFailure.connector(failure)
            }
            try watch.saw(page, at: next)
            next = page.next
            let batch = ObservedBatch(
                integration: integration.id, drafts: page.drafts, rejections: page.rejections, askedAt: .max,
                requestedAt: now, observedAt: now)
            let absorption = try await decide(batch, setting)
            plan.counts.add(absorption.counts)
            plan.add(absorption)
        } while next != nil && plan.pulled.count <= RunPlan.limit
    }

    private func guarded(_ drastic: [GuardKey: Int], _ integration: Integration) async throws -> [String] {
        let (organization, terms) = (organization, integration.options.guardTerms)
        guard drastic.contains(where: { $0.value > terms.minimum }) else { return [] }
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            return try drastic.sorted { ($0.key.kind.rawValue, $0.value) < ($1.key.kind.rawValue, $1.value) }
                .compactMap { key, count in
                    let total = max(try ledger.linkedCount(integration.id, key.kind), count)
                    guard count > terms.allowed(of: total) else { return nil }
                    return
                        "\(count) of \(total) \(key.kind.plural) (\(key.sort.rawValue)) are more than the guard lets "
                        + "through at once: they would wait for you"
                }
        }
    }

    /// Decides a batch without saving it; new records have ids no one keeps.
    func decide(_ batch: ObservedBatch, _ setting: MergeSetting) async throws -> Absorption {
        let organization = organization
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let snapshot = try ledger.snapshot(for: batch, rules: setting.rules)
            var id: Int64 = 0
            return try Absorb.decide(
                batch, rules: setting.rules, snapshot: snapshot,
                ids: {
                    id -= 1
                    return id
                })
        }
    }

    private func planPush(_ integration: Integration, _ only: Set<RecordKind>?, _ plan: inout RunPlan) async throws {
        let peer = try peer(integration)
        let channels = try await mergeSetting(integration).channels
        let (organization, now) = (organization, now)
        let delivery = try await store.read { session -> DeliveryPlan in
            let states: [JobState] = [.available, .scheduled, .retryable, .held]
            let jobs = try JobTable(session, organization: organization).list(states, limit: RunPlan.limit * 2).filter {
                $0.queue == .deliver && $0.integration == integration.id
                    && ($0.kind.map { only?.contains($0) ?? true } ?? false)
            }
            let load = try Self.load(jobs, peer, channels, LedgerTable(session, organization: organization))
            return DeliveryPlan.make(jobs, load, peer: peer, now: now)
        }
        for write in delivery.writes {
            for (part, value) in write.wrote.values.sorted(by: { $0.key < $1.key }) {
                plan.written.append(
                    PlannedChange(
                        kind: write.record.kind, title: write.record.title,
                        action: write.link == nil ? "create" : "change", part: part, old: write.link?.parts[part]?.seen,
                        new: value))
            }
        }
        for (job, outcome) in delivery.outcomes {
            if case .held(let reason, _) = outcome, let kind = job.kind {
                plan.written.append(
                    PlannedChange(
                        kind: kind, title: job.key, action: "hold", part: "", old: nil, new: .string(reason)))
            }
        }
    }
}

extension RunPlan {
    fileprivate mutating func add(_ absorption: Absorption) {
        for item in absorption.drastic { drastic[item.key, default: 0] += 1 }
        for rejection in absorption.rejections {
            pulled.append(
                PlannedChange(
                    kind: rejection.kind, title: rejection.externalID ?? "", action: "reject", part: "", old: nil,
                    new: .string(rejection.reason)))
        }
        for change in absorption.changes {
            let record = absorption.records[change.record]
            pulled.append(
                PlannedChange(
                    kind: change.kind, title: record?.title ?? String(change.record),
                    action: change.rule.hasPrefix("conflict") ? "conflict" : (change.record < 0 ? "create" : "change"),
                    part: change.part, old: change.old, new: change.told ?? change.loser))
        }
    }
}
