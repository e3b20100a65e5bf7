/// Why bytes are no JSON value.
public enum JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What stood there instead, and at which byte.
    case unexpected(String, offset: Int)
    /// The text ended inside a value.
    case cutOff(offset: Int)
    /// Values stand in each other deeper than `JSON.depthLimit`.
    case tooDeep(offset: Int)

    /// One sentence for an operator.
    public var description: String {
        switch self {
        case .unexpected(let what, let offset): "not JSON: \(what) at byte \(offset)"
        case .cutOff(let offset): "not JSON: cut off at byte \(offset)"
        case .tooDeep(let offset): "not JSON: nested deeper than \(JSON.depthLimit) at byte \(offset)"
        }
    }
}

extension JSON {
    /// How deep values may stand in each other.
    public static let depthLimit = 128

    /// Reads one JSON value (RFC 8259) that fills the bytes, white space around it allowed.
    ///
    /// - Throws: `JSONError`, with the byte at which reading stopped.
    public init(parsing bytes: some Sequence<UInt8>) throws(JSONError) {
        let result: Result<JSON, JSONError>? = bytes.withContiguousStorageIfAvailable { buffer in
            Result { () throws(JSONError) -> JSON in try Self.read(buffer) }
        }
        if let result {
            self = try result.get()
        } else {
            let copy = Array(bytes)
            self = try copy.withUnsafeBufferPointer { buffer in
                Result { () throws(JSONError) -> JSON in try Self.read(buffer) }
            }.get()
        }
    }

    /// Reads one JSON value from a text.
    ///
    /// - Throws: `JSONError`.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: text.utf8)
    }

    private static func read(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONError) -> JSON {
        var reader = JSONReader(bytes: buffer)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.offset == buffer.count else { throw reader.unexpected() }
        return value
    }
}

/// A cursor over JSON bytes.
private struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var offset = 0

    mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    func unexpected() -> JSONError {
        guard offset < bytes.count else { return .cutOff(offset: offset) }
        let end = min(bytes.count, offset + 12)
        return .unexpected("'\(String(decoding: bytes[offset..<end], as: UTF8.self))'", offset: offset)
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipSpace()
        guard offset < bytes.count else { throw .cutOff(offset: offset) }
        guard depth < JSON.depthLimit else { throw .tooDeep(offset: offset) }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let count = word.utf8CodeUnitCount
        guard offset + count <= bytes.count else { throw .cutOff(offset: offset) }
        for index in 0..<count where bytes[offset + index] != word.utf8Start[index] { throw unexpected() }
        offset += count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        // Gathered first, so that the dictionary is made once and in its size.
        var members: [(String, JSON)] = []
        offset += 1
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([:]) }
        while true {
            skipSpace()
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else { throw unexpected() }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw unexpected() }
            members.append((key, try value(depth: depth + 1)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(Dictionary(members, uniquingKeysWith: { _, last in last })) }
            guard take(UInt8(ascii: ",")) else { throw unexpected() }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        var elements: [JSON] = []
        offset += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw unexpected() }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func number() throws(JSONError) -> String {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        let whole = digits()
        guard whole == 1 || (whole > 1 && bytes[offset - whole] != UInt8(ascii: "0")) else { throw unexpected() }
        if take(UInt8(ascii: ".")) { guard digits() > 0 else { throw unexpected() } }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw unexpected() }
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    private mutating func string() throws(JSONError) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return String(decoding: bytes[start..<offset - 1], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw unexpected() }
            offset += 1
        }
        throw .cutOff(offset: offset)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var out = Array(bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &out)
            case 0..<0x20:
                offset -= 1
                throw unexpected()
            default: out.append(byte)
            }
        }
        throw .cutOff(offset: offset)
    }

    private mutating func escape(into out: inout [UInt8]) throws(JSONError) {
        guard offset < bytes.count else { throw .cutOff(offset: offset) }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): out += String(try unicodeScalar()).utf8
        default:
            offset -= 1
            throw unexpected()
        }
    }

    /// The scalar after `\u`; half a surrogate pair becomes the replacement character.
    private mutating func unicodeScalar() throws(JSONError) -> Character {
        let first = try fourHex()
        guard (0xD800...0xDBFF).contains(first) else {
            return Character(Unicode.Scalar(first) ?? "\u{FFFD}")
        }
        guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        let mark = offset
        offset += 2
        let second = try fourHex()
        guard (0xDC00...0xDFFF).contains(second) else {
            offset = mark
            return "\u{FFFD}"
        }
        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        return Character(Unicode.Scalar(joined) ?? "\u{FFFD}")
    }

    private mutating func fourHex() throws(JSONError) -> UInt32 {
        guard offset + 4 <= bytes.count else { throw .cutOff(offset: offset) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else { throw unexpected() }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
