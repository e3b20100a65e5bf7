import Commerce
import Pipeline
import Store
import Synchronization
import Wire

/// One rehearsal: the hub, its vendors and their people through a storm and out of it, all from one seed.
public struct Rehearsal: Sendable {
    let stage: Stage
    let knobs: Knobs
    let seed: UInt64

    /// How many steps a rehearsal has before things stop going wrong; with those that come after, it has a thousand.
    public static let stormSteps = 800
    /// The longest storm in the world's time, in seconds: with few steps in it there is little to be seen.
    static let longestStormSeconds = 4 * 3600.0

    /// Where the hub of a seed keeps what it knows: opens an empty store of that schema.
    public typealias Opening = @Sendable ([Migration]) throws -> any InlineStore

    /// Holds the rehearsal of a seed; one that `deals` has stalls alone, which compare, and stock that is dealt out to
    /// them, and one that `hasAudience` tells others of all changes. The hub's disk is in memory unless another is
    /// given.
    ///
    /// - Throws: `RehearsalError`, `StoreFailure` when it could not be held at all.
    public static func hold(
        seed: UInt64, isTold: Bool = false, keepingDiskAt path: String? = nil, deals: Bool = false,
        hasAudience: Bool = false, on open: Opening = inMemory
    ) throws -> RehearsalReport {
        let rehearsal = try Rehearsal(seed: seed, isTold: isTold, deals: deals, disk: try open(Hub.migrations))
        if hasAudience { rehearsal.stage.world.withLock { $0.audience = Audience(seed: seed) } }
        try rehearsal.setUp()
        rehearsal.storm()
        try rehearsal.comeToRest()
        if let path { try rehearsal.stage.disk.copy(to: path) }
        return rehearsal.report()
    }

    /// SQLite without a file.
    public static let inMemory: Opening = { try InlineSQLiteStore(migrations: $0) }

    private init(seed: UInt64, isTold: Bool, deals: Bool, disk: any InlineStore) throws {
        var chance = Chance(seed)
        var knobs = Knobs(&chance)
        knobs.widen(by: Breadth(seed: seed))
        knobs.deepen(by: Depth(seed: seed, deals: deals))
        if !deals { knobs.extend(by: Reach(seed: seed)) }
        // Who has stalls alone has no orders, and nobody to be known.
        knobs.seals = !deals && Seals.areOn(seed: seed)
        if knobs.seals { knobs.departures = Departures(seed: seed) }
        self.init(seed: seed, knobs: knobs, chance, isTold: isTold, disk: disk)
    }

    init(seed: UInt64, knobs: Knobs, _ chance: Chance, isTold: Bool = false, disk: any InlineStore) {
        self.seed = seed
        self.knobs = knobs
        var chance = chance
        var vendors: [any Vendor] = []
        for (index, skew) in knobs.skews.enumerated() {
            vendors.append(ShopVendor(name: "shop\(index + 1)", seed: chance.next(), skewSeconds: skew))
        }
        for (index, traits) in knobs.stalls.enumerated() {
            vendors.append(StallVendor(name: "stall\(index + 1)", traits: traits))
        }
        let world = World(knobs, chance: chance, story: Story(isKeptWhole: isTold), vendors: vendors)
        stage = Stage(world, disk: disk)
    }

    // MARK: - Setting up

    func setUp() throws {
        // The one random value of the schema; here it follows from the seed like everything else.
        let key = stage.world.withLock { Signature.hex($0.hubChance.bytes(5)) }
        try stage.disk.commit { _ = try $0.run("UPDATE organization SET reference_key = ?1", [.text(key)]) }
        try RareStates.watch(stage.disk)
        try ConflictWatch.watch(stage.disk)
        stage.world.withLock { world in
            for _ in 0..<world.knobs.goods { world.putUpFirstGoods() }
            world.lives.append(Life(process: 0))
        }
        let process = HubProcess(stage, life: 0)
        let names = stage.world.withLock { $0.vendors.map(\.name) }
        let (plan, hub) = (knobs, process.hub)
        try stage.perform {
            if plan.seals { _ = try await hub.sealPersonalValues() }
            for (index, name) in names.enumerated() {
                let isShop = index < plan.shops
                _ = try await hub.connect(
                    isShop ? "woocommerce" : "stall", name: name,
                    config: isShop
                        ? ShopVendor.settings(name, pageSize: plan.breadth.page)
                        : StallConnector.settings(plan.stalls[index - plan.shops], name: name),
                    options: plan.options)
            }
            try await registerListeners(at: hub)
            try await registerAudience(at: hub)
        }
        stage.world.withLock { world in
            world.lives[0].isDead = true
            world.joinsSteps = world.knobs.depth.joinsSteps
            for number in 0..<knobs.processes { world.agenda.add(.birth(number), at: world.now) }
            world.planStorm()
            world.planRetirements()
            world.planUpheavals()
            world.planOrderEdits()
            world.planNumberings()
            world.planDepartures()
        }
    }

    // MARK: - The storm

