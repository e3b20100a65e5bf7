/// What kind of vendor a stall is: each trait is one that real vendors have.
struct StallTraits: Sendable, Hashable {
    enum Creation: String, Sendable, CaseIterable {
        /// A second call with the same key gives what the first one made.
        case keyed
        /// What was made can be searched by our reference, some seconds later.
        case findable
        /// What was made can only be seen in the list.
        case listable
        /// Nothing can be found out.
        case blind
    }

    var creation: Creation
    /// How long the search does not show what was made, in seconds.
    var visibleAfterSeconds: Int
    /// A write replaces the whole record; else it changes what it mentions.
    var replaces: Bool
    /// Whether a write may name the revision it was made on, and is refused when that has passed.
    var comparesRevisions: Bool
    /// Whether a write is answered with the record.
    var answersWithRecord: Bool
    /// Whether one article number may stand for one article alone.
    var enforcesNumbers: Bool
    /// Whether its calls carry the record; else only its id.
    var tellsWhole: Bool
    /// Whether it calls at all.
    var calls: Bool
    /// Whether names are kept in capitals, whatever is written.
    var shouts: Bool
    /// Calls a minute; nil for no limit.
    var limit: Int?
    /// Whether it keeps books: orders are documents there.
    var keepsBooks: Bool
    /// Whether a stock may be set only where the one that was read still stands.
    var comparesStock = false
    /// Whether a booked order that was edited is corrected by a second document; else a person is asked.
    var corrects = false
    /// How many goods a page of its list holds; nil for all.
    var page: Int?
    /// Whether the price of every third good stays, whatever is written.
    var keepsPrices = false
    /// Whether a list is in the order of its changes, and is read by places.
    var shifts = false
    /// How long it knows what changed since a time, in seconds; nil for ever.
    var memorySeconds: Double?
    /// Whether the id of a good that is gone is given to another.
    var reusesIDs = false

    init(_ chance: inout Chance) {
        creation = chance.pick(Creation.allCases) ?? .keyed
        visibleAfterSeconds = creation == .findable ? chance.below(60) : 0
        replaces = chance.happens(0.4)
        comparesRevisions = chance.happens(0.5)
        answersWithRecord = chance.happens(0.6)
        enforcesNumbers = chance.happens(0.4)
        tellsWhole = chance.happens(0.5)
        calls = chance.happens(0.8)
        shouts = chance.happens(0.2)
        limit = chance.happens(0.2) ? 20 + chance.below(60) : nil
        keepsBooks = chance.happens(0.7)
    }

    var words: String {
        var words = [creation.rawValue + (visibleAfterSeconds > 0 ? " after \(visibleAfterSeconds) s" : "")]
        words.append(replaces ? "replaces" : "patches")
        if comparesRevisions { words.append("compares revisions") }
        if !answersWithRecord { words.append("answers with ids") }
        if enforcesNumbers { words.append("one number once") }
        if calls { words.append(tellsWhole ? "calls with records" : "calls with ids") }
        if shouts { words.append("in capitals") }
        if let limit { words.append("\(limit) calls a minute") }
        if keepsBooks { words.append(corrects ? "keeps books and corrects them" : "keeps books") }
        if comparesStock { words.append("compares stock") }
        if let page { words.append("\(page) goods a page") }
        if keepsPrices { words.append("keeps prices") }
        return words.joined(separator: ", ")
    }
}
