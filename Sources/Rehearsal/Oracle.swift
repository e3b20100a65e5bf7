import Commerce
import Wire

/// Judges what happened by what people did and what vendors show. It knows nothing of how the hub decides.
///
/// Every edit writes a value nobody wrote before, so a value tells which edit it comes from. Who edits a good at a
/// vendor has seen what it showed; so each edit comes after all that the vendor's value had come from, and two edits
/// that did not see each other are concurrent. A hub may choose between concurrent edits, never go back behind one.
struct Oracle: Sendable {
    /// A part of a good, by its article number.
    struct Topic: Hashable, Sendable, Comparable {
        var number: String
        var part: String

        static func < (left: Topic, right: Topic) -> Bool {
            (left.number, left.part) < (right.number, right.part)
        }
    }

    struct Edit: Sendable {
        var value: String
        /// Where it was made; nil for a decision at the hub.
        var vendor: Int?
        var at: Moment
        /// The edits it came after, itself among them.
        var known: Set<Int>
    }

    /// What a vendor shows of a topic, and what that came from.
    struct Cell: Sendable {
        var edit: Int
        /// All edits whose values were there before or were decided against here.
        var known: Set<Int>
        var since: Moment
        /// Whether the hub may never learn that it was itself who made this: then an edit of it is one of somebody
        /// else's good, made without knowledge of the hub's.
        var isBlind = false
    }

    /// A good at one vendor.
    struct Place: Hashable, Sendable {
        var vendor: Int
        var number: String
    }

    /// What is wrong, by the invariant it breaks.
    struct Breach: Sendable {
        var invariant: String
        var words: String
        var at: Moment
    }

    /// A write of the hub that reached a vendor.
    struct Write: Sendable {
        var vendor: Int
        var sentAt: Moment
        var at: Moment
        var words: String
        var isCalm: Bool
        /// The ids of goods whose stock it set.
        var counts: Set<String>
        /// Whether its answer is on its way to the hub.
        var isAnswered: Bool
    }

    let natures: [VendorNature]
    var edits: [Int: Edit] = [:]
    var editsOf: [Topic: [Int]] = [:]
    var cells: [Topic: [Int: Cell]] = [:]
    var stock = StockBook()
    var breaches: [Breach] = []
    /// Stored calls that a vendor was told are taken.
    var acknowledged: Set<Int64> = []
    /// What people took away at a vendor, and what they added there.
    var removed: Set<Place> = []
    /// Goods that were taken away before the hub had taken note of them: it cannot know that they were there.
    var unnoticed: Set<Place> = []
    /// Goods that were just taken away, with their ids there: whether the hub had noticed them is to be found out.
    var justRemoved: [(place: Place, id: String)] = []
    /// When the hub was last shown a good at a vendor, by the time of the showing.
    var lastShown: [Place: Moment] = [:]
    /// The same of answers a member of which was not what it was: what the hub takes from them, it decides itself.
    var lastPerhapsShown: [Place: Moment] = [:]
    /// When a vendor's list of changes was last served to the hub.
    var lastListed: [Int: Moment] = [:]
    /// Orders people placed, by vendor and id.
    var orders: [String: Moment] = [:]
    /// What each order ever came to, by vendor and id.
    var orderTotals: [String: Set<Int64>] = [:]
    /// Orders at vendors whose unclear booking a person found there and dropped: the hub does not know it.
    var dropped: Set<String> = []
    /// Values that a far side let a write lie over that was on its way when they came: it replaces all, and compares
    /// nothing.
    var overrun: Set<Int> = []
    /// What each vendor showed before a write of the hub's that it was not told the end of.
    var unheard: [Topic: [Int: String]] = [:]
    /// What the hub asked of late, by the question.
    var askings: [String: Asking] = [:]
    /// How many edits people made, for the bound on writes.
    var editCount = 0
    private var lastEdit = 0

    init(vendors: [VendorNature]) { natures = vendors }

    mutating func breach(_ invariant: String, _ words: String, _ at: Moment) {
        breaches.append(Breach(invariant: invariant, words: words, at: at))
    }

    // MARK: - What people do

