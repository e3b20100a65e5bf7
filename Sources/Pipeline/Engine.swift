import ConnectorKit
import Ledger
import Queue
import Store
import Synchronization

/// The loops of a running hub: workers, schedule, leases, watch over webhooks. Every wait is here; steps have none.
public struct Engine: Sendable {
    let hub: Hub

    /// How long it rests when nothing is due and nobody wakes it, in milliseconds.
    static let restMilliseconds = 200
    static let leaseRenewalSeconds = 4
    /// How often lost jobs are looked for, in milliseconds: with the lease, a dead worker's job is taken back in 15 s.
    static let rescueMilliseconds = 500
    /// How often work nobody knows is looked for, in seconds.
    static let unknownSeconds = 30
    static let scheduleSeconds = 2
    /// What comparing ids, and looking at webhooks, is called where breakers are kept.
    static let census = "census"
    static let webhooks = "webhooks"
    /// How long what is under way when the hub stops may take to its end, in seconds; then it is broken off. Below the
    /// ten seconds that container engines wait before they kill.
    static let drainSeconds = 8
    /// How long changes gather that listeners are to be told of, in milliseconds: a busy hub rings all the time.
    static let relayMilliseconds = 50
    /// How often the vendors' webhooks are looked at, in seconds.
    static let webhookWatchSeconds = 120.0
    /// How often ids are compared to find deletions, in seconds.
    static let censusSeconds = 86_400.0

    /// Where the workers run; nil for where tasks run by themselves. A task of its own does not inherit it.
    let executor: (any TaskExecutor)?

    /// Whether listeners are told of changes.
    let relays: Bool

    /// The loops of a hub, by its clock.
    public init(_ hub: Hub, on executor: (any TaskExecutor)? = nil, relays: Bool = true) {
        self.hub = hub
        self.executor = executor
        self.relays = relays
    }

    private var clock: any Clock<Duration> { hub.clock }

    /// Runs until cancelled. Then nothing more is begun, and it returns once the work under way has ended; what takes
    /// longer than `drainSeconds` is broken off, and goes back on the queue as if it had not been tried.
    public func run() async {
        // The workers outlive the cancellation by that time, so they are no children of the cancelled task; it waits
        // for them.
        let stop = Stop()
        hub.store.listen { [bell = hub.bell] in bell.ring() }
        let workers = Task(executorPreference: executor) { await runWorkers(stop) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await every(Self.unknownSeconds) { try await hub.giveUpUnknown() } }
            group.addTask {
                await every(Self.scheduleSeconds) { if try await hub.runsSchedules() { try await hub.tick() } }
            }
            group.addTask { await schedule() }
            if relays { group.addTask { await relay() } }
        }
        await hub.leaveSchedules()
        stop.now()
        hub.bell.ring()
        let patience = Task(executorPreference: executor) {
            do { try await clock.sleep(for: .seconds(Self.drainSeconds)) } catch { return }
            workers.cancel()
        }
        await workers.value
        patience.cancel()
    }

    private func runWorkers(_ stop: Stop) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await every(Self.leaseRenewalSeconds) { try await hub.renewLeases() } }
            group.addTask { await watchLeases() }
            group.addTask { await hub.bell.ring(every: .milliseconds(Self.restMilliseconds), by: clock) }
            await withDiscardingTaskGroup { workers in await claim(stop, &workers) }
            // The leases are held until the last worker has ended.
            group.cancelAll()
        }
    }

    /// Takes back what dead workers held; where this machine's clock was set, leases are moved with it first.
    private func watchLeases() async {
        while !Task.isCancelled {
            do {
                try await hub.followClock()
                try await hub.rescue()
            } catch {
                hub.logger.warning("\(error)")
            }
            try? await clock.sleep(for: .milliseconds(Self.rescueMilliseconds))
        }
    }

    /// Claims what is due and gives each piece to a worker of its own. A far side that does not answer keeps the
    /// workers of its own calls waiting, and nobody else's work.
    private func claim(_ stop: Stop, _ workers: inout DiscardingTaskGroup) async {
        let desk = WorkDesk(now: { hub.now })
        while !Task.isCancelled, !stop.isAsked {
            let heard = hub.bell.count
            var claimed: ClaimedWork?
            do {
                if !desk.isFull { claimed = try await hub.claimNext(unless: { desk.mustWait($0) }) }
            } catch {
                hub.logger.warning("worker: \(error)")
            }
            guard let claimed else {
                await hub.bell.wait(after: heard)
                continue
            }
            desk.begin(claimed.work)
            workers.addTask {
                do { try await hub.run(claimed) } catch { hub.logger.warning("worker: \(error)") }
                desk.end(claimed.work)
                hub.bell.ring()
            }
        }
    }

    /// Puts up what listeners are to be told, as soon as something has changed.
    private func relay() async {
        while !Task.isCancelled {
            let heard = hub.bell.count
            var hasMore = false
            do {
                hasMore = try await hub.relay()
            } catch {
                hub.logger.warning("webhooks: \(error)")
            }
            if hasMore { continue }
            await hub.bell.wait(after: heard)
            try? await clock.sleep(for: .milliseconds(Self.relayMilliseconds))
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
                let isOurs = (try? await hub.runsSchedules()) ?? false
                for integration in isOurs ? (try? await hub.integrationsDue()) ?? [] : [] {
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
            try await hub.pullAsked(integration)
            try await hub.pullDue(integration, all: mustCatchUp)
            try await hub.censusDue(integration)
        } catch let failure as PullFailure {
            hub.logger.warning("pull stopped: \(failure)", metadata: ["integration": "\(integration.name)"])
        } catch let failure as ConnectorFailure {
            await note(failure, integration)
        } catch {
            hub.logger.warning("\(error)", metadata: ["integration": "\(integration.name)"])
        }
    }

    private func watchWebhooks(_ integration: Integration) async throws -> Bool {
        guard hub.mustWatchWebhooks(integration, hub.now) else { return false }
        do {
            return try await hub.ensureWebhooks(integration)
        } catch let failure as ConnectorFailure {
            // A shop that refuses to register webhooks is polled: that net must not hang on them.
            hub.logger.warning("webhooks: \(failure.sentence)", metadata: ["integration": "\(integration.name)"])
            try await hub.noteWebhooks("not registered: \(failure.sentence); it is polled", of: integration)
            if failure.asksToWait { try await hub.noteFailure(failure, integration, Self.webhooks) }
            return false
        }
    }

    private func note(_ failure: ConnectorFailure, _ integration: Integration) async {
        hub.logger.warning("census stopped: \(failure.sentence)", metadata: ["integration": "\(integration.name)"])
        do { try await hub.noteFailure(failure, integration, Self.census) } catch { hub.logger.warning("\(error)") }
    }
}

