import Store

/// PostgreSQL's numbers of the types that the hub's tables are made of.
enum PostgresType {
    static let boolean: UInt32 = 16
    static let bytes: UInt32 = 17
    static let name: UInt32 = 19
    static let integer: UInt32 = 20
    static let smallInteger: UInt32 = 21
    static let mediumInteger: UInt32 = 23
    static let text: UInt32 = 25
    static let real: UInt32 = 701
    static let words: UInt32 = 705
    static let varyingText: UInt32 = 1043
    static let numeric: UInt32 = 1700
    static let void: UInt32 = 2278

    /// The type of lists of that type; nil where the hub has none.
    static func list(of type: UInt32) -> UInt32? {
        switch type {
        case bytes: 1001
        case text: 1009
        case integer: 1016
        default: nil
        }
    }
}

/// The values of one statement in PostgreSQL's binary form: nothing is ever quoted.
struct PostgresParameters {
    /// One value: its type (0: whatever the statement makes of it) and where its bytes stand; nil for null.
    struct Place {
        let type: UInt32
        let range: Range<Int>?
    }

    private(set) var places: [Place] = []
    /// Never empty, so that every value has an address: none means null.
    private(set) var bytes: [UInt8] = [0]

    init(_ values: [SQLValue]) {
        places.reserveCapacity(values.count)
        for value in values { add(value) }
    }

    /// Columns of many rows, each as one list.
    init(columns: [(type: UInt32, list: UInt32)], rows: [[SQLValue]]) {
        bytes.reserveCapacity(rows.reduce(1) { $0 + $1.reduce(0) { $0 + 12 + Self.size(of: $1) } } + 20 * columns.count)
        for (index, column) in columns.enumerated() {
            let start = bytes.count
            addHead(of: rows.count, column.type, hasNulls: rows.contains { Self.isNull($0[index]) })
            for row in rows { addElement(row[index]) }
            places.append(Place(type: column.list, range: start..<bytes.count))
        }
    }

    private mutating func add(_ value: SQLValue) {
        let start = bytes.count
        let type: UInt32
        switch value {
        case .null:
            places.append(Place(type: 0, range: nil))
            return
        case .keys(let keys):
            type = PostgresType.list(of: PostgresType.text) ?? 0
            addHead(of: keys.count, PostgresType.text, hasNulls: false)
            for key in keys { addElement(.text(key)) }
        case .ids(let ids):
            type = PostgresType.list(of: PostgresType.integer) ?? 0
            addHead(of: ids.count, PostgresType.integer, hasNulls: false)
            for id in ids { addElement(.integer(id)) }
        case .integer:
            type = PostgresType.integer
            addPlain(value)
        case .text:
            type = PostgresType.text
            addPlain(value)
        case .blob:
            type = PostgresType.bytes
            addPlain(value)
        }
        places.append(Place(type: type, range: start..<bytes.count))
    }

    private mutating func addHead(of count: Int, _ type: UInt32, hasNulls: Bool) {
        add(Int32(count == 0 ? 0 : 1))
        add(Int32(hasNulls ? 1 : 0))
        add(Int32(bitPattern: type))
        guard count > 0 else { return }
        add(Int32(truncatingIfNeeded: count))
        add(Int32(1))
    }

    private mutating func addElement(_ value: SQLValue) {
        guard !Self.isNull(value) else {
            add(Int32(-1))
            return
        }
        let start = bytes.count
        add(Int32(0))
        addPlain(value)
        let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
        for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(place))) }
    }

    private static func isNull(_ value: SQLValue) -> Bool { if case .null = value { true } else { false } }

    /// How many bytes a value takes, so that room for all of them is made at once.
    private static func size(of value: SQLValue) -> Int {
        switch value {
        case .text(let text): text.utf8.count
        case .blob(let blob): blob.count
        case .null, .integer, .keys, .ids: 0
        }
    }

    private mutating func addPlain(_ value: SQLValue) {
        switch value {
        case .integer(let number): add(number)
        case .text(let text): add(text)
        case .blob(let blob): bytes.append(contentsOf: blob)
        case .null, .keys, .ids: break
        }
    }

    /// PostgreSQL keeps no byte 0 in a text; one that a vendor sends becomes the replacement character.
    private mutating func add(_ text: String) {
        var text = text
        let hasNone = text.withUTF8 { text in
            guard !text.contains(0) else { return false }
            bytes.append(contentsOf: text)
            return true
        }
        if !hasNone { bytes.append(contentsOf: text.replacing("\0", with: "\u{FFFD}").utf8) }
    }

    private mutating func add<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads a value that the server sent in binary form.
enum PostgresValue {
    /// The value; nil for a type the hub's statements do not answer with.
    static func read(_ bytes: UnsafeRawBufferPointer, as type: UInt32) -> SQLValue? {
        switch type {
        case PostgresType.integer where bytes.count == 8: .integer(whole(bytes, Int64.self))
        case PostgresType.mediumInteger where bytes.count == 4: .integer(Int64(whole(bytes, Int32.self)))
        case PostgresType.smallInteger where bytes.count == 2: .integer(Int64(whole(bytes, Int16.self)))
        case PostgresType.boolean where bytes.count == 1: .integer(bytes[0] == 0 ? 0 : 1)
        case PostgresType.real where bytes.count == 8:
            .text(String(Double(bitPattern: whole(bytes, UInt64.self))))
        case PostgresType.text, PostgresType.varyingText, PostgresType.name, PostgresType.words:
            .text(String(decoding: bytes, as: UTF8.self))
        case PostgresType.bytes: .blob(Array(bytes))
        case PostgresType.void: .null
        default: nil
        }
    }

    private static func whole<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _: Number.Type) -> Number {
        Number(bigEndian: bytes.loadUnaligned(as: Number.self))
    }
}
