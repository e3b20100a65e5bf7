/// All transactions of a book, packed: some 50 bytes for a transaction and 64 for a split, texts beside them.
struct TransactionStore: Sendable {
    /// The texts of all transactions, and their packed slots.
    var pool = TextPool()
    /// Transactions whose values do not sum to nought.
    private(set) var unbalanced: [GUID] = []
    private var transactions: [PackedTransaction] = []
    private var splits: [PackedSplit] = []
    private var positions: [GUID: UInt32] = [:]
    private var accounts = Interned<GUID>()
    private var lots = Interned<GUID>()
    private var currencies = Interned<BookCommodity>()
    private var denominators = Interned<Int64>()

    var count: Int { transactions.count }
    var splitCount: Int { splits.count }

    /// Room for a transaction that is being read; texts are named by where they start in the pool.
    struct Head {
        var guid: GUID
        var currency: BookCommodity
        var posted: BookDay
        var entered: BookTime
        var number: UInt32 = 0
        var text: UInt32 = 0
        var slots: UInt32 = 0
    }

    /// Room for a split that is being read.
    struct Side {
        var guid: GUID
        var account: GUID
        var value: Fraction
        var quantity: Fraction
        var memo: UInt32 = 0
        var action: UInt32 = 0
        var reconciled: UInt8 = 0x6e
        var lot: GUID?
        var slots: UInt32 = 0
    }

    mutating func reserve(transactions count: Int, splits splitCount: Int) {
        transactions.reserveCapacity(count)
        splits.reserveCapacity(splitCount)
        positions.reserveCapacity(count)
    }

    /// Keeps a transaction; false when one of this GUID is there already.
    mutating func append(_ head: Head, sides: some Collection<Side>) -> Bool {
        guard positions.updateValue(UInt32(transactions.count), forKey: head.guid) == nil else { return false }
        transactions.append(
            PackedTransaction(
                guid: head.guid, entered: head.entered.secondsSince1970, posted: head.posted.daysSince1970,
                firstSplit: UInt32(splits.count), number: head.number, text: head.text, slots: head.slots,
                currency: currencies.name(of: head.currency)))
        for side in sides {
            splits.append(
                PackedSplit(
                    guid: side.guid, value: side.value.numerator, quantity: side.quantity.numerator,
                    account: accounts.name(of: side.account), lot: side.lot.map { lots.name(of: $0) + 1 } ?? 0,
                    memo: side.memo, action: side.action, slots: side.slots,
                    valueParts: UInt16(clamping: denominators.name(of: side.value.denominator)),
                    quantityParts: UInt16(clamping: denominators.name(of: side.quantity.denominator)),
                    reconciled: side.reconciled))
        }
        if !Self.isBalanced(sides) { unbalanced.append(head.guid) }
        return true
    }

    mutating func settle() { pool.settle() }

    /// Whether more was offered than fits: 4 GB of texts, or 65,535 different denominators.
    var isFull: Bool { pool.isFull || denominators.values.count > Int(UInt16.max) }

    func position(of guid: GUID) -> Int? { positions[guid].map(Int.init) }

    func transaction(at position: Int) -> BookTransaction? {
        guard transactions.indices.contains(position) else { return nil }
        let packed = transactions[position]
        return BookTransaction(
            guid: packed.guid, currency: currencies.values[Int(packed.currency)], number: pool.text(at: packed.number),
            posted: BookDay(daysSince1970: packed.posted), entered: BookTime(secondsSince1970: packed.entered),
            text: pool.text(at: packed.text), splits: splitRange(of: position).map { split(splits[$0]) },
            slots: slots(at: packed.slots))
    }

    /// Shows GUID and slots of every transaction that has slots.
    func forEachSlotted(_ body: (GUID, Slots) -> Void) {
        for packed in transactions where packed.slots > 0 { body(packed.guid, slots(at: packed.slots)) }
    }

    /// The GUIDs among these that splits of the book have already.
    func splitGUIDs(among wanted: Set<GUID>) -> GUID? {
        wanted.isEmpty ? nil : splits.first { wanted.contains($0.guid) }?.guid
    }

    /// The sum of quantities per account; an account whose sum does not fit is left out.
    func balances() -> [GUID: Fraction] {
        var sums = [Fraction?](repeating: .zero, count: accounts.values.count)
        for split in splits {
            let quantity = fraction(split.quantity, split.quantityParts)
            sums[Int(split.account)] = sums[Int(split.account)].flatMap { $0.isZero ? quantity : $0.adding(quantity) }
        }
        return Dictionary(
            zip(accounts.values, sums).compactMap { guid, sum in sum.map { (guid, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    private func splitRange(of position: Int) -> Range<Int> {
        let end = position + 1 < transactions.count ? Int(transactions[position + 1].firstSplit) : splits.count
        return Int(transactions[position].firstSplit)..<end
    }

    private func split(_ packed: PackedSplit) -> BookSplit {
        BookSplit(
            guid: packed.guid, account: accounts.values[Int(packed.account)],
            value: fraction(packed.value, packed.valueParts), quantity: fraction(packed.quantity, packed.quantityParts),
            memo: pool.text(at: packed.memo), action: pool.text(at: packed.action),
            reconciled: Character(Unicode.Scalar(packed.reconciled)),
            lot: packed.lot == 0 ? nil : lots.values[Int(packed.lot) - 1], slots: slots(at: packed.slots))
    }

    private func fraction(_ numerator: Int64, _ parts: UInt16) -> Fraction {
        Fraction(minorUnits: numerator, perUnit: denominators.values[Int(parts)])
    }

    private func slots(at start: UInt32) -> Slots {
        start == 0 ? [:] : SlotPacking.unpack(pool.slice(at: start))
    }

    private static func isBalanced(_ sides: some Collection<Side>) -> Bool {
        var sum = Fraction?.some(.zero)
        for side in sides {
            sum = sum.flatMap { $0.isZero ? side.value : $0.adding(side.value) }
        }
        return sum?.isZero ?? false
    }
}

private struct PackedTransaction: Sendable {
    var guid: GUID
    var entered: Int64
    var posted: Int32
    var firstSplit: UInt32
    var number: UInt32
    var text: UInt32
    var slots: UInt32
    var currency: UInt32
}

private struct PackedSplit: Sendable {
    var guid: GUID
    var value: Int64
    var quantity: Int64
    var account: UInt32
    /// One more than its place among the lots; 0 for none.
    var lot: UInt32
    var memo: UInt32
    var action: UInt32
    var slots: UInt32
    var valueParts: UInt16
    var quantityParts: UInt16
    var reconciled: UInt8
}

/// Values that come again and again, each kept once and named by its place.
struct Interned<Value: Hashable & Sendable>: Sendable {
    private(set) var values: [Value] = []
    private var names: [Value: UInt32] = [:]
    private var last: (value: Value, name: UInt32)?

    mutating func name(of value: Value) -> UInt32 {
        if let last, last.value == value { return last.name }
        let name = names[value] ?? UInt32(values.count)
        if name == values.count {
            values.append(value)
            names[value] = name
        }
        last = (value, name)
        return name
    }
}