/// Whether the hub is to stop.
private final class Stop: Sendable {
    private let asked = Mutex(false)

    var isAsked: Bool { asked.withLock { $0 } }
    func now() { asked.withLock { $0 = true } }
}

/// The integrations whose round is under way.
private final class BusyRounds: Sendable {
    let ids = Mutex<Set<Int64>>([])
}

extension Hub {
    /// Reads the kinds whose time has come. One that cannot be read rests by itself, and the others are read.
    ///
    /// - Throws: `PullFailure` of the first kind that could not be read, `HubError`, `StoreFailure`.
    public func pullDue(_ integration: Integration, all: Bool = false) async throws {
        let organization = organization
        let (scheduled, cursors) = try await store.read { session in
            (
                try Self.scheduledKinds(integration, ScheduleTable(session, organization: organization)),
                try LedgerTable(session, organization: organization).cursors(integration.id)
            )
        }
        var first: PullFailure?
        for kind in try sourceKinds(integration) where all || !scheduled.contains(kind) {
            // Most rounds find nothing to do, and ask no more than this.
            guard all || Self.isTime(for: kind, of: integration, cursors[kind], now) else { continue }
            guard try await isPullDue(integration, kind, asked: all) else { continue }
            do {
                _ = try await pull(integration, kind)
            } catch let failure as PullFailure {
                first = first ?? failure
                guard case .connector(let cause) = failure else { throw failure }
                try await noteFailure(cause, integration, DueWork.pull(integration.id, kind).operation)
                guard cause.isOfOneKind else { throw failure }
                continue
            }
            try await noteSuccess(integration, DueWork.pull(integration.id, kind).operation)
        }
        if let first { throw first }
    }

    private func isPullDue(_ integration: Integration, _ kind: RecordKind, asked: Bool) async throws -> Bool {
        if integration.options.isByHand(kind) { return false }
        let (organization, now) = (organization, now)
        let work = DueWork.pull(integration.id, kind)
        let grant = try await store.read { session -> (isFree: Bool, isPlain: Bool) in
            let cursor = try LedgerTable(session, organization: organization).cursor(integration.id, kind)
            guard asked || Self.isTime(for: kind, of: integration, cursor, now) else { return (false, true) }
            let admission = try JobTable(session, organization: organization).admission(to: work)
            guard case .jobs(_, let isProbe) = admission.grant(1, now: now) else { return (false, true) }
            return (true, admission.allowances.isEmpty && !isProbe)
        }
        // Only what uses up a limit, or tries a breaker, is written down.
        guard grant.isFree, !grant.isPlain else { return grant.isFree }
        return try await store.write { try JobTable($0, organization: organization).begin(work, now: now) == nil }
    }

    /// Compares ids of the kinds whose time has come.
    ///
    /// - Throws: `ConnectorFailure`, `HubError`, `StoreFailure`.
    public func censusDue(_ integration: Integration) async throws {
        let organization = organization
        let side = FarOperation(integration.id, Engine.census)
        let cursors = try await store.read {
            try LedgerTable($0, organization: organization).cursors(integration.id)
        }
        for kind in try sourceKinds(integration) {
            guard isCensusDue(integration, cursors[kind], now) else { continue }
            guard try await isOpen(integration) else { return }
            let breaker = try await store.read {
                try JobTable($0, organization: organization).breaker(of: side)
            }
            if case .open = breaker.state(at: now) { return }
            _ = try await census(integration, kind)
            try await noteSuccess(integration, side.operation)
        }
    }

    /// A read that failed as a whole: its sort of call rests, or all calls do, or they end when credentials are
    /// refused.
    func noteFailure(_ failure: ConnectorFailure, _ integration: Integration, _ operation: String) async throws {
        let (organization, now) = (organization, now)
        try await store.write { session in
            let table = JobTable(session, organization: organization)
            var gate = try table.gate(of: integration.id)
            switch failure {
            case .throttled(let seconds): gate = gate.afterThrottle(seconds: seconds ?? Gate.unsaidSeconds, now: now)
            case .busy(_, let seconds): gate = gate.afterThrottle(seconds: seconds, now: now)
            case .unauthorized(let detail):
                try LedgerTable(session, organization: organization).set(.refused, reason: detail, of: integration.id)
            case .cancelled: return
            case .unavailable, .refused, .unreadable, .gone:
                let side = FarOperation(integration.id, operation)
                return try table.save(table.breaker(of: side).afterFailure(failure.sentence, now: now), of: side)
            }
            try table.save(gate, of: integration.id)
        }
    }
}
