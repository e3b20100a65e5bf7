import Foundation
import Pipeline
import Store
import TestStores
import Testing

@testable import StorePostgres

/// How many jobs are carried in a second before a fault and after it, in one run. `make night` measures it; the short
/// form counts, for rates of a machine that does other things as well prove nothing.
@Suite("Throughput after a fault", .serialized)
struct RecoveryTests {
    /// How long rates are taken over, in seconds; nil for the short form.
    private static let windowSeconds =
        ProcessInfo.processInfo.environment["CROSSDOCK_RECOVERY_SECONDS"].flatMap(Int.init)

    /// Which faults; `CROSSDOCK_RECOVERY_FAULTS` names some of them.
    private static let faults: [ServerFault] = {
        let named = ProcessInfo.processInfo.environment["CROSSDOCK_RECOVERY_FAULTS"] ?? ""
        if !named.isEmpty { return named.split(separator: ",").compactMap { ServerFault(rawValue: String($0)) } }
        return windowSeconds == nil ? [.cut] : ServerFault.allCases
    }()
    /// How often a rate is taken that was not good: a build that begins meanwhile takes half of a small machine.
    private static let attempts = 3

    @Test(arguments: faults)
    func asMuchIsCarriedWithinThirtySecondsAsBefore(fault: ServerFault) async throws {
        var last: Recovery?
        for _ in 0..<Self.attempts {
            guard let recovery = try await attempt(fault) else { return }
            print("recovery: \(fault): \(recovery)")
            last = recovery
            if recovery.isGood { break }
        }
        #expect(last?.isGood == true, "\(fault): \(last.map(\.description) ?? "")")
    }

    private func attempt(_ fault: ServerFault) async throws -> Recovery? {
        guard let scene = try await fault.scene() else { return nil }
        do {
            let load = ServerLoad(scene.stores)
            let recovery = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await load.run() }
                defer { load.end() }
                let recovery = try await Recovery.watch(
                    { load.carried }, windowSeconds: Self.windowSeconds,
                    warmUp: { _ = try await scene.stores[0].tidy(isThorough: false) },
                    strike: { try await scene.strike(load) })
                load.end()
                try await group.waitForAll()
                return recovery
            }
            let problems = try await load.problems(in: scene.stores[0])
            #expect(problems.isEmpty, "\(fault): \(problems.prefix(20))")
            await scene.close()
            return recovery
        } catch {
            await scene.close()
            throw error
        }
    }

    /// Hubs as they are run: one takes calls, two work. One of these is killed every three seconds for a minute, or
    /// stands still for longer than its leases last.
    @Test(
        arguments: (windowSeconds == nil ? [] : ["a worker is killed every 3 s for a minute"]) + ["a worker is frozen"])
    func processesCarryAsMuchAsBefore(fault: String) async throws {
        let cluster = try await TestCluster.start()
        do {
            let stage = try await WorkerStage(cluster)
            defer { stage.close() }
            let recovery = try await Recovery.watch(
                { try await stage.carried() }, windowSeconds: Self.windowSeconds,
                strike: { fault.contains("killed") ? try await stage.killWorkers() : try await stage.freeze() })
            print("recovery: \(fault): \(recovery)")
            #expect(recovery.isGood, "\(fault): \(recovery)")
            let problems = try await stage.problems()
            #expect(problems.isEmpty, "\(problems.prefix(20))")
            await cluster.stop()
        } catch {
            await cluster.stop()
            throw error
        }
    }
}

/// What came of a fault.
struct Recovery: CustomStringConvertible {
    /// Jobs a second before it.
    let before: Double
    /// Of that, what was carried over the first window that was as good, or else over the best.
    let ratio: Double
    /// When that window began, in seconds after the fault had ended.
    let afterSeconds: Double?
    let wanted: Double

    /// How much of what was before must be there again, and how soon.
    static let (goodRatio, limitSeconds) = (0.95, 30)

    var isGood: Bool { before > 0 && afterSeconds != nil }

    var description: String {
        let share = "\((ratio * 100).rounded()) % of \(before.rounded()) a second"
        return afterSeconds.map { "\(share), \($0.rounded()) s after it had ended" } ?? "no more than \(share)"
    }

    /// Counts before, strikes, and counts until it is good again, or the time is over. Without a window: until as many
    /// are carried as in the second before.
    ///
    /// `warmUp`: a server whose tables were empty a moment ago has plans for empty tables, until it has looked at them
    /// (by itself within a minute or two, and for every new connection): that is done before anything is counted, or a
    /// fault that makes hubs connect anew would seem to make them faster.
    static func watch(
        _ count: () async throws -> Int, windowSeconds: Int?, warmUp: () async throws -> Void = {},
        strike: () async throws -> Void
    ) async throws -> Recovery {
        let clock = ContinuousClock()
        let window = windowSeconds ?? 1
        if windowSeconds != nil {
            _ = try await eventually(withinSeconds: 5) { nil as Bool? }
            try await warmUp()
            _ = try await eventually(withinSeconds: 5) { nil as Bool? }
        }
        _ = try await eventually(withinSeconds: 30) { try await count() > 0 ? true : nil }
        let (first, start) = (try await count(), clock.now)
        _ = try await eventually(withinSeconds: window) { nil as Bool? }
        // The short form is content with a machine that carries nothing for a second.
        if windowSeconds == nil {
            _ = try await eventually(withinSeconds: 30) { try await count() > first ? true : nil }
        }
        let before = Double(try await count() - first) / start.duration(to: clock.now).seconds
        try await strike()
        let ended = clock.now
        var samples: [(seconds: Double, count: Int)] = []
        var best: (ratio: Double, seconds: Double) = (0, 0)
        let wanted = windowSeconds == nil ? before / Double(limitSeconds) : before * goodRatio
        let found = try await eventually(withinSeconds: limitSeconds + window, every: .milliseconds(500)) {
            () -> Recovery? in
            samples.append((ended.duration(to: clock.now).seconds, try await count()))
            guard let last = samples.last,
                let old = samples.last(where: { $0.seconds <= last.seconds - Double(window) })
            else { return nil }
            let rate = Double(last.count - old.count) / (last.seconds - old.seconds)
            if rate / before > best.ratio { best = (rate / before, old.seconds) }
            guard rate >= wanted, old.seconds <= Double(limitSeconds) else { return nil }
            return Recovery(before: before, ratio: rate / before, afterSeconds: old.seconds, wanted: wanted)
        }
        return found ?? Recovery(before: before, ratio: best.ratio, afterSeconds: nil, wanted: wanted)
    }
}

extension Duration {
    fileprivate var seconds: Double { self / .seconds(1) }
}
