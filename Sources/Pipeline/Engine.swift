import ConnectorKit
import Ledger
import Queue
import Store
import Synchronization

/// The loops of a running hub: workers, schedule, leases, watch over webhooks. Every wait is here; steps have none.
public struct Engine: Sendable {
    let hub: Hub
    let clock: any Clock<Duration>

    /// How many workers claim jobs at the same time.
    static let workerCount = 3
    /// How long a worker rests when nothing is due, in milliseconds.
    static let restMilliseconds = 200
    static let leaseRenewalSeconds = 4
    static let rescueSeconds = 5
    static let scheduleSeconds = 2
    /// How often the vendors' webhooks are looked at, in seconds.
    static let webhookWatchSeconds = 120.0
    /// How often ids are compared to find deletions, in seconds.
    static let censusSeconds = 86_400.0
    /// How long ended jobs are kept, in seconds.
    static let keepEndedJobsSeconds = 7 * 86_400.0

    /// The loops of a hub, by that clock.
    public init(_ hub: Hub, clock: any Clock<Duration> = ContinuousClock()) {
        self.hub = hub
        self.clock = clock
    }

    /// Runs until cancelled; returns once what was under way has ended.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.workerCount { group.addTask { await work() } }
            group.addTask { await every(Self.leaseRenewalSeconds) { try await hub.renewLeases() } }
            group.addTask { await every(Self.rescueSeconds) { try await hub.rescue() } }
            group.addTask { await schedule() }
        }
    }

    private func work() async {
        while !Task.isCancelled {
            let didWork: Bool
            do {
                didWork = try await hub.turn()
            } catch {
                hub.logger.warning("worker: \(error)")
                didWork = false
            }
            if !didWork { try? await clock.sleep(for: .milliseconds(Self.restMilliseconds)) }
        }
    }

    private func every(_ seconds: Int, _ action: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await action() } catch { hub.logger.warning("\(error)") }
            try? await clock.sleep(for: .seconds(seconds))
        }
    }

    /// Each integration has its own round, so that a slow one holds up no other.
    private func schedule() async {
        let busy = BusyRounds()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let integrations = (try? await hub.integrations()) ?? []
                for integration in integrations where integration.state == .active {
                    guard busy.ids.withLock({ $0.insert(integration.id).inserted }) else { continue }
                    group.addTask {
                        await round(integration)
                        _ = busy.ids.withLock { $0.remove(integration.id) }
                    }
                }
                try? await clock.sleep(for: .seconds(Self.scheduleSeconds))
            }
        }
    }

    /// One round of an integration: watch its webhooks, read what is due, compare ids. Never throws: what went wrong is
    /// logged, and stands in the state of the integration.
    func round(_ integration: Integration) async {
        do {
            guard try await hub.isOpen(integration) else { return }
            let mustCatchUp = try await watchWebhooks(integration)
            try await hub.pullDue(integration, all: mustCatchUp)
            try await hub.censusDue(integration)
        } catch let failure as PullFailure {
            await note(failure, integration)
        } catch let failure as ConnectorFailure {
            await note(.connector(failure), integration)
        } catch {
            hub.logger.warning("\(error)", metadata: ["integration": "\(integration.name)"])
        }
    }

    private func watchWebhooks(_ integration: Integration) async throws -> Bool {
        if let at = integration.webhookAt, hub.now.seconds(since: at) < Self.webhookWatchSeconds { return false }
        do {
            return try await hub.ensureWebhooks(integration)
        } catch let failure as ConnectorFailure {
            // A shop that refuses to register webhooks is polled: that net must not hang on them.
            hub.logger.warning("webhooks: \(failure.sentence)", metadata: ["integration": "\(integration.name)"])
            try await hub.noteWebhooks("not registered: \(failure.sentence); it is polled", of: integration)
            return false
        }
    }

    private func note(_ failure: PullFailure, _ integration: Integration) async {
        hub.logger.warning("pull stopped: \(failure)", metadata: ["integration": "\(integration.name)"])
        guard case .connector(let cause) = failure else { return }
        do { try await hub.noteFailure(cause, integration) } catch { hub.logger.warning("\(error)") }
    }
}

/// The integrations whose round is under way.
private final class BusyRounds: Sendable {
    let ids = Mutex<Set<Int64>>([])
}

extension Hub {
    /// Whether calls to an integration are let through now.
    ///
    /// - Throws: `StoreFailure`.
    func isOpen(_ integration: Integration) async throws -> Bool {
        let (organization, now) = (organization, now)
        let gate = try await store.read { try JobTable($0, organization: organization).gate(of: integration.id) }
        return gate.closedUntil.map { $0 <= now } ?? true
    }

    /// Reads the kinds whose time has come.
    ///
    /// - Throws: `PullFailure`, `HubError`, `StoreFailure`.
    public func pullDue(_ integration: Integration, all: Bool = false) async throws {
        let organization = organization
        for kind in try sourceKinds(integration) {
            let cursor = try await store.read {
                try LedgerTable($0, organization: organization).cursor(integration.id, kind)
            }
            if integration.options.isByHand(kind) { continue }
            let interval = Double(integration.options.intervalSeconds(kind))
            guard all || cursor.pulledAt.map({ now.seconds(since: $0) >= interval }) ?? true else { continue }
            _ = try await pull(integration, kind)
            try await noteSuccess(integration)
        }
    }

    /// Compares ids of the kinds whose time has come.
    ///
    /// - Throws: `ConnectorFailure`, `HubError`, `StoreFailure`.
    public func censusDue(_ integration: Integration) async throws {
        let organization = organization
        for kind in try sourceKinds(integration) {
            let cursor = try await store.read {
                try LedgerTable($0, organization: organization).cursor(integration.id, kind)
            }
            // Before it has been read once, there is nothing to compare.
            guard cursor.pulledAt != nil else { continue }
            let last = cursor.censusAt ?? integration.createdAt
            guard now.seconds(since: last) >= Engine.censusSeconds else { continue }
            _ = try await census(integration, kind)
        }
    }

    /// A read that failed as a whole: calls pause, or end when credentials are refused.
    func noteFailure(_ failure: ConnectorFailure, _ integration: Integration) async throws {
        let (organization, now) = (organization, now)
        try await store.write { session in
            let table = JobTable(session, organization: organization)
            var gate = try table.gate(of: integration.id)
            switch failure {
            case .throttled(let seconds): gate = gate.afterThrottle(seconds: seconds ?? 30, now: now)
            case .busy(_, let seconds): gate = gate.afterThrottle(seconds: seconds, now: now)
            case .unauthorized(let detail):
                try LedgerTable(session, organization: organization).set(.refused, reason: detail, of: integration.id)
            case .cancelled: return
            default: gate = gate.afterFailure(failure.sentence, now: now)
            }
            try table.save(gate, of: integration.id)
        }
    }
}
