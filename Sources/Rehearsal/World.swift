import Commerce
import Store
import Wire

/// Everything there is, as one value: time, vendors, what is under way, what is remembered of it.
struct World: Sendable {
    let knobs: Knobs
    var now: Moment
    /// How far the hub's clock is ahead of the world's time, in seconds.
    var hubClockOffset = 0.0
    var agenda = Agenda()
    var chance: Chance
    /// What people draw from, so that a fault more does not make other people.
    var minds: Chance
    /// What happens beyond depth is drawn from here.
    var reachChance: Chance
    var numberingChance: Chance
    var departureChance: Chance
    /// Who asks to be forgotten.
    var leavers: [Leaver] = []
    /// What goods were known as whose numbers changed, by vendor and id.
    var knownGoods: [String: String] = [:]
    /// What the hub draws its nonces and ids from.
    var hubChance: Chance
    var vendors: [any Vendor]
    var calls: [Int: Call] = [:]
    var sleeps: [Int: Sleep] = [:]
    var arriving: [Int: Arriving] = [:]
    var lives: [Life] = []
    /// The good somebody renamed last, and where.
    var lastRenamed: Oracle.Place?
    /// The good somebody did something to last, wherever.
    var lastTouched: String?
    /// What processes have just written of stock where it is dealt out.
    var writtenCounts: [WrittenCount] = []
    /// Vendors that asked to be left alone for a while.
    var pleas: [Int: Plea] = [:]
    /// The secrets that took the place of the first ones.
    var rotations: [Int: Rotation] = [:]
    /// Where each vendor last called the hub.
    var addresses: [Int: String] = [:]
    /// Vendors that do not serve the version asked for.
    var retired: [Int: Retirement] = [:]
    /// Stocks that a comparing vendor refused, until it is written to again.
    var refusedCounts: [Oracle.Place: RefusedCount] = [:]
    var oracle: Oracle
    var story: Story
    var coverage = Coverage()
    var starvation = Starvation()
    /// A vendor that is dead; nil when all live.
    var dead: Dead?
    /// When changes come to vendors, where that is measured.
    var arrivals: Arrivals?
    /// Those who are told of changes; nil where nobody is.
    var hearers: Hearers?
    /// Those who are told of changes and whose calls fail as well; nil where nobody is.
    var audience: Audience?
    /// Who still edits after the storm.
    var latecomers = Latecomers()
    /// Whether things go wrong and people act; else the world only comes to rest.
    var isStormy = false
    /// Whether steps that wait at the same time are joined into one commit.
    var joinsSteps = false
    /// How many steps of the last commit were refused.
    var refusedSteps = 0
    private var lastNumber = 0

    struct Dead: Sendable {
        var vendor: Int
        var manner: DeadVendor.Manner
    }

    static let start = Moment(iso: "2026-03-02T09:00:00Z") ?? Moment(milliseconds: 0)

    init(_ knobs: Knobs, chance: Chance, story: Story, vendors: [any Vendor]) {
        self.knobs = knobs
        self.vendors = vendors
        self.story = story
        var chance = chance
        minds = chance.split()
        hubChance = chance.split()
        reachChance = knobs.reach.chance
        numberingChance = knobs.reach.numberingChance
        departureChance = knobs.departures.chance
        self.chance = chance
        now = Self.start
        oracle = Oracle(vendors: vendors.map(\.nature))
    }

    mutating func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// How long something takes, in seconds.
    mutating func time(_ range: ClosedRange<Double>) -> Double {
        knobs.isSteady ? (range.lowerBound + range.upperBound) / 2 : chance.seconds(range)
    }

    mutating func step(_ words: String) { story.step(now, words) }

    /// Whether a fault happens at this occasion.
    mutating func happens(_ fault: Fault) -> Bool {
        guard isStormy, chance.happens(knobs.share(fault)) else { return false }
        coverage.met(fault)
        return true
    }

    // MARK: - Lives

    func isAlive(_ life: Int) -> Bool { lives.indices.contains(life) && !lives[life].isDead }

    func isPaused(_ life: Int) -> Bool { lives[life].pausedUntil.map { $0 > now } ?? false }

    /// The life of a process now, if it lives.
    func life(of process: Int) -> Int? { lives.lastIndex { $0.process == process && !$0.isDead } }

    /// Buries a process. A request that has left already may still arrive.
    mutating func bury(_ life: Int, _ words: String) {
        guard isAlive(life) else { return }
        lives[life].isDead = true
        doubtCounts(of: life)
        let process = lives[life].process
        step("hub \(process) \(words)")
        starvation.forget()
        pleas = [:]
        lives[life].task = nil
        lives[life].hub = nil
        lives[life].waiting = []
        for id in sleeps.keys.sorted() where sleeps[id]?.life == life { sleeps[id] = nil }
        for id in calls.keys.sorted() where calls[id]?.life == life && calls[id]?.continuation != nil {
            calls[id]?.continuation = nil
            guard calls[id]?.hasArrived == true || chance.happens(0.5), let lost = calls.removeValue(forKey: id) else {
                continue
            }
            if !lost.hasArrived { miss(lost.request, at: lost.vendor) }
        }
        agenda.add(.birth(process), at: now.adding(seconds: chance.happens(0.3) ? chance.seconds(20...400) : 2))
    }

    // MARK: - The hub's time and disk

    var hubNow: Moment { now.adding(seconds: hubClockOffset) }

    mutating func sleep(_ sleep: Sleep, seconds: Double) {
        let id = number()
        var seconds = seconds
        if sleep.isRest {
            // A worker that finds nothing is let rest longer each time; new work wakes it.
            let idle = lives[sleep.life].idle
            seconds = min(15, seconds * Double(1 << min(idle, 7)))
            lives[sleep.life].idle += 1
        }
        sleeps[id] = sleep
        agenda.add(.wake(id), at: now.adding(seconds: seconds))
    }

    /// Whether a call of the store fails.
    ///
    /// - Throws: `Death` when the process is dead already.
    mutating func storeFails(_ life: Int) throws -> Bool {
        guard isAlive(life) else { throw Death() }
        guard happens(.storeError) else { return false }
        step("hub \(lives[life].process): a call of the store fails")
        doubtCounts(of: life)
        pleas = [:]
        return true
    }

    /// How long others come between two steps of a task; nil for not at all.
    mutating func pauseBetweenSteps() -> Double? {
        happens(.interleaving) ? chance.seconds(knobs.breadth.betweenSeconds) : nil
    }

    /// What befalls a commit.
    ///
    /// - Throws: `Death` when the process is dead already.
    mutating func fateOfCommit(_ life: Int) throws -> Fault? {
        guard isAlive(life) else { throw Death() }
        for fault in [Fault.deathBeforeCommit, .deathAfterCommit, .diskFull] where happens(fault) {
            pleas = [:]
            if fault == .diskFull { step("hub \(lives[life].process): the disk is full") }
            doubtCounts(of: life)
            return fault
        }
        return nil
    }

    /// Something was committed: there may be work.
    mutating func committed(_ life: Int) {
        // Not how many rows: what a trigger adds is counted by one store and not by another.
        step("hub \(lives[life].process) commits")
        for index in lives.indices where !lives[index].isDead { lives[index].idle = 0 }
        for id in sleeps.keys.sorted() where sleeps[id]?.isRest == true {
            agenda.add(.wake(id), at: now.adding(seconds: time(0.02...0.2)))
        }
    }
}
