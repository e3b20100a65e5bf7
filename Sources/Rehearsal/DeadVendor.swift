import Commerce
import Pipeline
import Store

/// One dead vendor among twenty: how long changes take to the others, with the death and without it, from the same
/// seed.
///
/// All that is otherwise drawn is the same in both runs, and every way takes as long each time, so that what differs is
/// what the death does to the hub.
public struct DeadVendor: Sendable {
    /// How its death shows to whoever calls it.
    public enum Manner: String, Sendable, CaseIterable {
        /// The connection is refused at once.
        case refuses
        /// Nothing ever answers.
        case isSilent
    }

    /// How long changes took from the vendor where they were made to each of the others.
    public struct Delays: Sendable, Equatable {
        public var count = 0
        /// Changes that never came to a vendor.
        public var missing = 0
        public var meanSeconds = 0.0
        /// What 99 in 100 stayed below, in seconds.
        public var p99Seconds = 0.0

        /// Nothing has come yet.
        init() {}

        /// What came after these many seconds each.
        init(_ seconds: [Double], missing: Int) {
            let sorted = seconds.sorted()
            (count, self.missing) = (sorted.count, missing)
            guard !sorted.isEmpty else { return }
            meanSeconds = sorted.reduce(0, +) / Double(sorted.count)
            p99Seconds = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
        }

        /// By how much the longer of the two is longer than without the death: 0.01 is one percent.
        public func excess(over other: Delays) -> Double {
            max(meanSeconds / other.meanSeconds, p99Seconds / other.p99Seconds) - 1
        }
    }

    /// How many vendors there are, the dead one included.
    public static let vendors = 20
    /// The most that one death may add to the delays of the others.
    public static let mostExcess = 0.01
    /// How long vendors take to get in step before one dies, in seconds.
    static let inStepSeconds = 1200.0
    /// The time between two changes, in seconds.
    static let paceSeconds = 4.0
    /// How long the last changes may take, in seconds.
    static let lastSeconds = 600.0

    /// What came of a seed: the delays without a death, and with one in that manner.
    public var seed: UInt64
    public var alive: Delays
    public var dead: [Manner: Delays]

    /// Holds the runs of a seed with that many changes.
    ///
    /// - Throws: `RehearsalError`, `StoreFailure`.
    public static func hold(seed: UInt64, changes: Int = 200) throws -> DeadVendor {
        var dead: [Manner: Delays] = [:]
        for manner in Manner.allCases { dead[manner] = try delays(seed, changes, manner) }
        return DeadVendor(seed: seed, alive: try delays(seed, changes, nil), dead: dead)
    }

    private static func delays(_ seed: UInt64, _ changes: Int, _ manner: Manner?) throws -> Delays {
        var chance = Chance(seed)
        let knobs = Knobs(steadyStalls: vendors, &chance)
        let dying = chance.below(vendors)
        let rehearsal = Rehearsal(
            seed: seed, knobs: knobs, chance, disk: try Rehearsal.inMemory(Hub.migrations))
        try rehearsal.setUp()
        rehearsal.stage.world.withLock { world in
            for vendor in 0..<vendors where vendor != dying {
                let good = NewGood(number: "t\(vendor)", name: "Thing \(vendor)", price: "10.00", stock: 5)
                _ = world.happen(at: vendor, "puts up \(good.number)") { $0.add(good, at: $1) }
            }
        }
        rehearsal.pass(seconds: inStepSeconds)
        rehearsal.stage.world.withLock { world in
            if let manner { world.dead = World.Dead(vendor: dying, manner: manner) }
            world.arrivals = Arrivals(vendors: Array(0..<vendors).filter { $0 != dying })
        }
        for change in 0..<changes {
            rehearsal.stage.world.withLock { world in
                let vendor = (dying + 1 + change % (vendors - 1)) % vendors
                let (number, name) = ("t\(vendor)", "Thing \(vendor), change \(change)")
                _ = world.happen(at: vendor, "renames \(number)") { $0.rename(number, to: name, at: $1) }
                world.arrivals?.changed(number, to: name, at: vendor, world.now)
                world.letVendorsSend()
            }
            rehearsal.pass(seconds: paceSeconds)
        }
        rehearsal.pass(seconds: lastSeconds)
        return rehearsal.stage.world.withLock { $0.arrivals?.delays ?? Delays() }
    }
}

extension Knobs {
    /// That many stalls and nothing that goes wrong.
    init(steadyStalls count: Int, _ chance: inout Chance) {
        self.init(&chance)
        shops = 0
        stalls = (0..<count).map { _ in
            var traits = StallTraits(&chance)
            (traits.creation, traits.visibleAfterSeconds, traits.limit) = (.keyed, 0, nil)
            (traits.calls, traits.shouts, traits.keepsBooks) = (true, false, false)
            return traits
        }
        (processes, faults, policy, goods, isShared, skews) = (1, [:], nil, 0, false, [])
        isSteady = true
    }
}

/// When changes came to where they are to be seen.
struct Arrivals: Sendable {
    private struct Expected: Sendable {
        var name: String
        var at: Moment
    }

    private let vendors: [Int]
    /// By vendor and number, the oldest first.
    private var expected: [Int: [String: [Expected]]] = [:]
    private var seconds: [Double] = []

    init(vendors: [Int]) { self.vendors = vendors }

    /// Somebody renamed a good at a vendor: the others are to show it.
    mutating func changed(_ number: String, to name: String, at vendor: Int, _ now: Moment) {
        for other in vendors where other != vendor {
            expected[other, default: [:]][number, default: []].append(Expected(name: name, at: now))
        }
    }

    /// A vendor shows goods: what it shows has arrived, and all that came before it.
    mutating func shown(_ shown: Shown, at vendor: Int, _ now: Moment) {
        for good in shown.goods {
            guard let waiting = expected[vendor]?[good.number],
                let last = waiting.lastIndex(where: { $0.name == good.name })
            else { continue }
            for change in waiting[...last] { seconds.append(now.seconds(since: change.at)) }
            expected[vendor]?[good.number] = Array(waiting[(last + 1)...])
        }
    }

    var delays: DeadVendor.Delays {
        let missing = expected.values.reduce(0) { sum, goods in sum + goods.values.reduce(0) { $0 + $1.count } }
        return DeadVendor.Delays(seconds, missing: missing)
    }
}
