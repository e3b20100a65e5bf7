/// A short stand-in for the content of an object, to see cheaply whether it changed. Not a secret and not a proof.
///
/// The same content has the same digest in all three forms of a book and on every machine: amounts are taken in lowest
/// terms, splits and lines by GUID. When the program entered it, and in which order, does not count.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    private var state: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    init() {}

    /// The digest of a text.
    public init(of text: String) {
        add(text)
    }

    /// 32 hexadecimal digits.
    public var description: String { guid.description }

    /// The digest as 16 bytes, e.g. to name an object after what it came from.
    public var guid: GUID {
        GUID(high: UInt64(truncatingIfNeeded: state >> 64), low: UInt64(truncatingIfNeeded: state))
    }

    // FNV-1a with 128 bits; source: RFC 9923, section 5.
    private mutating func mix(_ byte: UInt8) {
        state = (state ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
    }

    mutating func add(_ number: some FixedWidthInteger) {
        var rest = UInt64(truncatingIfNeeded: number)
        for _ in 0..<8 {
            mix(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    mutating func add(_ text: String) {
        var count = 0
        for byte in text.utf8 {
            mix(byte)
            count += 1
        }
        add(count)
    }

    mutating func add(_ guid: GUID?) {
        add(guid == nil ? 0 : 1)
        add(guid?.high ?? 0)
        add(guid?.low ?? 0)
    }

    mutating func add(_ fraction: Fraction) {
        let lowest = fraction.reduced
        add(lowest.numerator)
        add(lowest.denominator)
    }

    mutating func add(_ slots: Slots) {
        for (name, value) in slots.sorted(by: { $0.key < $1.key }) {
            add(name)
            add(value)
        }
        add(slots.count)
    }

    mutating func add(_ value: SlotValue) {
        switch value {
        case .integer(let number): add(1, number)
        case .double(let number): add(2, number.bitPattern)
        case .numeric(let fraction):
            add(3)
            add(fraction)
        case .string(let text):
            add(4)
            add(text)
        case .guid(let guid):
            add(5)
            add(guid)
        case .time(let time): add(6, time.secondsSince1970)
        case .list(let values):
            add(8)
            values.forEach { add($0) }
            add(values.count)
        case .frame(let slots):
            add(9)
            add(slots)
        case .day(let day): add(10, day.daysSince1970)
        }
    }

    private mutating func add(_ kind: Int, _ number: some FixedWidthInteger) {
        add(kind)
        add(number)
    }

    mutating func add(_ address: BookAddress) {
        ([address.name] + address.lines + [address.phone, address.fax, address.email]).forEach { add($0) }
    }
}

extension BookTransaction {
    /// Changes when the user changes anything but the time of entry.
    public var digest: ContentDigest {
        var digest = ContentDigest()
        digest.add(currency.description)
        digest.add(number)
        digest.add(posted.daysSince1970)
        digest.add(text)
        digest.add(slots)
        for split in splits.sorted(by: { $0.guid < $1.guid }) {
            digest.add(split.guid)
            digest.add(split.account)
            digest.add(split.memo)
            digest.add(split.action)
            digest.add(split.value)
            digest.add(split.quantity)
            digest.add(String(split.reconciled))
            digest.add(split.lot)
            digest.add(split.slots)
        }
        return digest
    }
}

extension BookCustomer {
    /// Changes when the user changes any field.
    public var digest: ContentDigest {
        var digest = ContentDigest()
        [id, name, notes, currency.description, taxIncluded.rawValue].forEach { digest.add($0) }
        digest.add(address)
        digest.add(shipping)
        digest.add(isActive ? 1 : 0)
        digest.add(overridesTaxTable ? 1 : 0)
        digest.add(taxTable)
        digest.add(discount)
        digest.add(credit)
        digest.add(slots)
        return digest
    }
}

extension BookInvoice {
    /// Changes when the user changes a field or a line, posts or unposts.
    public func digest(entries: [BookEntry]) -> ContentDigest {
        var digest = ContentDigest()
        [id, notes, billingID, currency.description].forEach { digest.add($0) }
        digest.add(opened.daysSince1970)
        digest.add(isActive ? 1 : 0)
        switch owner {
        case .customer(let guid), .job(let guid), .vendor(let guid), .employee(let guid), .other(_, let guid):
            digest.add(guid)
        }
        digest.add(posting?.day.daysSince1970 ?? 0)
        digest.add(posting?.transaction)
        digest.add(posting?.lot)
        digest.add(posting?.account)
        digest.add(slots)
        for entry in entries.sorted(by: { $0.guid < $1.guid }) { entry.add(to: &digest) }
        return digest
    }
}

extension BookEntry {
    func add(to digest: inout ContentDigest) {
        digest.add(guid)
        digest.add(day.daysSince1970)
        [text, action, notes, discountType.rawValue, discountOrder.rawValue].forEach { digest.add($0) }
        [quantity, price, discount].forEach { digest.add($0) }
        digest.add(account)
        digest.add(taxTable)
        digest.add(isTaxable ? 1 : 0)
        digest.add(isTaxIncluded ? 1 : 0)
    }
}
