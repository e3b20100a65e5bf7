import Dispatch
import Rehearsal
import StorePostgres
import Synchronization

/// The command: one rehearsal or many, and what came of them.
struct RehearseCommand {
    private let seed: UInt64?
    private let count: Int?
    private let from: UInt64
    private let isTold: Bool
    private let disk: String?
    private let mutation: String?
    private let listsMutations: Bool
    /// The invariant that must be found broken; nil when none may be.
    private let expected: String?
    private let isDeadVendor: Bool
    private let isDeadListener: Bool
    private let deals: Bool
    private let hasAudience: Bool
    /// The address of a PostgreSQL server on which the hubs keep what they know; nil: in memory.
    private let server: String?

    /// The most failing seeds that are told of one run of many.
    private static let toldFailures = 20

    init(_ arguments: [String]) {
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
        }
        count = value("--seeds").flatMap { Int($0) }
        from = value("--from").flatMap { UInt64($0) } ?? 1
        seed = arguments.first.flatMap { UInt64($0) }
        disk = value("--disk")
        isDeadVendor = arguments.contains("--dead-vendor")
        isDeadListener = arguments.contains("--dead-listener")
        deals = arguments.contains("--dealt-out")
        hasAudience = arguments.contains("--audience")
        isTold = seed != nil && !arguments.contains("--short")
        server = value("--postgres")
        mutation = value("--mutation")
        expected = value("--expect")
        listsMutations = arguments.contains("--mutations")
    }

    func run() -> Int32 {
        if listsMutations {
            Mutations.names.forEach { print($0) }
            return 0
        }
        if let mutation, !Mutations.plant(mutation) {
            print(
                Mutations.names.isEmpty
                    ? "this build holds no mutations; make rehearse MUTATION=\(mutation) builds one that does"
                    : "there is no mutation \"\(mutation)\"; there are: \(Mutations.names.joined(separator: ", "))")
            return 2
        }
        if isDeadVendor { return deadVendor() }
        if isDeadListener { return deadListener() }
        if let count {
            return mutation.map { MutationSearch(mutation: $0, from: from, count: count).run() } ?? many(count)
        }
        let seed = seed ?? UInt64.random(in: 1...999_999)
        do {
            return tell(
                try Rehearsal.hold(
                    seed: seed, isTold: isTold, keepingDiskAt: disk, deals: deals, hasAudience: hasAudience,
                    on: opening(seed)))
        } catch {
            print("seed \(seed): \(error)")
            return 2
        }
    }

    /// Where the hubs of a seed keep what they know.
    private func opening(_ seed: UInt64) -> Rehearsal.Opening {
        guard let server else { return Rehearsal.inMemory }
        return { try InlinePostgresStore(onServer: server, schema: "rehearsal_\(seed)", migrations: $0) }
    }

    /// What is said where a hub did otherwise on a server than it does in memory: all it did and all it remembers must
    /// be the same. Only a machine in which the store is loses claims with its power.
    private func difference(of report: RehearsalReport) throws -> String? {
        guard server != nil else { return nil }
        let inMemory = try Rehearsal.hold(seed: report.seed, deals: deals, hasAudience: hasAudience)
        guard inMemory.trace != report.trace, inMemory.coverage.sometimes[Coverage.forgottenClaims] == nil else {
            return nil
        }
        return "seed \(report.seed): on PostgreSQL it went otherwise than in memory: traces \(report.trace) and "
            + inMemory.trace
    }

    private func tell(_ report: RehearsalReport) -> Int32 {
        print("seed \(report.seed): \(report.setting)")
        if isTold || !report.breaches.isEmpty { report.story.forEach { print("  " + $0) } }
        for breach in report.breaches { print("BREACH \(breach)") }
        print("\(report.steps) steps, \(report.worldSeconds) s of the world's time")
        print("trace \(report.trace)")
        if !report.breaches.isEmpty { print("repeat it: \(again(report.seed))") }
        guard let expected else { return report.breaches.isEmpty ? 0 : 1 }
        if report.invariants.contains(expected) { return 0 }
        print("\(expected) was not found broken")
        return 1
    }

    /// The one command that holds it again.
    private func again(_ seed: UInt64) -> String {
        let manner = (deals ? " --dealt-out" : "") + (hasAudience ? " --audience" : "")
        if !manner.isEmpty { return "make rehearse ARGS=\"\(seed)\(manner)\"" }
        return "make rehearse SEED=\(seed)" + (mutation.map { " MUTATION=\($0)" } ?? "")
    }

    /// How much one dead vendor of twenty delays the others.
    private func deadVendor() -> Int32 {
        do {
            let trial = try DeadVendor.hold(seed: seed ?? from)
            print("seed \(trial.seed), \(DeadVendor.vendors) vendors; without a death: \(words(trial.alive))")
            return tell(trial.alive, trial.dead, atMost: DeadVendor.mostExcess)
        } catch {
            print("the trial could not be held: \(error)")
            return 2
        }
    }

    /// How much one dead listener of a hundred delays the others.
    private func deadListener() -> Int32 {
        do {
            let trial = try DeadListener.hold(seed: seed ?? from)
            print("seed \(trial.seed), \(DeadListener.listeners) listeners; without a death: \(words(trial.alive))")
            return tell(trial.alive, trial.dead, atMost: DeadListener.mostExcess)
        } catch {
            print("the trial could not be held: \(error)")
            return 2
        }
    }

    private func tell(
        _ alive: DeadVendor.Delays, _ dead: [DeadVendor.Manner: DeadVendor.Delays], atMost goal: Double
    ) -> Int32 {
        var isWell = alive.missing == 0
        for (manner, delays) in dead.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let excess = delays.excess(over: alive)
            isWell = isWell && delays.missing == 0 && excess <= goal
            let percent = (excess * 10_000).rounded() / 100
            print("one that \(manner.rawValue): \(words(delays)), at most \(percent) % longer")
        }
        print("the goal is at most \(goal * 100) %: \(isWell ? "met" : "MISSED")")
        return isWell ? 0 : 1
    }

    private func words(_ delays: DeadVendor.Delays) -> String {
        let (mean, p99) = ((delays.meanSeconds * 1000).rounded(), (delays.p99Seconds * 1000).rounded())
        return "\(delays.count) changes came in \(mean) ms on average, 99 % below \(p99) ms, \(delays.missing) never"
    }

    // MARK: - Many

    private struct Sum: Sendable {
        var coverage = Coverage()
        var steps = 0
        var failures: [RehearsalReport] = []
        var errors: [String] = []
        /// Stands for the traces of all seeds.
        var traces: UInt64 = 0
    }

    private func many(_ count: Int) -> Int32 {
        let sum = Mutex(Sum())
        let clock = ContinuousClock()
        let begun = clock.now
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let seed = from + UInt64(index)
            do {
                let report = try Rehearsal.hold(seed: seed, deals: deals, hasAudience: hasAudience, on: opening(seed))
                let difference = try difference(of: report)
                sum.withLock { sum in
                    difference.map { sum.errors.append($0) }
                    sum.coverage.add(report.coverage)
                    sum.steps += report.steps
                    sum.traces ^= (UInt64(report.trace, radix: 16) ?? 0) &* (2 * seed + 1)
                    if !report.breaches.isEmpty { sum.failures.append(report) }
                }
            } catch {
                sum.withLock { $0.errors.append("seed \(seed): \(error)") }
            }
        }
        let seconds = Double((clock.now - begun) / .milliseconds(1)) / 1000
        return sum.withLock { close($0, count, seconds) }
    }

    private func close(_ sum: Sum, _ count: Int, _ seconds: Double) -> Int32 {
        let failures = sum.failures.sorted { $0.seed < $1.seed }
        for report in failures.prefix(Self.toldFailures) {
            print("seed \(report.seed) fails: \(again(report.seed))")
            for breach in report.breaches.prefix(4) { print("  \(breach)") }
        }
        if let first = failures.first {
            print("the last steps of seed \(first.seed):")
            first.story.suffix(50).forEach { print("  " + $0) }
        }
        sum.errors.forEach { print($0) }
        print("faults met: " + words(sum.coverage.faults))
        print("people: " + words(sum.coverage.deeds))
        for state in Coverage.rareStates {
            print("  in \(sum.coverage.sometimes[state] ?? 0) of \(count) seeds: \(state)")
        }
        print(
            "at most \(sum.coverage.mostUnasked) calls to who asked to be left alone; at most "
                + "\(sum.coverage.mostWriteShare) % of the writes there may be")
        print("\(count) seeds, \(failures.count) fail, \(sum.steps) steps, \(seconds) s")
        print("trace \(String(sum.traces, radix: 16))")
        return failures.isEmpty && sum.errors.isEmpty ? 0 : 1
    }

    private func words(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
