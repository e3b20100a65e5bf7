import Audit
import Commerce
import Pipeline
import Store
import Synchronization

/// What comes after the storm: nothing goes wrong any more, people help where they are asked to, and all must agree.
extension Rehearsal {
    /// How often it is looked whether all is at rest, in seconds, and how often at most.
    static let roundSeconds = 300.0
    static let rounds = 48
    /// How long the hub is watched after that, in seconds beside the time in which every kind is read so many times:
    /// it must not write a thing.
    static let quietSeconds = 300.0
    static let quietReads = 2

    func comeToRest() throws {
        stage.world.withLock { world in
            world.step("the storm is over")
            world.hubClockOffset = max(0, world.hubClockOffset)
            world.awaitLatecomers()
        }
        pass(seconds: 420)
        while stage.world.withLock({ !$0.retired.isEmpty }) { pass(seconds: 60) }
        if knobs.breadth.crowds { try readEverything() }
        inTheHub { hub in
            for integration in try await hub.integrations() {
                _ = try await hub.check(integration)
                _ = try await hub.census(integration, .product)
                if integration.connector == "woocommerce" { _ = try await hub.census(integration, .order) }
            }
        }
        var left: [Oracle.Breach] = []
        for _ in 0..<Self.rounds {
            pass(seconds: Self.roundSeconds)
            let facts = try facts()
            judgeConflicts(facts)
            left = try disagreements(facts) + unheard() + stage.world.withLock { $0.unforgotten }
            if left.isEmpty, facts.conflicts.isEmpty { break }
            help(facts)
        }
        let ended = try ConflictWatch.endedForNothing(stage.disk)
        let untold = try LogReplay.differences(stage.disk) + auditProblems()
        stage.world.withLock { world in
            world.oracle.breaches += left
            for words in ended { world.oracle.breach("I5", words, Moment(seconds: 0)) }
            for words in untold { world.oracle.breach("I11", words, Moment(seconds: 0)) }
        }
        guard left.isEmpty else { return }
        try judgeSeals()
        try judgeDepartures()
        judgeBounds()
        watchTheQuiet()
        stage.world.withLock { $0.judgeWrites() }
    }

    /// What a living hub says is wrong with its own audit.
    private func auditProblems() -> [String] {
        let verdict = Mutex<AuditVerdict?>(nil)
        inTheHub { hub in
            let found = try await hub.verifyAudit()
            verdict.withLock { $0 = found }
        }
        guard let verdict = verdict.withLock({ $0 }) else { return ["the audit could not be looked through"] }
        if verdict.lines > 0 { stage.world.withLock { $0.coverage.reached("the audit held what people did") } }
        return verdict.problems.map { "audit: " + $0 }
    }

    /// The hub reads on its own, as often as it does, before ids are compared; what it then was not told of, it missed.
    private func readEverything() throws {
        inTheHub { hub in
            for integration in try await hub.integrations() { _ = try await hub.check(integration) }
        }
        pass(seconds: Self.quietSeconds + 2 * Double(knobs.intervalSeconds))
        let facts = try facts()
        stage.world.withLock { world in
            world.oracle.judgeReading(world.vendors.map { $0.shown(at: world.now) }, facts, world.now)
        }
    }

    func facts() throws -> HubFacts {
        let goods = stage.world.withLock { $0.goodsByID }
        return try stage.disk.look { try HubFacts($0, goods: goods) }
    }

    private func disagreements(_ facts: HubFacts) -> [Oracle.Breach] {
        stage.world.withLock { world in
            var taken: [String: Int] = [:]
            for vendor in world.vendors {
                for (order, pieces) in vendor.taken(at: world.now) { taken["\(vendor.name)/\(order)"] = pieces }
            }
            return world.oracle.disagreements(
                world.vendors.map { $0.shown(at: world.now) }, facts, taken: taken, deals: knobs.depth.deals)
        }
    }

    private func judgeConflicts(_ facts: HubFacts) {
        stage.world.withLock { world in
            if !facts.conflicts.isEmpty { world.coverage.reached("a conflict was raised") }
        }
    }