    /// What people did at a vendor, seen by what it showed before and after.
    mutating func acted(_ before: Shown, _ after: Shown, at vendor: Int, _ now: Moment) {
        for good in after.goods {
            let old = before.good(good.number)
            for (part, value) in good.told where old?.told[part] != value {
                edited(Topic(number: good.number, part: part), value, vendor, now)
                // The number a good is put up with is no edit more: it is what the good is known by.
                if old == nil, part == ShownGood.labelPart { editCount -= 1 }
            }
            stock.moved(good.number, by: good.stock - (old?.stock ?? 0), at: vendor, isNew: old == nil, now)
            if old == nil {
                removed.remove(Place(vendor: vendor, number: good.number))
                unnoticed.remove(Place(vendor: vendor, number: good.number))
            }
        }
        for good in before.goods where after.good(good.number) == nil {
            removed.insert(Place(vendor: vendor, number: good.number))
            justRemoved.append((Place(vendor: vendor, number: good.number), good.id))
            forget(good, vendor)
        }
        for order in after.orders where !before.orders.contains(where: { $0.id == order.id }) {
            orders["\(natures[vendor].name)/\(order.id)"] = now
        }
        for order in after.orders {
            orderTotals["\(natures[vendor].name)/\(order.id)", default: []].insert(order.total)
        }
    }

    /// A good was gone before the hub had a link to it. What people did to its stock there may have been shown, but not
    /// whose it was.
    mutating func wasUnnoticed(_ place: Place) {
        unnoticed.insert(place)
        stock.accounts[place.number]?.isLoose = true
    }

    private mutating func forget(_ good: ShownGood, _ vendor: Int) {
        for part in ShownGood.parts { cells[Topic(number: good.number, part: part)]?[vendor] = nil }
        stock.left(good.number, vendor, good.stock)
    }

    private mutating func edited(_ topic: Topic, _ value: String, _ vendor: Int, _ now: Moment) {
        lastEdit += 1
        editCount += 1
        let cell = cells[topic]?[vendor]
        let known = (cell?.isBlind ?? false ? [] : cell?.known ?? []).union([lastEdit])
        edits[lastEdit] = Edit(value: value, vendor: vendor, at: now, known: known)
        editsOf[topic, default: []].append(lastEdit)
        cells[topic, default: [:]][vendor] = Cell(edit: lastEdit, known: known, since: now)
    }

    /// A person at the hub decided a conflict: a new edit, made with knowledge of the two values that were shown.
    mutating func decided(_ topic: Topic, _ value: String, between values: [String]) {
        lastEdit += 1
        let canonical = Set(values.map(ShownGood.canonical))
        var known: Set<Int> = [lastEdit]
        // What was taken back bears the same value once more: it was decided on only where the hub was shown it since.
        var met: Set<String> = []
        for edit in editsOf[topic] ?? [] {
            guard let made = edits[edit], canonical.contains(ShownGood.canonical(made.value)) else { continue }
            let isNew = met.insert(ShownGood.canonical(made.value)).inserted
            guard isNew || isShown(made, topic.number) else { continue }
            known.formUnion(made.known)
        }
        edits[lastEdit] = Edit(value: value, vendor: nil, at: Moment(seconds: 0), known: known)
        editsOf[topic, default: []].append(lastEdit)
        // Who shows it already need not be given it.
        for (vendor, cell) in cells[topic] ?? [:]
        where ShownGood.canonical(edits[cell.edit]?.value ?? "") == ShownGood.canonical(value) {
            cells[topic]?[vendor] = Cell(edit: lastEdit, known: cell.known.union(known), since: cell.since)
        }
    }

    /// Whether the hub was shown what an edit had come to, at the vendor where it was made.
    private func isShown(_ edit: Edit, _ number: String) -> Bool {
        guard let vendor = edit.vendor else { return true }
        return lastShown[Place(vendor: vendor, number: number)].map { $0 >= edit.at } ?? false
    }

    /// A vendor's name, or the hub's.
    func name(_ vendor: Int?) -> String { vendor.map { natures[$0].name } ?? "the hub" }

    // MARK: - What the hub does

    /// The hub was shown goods, as they were at a moment.
    mutating func shown(_ showings: [Showing], of vendor: Int, servedAt: Moment, _ now: Moment) {
        for showing in showings {
            let place = Place(vendor: vendor, number: showing.number)
            if let last = lastShown[place], last > servedAt { continue }
            lastShown[place] = servedAt
            if let quantity = showing.stock { stock.showed(showing.number, at: vendor, quantity, servedAt, now) }
        }
    }

