import Commerce

/// The world's own events: what happens without anybody asking for it.
extension World {
    /// How often vendors look whether they have something to send, in seconds.
    static let vendorPaceSeconds = 20.0

    mutating func nextEvent() -> Event? {
        guard let entry = agenda.next() else { return nil }
        now = max(now, entry.at)
        return entry.event
    }

    /// The first goods, before the hub knows anybody.
    mutating func putUpFirstGoods() {
        let id = number()
        let stock = minds.within(5...60)
        let first = minds.below(vendors.count)
        for vendor in vendors.indices where vendor == first || knobs.isShared {
            // Where several vendors begin with the same goods, they agree on nothing but the number and the pieces.
            let name = "First \(id)" + (vendor == first ? "" : " as \(vendors[vendor].name) calls it")
            let good = NewGood(number: "t\(id)", name: name, price: newPrice(), stock: stock)
            _ = happen(at: vendor, "puts up \(good.number)") { $0.add(good, at: $1) }
        }
    }

    /// What is certain to happen some time.
    mutating func planStorm() {
        agenda.add(.person, at: now.adding(seconds: 1))
        agenda.add(.vendors, at: now.adding(seconds: 5))
        for process in 0..<knobs.processes {
            plan(.death(process), .death)
            plan(.pause(process), .pause)
        }
        plan(.clock, .clockJump)
        plan(.power, .powerLoss)
        if knobs.processes > 1 { coverage.reached("two processes lived at once") }
    }

    /// Puts the next occurrence of a rare event on the agenda: seldom for a small knob.
    mutating func plan(_ event: Event, _ fault: Fault) {
        let share = knobs.share(fault)
        guard share > 0 else { return }
        agenda.add(event, at: now.adding(seconds: chance.seconds(20...600) / share.squareRoot()))
    }

    mutating func personEvent() -> HubDeed? {
        guard isStormy else { return nil }
        let isCrowded = knobs.breadth.crowds && minds.happens(Self.crowdShare)
        agenda.add(.person, at: now.adding(seconds: minds.seconds(isCrowded ? Self.crowdSeconds : knobs.haste)))
        return somebodyActs()
    }

    mutating func vendorsEvent() {
        agenda.add(.vendors, at: now.adding(seconds: Self.vendorPaceSeconds))
        letVendorsSend()
        if isStormy, !knobs.depth.faults.isEmpty { letStrangersCall() }
    }

    mutating func wake(_ id: Int) -> UnsafeContinuation<Void, Never>? {
        guard let sleep = sleeps[id] else { return nil }
        if isPaused(sleep.life) {
            agenda.add(.wake(id), at: lives[sleep.life].pausedUntil ?? now)
            return nil
        }
        sleeps[id] = nil
        return sleep.continuation
    }

    /// A process a visitor reaches: one that lives and does not stand still.
    mutating func processForVisitors() -> HubProcess? {
        let open = lives.indices.filter { !lives[$0].isDead && !isPaused($0) }
        return chance.pick(open).flatMap { lives[$0].hub }
    }

    // MARK: - Rare events

    mutating func deathEvent(_ process: Int) -> Int? {
        guard isStormy else { return nil }
        plan(.death(process), .death)
        guard let life = life(of: process) else { return nil }
        coverage.met(.death)
        if calls.values.contains(where: { $0.life == life }) {
            coverage.reached("a process died with a call under way")
        }
        return life
    }

    /// Which lives end with the machine's power.
    mutating func losePower() -> [Int] {
        guard isStormy else { return [] }
        plan(.power, .powerLoss)
        coverage.met(.powerLoss)
        step("the machine loses its power")
        return lives.indices.filter { isAlive($0) }
    }

    mutating func pause(_ process: Int) {
        guard isStormy else { return }
        plan(.pause(process), .pause)
        guard let life = life(of: process) else { return }
        coverage.met(.pause)
        let seconds = chance.seconds(5...120)
        lives[life].pausedUntil = now.adding(seconds: seconds)
        doubtCounts(of: life)
        step("hub \(process) stands still for \(Int(seconds)) s")
    }

    mutating func setHubClock() {
        guard isStormy else { return }
        plan(.clock, .clockJump)
        coverage.met(.clockJump)
        let offset = chance.pick([-3600, -600, -30, 0, 0, 30, 600, 3600]) ?? 0
        if Double(offset) < hubClockOffset { coverage.reached("the hub's clock went back") }
        step("the hub's clock is set by \(Int(Double(offset) - hubClockOffset)) s")
        hubClockOffset = Double(offset)
        starvation.forget()
        pleas = [:]
    }
}
