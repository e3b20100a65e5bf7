/// What some of the seeds have beyond breadth: rarer flaws of vendors, rarer deeds of people, a machine that fails.
///
/// Drawn apart from both, so that a seed without any of it is what it was before there was this.
struct Depth: Sendable, Hashable {
    /// How likely each of the rarer faults is at each of its occasions.
    var faults: [Fault: Double] = [:]
    /// Whether stalls count the places of a list that is in the order of its changes: what is changed while it is read
    /// moves to the end, and all behind it move up.
    var shifts = false
    /// How long stalls know what changed since a time, in seconds; nil for ever.
    var memorySeconds: Double?
    /// Whether stalls give the id of a good that is gone to another.
    var reusesIDs = false
    /// Whether the store joins steps that wait at the same time into one commit.
    var joinsSteps = false
    /// Whether people change the settings of integrations, the webhook secret among them.
    var changesSettings = false
    /// Whether somebody sets all there is at a vendor to nothing.
    var empties = false
    /// Whether 500 come within half an hour for ten pieces.
    var rushes = false
    /// Whether there are stalls alone that compare a stock before they set it, and every piece is dealt out to one of
    /// them: then nothing may be sold that is not there.
    var deals = false

    /// How many seeds of a hundred have any of it.
    static let sharePercent = 50
    /// One that leaves the seeds recorded for the planted defects what they were.
    private static let salt: UInt64 = 0x5EED_0000_DEE9_0276

    /// None of it.
    init() {}

    /// What a seed has. It is about stock that is dealt out where that is asked for, and never by itself.
    init(seed: UInt64, deals: Bool) {
        self.deals = deals
        var chance = Chance(seed ^ Self.salt)
        _ = chance.next()
        guard chance.below(100) < Self.sharePercent else { return }
        for fault in Fault.rarer {
            var own = chance.split()
            if own.happens(0.5) { faults[fault] = fault.most * (0.1 + 0.9 * own.share()) }
        }
        var own = chance.split()
        shifts = own.happens(0.5)
        memorySeconds = own.happens(0.4) ? own.seconds(120...900) : nil
        reusesIDs = own.happens(0.5)
        joinsSteps = own.happens(0.4)
        changesSettings = own.happens(0.4)
        empties = own.happens(0.3)
        rushes = own.happens(0.1)
        // Who counts anew says that there are more or fewer than there were.
        if deals { (empties, rushes) = (false, false) }
    }

    /// What a stall is like where nothing else is drawn.
    var plainest: Chance { Chance(Self.salt) }

    /// In words; empty for none of it.
    var words: String {
        var words: [String] = []
        if shifts { words.append("lists shift") }
        if let memorySeconds { words.append("stalls know changes for \(Int(memorySeconds)) s") }
        if reusesIDs { words.append("ids are used again") }
        if joinsSteps { words.append("steps are joined") }
        if changesSettings { words.append("settings change") }
        if empties { words.append("shelves are emptied") }
        if rushes { words.append("500 come for ten pieces") }
        if deals { words.append("pieces are dealt out") }
        return words.isEmpty ? "" : "; " + words.joined(separator: ", ")
    }
}

extension Knobs {
    /// Has the seed take what it has beyond breadth.
    mutating func deepen(by depth: Depth) {
        self.depth = depth
        faults.merge(depth.faults) { $1 }
        if depth.deals {
            // As many vendors as before, each of the other sort.
            stalls = (0..<(shops + stalls.count)).map { place in
                var traits = stalls.isEmpty ? StallTraits(plain: depth.plainest) : stalls[place % stalls.count]
                (traits.comparesStock, traits.replaces, traits.comparesRevisions) = (true, false, false)
                return traits
            }
            (shops, skews, isShared) = (0, [], false)
        }
        stalls = stalls.map { $0.deepened(by: depth) }
    }
}

extension StallTraits {
    fileprivate init(plain chance: Chance) {
        var chance = chance
        self.init(&chance)
    }

    /// The traits together with what the seed has beyond breadth.
    func deepened(by depth: Depth) -> StallTraits {
        var traits = self
        traits.shifts = depth.shifts
        if depth.shifts { traits.page = traits.page ?? 2 }
        traits.memorySeconds = depth.memorySeconds
        traits.reusesIDs = depth.reusesIDs
        return traits
    }
}
