import Commerce

/// What some of the seeds have beyond the others: more flaws of vendors, more deeds of people.
///
/// Drawn apart from the knobs, so that a seed without any of it is what it was before there was this.
struct Breadth: Sendable, Hashable {
    /// How many records a page of a list holds; nil for as many as asked for.
    var page: Int?
    /// Whether people take their edits back; then the merchant has everything read often.
    var takesBack = false
    /// Whether stalls set a stock only where the one that was read still stands; then they patch.
    var comparesStock = false
    /// Whether stalls keep some of their prices, whatever is written.
    var keepsPrices = false
    /// Whether shops stop serving the version asked for, for a while.
    var retires = false
    /// Whether people come in crowds: several deeds within a second, more often than not to the same good.
    var crowds = false
    /// Whether somebody still edits, in the second of a reading, when all else has stopped going wrong.
    var lingers = false

    /// Whether far sides are far: a request takes up to a second on its way.
    var isFar = false

    /// How often kinds are read where people take edits back, in seconds.
    static let shortInterval = 75
    /// How many seeds of a hundred have any of it.
    static let sharePercent = 40
    /// Seeds that were recorded before there was this stay what they were.
    private static let salt: UInt64 = 0x5EED_0F0D_D2F7

    /// None of it.
    init() {}

    /// What a seed has.
    init(seed: UInt64) {
        var chance = Chance(seed ^ Self.salt)
        _ = chance.next()
        guard chance.below(100) < Self.sharePercent else { return }
        page = chance.happens(0.5) ? chance.within(2...4) : nil
        takesBack = chance.happens(0.5)
        comparesStock = chance.happens(0.5)
        keepsPrices = chance.happens(0.5)
        retires = chance.happens(0.4)
        crowds = chance.happens(0.5)
        isFar = chance.happens(0.5)
        lingers = crowds && chance.happens(0.5)
    }

    /// How long a request is on its way, in seconds.
    var travelSeconds: ClosedRange<Double> { isFar ? 0.1...1 : 0.005...0.08 }
    /// How long others come between two steps of a task, in seconds: a crowd makes the writer busy.
    var betweenSeconds: ClosedRange<Double> { crowds ? 0.001...0.5 : 0.001...0.05 }

    /// In words; empty for none of it.
    var words: String {
        var words: [String] = []
        if let page { words.append("\(page) records a page") }
        if takesBack { words.append("people take edits back") }
        if crowds { words.append("people come in crowds") }
        if lingers { words.append("some come late") }
        if isFar { words.append("vendors are far") }
        if retires { words.append("shops retire the version asked for") }
        return words.isEmpty ? "" : "; " + words.joined(separator: ", ")
    }
}

extension Knobs {
    /// Has the seed take what it has beyond the others.
    mutating func widen(by breadth: Breadth) {
        self.breadth = breadth
        if breadth.takesBack { intervalSeconds = min(intervalSeconds, Breadth.shortInterval) }
        stalls = stalls.map { $0.widened(by: breadth) }
    }
}

extension StallTraits {
    /// The traits together with what the seed has beyond the others.
    func widened(by breadth: Breadth) -> StallTraits {
        var traits = self
        traits.comparesStock = breadth.comparesStock
        if breadth.comparesStock { (traits.replaces, traits.comparesRevisions) = (false, false) }
        traits.page = breadth.page
        // Who does not answer with the record cannot tell what it kept.
        traits.keepsPrices = breadth.keepsPrices && answersWithRecord
        return traits
    }
}
