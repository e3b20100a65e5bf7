/// What joins everything that one call from outside leads to: the task, the calls that it makes, the changes, the log
/// lines. In the form of W3C Trace Context, so that it joins with what other programs know of it.
public struct Trace: Hashable, Sendable {
    /// 32 hexadecimal digits.
    public let id: String
    /// The piece of work that this one belongs to: 16 hexadecimal digits.
    public let parent: String

    /// That of the work that is being done; nil where it began by itself.
    @TaskLocal public static var current: Trace?

    /// How many random bytes a new one takes.
    public static let byteCount = 24

    /// What a `traceparent` header says; nil where it is not one. What a later version adds is passed over.
    public init?(traceparent text: String?) {
        guard let text, text.utf8.count <= 256 else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, parts[0] != "00" || parts.count == 4, parts[0] != "ff" else { return nil }
        let lengths = [2, 32, 16, 2]
        guard zip(parts, lengths).allSatisfy({ $0.utf8.count == $1 && Self.isHex($0) }) else { return nil }
        self.init(id: parts[1], parent: parts[2])
    }

    /// A new one, from `byteCount` random bytes; nil where there are not enough of them, or all are nothing.
    public init?(random: [UInt8]) {
        guard random.count >= Self.byteCount else { return nil }
        self.init(id: Self.hex(random[0..<16]), parent: Self.hex(random[16..<24]))
    }

    /// One whose id is known; nil where that is none.
    public init?(id: String, parent: String = "0000000000000001") {
        guard id.utf8.count == 32, parent.utf8.count == 16, Self.isHex(id), Self.isHex(parent) else { return nil }
        guard id.utf8.contains(where: { $0 != 0x30 }), parent.utf8.contains(where: { $0 != 0x30 }) else { return nil }
        self.id = id
        self.parent = parent
    }

    /// The header for a call that belongs to it, under the name of that call: 8 random bytes.
    public func traceparent(_ span: [UInt8]) -> String {
        let name = Self.hex(span.prefix(8))
        return "00-\(id)-\(name.utf8.count == 16 && name.contains { $0 != "0" } ? name : parent)-01"
    }

    private static func isHex(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            var place = 0
            for byte in bytes {
                (text[place], text[place + 1]) = (digit(byte >> 4), digit(byte & 15))
                place += 2
            }
            return place
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
