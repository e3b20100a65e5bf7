import SeededRandom

/// Kinds of objects that carry facts of ours.
public enum BookObjectKind: Hashable, Sendable {
    case transaction
    case customer
    case invoice
}

extension Book {
    /// Who carries which of our ids: for one name in our frame (e.g. `order_id`), every value with its objects.
    ///
    /// More than one object with the same value means that a user copied one; the caller decides.
    public func externalIDs(_ key: String, of kind: BookObjectKind) -> [String: [GUID]] {
        var found: [String: [GUID]] = [:]
        let note = { (guid: GUID, slots: Slots) in
            if let text = slots.own[key]?.text { found[text, default: []].append(guid) }
        }
        switch kind {
        case .transaction: store.forEachSlotted(note)
        case .customer: customers.forEach { note($0.guid, $0.slots) }
        case .invoice: invoices.forEach { note($0.guid, $0.slots) }
        }
        return found
    }
}

/// A stream of GUIDs that is the same for the same seed.
///
/// An object named after what it came from (`"order 1002"`) cannot be written twice: the second try is refused as a
/// duplicate.
public struct SeededGUIDs: RandomNumberGenerator, Sendable {
    private var high: UInt64
    private var low: UInt64

    /// The stream of this seed.
    public init(_ seed: String) {
        let start = ContentDigest(of: seed).guid
        high = start.high
        low = start.low
    }

    /// The next GUID of the stream.
    public mutating func nextGUID() -> GUID { GUID.random(using: &self) }

    /// The next 64 bits of the stream.
    public mutating func next() -> UInt64 {
        // SplitMix64 over two counters.
        low &+= 0x9e37_79b9_7f4a_7c15
        high &+= low < 0x9e37_79b9_7f4a_7c15 ? 1 : 0
        return SplitMix64.mixed(low ^ SplitMix64.mixed(high))
    }
}
