extension JSON {
    /// The canonical bytes: no white space, members in the order of their names, so equal values give equal bytes.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        if isMadeOfParts { out.reserveCapacity(Self.usualSize) }
        write(into: &out)
        return out
    }

    /// The room that most objects and arrays need, in bytes: to grow into it was a quarter of what a small one took
    /// (measured).
    private static let usualSize = 256

    private var isMadeOfParts: Bool {
        switch self {
        case .array, .object: true
        case .null, .bool, .number, .string: false
        }
    }

    /// The canonical text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Appends the canonical bytes.
    public func write(into out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let flag): out += (flag ? "true" : "false").utf8
        case .number(let text): out += text.utf8
        case .string(let text): Self.write(text, into: &out)
        case .array(let elements): Self.write(elements, into: &out)
        case .object(let members): Self.write(members, into: &out)
        }
    }

    private static func write(_ elements: [JSON], into out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            element.write(into: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    private static func write(_ members: [String: JSON], into out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        // Places are sorted, not what stands there: they are moved without a count of who holds them.
        for place in members.indices.sorted(by: { members.keys[$0] < members.keys[$1] }) {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            let member = members[place]
            write(member.key, into: &out)
            out.append(UInt8(ascii: ":"))
            member.value.write(into: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Appends a string with its quotes.
    static func write(_ text: String, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { bytes in
            // What stands as it is goes over in one piece.
            var start = 0
            for index in bytes.indices where isEscaped(bytes[index]) {
                out.append(contentsOf: bytes[start..<index])
                out += escape(bytes[index])
                start = index + 1
            }
            out.append(contentsOf: start == 0 ? bytes : UnsafeBufferPointer(rebasing: bytes[start...]))
        }
        out.append(UInt8(ascii: "\""))
    }

    static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): [0x5C, byte]
        case 0x0A: [0x5C, 0x6E]
        case 0x0D: [0x5C, 0x72]
        case 0x09: [0x5C, 0x74]
        default: [0x5C, 0x75, 0x30, 0x30, hex(byte >> 4), hex(byte & 15)]
        }
    }

    private static func hex(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
