/// What some of the seeds have beyond depth.
///
/// Drawn apart from all before it, and with a chance of its own for what happens in it, so that a seed without any of
/// it is what it was before there was this.
struct Reach: Sendable, Hashable {
    /// How likely a step is refused by the store, alone among those it is joined with; 0 for never.
    var refusedShare = 0.0

    /// Whether staff edit the lines of orders that were placed.
    var editsOrders = false
    /// Whether books correct what was booked and then edited; else they leave it to people.
    var corrects = false

    /// What staff do to article numbers.
    var numberings: [Numbering] = []

    /// What happens in it is drawn from here.
    var chance = Chance(0)
    /// What staff do to article numbers is drawn from here.
    var numberingChance = Chance(0)

    /// How many seeds of a hundred have any of it.
    static let sharePercent = 40
    /// One that leaves the seeds recorded for the planted defects what they were.
    private static let salt: UInt64 = 0x5EED_0000_2EAC_0000

    /// None of it.
    init() {}

    /// What a seed has.
    init(seed: UInt64) {
        var chance = Chance(seed ^ Self.salt)
        _ = chance.next()
        guard chance.below(100) < Self.sharePercent else { return }
        self.chance = chance.split()
        var own = chance.split()
        refusedShare = own.happens(0.25) ? own.seconds(0.002...0.03) : 0
        own = chance.split()
        editsOrders = own.happens(0.4)
        corrects = own.happens(0.5)
        own = chance.split()
        numberingChance = own.split()
        guard own.happens(0.5) else { return }
        for numbering in Numbering.allCases where own.happens(0.6) { numberings.append(numbering) }
    }

    /// In words; empty for none of it.
    var words: String {
        var words: [String] = []
        if refusedShare > 0 { words.append("one step of \(Int(1 / refusedShare)) is refused alone") }
        if editsOrders { words.append("orders are edited") }
        if !numberings.isEmpty { words.append("numbers are \(numberings.map(\.rawValue).joined(separator: ", "))") }
        return words.isEmpty ? "" : "; " + words.joined(separator: ", ")
    }
}

extension Knobs {
    /// Has the seed take what it has beyond depth.
    mutating func extend(by reach: Reach) {
        self.reach = reach
        if reach.refusedShare > 0 { depth.joinsSteps = true }
        for index in stalls.indices { stalls[index].corrects = reach.editsOrders && reach.corrects }
    }
}
