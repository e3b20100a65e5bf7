import ArgumentParser
import ConnectorKit
import Ledger
import Pipeline
import Queue

/// `crossdock sync`
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Bring an integration in step now.",
        discussion: """
            Reads what changed there, and writes what waits for it. With --plan the changes are shown and nothing is \
            written anywhere.
            """)

    static let leaseRenewalSeconds = 4

    @Argument(help: "The integration's name.")
    var name: String
    @Option(help: "Only this kind: product, customer, order, ...")
    var entity: String?
    @Option(help: "pull, push or both.")
    var direction = "both"
    @Flag(help: "Show what would change, and stop.")
    var plan = false
    @Flag(help: "Read everything, not only what changed since the last time.")
    var force = false
    @Flag(help: "Put it on the queue and return; the hub that serves does it. crossdock batches shows how far it is.")
    var later = false
    @Option(help: "How urgent it is with --later, from 0 to 1000; lower goes first.")
    var priority = 100
    @OptionGroup var options: HubOptions

    func run() async throws {
        try await Terminal.run {
            guard (0...1000).contains(priority) else { throw Refusal("--priority must be from 0 to 1000") }
            guard !later || !plan else { throw Refusal("--later and --plan exclude each other") }
            guard let way = Direction(word: direction), way != .none else {
                throw Refusal("--direction \(direction): must be pull, push or both")
            }
            let kinds = try kinds()
            let open = try OpenHub(options)
            let integration = try await open.hub.integration(named: name)
            if later {
                let batch = try await open.hub.syncLater(
                    integration, kinds: kinds, direction: way, isFull: force, priority: priority,
                    by: Person.atThisTerminal
                ).batch
                print(options.json ? (["batch": .integer(batch)] as JSON).text : "batch \(batch)")
            } else if plan {
                show(try await open.hub.plan(integration, kinds: kinds, direction: way, isFull: force))
            } else {
                try await sync(open.hub, integration, kinds, way)
            }
            await open.close()
        }
    }

    private func kinds() throws -> Set<RecordKind>? {
        guard let entity else { return nil }
        guard let kind = RecordKind.allCases.first(where: { entity == $0.rawValue || entity == $0.plural }) else {
            throw Refusal(
                "\"\(entity)\" is no kind; there are: \(RecordKind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return [kind]
    }

    private func sync(_ hub: Hub, _ integration: Integration, _ kinds: Set<RecordKind>?, _ way: Direction) async throws
    {
        guard integration.state == .active else {
            throw HubError(
                "\(integration.name) is \(integration.state.rawValue)\(integration.reason.map { ": \($0)" } ?? ""); "
                    + "mend it, then crossdock check \(integration.name)")
        }
        var counts = RunCounts()
        if way.takes {
            let bar = SharedBar()
            counts = try await hub.pull(integration, kinds: kinds, isFull: force) { progress in
                bar.show("\(progress.kind.rawValue)", progress.done, progress.total, hub.now)
                if progress.isFinished { bar.end() }
            }
        }
        if way.takes, force {
            // What the full reading did not show may be deleted there: each is asked for by itself.
            for kind in kinds ?? Set(RecordKind.allCases) { _ = try await hub.census(integration, kind) }
        }
        if way.takes { try await hub.clearGathered(isEnded: true) }
        if way.gives { try await renewing(hub) { try await push(hub, integration, kinds) } }
        try await report(hub, integration, counts)
    }

    /// Holds the leases of what is under way for as long as it takes; first, what a killed process left is taken back.
    private func renewing(_ hub: Hub, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await hub.rescue()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: work)
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(Self.leaseRenewalSeconds))
                    if !Task.isCancelled { try await hub.renewLeases() }
                }
            }
            _ = try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func push(_ hub: Hub, _ integration: Integration, _ kinds: Set<RecordKind>?) async throws {
        let bar = SharedBar()
        let total = try await hub.dueCount(for: integration, kinds: kinds)
        var left = total
        while try await hub.turn(for: [integration.id], kinds: kinds) {
            left = try await hub.dueCount(for: integration, kinds: kinds)
            bar.show("written", max(0, total - left), max(total, 1), hub.now)
        }
        if total > 0 { bar.end() }
    }

    private func report(_ hub: Hub, _ integration: Integration, _ counts: RunCounts) async throws {
        let overview = try await hub.overview()
        if options.json {
            print(JSON.object(["counts": counts.json, "tasks": overview.jobCounts]).text)
            return
        }
        print(
            "read \(counts.read): \(counts.created) new, \(counts.updated) changed, \(counts.unchanged) as they were, "
                + "\(counts.rejected) not usable, \(counts.conflicts) in conflict"
        )
        let waiting = overview.waiting.filter { $0.state != .dead && $0.state != .held }
        if waiting.contains(where: { $0.integration == integration.name }) {
            print(
                "tasks of \(integration.name) wait for a moment of their own (crossdock jobs says which and why): "
                    + "crossdock serve does them, or this command once more")
        }
        if waiting.contains(where: { $0.integration != integration.name }) {
            print(
                "tasks wait for other integrations: crossdock serve does them, or crossdock sync for each "
                    + "(crossdock jobs lists them)"
            )
        }
        for report in overview.guarded { print("\(report.sentence); none of it was taken: crossdock guard") }
        if overview.conflictCount > 0 { print("\(overview.conflictCount) conflicts wait for you: crossdock conflicts") }
        if (overview.jobs[.dead] ?? 0) > 0 { print("\(overview.jobs[.dead] ?? 0) tasks were given up: crossdock dead") }
    }

    private func show(_ plan: RunPlan) {
        if options.json { return print(plan.json.text) }
        for (label, changes) in [
            ("would be taken from \(name)", plan.pulled), ("would be written to \(name)", plan.written),
        ] {
            print("\(label): \(changes.isEmpty ? "nothing" : "\(changes.count) changes")")
            for change in changes {
                print(
                    "  \(change.action) \(change.kind.rawValue) \(change.title) \(change.part): "
                        + "\(Terminal.value(change.old)) -> \(Terminal.value(change.new))"
                )
            }
        }
        for sentence in plan.guarded { print("guard: \(sentence)") }
        if plan.isCut { print("(there are more; the first \(RunPlan.limit) of each are shown)") }
    }
}