    /// What changed at a vendor by a write of the hub.
    mutating func wrote(_ before: Shown, _ after: Shown, _ write: Write) {
        for good in after.goods {
            let twins = after.goods.filter { $0.number == good.number }
            if twins.count > 1, twins.first?.id == good.id, before.goods.count < after.goods.count {
                breach("I2", "\(natures[write.vendor].name) has \(good.number) twice after \(write.words)", write.at)
            }
            let old = before.goods.first { $0.id == good.id }
            if old == nil { created(good, write) }
            for (part, value) in good.told where old?.told[part] != value {
                wrote(Topic(number: good.number, part: part), value, write)
            }
            if let old, write.counts.contains(good.id) {
                stock.overwritten(
                    good.number, at: write.vendor, before: old.stock, after: good.stock, isAnswered: write.isAnswered,
                    write.at)
                lastShown[Place(vendor: write.vendor, number: good.number)] = write.at
            }
            if let memo = good.memo, let old, old.memo != memo {
                breach(
                    "I5", "\(write.words) changed the memo of \(good.number), which is none of its business", write.at)
            }
        }
        for good in before.goods where !after.goods.contains(where: { $0.id == good.id }) {
            breach("I5", "\(write.words) took \(good.number) away", write.at)
        }
        judgeDocuments(before, after, write)
    }

    private mutating func created(_ good: ShownGood, _ write: Write) {
        let place = Place(vendor: write.vendor, number: good.number)
        if removed.contains(place), !unnoticed.contains(place) {
            breach(
                "I5", "\(natures[write.vendor].name) was given \(good.number) again, which was taken away there",
                write.at)
        }
        stock.opened(good.number, at: write.vendor, good.stock, isFound: natures[write.vendor].findsCreates)
    }

    /// A value appeared at a vendor by the hub's hand.
    private mutating func wrote(_ topic: Topic, _ value: String, _ write: Write) {
        let place = natures[write.vendor].name
        if topic.part == ShownGood.labelPart, value.isEmpty, natures[write.vendor].keepsNumbersUnique { return }
        guard let edit = source(of: value, topic, seenBy: cells[topic]?[write.vendor]?.known ?? []) else {
            return breach(
                "I5", "\(place) was given \(topic.part) \"\(value)\" of \(topic.number), nobody's value", write.at)
        }
        let source = edits[edit]?.known ?? []
        let replaced = cells[topic]?[write.vendor].flatMap { edits[$0.edit]?.value }
        unheard[topic, default: [:]][write.vendor] = write.isAnswered ? nil : replaced
        guard let cell = cells[topic]?[write.vendor] else {
            let isBlind = !natures[write.vendor].findsCreates
            return cells[topic, default: [:]][write.vendor] = Cell(
                edit: edit, known: source, since: write.at, isBlind: isBlind)
        }
        if cell.edit != edit, cell.known.contains(edit), !isCrossed(cell, write) {
            breach(
                "I7",
                "\(place) was given back \(topic.part) \"\(value)\" of \(topic.number) after "
                    + "\"\(edits[cell.edit]?.value ?? "")\" (\(write.words))", write.at)
        }
        if cell.edit != edit, isCrossed(cell, write) { overrun.insert(cell.edit) }
        cells[topic]?[write.vendor] = Cell(edit: edit, known: cell.known.union(source), since: write.at)
    }

    /// Whether somebody's value came between the read and the arrival of a write that replaces all: no hub can keep it
    /// where the far side compares nothing.
    private func isCrossed(_ cell: Cell, _ write: Write) -> Bool {
        natures[write.vendor].replacesBlindly && cell.since > write.sentAt.adding(seconds: -Self.readAheadSeconds)
    }

    /// How long before such a write what it replaces was read, in seconds.
    static let readAheadSeconds = 2.0

}

extension ShownGood {
    /// The parts that are edited, beside stock.
    static let parts = ["name", "price", labelPart]
    /// The part that holds the article number.
    static let labelPart = "sku"

    /// What it tells of those parts.
    var told: [(key: String, value: String)] { [("name", name), ("price", price), (Self.labelPart, label)] }

    /// Names in capitals are the same names.
    static func canonical(_ value: String) -> String { value.lowercased() }
}

extension [(key: String, value: String)] {
    subscript(key: String) -> String? { first { $0.key == key }?.value }
}
