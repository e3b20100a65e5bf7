/// Canonical JSON that is written piece by piece: for long lists, where a tree of values costs several times what its
/// bytes do. Who writes names the members in the order of their names, as `JSON.bytes` has them.
///
/// The bytes lie in memory of its own, which is taken once for each piece: an array that grows by single bytes costs
/// more than twice as much (measured).
public struct JSONText: ~Copyable {
    private var memory: UnsafeMutableBufferPointer<UInt8>
    private var count = 0
    /// Whether what comes next is to be parted from what stands before it.
    private var isParted = false

    /// The least that is taken, in bytes.
    private static let leastBytes = 64

    /// Nothing yet; `capacity`: how many bytes are likely.
    public init(capacity: Int = 0) { memory = .allocate(capacity: max(capacity, Self.leastBytes)) }

    deinit { memory.deallocate() }

    /// What has been written so far.
    public var bytes: [UInt8] { Array(memory[..<count]) }

    /// An object of the members that are written in between.
    public mutating func object(_ members: (inout JSONText) -> Void) {
        open("{")
        members(&self)
        close("}")
    }

    /// An array of the values that are written in between.
    public mutating func array(_ elements: (inout JSONText) -> Void) {
        open("[")
        elements(&self)
        close("]")
    }

    /// A text, or null.
    public mutating func value(_ text: String?) {
        guard var text else { return word("null") }
        let isPlain = text.withUTF8 { bytes in
            guard !bytes.contains(where: JSON.isEscaped) else { return false }
            let room = room(bytes.count + 2)
            room[0] = UInt8(ascii: "\"")
            Self.copy(bytes, to: room, at: 1)
            room[bytes.count + 1] = UInt8(ascii: "\"")
            return true
        }
        if !isPlain { value(JSON.string(text)) }
    }

    /// A number.
    public mutating func value(_ number: Int64) {
        let digits = Self.digits(of: number.magnitude)
        let room = room(digits + (number < 0 ? 1 : 0))
        room[0] = UInt8(ascii: "-")
        var rest = number.magnitude
        for place in (room.count - digits..<room.count).reversed() {
            room[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    /// A truth value.
    public mutating func value(_ flag: Bool) { word(flag ? "true" : "false") }

    /// Any value.
    public mutating func value(_ json: JSON) {
        json.bytes.withUnsafeBufferPointer { bytes in Self.copy(bytes, to: room(bytes.count), at: 0) }
    }

    /// The name of a member, of plain letters; its value is written next.
    public mutating func member(_ name: StaticString) {
        name.withUTF8Buffer { name in
            let room = room(name.count + 3)
            room[0] = UInt8(ascii: "\"")
            Self.copy(name, to: room, at: 1)
            room[name.count + 1] = UInt8(ascii: "\"")
            room[name.count + 2] = UInt8(ascii: ":")
        }
        isParted = false
    }

    // MARK: The memory

    private mutating func open(_ sign: Unicode.Scalar) {
        room(1)[0] = UInt8(ascii: sign)
        isParted = false
    }

    private mutating func close(_ sign: Unicode.Scalar) {
        isParted = false
        room(1)[0] = UInt8(ascii: sign)
    }

    private mutating func word(_ word: StaticString) {
        word.withUTF8Buffer { word in Self.copy(word, to: room(word.count), at: 0) }
    }

    /// Room for a piece of so many bytes, all of which are to be written; behind a comma where one is due.
    private mutating func room(_ bytes: Int) -> UnsafeMutableBufferPointer<UInt8> {
        let start = count + (isParted ? 1 : 0)
        if start + bytes > memory.count { grow(to: start + bytes) }
        if isParted { memory[count] = UInt8(ascii: ",") }
        isParted = true
        count = start + bytes
        return UnsafeMutableBufferPointer(rebasing: memory[start..<count])
    }

    private mutating func grow(to bytes: Int) {
        let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes, memory.count * 2))
        Self.copy(UnsafeBufferPointer(rebasing: memory[..<count]), to: larger, at: 0)
        memory.deallocate()
        memory = larger
    }

    private static func copy(
        _ bytes: UnsafeBufferPointer<UInt8>, to room: UnsafeMutableBufferPointer<UInt8>, at place: Int
    ) {
        _ = UnsafeMutableBufferPointer(rebasing: room[place...]).update(fromContentsOf: bytes)
    }

    private static func digits(of number: UInt64) -> Int {
        var (digits, rest) = (1, number / 10)
        while rest > 0 { (digits, rest) = (digits + 1, rest / 10) }
        return digits
    }
}

extension JSONText {
    /// A member that is a text, or null.
    public mutating func member(_ name: StaticString, _ text: String?) {
        member(name)
        value(text)
    }

    /// A member that is a number.
    public mutating func member(_ name: StaticString, _ number: Int64) {
        member(name)
        value(number)
    }

    /// A member that is a truth value.
    public mutating func member(_ name: StaticString, _ flag: Bool) {
        member(name)
        value(flag)
    }
}
