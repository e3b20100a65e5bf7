/// The name of one object in a book: 16 bytes, written as 32 lower-case hexadecimal digits without dashes.
///
/// A GUID must be unique per kind of object: GnuCash silently drops the second object of the same name.
public struct GUID: Hashable, Comparable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    /// A GUID of these 128 bits, e.g. two random words or the first 16 bytes of a digest.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A GUID of these 16 bytes, or nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The GUID written as 32 hexadecimal digits, or nil for anything else. Upper case is read, but never written.
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let made = copy.withUTF8 { GUID(hex: $0) }
        guard let made else { return nil }
        self = made
    }

    /// A GUID from a given source of randomness.
    public static func random(using source: inout some RandomNumberGenerator) -> GUID {
        GUID(high: source.next(), low: source.next())
    }

    /// The GUID of these 32 digits, or nil.
    init?(hex: UnsafeBufferPointer<UInt8>) {
        guard hex.count == 32, let high = Self.word(hex, from: 0), let low = Self.word(hex, from: 16) else {
            return nil
        }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            for index in 0..<16 {
                buffer[index] = Self.digit(high >> UInt64(60 - 4 * index))
                buffer[16 + index] = Self.digit(low >> UInt64(60 - 4 * index))
            }
            return 32
        }
    }

    public static func < (left: GUID, right: GUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The 16 bytes, most significant first.
    public var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * $0)) }
    }

    private static func digit(_ nibble: UInt64) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: nibble & 15)
        return value < 10 ? 48 + value : 87 + value
    }

    private static func word(_ hex: UnsafeBufferPointer<UInt8>, from start: Int) -> UInt64? {
        var word: UInt64 = 0
        for index in start..<start + 16 {
            let byte = hex[index]
            let value: UInt8
            switch byte {
            case 48...57: value = byte - 48
            case 97...102: value = byte - 87
            case 65...70: value = byte - 55
            default: return nil
            }
            word = word << 4 | UInt64(value)
        }
        return word
    }
}
