/// One kind of object of the shop: rows by id, in the order of their ids, with an index by last change.
///
/// A page of a list walks one of the two orders, so it costs what it skips and shows, never a sort of everything.
struct Table<Row: TableRow>: Sendable {
    private var slots: [Row?] = []
    /// What lists are filtered by, beside the rows: walking it touches no text and no list of a row.
    private var briefs: [Brief] = []
    private(set) var count = 0
    private var slotByID: [Int: Int] = [:]
    private var byChange: [Stamp] = []

    private struct Stamp: Comparable {
        var seconds: Int64
        var slot: Int

        static func < (left: Stamp, right: Stamp) -> Bool { (left.seconds, left.slot) < (right.seconds, right.slot) }
    }

    subscript(id: Int) -> Row? { slotByID[id].flatMap { slots[$0] } }

    /// All rows in the order of their ids.
    var rows: some Sequence<Row> { slots.lazy.compactMap { $0 } }

    /// Adds a row; its id must be larger than all before.
    mutating func insert(_ row: Row) {
        slotByID[row.id] = slots.count
        add(Stamp(seconds: row.modified, slot: slots.count))
        slots.append(row)
        briefs.append(row.brief)
        count += 1
    }

    /// Changes a row in place. Nil when there is none of that id.
    @discardableResult
    mutating func update<Value>(_ id: Int, _ change: (inout Row) -> Value) -> Value? {
        guard let slot = slotByID[id], var row = slots[slot] else { return nil }
        slots[slot] = nil
        let before = row.modified
        let value = change(&row)
        if row.modified != before {
            drop(Stamp(seconds: before, slot: slot))
            add(Stamp(seconds: row.modified, slot: slot))
        }
        briefs[slot] = row.brief
        slots[slot] = row
        return value
    }

    /// Takes a row out for ever.
    @discardableResult
    mutating func remove(_ id: Int) -> Row? {
        guard let slot = slotByID.removeValue(forKey: id), let row = slots[slot] else { return nil }
        drop(Stamp(seconds: row.modified, slot: slot))
        slots[slot] = nil
        briefs[slot].id = 0
        count -= 1
        return row
    }

    /// Calls with the brief of every row in the order of ids.
    func eachByID(ascending: Bool, _ body: (Brief) -> Void) {
        for place in briefs.indices {
            let brief = briefs[ascending ? place : briefs.count - 1 - place]
            if brief.id != 0 { body(brief) }
        }
    }

    /// Calls with the brief of every row changed after the one second and before the other, in the order of changes.
    func eachByChange(after: Int64?, before: Int64?, ascending: Bool, _ body: (Brief) -> Void) {
        let start = after.map { place(Stamp(seconds: $0, slot: Int.max)) } ?? 0
        let end = before.map { place(Stamp(seconds: $0, slot: Int.min)) } ?? byChange.count
        for offset in 0..<max(0, end - start) {
            body(briefs[byChange[ascending ? start + offset : end - 1 - offset].slot])
        }
    }

    func brief(_ id: Int) -> Brief? { slotByID[id].map { briefs[$0] } }

    private mutating func add(_ stamp: Stamp) {
        if let last = byChange.last, last < stamp {
            byChange.append(stamp)
        } else {
            byChange.insert(stamp, at: place(stamp))
        }
    }

    private mutating func drop(_ stamp: Stamp) {
        let index = place(stamp)
        if index < byChange.count, byChange[index] == stamp { byChange.remove(at: index) }
    }

    /// The first place whose stamp is not smaller.
    private func place(_ stamp: Stamp) -> Int {
        var low = 0
        var high = byChange.count
        while low < high {
            let middle = (low + high) / 2
            if byChange[middle] < stamp { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// What lists are filtered by.
struct Brief: Sendable {
    /// 0 for a row that was taken out.
    var id: Int
    var created: Int64 = 0
    var modified: Int64 = 0
    /// See `StatusCode`.
    var status: UInt8 = 0
    /// The product of a variation, the customer of an order; 0 for none.
    var owner = 0
}

/// The statuses and roles there are, as numbers.
enum StatusCode {
    private static let words = [
        "publish", "draft", "pending", "private", "future", "trash", "auto-draft", "processing", "on-hold", "completed",
        "cancelled", "refunded", "failed", "checkout-draft", "active", "paused", "disabled", "customer",
        "administrator",
    ]
    private static let codes = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, UInt8($0)) })

    /// The number of a word; 255 for every other.
    static func of(_ word: String) -> UInt8 { codes[word] ?? 255 }
}

/// Something a table can hold.
protocol TableRow: Sendable {
    var id: Int { get }
    /// The second of the last change, since 1970; 0 where the shop keeps none.
    var modified: Int64 { get }
    var brief: Brief { get }
}
