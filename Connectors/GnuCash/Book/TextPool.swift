/// Many short texts in one block of bytes, each named by where it starts; 0 is the empty text.
///
/// Texts that come again and again ("Invoice", a product's name) are kept once.
struct TextPool: Sendable {
    private var bytes: [UInt8] = [0]
    /// Where the last text with this hash started; a direct-mapped cache, so a miss only costs room.
    private var recent = [UInt32](repeating: 0, count: Self.cacheSize)
    private static let cacheSize = 1 << 14
    private static let longestCached = 64

    /// Whether more was offered than can be named.
    private(set) var isFull = false

    /// Keeps a text and says where it starts.
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
        guard text.count > 0 else { return 0 }
        guard text.count <= Self.longestCached else { return append(text) }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let slot = Int(truncatingIfNeeded: (hash ^ (hash >> 29)) & UInt64(Self.cacheSize - 1))
        let known = recent[slot]
        if known > 0, holds(text, at: Int(known)) { return known }
        let start = append(text)
        recent[slot] = start
        return start
    }

    /// Keeps a text and says where it starts.
    mutating func add(_ text: [UInt8]) -> UInt32 {
        text.withUnsafeBufferPointer { add($0) }
    }

    /// The text that starts here; empty for a start that is none.
    func text(at start: UInt32) -> String {
        let range = range(at: start)
        return range.isEmpty ? "" : String(decoding: bytes[range], as: UTF8.self)
    }

    /// The bytes that start here.
    func slice(at start: UInt32) -> ArraySlice<UInt8> { bytes[range(at: start)] }

    /// Gives back what was only needed to gather.
    mutating func settle() { recent = [] }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
        guard bytes.count + text.count + 5 < Int(UInt32.max) else {
            isFull = true
            return 0
        }
        let start = UInt32(bytes.count)
        var rest = text.count
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        bytes.append(contentsOf: text)
        return start
    }

    private func range(at start: UInt32) -> Range<Int> {
        var index = Int(start)
        var count = 0
        var shift = 0
        while index < bytes.count, shift < 35 {
            count |= Int(bytes[index] & 127) << shift
            index += 1
            if bytes[index - 1] < 128 { break }
            shift += 7
        }
        return index..<min(bytes.count, index + count)
    }

    private func holds(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        guard bytes[start] == UInt8(text.count), start + 1 + text.count <= bytes.count else { return false }
        return bytes.withUnsafeBufferPointer { pool in
            for index in 0..<text.count where pool[start + 1 + index] != text[index] { return false }
            return true
        }
    }
}

/// Slots packed into bytes, and back.
enum SlotPacking {
    /// The slots as bytes; none for no slots.
    static func pack(_ slots: Slots) -> [UInt8] {
        var bytes: [UInt8] = []
        if !slots.isEmpty { pack(slots, into: &bytes) }
        return bytes
    }

    /// The slots these bytes were packed from.
    static func unpack(_ bytes: ArraySlice<UInt8>) -> Slots {
        var rest = bytes
        return rest.isEmpty ? [:] : slots(&rest)
    }

    private static func pack(_ slots: Slots, into bytes: inout [UInt8]) {
        pack(slots.count, into: &bytes)
        for (name, value) in slots {
            pack(name, into: &bytes)
            pack(value, into: &bytes)
        }
    }

    private static func pack(_ value: SlotValue, into bytes: inout [UInt8]) {
        switch value {
        case .integer(let number): pack(1, number, into: &bytes)
        case .double(let number): pack(2, number.bitPattern, into: &bytes)
        case .numeric(let fraction):
            pack(3, fraction.numerator, into: &bytes)
            pack(fraction.denominator, into: &bytes)
        case .string(let text):
            bytes.append(4)
            pack(text, into: &bytes)
        case .guid(let guid):
            pack(5, guid.high, into: &bytes)
            pack(guid.low, into: &bytes)
        case .time(let time): pack(6, time.secondsSince1970, into: &bytes)
        case .list(let values):
            pack(8, values.count, into: &bytes)
            values.forEach { pack($0, into: &bytes) }
        case .frame(let slots):
            bytes.append(9)
            pack(slots, into: &bytes)
        case .day(let day): pack(10, day.daysSince1970, into: &bytes)
        }
    }

    private static func pack(_ kind: UInt8, _ number: some FixedWidthInteger, into bytes: inout [UInt8]) {
        bytes.append(kind)
        pack(number, into: &bytes)
    }

    /// Seven bits to a byte, the sign in the lowest bit.
    private static func pack(_ number: some FixedWidthInteger, into bytes: inout [UInt8]) {
        let signed = Int64(truncatingIfNeeded: number)
        var rest = UInt64(bitPattern: (signed << 1) ^ (signed >> 63))
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func pack(_ text: String, into bytes: inout [UInt8]) {
        pack(text.utf8.count, into: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            value |= UInt64(byte & 127) << shift
            if byte < 128 { break }
            shift += 7
        }
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String {
        let count = max(0, Int(number(&rest)))
        defer { rest = rest.dropFirst(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }

    private static func slots(_ rest: inout ArraySlice<UInt8>) -> Slots {
        var slots: Slots = [:]
        for _ in 0..<max(0, number(&rest)) where !rest.isEmpty {
            let name = text(&rest)
            slots[name] = value(&rest)
        }
        return slots
    }

    private static func value(_ rest: inout ArraySlice<UInt8>) -> SlotValue {
        switch rest.popFirst() {
        case 1: return .integer(number(&rest))
        case 2: return .double(Double(bitPattern: UInt64(bitPattern: number(&rest))))
        case 3:
            let top = number(&rest)
            return .numeric(Fraction(top, number(&rest)) ?? .zero)
        case 5:
            let high = UInt64(bitPattern: number(&rest))
            return .guid(GUID(high: high, low: UInt64(bitPattern: number(&rest))))
        case 6: return .time(BookTime(secondsSince1970: number(&rest)))
        case 8: return .list((0..<max(0, number(&rest))).map { _ in value(&rest) })
        case 9: return .frame(slots(&rest))
        case 10: return .day(BookDay(daysSince1970: Int32(clamping: number(&rest))))
        default: return .string(text(&rest))
        }
    }
}