    /// In step is in step: for a while nothing is written anywhere.
    private func watchTheQuiet() {
        let before = stage.world.withLock { $0.coverage.writes }
        pass(seconds: Self.quietSeconds + Double(Self.quietReads * knobs.intervalSeconds))
        stage.world.withLock { world in
            guard world.coverage.writes > before else { return }
            world.oracle.breach("I6", "\(world.coverage.writes - before) writes though all agree", world.now)
        }
    }

    // MARK: - People at the hub

    /// People decide conflicts, and do with stuck work what its reason says.
    private func help(_ facts: HubFacts) {
        let choices = stage.world.withLock { world in
            facts.conflicts.map { ($0, world.minds.happens(0.5)) }
        }
        let (dropped, retried) = stage.world.withLock { $0.lookAfter(facts.stuck) }
        let stage = stage
        inTheHub { hub in
            for (conflict, isTheirs) in choices { try await Self.decide(conflict, isTheirs, hub, stage) }
            for job in dropped { _ = try await hub.cancel(job: job) }
            for job in retried { _ = try await hub.runNow(job: job) }
            for integration in try await hub.integrations() where integration.state != .active {
                _ = try await hub.check(integration)
            }
        }
    }

    func actAtTheHub(_ deed: World.HubDeed) {
        guard let facts = try? facts(), let process = stage.world.withLock({ $0.processForVisitors() }) else { return }
        let stage = stage
        let (index, isTheirs) = stage.world.withLock { ($0.minds.below(100), $0.minds.happens(0.5)) }
        Task(executorPreference: stage.executor) {
            let hub = process.hub
            switch deed {
            case .decideConflict:
                guard !facts.conflicts.isEmpty else { return }
                try? await Self.decide(facts.conflicts[index % facts.conflicts.count], isTheirs, hub, stage)
            case .retryWaiting:
                // A create whose fate is unclear is left alone while things go wrong.
                let stuck = facts.stuck.filter { !$0.hasIntent }
                guard !stuck.isEmpty else { return }
                _ = try? await hub.runNow(job: stuck[index % stuck.count].id)
            case .checkRefused:
                for integration in (try? await hub.integrations()) ?? [] where integration.state == .refused {
                    _ = try? await hub.check(integration)
                }
            }
        }
    }

    /// A person decides a conflict, and the oracle learns which value it came to.
    private static func decide(
        _ conflict: HubFacts.OpenConflict, _ isTheirs: Bool, _ hub: Hub, _ stage: Stage
    ) async throws {
        guard try await hub.resolve(conflict: conflict.id, isTheirs ? .theirs : .ours) else { return }
        let value = try stage.disk.look { try HubFacts.value(of: conflict.part, conflict.record, $0) }
        guard let value else { return }
        let topic = Oracle.Topic(number: conflict.number, part: conflict.part)
        stage.world.withLock { world in
            world.story.note(world.now, "somebody at the hub decides \(conflict.part) of \(conflict.number): \(value)")
            world.oracle.decided(topic, value, between: conflict.values + [value])
        }
    }

    /// Does something at a living hub, while the world goes on.
    func inTheHub(_ work: @escaping @Sendable (Hub) async throws -> Void) {
        guard let process = stage.world.withLock({ $0.processForVisitors() }) else { return }
        let end = Mutex<String?>(nil)
        let task = Task(executorPreference: stage.executor) {
            do {
                try await work(process.hub)
                end.withLock { $0 = "" }
            } catch {
                end.withLock { $0 = "\(error)" }
            }
        }
        stage.executor.runUntilAllWait()
        let limit = stage.world.withLock { $0.now.adding(seconds: 900) }
        while end.withLock({ $0 == nil }), stage.world.withLock({ $0.now < limit }), next() {}
        task.cancel()
        if let words = end.withLock({ $0 }), !words.isEmpty {
            stage.world.withLock { $0.story.note($0.now, "somebody at the hub is told: \(words)") }
        }
    }
}
