import Commerce
import Store

/// The bytes of a row: for each value its kind, and what it holds.
enum RowCode {
    private static let (null, integer, text, blob): (UInt8, UInt8, UInt8, UInt8) = (0, 1, 2, 3)

    /// About how many bytes a row has.
    static func size(of row: Row) -> Int {
        row.values.reduce(0) { sum, value in
            switch value {
            case .text(let text): sum + 5 + text.utf8.count
            case .blob(let bytes): sum + 5 + bytes.count
            default: sum + 9
            }
        }
    }

    /// Adds a row.
    static func add(_ values: [SQLValue], to bytes: inout [UInt8]) {
        for value in values {
            switch value {
            case .null, .keys, .ids: bytes.append(null)
            case .integer(let number):
                bytes.append(integer)
                withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
            case .text(let words): add(text, words.utf8, to: &bytes)
            case .blob(let body): add(blob, body, to: &bytes)
            }
        }
    }

    private static func add(_ kind: UInt8, _ body: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(kind)
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: body)
    }

    /// Reads rows of so many columns; nil where the bytes are none.
    static func rows(_ bytes: [UInt8], columns: Int) -> [[SQLValue]]? {
        var reader = ByteReader(bytes)
        var rows: [[SQLValue]] = []
        guard columns > 0 else { return nil }
        while !reader.isAtEnd {
            var row: [SQLValue] = []
            row.reserveCapacity(columns)
            for _ in 0..<columns {
                guard let value = value(&reader) else { return nil }
                row.append(value)
            }
            rows.append(row)
        }
        return rows
    }

    private static func value(_ reader: inout ByteReader) -> SQLValue? {
        switch reader.take(1)?.first {
        case null: return .null
        case integer:
            guard let bytes = reader.take(8) else { return nil }
            return .integer(Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) }))
        case text: return reader.takeCounted().map { .text(String(decoding: $0, as: UTF8.self)) }
        case blob: return reader.takeCounted().map { .blob(Array($0)) }
        default: return nil
        }
    }
}

/// Bytes that are read from front to back.
struct ByteReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    /// The next so many; nil where there are fewer.
    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.count - place >= count else { return nil }
        defer { place += count }
        return bytes[place..<place + count]
    }

    /// A length of four bytes, and so many behind it.
    mutating func takeCounted() -> ArraySlice<UInt8>? {
        guard let length = take(4) else { return nil }
        return take(Int(length.reduce(0) { $0 << 8 | UInt32($1) }))
    }
}