    private func storm() {
        let end = World.start.adding(seconds: Self.longestStormSeconds)
        stage.world.withLock { $0.isStormy = true }
        while stage.world.withLock({ $0.story.steps < Self.stormSteps && $0.now < end }), next() {}
        stage.world.withLock { $0.isStormy = false }
    }

    /// Lets the next event happen, and what the hub makes of it. False when there is none.
    func next() -> Bool {
        guard let event = stage.world.withLock({ $0.nextEvent() }) else { return false }
        happen(event)
        stage.executor.runUntilAllWait()
        return true
    }

    /// Lets that much of the world's time pass.
    func pass(seconds: Double) {
        let end = stage.world.withLock { $0.now.adding(seconds: seconds) }
        while stage.world.withLock({ world in world.agenda.nextTime.map { $0 <= end } ?? false }), next() {}
        stage.world.withLock { $0.now = max($0.now, end) }
    }

    private func happen(_ event: Event) {
        switch event {
        case .arrival(let id): stage.world.withLock { $0.arrive(id) }
        case .answer(let id):
            if let (continuation, answer) = stage.world.withLock({ $0.take(id) }) {
                continuation.resume(returning: answer)
            }
        case .wake(let id): stage.world.withLock { $0.wake(id) }?.resume()
        case .webhook(let id): receive(id)
        case .person:
            if let deed = stage.world.withLock({ $0.personEvent() }) { actAtTheHub(deed) }
            noteUnnoticed()
        case .vendors:
            stage.world.withLock { $0.vendorsEvent() }
            lookForStarving()
        case .birth(let process): bear(process)
        case .pause(let process): stage.world.withLock { $0.pause(process) }
        case .death(let process):
            if let life = stage.world.withLock({ $0.deathEvent(process) }) { stage.kill(life, "dies") }
        case .clock: stage.world.withLock { $0.setHubClock() }
        case .retirement(let vendor): retire(vendor)
        case .commit(let life): stage.commitWaiting(of: life)
        case .power: losePower()
        case .settings(let vendor): changeSettings(of: vendor)
        case .orderEdit: stage.world.withLock { $0.editAnOrder() }
        case .numbering: changeNumbers()
        case .guest(let number): stage.world.withLock { $0.leaverBuys(number) }
        case .erasure(let number): erase(number)
        case .emptying: stage.world.withLock { $0.emptyShelves() }
        case .rush(let left, let number): stage.world.withLock { $0.rush(left, for: number) }
        case .resume: break
        }
    }

    /// A good that was taken away before the hub had a link to it was never there for the hub.
    private func noteUnnoticed() {
        let (gone, names) = stage.world.withLock { world in
            defer { world.oracle.justRemoved = [] }
            return (world.oracle.justRemoved, world.vendors.map(\.name))
        }
        for (place, id) in gone {
            let links = try? stage.disk.look { session in
                try session.rows(
                    """
                    SELECT 1 FROM link JOIN integration ON integration.id = link.integration_id
                    WHERE integration.name = ?1 AND link.external_id = ?2 AND link.kind = 'product'
                    """, [.text(names[place.vendor]), .text(id)])
            }
            if links?.isEmpty ?? true { stage.world.withLock { $0.oracle.wasUnnoticed(place) } }
        }
    }

    private func losePower() {
        let lives = stage.world.withLock { $0.losePower() }
        lives.forEach { stage.kill($0, "ends with it") }
        guard !lives.isEmpty, (try? stage.disk.losePower()) ?? false else { return }
        stage.world.withLock { world in
            world.coverage.reached(Coverage.forgottenClaims)
            world.step("what the disk was not made to keep is gone")
        }
    }

    private func bear(_ process: Int) {
        let life = stage.world.withLock { world -> Int? in
            guard world.life(of: process) == nil else { return nil }
            world.lives.append(Life(process: process))
            world.step("hub \(process) starts")
            world.starvation.forget()
            return world.lives.count - 1
        }
        guard let life else { return }
        let hub = HubProcess(stage, life: life)
        let task = hub.run(stage)
        stage.world.withLock { world in
            world.lives[life].hub = hub
            world.lives[life].task = task
        }
    }

    // MARK: - What comes to the hub from outside

    /// A vendor's call reaches a process of the hub, if one lives.
    private func receive(_ id: Int) {
        let found = stage.world.withLock { world -> (Arriving, HubProcess?)? in
            guard let arriving = world.arriving.removeValue(forKey: id) else { return nil }
            return (arriving, world.processForVisitors())
        }
        guard let (arriving, process) = found else { return }
        guard let process else { return stage.world.withLock { $0.received(arriving, status: nil, stored: nil) } }
        let stage = stage
        Task(executorPreference: stage.executor) {
            let call = WebhookCallForm.of(arriving.call)
            let reception = await process.hub.receive(call, at: arriving.call.publicID)
            stage.world.withLock { world in
                let (status, stored) = WebhookCallForm.answer(reception)
                if case .repeated = reception { world.coverage.reached("a webhook was recognised as a repeat") }
                world.received(arriving, status: status, stored: stored)
            }
        }
    }
}
